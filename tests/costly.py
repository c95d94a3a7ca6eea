"""Documents made to cost time, with certificates of a captured CA that is trusted; each as large as a document may be, or less."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.core import trust
from registry.demo import pki
from registry.demo.time_stamping import TimeStamper
from registry.formats import base64url, jws
from registry.formats.certificates import TrustIndex
from tests import hostile
from tests.formats import made
from tests.formats.test_hostile_paths import mapped
from tests.small_city import NOW, small_city

LARGEST = 262_144
FORGER = hostile.Forger(small_city())

Document = tuple[bytes, TrustIndex]


@cache
def slow_key(number: int) -> ec.EllipticCurvePrivateKey:
    """P-521, the slowest kind of key that a CA may have."""
    return ec.generate_private_key(ec.SECP521R1())


@cache
def captured() -> pki.Authority:
    """The trusted root whose key somebody has."""
    return made.ca(None, "Gốc bị chiếm", number=0, key=slow_key(3))


def _index(hierarchy: trust.Hierarchy = trust.Hierarchy.PUBLIC) -> TrustIndex:
    known = FORGER.city.trust_list
    anchor = trust.Anchor(sha256(captured().der).digest(), captured().der, hierarchy)
    return TrustIndex.build(replace(known, anchors=(*known.anchors, anchor)))


def _bare(plan: pki.Plan) -> None:
    plan.without(x509.AuthorityKeyIdentifier)
    plan.without(x509.CRLDistributionPoints)


def _numbered(plan: pki.Plan, number: int, more: pki.Alter | None = None) -> None:
    _bare(plan)
    plan.put(x509.SubjectKeyIdentifier(bytes([number])))
    if more is not None:
        more(plan)


def many_names(plan: pki.Plan) -> None:
    """Sixteen excluded subtrees."""
    excluded = [x509.DirectoryName(x509.Name(pki.name(f"Tên {n}").rdns)) for n in range(16)]
    plan.put(x509.NameConstraints(None, excluded), True)


def many_policies(plan: pki.Plan) -> None:
    """Policies and mappings that multiply as far as they may."""
    mapped(11, lambda _: [(a, b) for a in range(8) for b in range(8)])(plan)


def _web(alter: pki.Alter | None) -> tuple[pki.Authority, list[bytes]]:
    """Five CAs under the captured one, which give four chains."""
    above, along = [captured()], list[bytes]()
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


def webs(count: int, alter: pki.Alter | None = None) -> Document:
    """Sixteen signers under so many webs."""
    made_here = [_web(alter) for _ in range(count)]
    return _signed([made_here[n % count] for n in range(16)]), _index()


def two_unknown_each() -> Document:
    """No bad one, and as much as there is in life: sixteen signers, each under two CAs of its own that nobody holds."""

    def make(number: int) -> tuple[pki.Authority, list[bytes]]:
        above = made.ca(captured(), f"CA {number}", number=60 + number, pathlen=None)
        below = made.ca(above, f"CA dưới {number}", number=80 + number)
        return below, [below.der, above.der, captured().der]

    return _signed([make(n) for n in range(16)]), _index()


def namesakes() -> Document:
    """Sixteen signers, each with five CAs of one name; two of them are genuine, so that each could have issued each other."""
    subject = pki.name("Trùng tên")

    def make(parent: pki.Authority, number: int) -> pki.Authority:
        key = slow_key(20 + number)
        return parent.make_intermediate(subject, made.START, made.END, key=key, pathlen=None, alter=bare)

    def bare(plan: pki.Plan) -> None:
        _bare(plan)

    genuine = [make(captured(), n) for n in range(2)]
    stranger = made.ca(None, "Trùng tên", number=0, key=slow_key(30))
    others = [make(stranger, 2 + n) for n in range(3)]
    return _signed([(genuine[0], [a.der for a in (*others, *genuine)])] * 16), _index()


def answers() -> Document:
    """Sixteen signers under the captured CA, each with three OCSP answers that four namesakes may have signed."""
    issuer = captured()

    def unchecked(plan: pki.Plan) -> None:
        plan.put(x509.OCSPNoCheck())
        _bare(plan)

    delegates = [
        issuer.issue_leaf(
            pki.name("Máy trả lời"), slow_key(40 + n).public_key(), made.START, made.END,
            purposes=[ExtendedKeyUsageOID.OCSP_SIGNING], alter=unchecked,
        )
        for n in range(4)
    ]  # fmt: skip

    def answer(leaf: bytes, _: int) -> bytes:
        builder = ocsp.OCSPResponseBuilder().add_response(
            x509.load_der_x509_certificate(leaf), issuer.certificate, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD,
            made.START, made.END, None, None,
        )  # fmt: skip
        named = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, delegates[3]).certificates(delegates)
        return named.sign(slow_key(43), hashes.SHA256()).public_bytes(Encoding.DER)

    def beside(leaf: bytes) -> dict[str, Any]:
        values = [{"val": b64encode(answer(leaf, n)).decode()} for n in range(3)]
        return {"etsiU": [{"rVals": {"ocspVals": values}}]}

    return _signed([(issuer, [])] * 16, beside), _index()


def _signed(
    issuers: Sequence[tuple[pki.Authority, list[bytes]]], beside: Callable[[bytes], dict[str, Any]] | None = None
) -> bytes:
    """Signed by a new signer of each issuer; all of the values are wrong, which does not make the rest cheaper."""
    own, text = made.key("p256", 99), base64url.encode(FORGER.payload)
    given: list[dict[str, Any]] = []
    for index, (issuer, along) in enumerate(issuers):
        leaf = made.leaf_der(issuer, _bare, public_key=own.public_key())
        header: dict[str, Any] = {"alg": "ES256", "cty": "json", "iat": FORGER.start + index}
        header["x5c"] = [b64encode(der).decode() for der in (leaf, *along)]
        if given:
            header |= {"prev": jws.link(given[-1]["protected"], text, given[-1]["signature"]), "crit": ["prev"]}
        signature = {"protected": base64url.encode(_json(header)), "signature": base64url.encode(bytes(63) + b"\1")}
        given.append({**signature, "header": beside(leaf)} if beside else signature)
    return _json({"payload": text, "signatures": given})


def stamped_by_strangers() -> Document:
    """Time-stamps with ten CAs of two names that nobody has heard of, each certified by every one of the other name."""
    subjects = pki.name("Người lạ A"), pki.name("Người lạ B")
    roots = [pki.Authority.make_root(s, made.START, made.END, key=slow_key(n)) for n, s in enumerate(subjects)]
    along = [
        roots[1 - n].make_intermediate(s, made.START, made.END, key=slow_key(n), pathlen=None, alter=_bare)
        for _ in range(5)
        for n, s in enumerate(subjects)
    ]
    return _stamped(lambda: (along[0], [a.der for a in along])), TrustIndex.build(FORGER.city.trust_list)


def stamped_by_many() -> Document:
    """Time-stamps by as many authorities under the captured root, which is trusted for them."""
    return _stamped(lambda: (captured(), [])), _index(trust.Hierarchy.TIME_STAMP)


def _stamped(issuer: Callable[[], tuple[pki.Authority, list[bytes]]]) -> bytes:
    """The teacher's signature again and again, with as many tokens as the document holds."""
    parts = FORGER.parts()
    first = parts["signatures"][0]
    given: list[dict[str, Any]] = []
    while len(given) < 16 and len(_json({**parts, "signatures": given})) < LARGEST * 0.84:
        tokens = [{"val": b64encode(_token(first["signature"].encode(), *issuer())).decode()} for _ in range(4)]
        given.append({**first, "header": {"etsiU": [{"sigTst": {"tstTokens": tokens}}]}})
    return _json({**parts, "signatures": given})


def _token(octets: bytes, issuer: pki.Authority, along: list[bytes]) -> bytes:
    stamper = TimeStamper.make(issuer, made.START, made.END, key=slow_key(2), alter=_bare)
    token = cms.ContentInfo.load(stamper.stamp(octets, NOW))
    own = stamper.certificate.public_bytes(Encoding.DER)
    token["content"]["certificates"] = [asn1_x509.Certificate.load(der) for der in (own, *along)]
    return bytes(token.dump(force=True))


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


#: By name. What brings more certificates than a document may is refused for that; the rest uses the allowance up.
DOCUMENTS: dict[str, Callable[[], Document]] = {
    "time-stamps by strangers": stamped_by_strangers,
    "time-stamps by many authorities": stamped_by_many,
    "sixteen webs": lambda: webs(16),
    "sixteen webs with many names": lambda: webs(16, many_names),
    "sixteen webs with many policies": lambda: webs(16, many_policies),
    "nine webs": lambda: webs(9),
    "nine webs with many names": lambda: webs(9, many_names),
    "nine webs with many policies": lambda: webs(9, many_policies),
    "one web with many names": lambda: webs(1, many_names),
    "namesakes": namesakes,
    "OCSP answers by namesakes": answers,
}
