"""What a whole document may cost: sixteen signatures, or as many time-stamps as fit, each with hostile certificates of its own."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from registry.core import trust
from registry.core.findings import Outcome
from registry.demo import pki
from registry.demo.time_stamping import TimeStamper
from registry.formats import base64url, jws, names
from registry.formats.certificates import TrustIndex
from registry.services import judging
from tests import hostile
from tests.formats import made
from tests.formats.test_hostile_paths import mapped
from tests.small_city import NOW, small_city

#: The limit of the project for any document, in CPU seconds; on a machine that is slow at the moment, in signature checks.
LIMIT, CHECKS = 0.5, 2000
LARGEST = 262_144
FORGER = hostile.Forger(small_city())


@cache
def slow_key(number: int) -> ec.EllipticCurvePrivateKey:
    """P-521, the slowest kind of key that a CA may have."""
    return ec.generate_private_key(ec.SECP521R1())


def _bare(plan: pki.Plan) -> None:
    plan.without(x509.AuthorityKeyIdentifier)
    plan.without(x509.CRLDistributionPoints)


@cache
def _strangers() -> list[pki.Authority]:
    """Ten CAs of two names that nobody has heard of, each certified by every one of the other name."""
    subjects = pki.name("Người lạ A"), pki.name("Người lạ B")
    roots = [pki.Authority.make_root(s, made.START, made.END, key=slow_key(n)) for n, s in enumerate(subjects)]
    return [
        roots[1 - n].make_intermediate(s, made.START, made.END, key=slow_key(n), pathlen=None, alter=_bare)
        for _ in range(5)
        for n, s in enumerate(subjects)
    ]


def _stranger_token(octets: bytes) -> bytes:
    along = _strangers()
    stamper = TimeStamper.make(along[0], made.START, made.END, key=slow_key(2), alter=_bare)
    token = cms.ContentInfo.load(stamper.stamp(octets, NOW))
    own = stamper.certificate.public_bytes(Encoding.DER)
    token["content"]["certificates"] = [asn1_x509.Certificate.load(der) for der in (own, *(a.der for a in along))]
    return bytes(token.dump(force=True))


def _stamped_by_strangers() -> tuple[bytes, TrustIndex]:
    """The teacher's signature again and again, with as many tokens as the document holds."""
    parts = FORGER.parts()
    first = parts["signatures"][0]
    given: list[dict[str, Any]] = []
    while len(_json({**parts, "signatures": given})) < LARGEST * 0.84:
        tokens = [{"val": b64encode(_stranger_token(first["signature"].encode())).decode()} for _ in range(4)]
        given.append({**first, "header": {"etsiU": [{"sigTst": {"tstTokens": tokens}}]}})
    return _json({**parts, "signatures": given}), TrustIndex.build(FORGER.city.trust_list)


def _many_names(plan: pki.Plan) -> None:
    excluded = [x509.DirectoryName(x509.Name(pki.name(f"Tên {n}").rdns)) for n in range(16)]
    plan.put(x509.NameConstraints(None, excluded), True)


def _many_policies(plan: pki.Plan) -> None:
    mapped(11, lambda _: [(a, b) for a in range(8) for b in range(8)])(plan)


def _web(root: pki.Authority, alter: pki.Alter) -> tuple[pki.Authority, list[bytes]]:
    """Five CAs under a trusted one, which give four chains."""
    above = [root]
    along: list[bytes] = []
    for layer, width in enumerate((1, 2, 2)):
        row = [
            above[n % len(above)].make_intermediate(
                pki.name(f"Lưới {layer}"), made.START, made.END, key=slow_key(4 + layer), pathlen=None,
                alter=lambda plan, n=n: _numbered(plan, n, alter),  # type: ignore[misc]
            )
            for n in range(width)
        ]  # fmt: skip
        above, along = row, [*along, *(a.der for a in row)]
    return above[0], along


def _numbered(plan: pki.Plan, number: int, more: pki.Alter) -> None:
    _bare(plan)
    plan.put(x509.SubjectKeyIdentifier(bytes([number])))
    more(plan)


def _sixteen_webs(alter: pki.Alter) -> tuple[bytes, TrustIndex]:
    """Sixteen signers under a captured CA, each with a web of CAs of its own."""
    root = made.ca(None, "Gốc bị chiếm", number=0, key=slow_key(3))
    anchor = trust.Anchor(sha256(root.der).digest(), root.der, trust.Hierarchy.PUBLIC)
    known = FORGER.city.trust_list
    own, text = made.key("p256", 99), base64url.encode(FORGER.payload)
    given: list[dict[str, Any]] = []
    for index in range(16):
        issuer, along = _web(root, alter)
        leaf = made.leaf_der(issuer, _bare, public_key=own.public_key())
        header: dict[str, Any] = {"alg": "ES256", "cty": "json", "iat": FORGER.start + index}
        header["x5c"] = [b64encode(der).decode() for der in (leaf, *along)]
        if given:
            header |= {"prev": jws.link(given[-1]["protected"], text, given[-1]["signature"]), "crit": ["prev"]}
        protected = base64url.encode(_json(header))
        given.append({"protected": protected, "signature": base64url.encode(bytes(63) + b"\1")})
    body = _json({"payload": text, "signatures": given})
    return body, TrustIndex.build(replace(known, anchors=(*known.anchors, anchor)))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _seconds(raw: bytes, index: TrustIndex) -> Iterator[float]:
    for _ in range(3):
        fresh = TrustIndex.build(index.trust)
        names.comparable.cache_clear()
        started = time.process_time()
        verdict = judging.judge(raw, judging.JOSE, fresh, judging.Moment(NOW, NOW), schools=None)
        yield time.process_time() - started
        assert verdict.outcome is Outcome.REFUSED


def _of_a_check() -> float:
    """CPU seconds of checking one P-521 signature, as the machine is now."""
    key, signed = slow_key(0), ec.ECDSA(hashes.SHA256())
    signature, took = key.sign(b"x", signed), []
    for _ in range(20):
        started = time.process_time()
        key.public_key().verify(signature, b"x", signed)
        took.append(time.process_time() - started)
    return min(took)


@pytest.mark.parametrize(
    "build",
    [
        _stamped_by_strangers,
        lambda: _sixteen_webs(lambda _: None),
        lambda: _sixteen_webs(_many_names),
        lambda: _sixteen_webs(_many_policies),
    ],
    ids=["time-stamps by strangers", "sixteen webs", "sixteen webs with many names", "sixteen webs with many policies"],
)
def test_no_document_takes_half_a_second(build: Callable[[], tuple[bytes, TrustIndex]]) -> None:
    raw, index = build()
    assert LARGEST * 0.3 < len(raw) <= LARGEST
    assert min(_seconds(raw, index)) < max(LIMIT, CHECKS * _of_a_check())
