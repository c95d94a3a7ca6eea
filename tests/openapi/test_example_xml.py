"""The worked example in XML, and an outsider who has read nothing but `openapi/envelope-xml.md`."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from lxml import etree

from tests.openapi.make_example import EXAMPLE
from tests.openapi.make_example_xml import SIGNED, parts
from tests.openapi.test_example import AT, signed_value, verdict


def test_the_example_is_accepted() -> None:
    code, found = verdict(EXAMPLE / SIGNED)
    assert (code, found["outcome"], found["findings"]) == (0, "accepted", [])


def test_the_canonical_parts_lie_beside_it() -> None:
    for name, octets in parts(EXAMPLE).items():
        assert (EXAMPLE / name).read_bytes() == octets


# --- the outsider: lxml, `cryptography` and what envelope-xml.md says ---------------------------------------------------------

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XA = "{http://uri.etsi.org/01903/v1.3.2#}"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA = "http://www.w3.org/2001/04/xmlenc#sha256"


def c14n(element: Any) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def add(parent: Any, tag: str, text: str | None = None, **attributes: str) -> Any:
    made = etree.SubElement(parent, tag, attributes)
    made.text = text
    return made


def digest(parent: Any, octets: bytes) -> None:
    add(parent, f"{DS}DigestMethod", Algorithm=SHA)
    add(parent, f"{DS}DigestValue", b64(hashlib.sha256(octets).digest()))


def record(document: dict[str, Any]) -> Any:
    space = "{urn:hocbaso:transcript:1}"
    root = etree.Element(f"{space}thongtinsohocbasotieuhoc", nsmap={"h": "urn:hocbaso:transcript:1"})
    for name, value in document.items():
        if isinstance(value, list):
            rows = add(root, space + name)
            for row in value:
                line = add(rows, f"{space}dong")
                for member, text in row.items():
                    add(line, space + member, text)
        elif value is not None:
            add(root, space + name, json.dumps(value) if isinstance(value, bool) else str(value))
    return root


def outsider(document: dict[str, Any], start: datetime) -> bytes:
    space = "{urn:hocbaso:signed:1}"
    root = etree.Element(f"{space}SignedTranscript", nsmap={"e": "urn:hocbaso:signed:1"})
    transcript = add(root, f"{space}Transcript", Id="the-transcript")
    transcript.append(record(document))
    signatures, covered = add(root, f"{space}Signatures"), [transcript]
    for number, name in enumerate(("teacher", "principal", "seal")):
        key = load_pem_private_key((EXAMPLE / f"keys/{name}.pem").read_bytes(), None)
        chain = x509.load_pem_x509_certificates((EXAMPLE / f"certificates/{name}.pem").read_bytes())
        ders = [certificate.public_bytes(Encoding.DER) for certificate in chain]
        signature = add(signatures, f"{DS}Signature", Id=name)
        info = add(signature, f"{DS}SignedInfo", Id=f"{name}-info")
        value = add(signature, f"{DS}SignatureValue", Id=f"{name}-value")
        data = add(add(signature, f"{DS}KeyInfo"), f"{DS}X509Data")
        for der in ders:
            add(data, f"{DS}X509Certificate", b64(der))
        qualifying = add(add(signature, f"{DS}Object"), f"{XA}QualifyingProperties", Target=f"#{name}")
        properties = add(qualifying, f"{XA}SignedProperties", Id=f"{name}-properties")
        inner = add(properties, f"{XA}SignedSignatureProperties")
        add(inner, f"{XA}SigningTime", f"{start + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}")
        digest(add(add(add(inner, f"{XA}SigningCertificateV2"), f"{XA}Cert"), f"{XA}CertDigest"), ders[0])
        add(info, f"{DS}CanonicalizationMethod", Algorithm=EXC)
        method = (
            "2007/05/xmldsig-more#sha256-rsa-MGF1"
            if isinstance(key, rsa.RSAPrivateKey)
            else "2001/04/xmldsig-more#ecdsa-sha256"
        )
        add(info, f"{DS}SignatureMethod", Algorithm=f"http://www.w3.org/{method}")
        for element in (*covered, properties):
            kind = {"Type": "http://uri.etsi.org/01903#SignedProperties"} if element is properties else {}
            reference = add(info, f"{DS}Reference", URI=f"#{element.get('Id')}", **kind)
            add(add(reference, f"{DS}Transforms"), f"{DS}Transform", Algorithm=EXC)
            digest(reference, c14n(element))
        value.text = b64(signed_value(key, c14n(info)))
        covered += [info, value]
    return etree.tostring(root)


@pytest.mark.parametrize(("at", "start"), [(AT, datetime(2024, 6, 19, 8, tzinfo=UTC)),
                                           ("2026-11-20", datetime(2026, 11, 19, 8, tzinfo=UTC))])  # fmt: skip
def test_an_outsider_s_document_is_accepted(tmp_path: Path, at: str, start: datetime) -> None:
    file = tmp_path / "mine.xml"
    file.write_bytes(outsider(json.loads((EXAMPLE / "payload.json").read_bytes()), start))
    code, found = verdict(file, at)
    assert (code, found["outcome"], found["findings"]) == (0, "accepted", [])


def test_an_outsider_s_mistake_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.xml"
    document = json.loads((EXAMPLE / "payload.json").read_bytes()) | {"Hovaten": "x"}
    file.write_bytes(outsider(document, datetime(2024, 6, 19, 8, tzinfo=UTC)))
    code, found = verdict(file)
    assert (code, found["outcome"]) == (1, "refused")
    assert [(f["code"], f["pointer"]) for f in found["findings"]] == [("field-unknown", "/Hovaten")]
