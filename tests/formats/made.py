"""Certificates made once for the tests of this folder, and the means to break them below what a builder allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from registry.core import trust
from registry.core.findings import Finding
from registry.demo import pki
from registry.formats.certificates import Certificate, TrustIndex

START = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2030, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 5, 20, tzinfo=UTC)
DAY = timedelta(days=1)


@cache
def key(kind: pki.KeyKind = "p256", number: int = 0) -> pki.PrivateKey:
    """A key of that kind, the same one each time."""
    return pki.new_key(kind)


@cache
def government() -> pki.Government:
    return pki.make_government(START, END, "p256")


@cache
def public() -> pki.Public:
    return pki.make_public(START, END, "p256")


def ca(parent: pki.Authority | None, common_name: str, *, number: int, **options: Any) -> pki.Authority:
    """A root (no parent) or intermediate with its own cached key; dates may be given as `valid_from`, `valid_to`."""
    dates = options.pop("valid_from", START), options.pop("valid_to", END)
    options.setdefault("key", key("p256", number))
    make = pki.Authority.make_root if parent is None else parent.make_intermediate
    return make(pki.name(common_name), *dates, **options)


def leaf(issuer: pki.Authority, alter: pki.Alter | None = None, **options: Any) -> Certificate:
    """A signer's certificate, read."""
    return read(leaf_der(issuer, alter, **options))


def leaf_der(issuer: pki.Authority, alter: pki.Alter | None = None, **options: Any) -> bytes:
    dates = options.pop("valid_from", START), options.pop("valid_to", END)
    public_key = options.pop("public_key", None) or key("p256", 99).public_key()
    subject = pki.name("Nguyễn Thị Thử", "Trường Tiểu học Thử Nghiệm", ("CCCD:000000000000",))
    return issuer.issue_leaf(subject, public_key, *dates, alter=alter, **options).public_bytes(Encoding.DER)


def read(der: bytes) -> Certificate:
    certificate, findings = Certificate.read(der)
    assert certificate is not None, findings
    return certificate


def index(
    anchors: Sequence[pki.Authority] = (), intermediates: Sequence[pki.Authority] = (), lists: Sequence[bytes] = ()
) -> TrustIndex:
    """A trust index; anchors count as government."""
    pinned = tuple(trust.Anchor(sha256(a.der).digest(), a.der, trust.Hierarchy.GOVERNMENT) for a in anchors)
    stored = tuple(a.der for a in intermediates)
    return TrustIndex.build(trust.TrustList(1, pinned, stored, tuple(lists), {}, {}))


def slugs(findings: Sequence[Finding]) -> list[str]:
    return [finding.code.slug for finding in findings]


def resigned(der: bytes, signing: pki.PrivateKey, edit: Callable[[Any], None], sha1: bool = False) -> bytes:
    """The certificate with its signed part edited as asn1crypto object and signed again."""
    certificate = asn1_x509.Certificate.load(der)
    edit(certificate["tbs_certificate"])
    tbs = certificate["tbs_certificate"].dump(force=True)
    certificate["signature_algorithm"] = certificate["tbs_certificate"]["signature"].copy()
    certificate["signature_value"] = _signature(tbs, signing, sha1)
    return bytes(certificate.dump(force=True))


def resigned_list(
    der: bytes,
    signing: pki.PrivateKey,
    edit: Callable[[Any], None],
    sha1: bool = False,
    patch: tuple[bytes, bytes] = (b"", b""),
) -> bytes:
    """The revocation list with its signed part edited as asn1crypto object, some octets of it exchanged for as many others
    (what that library would not write), and signed again."""
    made_here = asn1_crl.CertificateList.load(der)
    edit(made_here["tbs_cert_list"])
    written = made_here["tbs_cert_list"].dump(force=True)
    tbs = written.replace(*patch) if patch[0] else written
    made_here["signature_algorithm"] = made_here["tbs_cert_list"]["signature"].copy()
    made_here["signature"] = _signature(tbs, signing, sha1)
    return bytes(made_here.dump(force=True)).replace(written, tbs)


def _signature(tbs: bytes, signing: pki.PrivateKey, sha1: bool) -> bytes:
    if isinstance(signing, rsa.RSAPrivateKey):
        return signing.sign(tbs, padding.PKCS1v15(), hashes.SHA1() if sha1 else hashes.SHA256())
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    return signing.sign(tbs, ec.ECDSA(hashes.SHA256()))


def unknown_extension(size: int = 4) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x04\x02" + bytes(size))


def best_seconds(run: Callable[[], object], times: int = 3) -> float:
    """The shortest CPU time of a few runs: what the work costs, not what the machine was doing beside it."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)
