"""Secret keys in files: made once with mode 0600, read for ever after, never written over. Which keys mean what is not known here."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def load(path: Path) -> bytes:
    """Read a key file; raises FileNotFoundError when absent, PermissionError when others may read it."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise PermissionError(f"{path}: others may read this secret key; run chmod 600 on it")
    return path.read_bytes()


def ensure(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read a key file, making it first where there is none. An existing file is never written to; of two that start at the
    same moment one makes the key and both use it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        create(path, make())
    return load(path)


def create(path: Path, content: bytes) -> bool:
    """Put a new file (0600) in place, whole or not at all; False when there is one already, which stays as it is."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails where somebody was first: a rename would overwrite theirs
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def ensure_token_key(path: Path) -> bytes:
    """The P-256 key of the access tokens (PKCS #8 PEM), made by the first start."""
    return ensure(path, new_p256)


def ensure_paper_seal(path: Path) -> bytes:
    """The seal of papers: PKCS #12 or PEM as somebody put it there, else a key with a certificate that it signed itself.

    Such a certificate proves to nobody whose it is: it stands in for one of the city's until that is put in its place.
    """
    return ensure(path, _self_signed_pem)


def _self_signed_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sổ đăng ký học bạ số (tự ký / self-signed)")])
    now = datetime.now(UTC)
    usage = dict.fromkeys(_USAGES, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3653))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**usage, "digital_signature": True, "content_commitment": True}), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
    "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def new_p256() -> bytes:
    """A new P-256 key as PKCS #8 PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
