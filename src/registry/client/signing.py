"""Signing a transcript with key files: teacher, principal, seal, each over everything before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from registry.formats import jws_signing, xades_signing, xml_transcript
from registry.formats.jws_signing import PrivateKey


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where one signer's private key (PEM) and certificate chain (PEM, signer's own first) lie."""

    key: Path
    chain: Path

    def load(self, password: bytes | None = None) -> jws_signing.SigningKey:
        """Read both files; raises ValueError with the file's name when one is not what it should be."""
        private = load_private_key(self.key, password)
        try:
            chain = x509.load_pem_x509_certificates(self.chain.read_bytes())
        except ValueError as error:
            raise ValueError(f"{self.chain}: no PEM certificate in it") from error
        return jws_signing.SigningKey.from_private_key(private, tuple(c.public_bytes(Encoding.DER) for c in chain))


def load_private_key(file: Path, password: bytes | None = None) -> PrivateKey:
    """An RSA, P-256 or Ed25519 private key from a PEM file; raises ValueError naming the file."""
    try:
        key = load_pem_private_key(file.read_bytes(), password)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file}: no readable PEM private key") from error
    if not isinstance(key, PrivateKey):
        raise ValueError(f"{file}: an RSA, P-256 or Ed25519 key is needed")
    return key


def sign_transcript(payload: bytes, keys: Sequence[jws_signing.SigningKey], signed_at: Sequence[datetime]) -> bytes:
    """The signed envelope (JWS General JSON) over the payload, signed in the order of `keys`, at these moments."""
    return jws_signing.sign_envelope(payload, keys, signed_at)


def sign_transcript_xml(
    payload: bytes,
    keys: Sequence[jws_signing.SigningKey],
    signed_at: Sequence[datetime],
    roles: Sequence[str] | None = None,
) -> bytes:
    """The signed XML container over a transcript given in JSON or as its XML record. `roles` are claimed by the signers, without
    them those of teacher(s), principal, seal by their place.

    Raises ValueError when the payload is neither.
    """
    record = payload if payload.lstrip()[:1] == b"<" else xml_transcript.from_json(payload)
    return xades_signing.sign_envelope(record, keys, signed_at, roles or _roles(len(keys)))


def _roles(count: int) -> list[str]:
    """The roles that signers claim by their place; what counts is the registry's own register of signers."""
    return ["teacher"] * max(0, count - 2) + ["principal", "seal"][-min(count, 2) :]
