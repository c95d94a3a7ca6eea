"""RSASSA-PSS in odd forms over real HTTP: values, certificates, OCSP answers and time-stamps. Never a 5xx, never accepted for it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from asn1crypto import core
from asn1crypto import x509 as asn1_x509

from registry.client import signing
from registry.client.api import JOSE, XML
from registry.demo.city import sign_document
from tests import hostile
from tests.api.conftest import Registry
from tests.api.test_submission import _KEPT, count
from tests.api.test_submission import city as city
from tests.api.test_submission import raw as raw
from tests.api.test_submission import vendor as vendor
from tests.formats import made, test_pss
from tests.hostile_xml_forger import Forger as XmlForger
from tests.hostile_xml_forger import signatures
from tests.services.test_judging_pss import salted
from tests.small_city import PRIMARY, SmallCity

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

#: Parameters that are none: absent, NULL, or of another kind.
BROKEN: dict[str, core.Asn1Value | None] = {
    "absent": None, "null": core.Null(), "octets": core.OctetString(b"\x30\x00"), "integer": core.Integer(1),
}  # fmt: skip


def odd_certificates(der: bytes) -> Iterator[tuple[str, bytes]]:
    """The certificate with its signer's algorithm said to be odd."""
    for name, said in test_pss.SAID.items():
        yield name, test_pss.certificate(der, 32, **said)
    for salt in (0, 20, 222):
        yield f"salt {salt}", test_pss.certificate(der, salt)
    for name, parameters in BROKEN.items():
        identifier = core.SequenceOf(spec=core.Any)
        identifier.append(core.Any(core.ObjectIdentifier("1.2.840.113549.1.1.10")))
        if parameters is not None:
            identifier.append(core.Any(parameters))
        spelt = asn1_x509.Certificate.load(der)
        written, inner = spelt["signature_algorithm"].dump(), identifier.dump()
        assert len(written) < 128
        spelt["signature_value"] = bytes(256)
        yield f"parameters {name}", _with_algorithm(spelt, written, inner)


def _with_algorithm(certificate: asn1_x509.Certificate, written: bytes, instead: bytes) -> bytes:
    """Both identifiers exchanged in the octets, since the library writes no nonsense."""
    content = certificate["tbs_certificate"].contents.replace(written, instead, 1)
    signed, value = core.Sequence(contents=content).dump(), certificate["signature_value"].dump()
    return bytes(core.Sequence(contents=signed + instead + value).dump())


def bodies(city: SmallCity) -> Iterator[tuple[str, bytes, str]]:
    """Name, body and media type of what must be refused."""
    forger, xml = hostile.Forger(city), XmlForger(city)
    keys = city.signers_of(PRIMARY)
    for position, key in enumerate(keys):
        for name, der in odd_certificates(key.signing_key.certificates[0]):
            chain = [b64encode(each).decode() for each in (der, key.signing_key.certificates[1])]
            yield f"json certificate {position} {name}", forger.with_header(position, x5c=chain), JOSE
            yield f"xml certificate {position} {name}", xml.spoilt(_other_certificate(position, der)), XML
    at = [datetime.fromtimestamp(forger.start + second, UTC) for second in range(len(keys))]
    for salt in (0, 20, 33, 222):
        signing_keys = [salted(key, salt) for key in keys]
        yield f"json values salt {salt}", signing.sign_transcript(forger.payload, signing_keys, at), JOSE
        yield f"xml values salt {salt}", signing.sign_transcript_xml(forger.payload, signing_keys, at), XML


def _other_certificate(position: int, der: bytes) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        first = signatures(root)[position].find(".//{*}X509Certificate")
        assert first is not None
        first.text = b64encode(der).decode()

    return change


async def test_no_odd_certificate_or_value_is_a_server_error(
    registry: Registry, raw: httpx.AsyncClient, city: SmallCity
) -> None:
    sent = list(bodies(city))
    assert len(sent) >= 90
    wrong = []
    for name, body, media_type in sent:
        answer = await raw.post("/v1/submissions", content=body, headers={"Content-Type": media_type})
        if answer.status_code != 422:
            wrong.append((name, answer.status_code))
    assert wrong == []
    assert await count(registry, *_KEPT) == dict.fromkeys(_KEPT, 0)
    good = sign_document(city.document(), city.signers_of(PRIMARY), "xml")
    assert (await raw.post("/v1/submissions", content=good, headers={"Content-Type": XML})).status_code == 201


def unsigned(leaf: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """OCSP answers and time-stamps to stand beside a signature, each as an element of etsiU."""
    for name, said in test_pss.SAID.items():
        answer = test_pss.answer(made.read(leaf), 32, **said)
        yield f"answer {name}", {"rVals": {"ocspVals": [{"val": b64encode(answer).decode()}]}}
        token = test_pss.stamp(b"x", 32, **said)
        yield f"stamp {name}", {"sigTst": {"tstTokens": [{"val": b64encode(token).decode()}]}}


async def test_no_odd_answer_or_stamp_is_a_server_error(raw: httpx.AsyncClient, city: SmallCity) -> None:
    """An answer that counts for nothing leaves the verdict as it is; a stamp over something else refuses."""
    envelope, statuses = json.loads(city.signed()), {}
    leaf = city.signers_of(PRIMARY)[2].signing_key.certificates[0]
    for name, element in unsigned(leaf):
        envelope["signatures"][2]["header"] = {"etsiU": [element]}
        statuses[name] = (await raw.post("/v1/submissions", content=json.dumps(envelope))).status_code
    assert set(statuses.values()) <= {201, 422}, statuses
    assert {status for name, status in statuses.items() if name.startswith("stamp")} == {422}
