"""A time-stamping authority in memory: certificate, key and RFC 3161 tokens, for the demo and the tests.

Moments are arguments, so that a token can be from any day. `alter` functions break a token or a certificate on purpose.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.demo import pki

_DER = serialization.Encoding.DER
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Choices:
    """How a token departs from a good one."""

    accuracy_seconds: int | None = 1
    hashed: str = "sha256"  # the imprint
    signed_hash: str = "sha256"
    with_certificate: bool = True
    names_certificate: str = "v2"  # ESSCertIDv2, or "v1", or "" for none
    alter: Callable[[dict[str, Any]], None] | None = None  # the fields of TSTInfo before it is signed


_PLAIN = Choices()


@dataclass(frozen=True, slots=True)
class TimeStamper:
    """An authority that stamps whatever it is given."""

    certificate: x509.Certificate
    key: pki.PrivateKey
    issuer: pki.Authority

    @classmethod
    def make(
        cls, issuer: pki.Authority, valid_from: datetime, valid_to: datetime, *, key: pki.PrivateKey | None = None,
        alter: pki.Alter | None = None,
    ) -> TimeStamper:  # fmt: skip
        """An authority under a CA; its certificate is for time-stamping alone (RFC 3161 2.3)."""
        key = key or pki.new_key("p256")

        def of_authority(plan: pki.Plan) -> None:
            plan.put(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            if alter is not None:
                alter(plan)

        subject = pki.name("Dấu thời gian (THỬ NGHIỆM)", "Tổ chức cấp dấu thời gian (THỬ NGHIỆM)")
        return cls(issuer.issue_leaf(subject, key.public_key(), valid_from, valid_to, alter=of_authority), key, issuer)

    def at(self, moment: datetime, choices: Choices = _PLAIN) -> Callable[[bytes], bytes]:
        """A function from octets to their token of that moment, as `jws_signing.add_time_stamp` wants it."""
        return lambda octets: self.stamp(octets, moment, choices)

    def stamp(self, octets: bytes, moment: datetime, choices: Choices = _PLAIN) -> bytes:
        """A token (DER ContentInfo) that these octets existed at the moment."""
        told: dict[str, Any] = {
            "version": "v1",
            "policy": "1.3.6.1.4.1.99999.3",
            "message_imprint": {
                "hash_algorithm": {"algorithm": choices.hashed},
                "hashed_message": hashlib.new(choices.hashed, octets).digest(),
            },
            "serial_number": secrets.randbits(63),
            "gen_time": moment,
        }
        if choices.accuracy_seconds is not None:
            told["accuracy"] = {"seconds": choices.accuracy_seconds}
        if choices.alter is not None:
            choices.alter(told)
        return self._signed(bytes(tsp.TSTInfo(told).dump()), choices)

    def _signed(self, content: bytes, choices: Choices) -> bytes:
        owner = asn1_x509.Certificate.load(self.certificate.public_bytes(_DER))
        digest = algos.DigestAlgorithm({"algorithm": choices.signed_hash})
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute(
                    {"type": "message_digest", "values": [hashlib.new(choices.signed_hash, content).digest()]}
                ),
                *_names(owner, choices.names_certificate),
            ]
        )
        scheme = "rsassa_pkcs1v15" if isinstance(self.key, rsa.RSAPrivateKey) else f"{choices.signed_hash}_ecdsa"
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.IssuerAndSerialNumber({"issuer": owner.issuer, "serial_number": owner.serial_number}),
                "digest_algorithm": digest,
                "signature_algorithm": {"algorithm": scheme},
                "signed_attrs": attributes,
                "signature": self._sign(bytes(attributes.dump()), choices.signed_hash),
            }
        )
        signed = {
            "version": "v3",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
            "signer_infos": [signer],
        }
        if choices.with_certificate:
            signed["certificates"] = [owner, asn1_x509.Certificate.load(self.issuer.der)]
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump())

    def _sign(self, octets: bytes, hashed: str) -> bytes:
        algorithm = _HASHES[hashed]
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(octets, padding.PKCS1v15(), algorithm)
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(octets, ec.ECDSA(algorithm))
        raise ValueError("an authority signs with RSA or an elliptic curve")


def _names(owner: asn1_x509.Certificate, version: str) -> list[cms.CMSAttribute]:
    """The attribute that binds a token to its authority's certificate (RFC 5035)."""
    if version == "v2":
        named = tsp.SigningCertificateV2({"certs": [{"cert_hash": hashlib.sha256(owner.dump()).digest()}]})
        return [cms.CMSAttribute({"type": "signing_certificate_v2", "values": [named]})]
    if version == "v1":
        old = tsp.SigningCertificate({"certs": [{"cert_hash": hashlib.sha1(owner.dump()).digest()}]})  # noqa: S324
        return [cms.CMSAttribute({"type": "signing_certificate", "values": [old]})]
    return []
