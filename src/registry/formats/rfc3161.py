"""Time-stamp tokens (RFC 3161, RFC 5816) as bytes and CMS structure, and the one place that calls pyhanko for their signature.

Whether the authority is trusted and what the time means is asked in `registry.formats.time_stamps`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509

from registry.formats import names, pss

#: What may be hashed with, throughout a token.
_HASHES: dict[str, Callable[[bytes], Any]] = {
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
#: Seconds. A negative accuracy would move the moment that a token proves to before the token itself.
_LEAST_ACCURATE = 86_400
#: Signed attributes of real tokens are four or five; thousands cost the check of the signature tens of milliseconds.
_MOST_ATTRIBUTES = 32
_SCHEMES = frozenset({"rsassa_pkcs1v15", "rsassa_pss", "ecdsa"})


class MalformedError(Exception):
    """Not a time-stamp token; the text names the rule, never content."""


class UncheckedError(Exception):
    """A token that can't be checked here, though nothing says that it is wrong; the text names the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """One token, not yet verified. `accuracy` is zero when the authority did not say."""

    generated_at: datetime
    accuracy: timedelta
    hash: str
    imprint: bytes
    _signed: Any = field(repr=False)

    def imprint_of(self, octets: bytes) -> bytes:
        """What the imprint must be when these octets were stamped."""
        return cast(bytes, _HASHES[self.hash](octets).digest())


@dataclass(frozen=True, slots=True)
class Signer:
    """The certificate that signed a token and those that came along, DER."""

    certificate: bytes
    others: tuple[bytes, ...]


def read(der: bytes) -> Token:
    """Read a DER ContentInfo. Raises MalformedError or UncheckedError (weak imprint), never anything else."""
    try:
        container = cms.ContentInfo.load(der, strict=True)
        if container["content_type"].native != "signed_data":
            raise MalformedError
        signed = container["content"]
        inside = signed["encap_content_info"]
        if inside["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
            raise MalformedError
        told = inside["content"].parsed
        if not isinstance(told, tsp.TSTInfo) or told["version"].native != "v1":
            raise MalformedError
        return _token(told, signed)
    except UncheckedError:
        raise
    except Exception as error:  # asn1crypto reads lazily and complains with whatever class
        raise MalformedError("one RFC 3161 time-stamp token in DER, with one signer") from error


def _token(told: Any, signed: Any) -> Token:
    imprint = told["message_imprint"]
    name = imprint["hash_algorithm"]["algorithm"].native
    if name not in _HASHES:
        raise UncheckedError("an imprint by SHA-256, SHA-384 or SHA-512")
    extensions = told["extensions"]
    if extensions is not core.VOID and any(each["critical"].native for each in extensions):
        raise UncheckedError("no critical extension in the token")
    generated_at = told["gen_time"].native
    if generated_at.tzinfo is None:
        raise MalformedError
    accuracy = _accuracy(told["accuracy"])
    generated_at + accuracy
    return Token(generated_at, accuracy, name, imprint["hashed_message"].native, signed)


def _accuracy(given: Any) -> timedelta:
    if given is core.VOID:
        return timedelta(0)
    parts = {name: given[name].native or 0 for name in ("seconds", "millis", "micros")}
    if not (0 <= parts["seconds"] <= _LEAST_ACCURATE and all(0 <= parts[name] < 1000 for name in ("millis", "micros"))):
        raise UncheckedError("an accuracy of at most a day")
    return timedelta(seconds=parts["seconds"], milliseconds=parts["millis"], microseconds=parts["micros"])


def signer_of(token: Token) -> Signer:
    """The certificates of a token. Raises UncheckedError when the signer's is not there, MalformedError for other trouble."""
    try:
        (signer,) = token._signed["signer_infos"]
        carried = token._signed["certificates"]
        certificates = [] if carried is core.VOID else [c.chosen.untag() for c in carried if c.name == "certificate"]
        mine = [certificate for certificate in certificates if _is_named(certificate, signer["sid"])]
        ders = [bytes(certificate.dump()) for certificate in certificates]
    except Exception as error:
        raise MalformedError("certificates of the token in DER") from error
    if not mine:
        raise UncheckedError("the authority's certificate within the token")
    own = bytes(mine[0].dump())
    return Signer(own, tuple(der for der in ders if der != own))


def _is_named(certificate: asn1_x509.Certificate, sid: Any) -> bool:
    """RFC 5652 5.3: the signer is named by issuer and serial number, or by key identifier."""
    if sid.name == "subject_key_identifier":
        return bool(certificate.key_identifier == sid.native)
    named = sid.chosen
    if certificate.serial_number != named["serial_number"].native:
        return False
    # The library's own comparison takes a name of any length: 150 ms for a token of 29 kB.
    return names.comparable(bytes(certificate.issuer.dump())) == names.comparable(bytes(named["issuer"].dump()))


def load_library() -> Callable[..., tuple[bool, bool]]:
    """pyhanko's check of a CMS signature. Importing it takes a second, which only a time-stamp of a trusted authority needs."""
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    return validate_sig_integrity


def check_signature(token: Token, certificate: bytes) -> None:
    """Raises MalformedError unless the certificate's key signed the token and the token names it by ESSCertIDv2 (RFC 5816).

    Raises UncheckedError for what is not relied upon: weak hashes, other signature schemes, no ESSCertIDv2.
    """
    validate_sig_integrity = load_library()
    try:
        (signer,) = token._signed["signer_infos"]
        digest = signer["digest_algorithm"]["algorithm"].native
        _check_strength(digest, signer["signature_algorithm"])
        if len(signer["signed_attrs"]) > _MOST_ATTRIBUTES:
            raise UncheckedError(f"at most {_MOST_ATTRIBUTES} signed attributes")
        names_it = [a for a in signer["signed_attrs"] if a["type"].native == "signing_certificate_v2"]
        if len(names_it) != 1:
            raise UncheckedError("ESSCertIDv2 in the signed attributes (RFC 5816)")
        content = bytes(token._signed["encap_content_info"]["content"])
        owner = asn1_x509.Certificate.load(certificate, strict=True)
        # Compares the certificate with ESSCertIDv2 too, and the digest with the signed attribute.
        intact, valid = validate_sig_integrity(signer, owner, "tst_info", _HASHES[digest](content).digest())
    except UncheckedError:
        raise
    except Exception as error:  # SignatureValidationError, ValueError, TypeError...: whatever it is, it is not a yes
        raise MalformedError("signed by the certificate that ESSCertIDv2 names") from error
    if not (intact and valid):
        raise MalformedError("signed by the authority's key over exactly its content")


def _check_strength(digest: str, scheme: Any) -> None:
    try:
        hashed = scheme.hash_algo
    except ValueError:  # the plain RSA identifier leaves the hash to the digest algorithm
        hashed = digest
    if digest not in _HASHES or hashed != digest or scheme.signature_algo not in _SCHEMES:
        raise UncheckedError("signed by RSA or ECDSA with SHA-256, SHA-384 or SHA-512")
    if scheme.signature_algo == "rsassa_pss" and not pss.is_usual(bytes(scheme.dump())):
        raise UncheckedError("RSASSA-PSS with MGF1 of the same hash and a salt as long as its digest")
