"""The registry's seal on a PDF: PAdES (ETSI EN 319 142-1) baseline B-B, by pyhanko, over a document that is complete.

Invisible, so that PDF/A stays what it was. Times of signing are the signer's own clock: the receiver's proof of time is the
registry's page behind the code.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

_KEY_BLOCK = re.compile(
    b"-----BEGIN (?:EC |RSA )?PRIVATE KEY-----.*?-----END (?:EC |RSA )?PRIVATE KEY-----\\s", re.DOTALL
)
_FIELD = "RegistrySeal"


class Seal:
    """A key with its certificate, and the certificates above it."""

    def __init__(self, raw: bytes, password: bytes | None = None) -> None:
        """From PKCS #12, or from PEM with one private key and its certificate first. Raises ValueError that says what is missing."""
        private, own, others = _from_pem(raw) if raw.lstrip().startswith(b"-----BEGIN") else _from_pkcs12(raw, password)
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple([_asn1(each) for each in others])
        self.certificate: x509.Certificate = own
        self._signer = signers.SimpleSigner(_asn1(own), asn1_keys.PrivateKeyInfo.load(private), store)
        self._facts = signers.PdfSignatureMetadata(
            field_name=_FIELD,
            subfilter=SigSeedSubFilter.PADES,
            md_algorithm="sha256",
            reason="Bản thể hiện học bạ số",
            # ISO 32000-2 section 12.8.2.2: whatever is appended later, a note as well, makes a viewer say that it was altered.
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )

    def sign(self, pdf: bytes) -> bytes:
        """The PDF with the seal over all of it."""
        sealed = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), self._facts, self._signer)
        return bytes(sealed.getbuffer())


def _from_pem(raw: bytes) -> tuple[bytes, x509.Certificate, Sequence[x509.Certificate]]:
    block = _KEY_BLOCK.search(raw)
    certificates = x509.load_pem_x509_certificates(raw)
    if block is None:
        raise ValueError("a private key without a password: -----BEGIN PRIVATE KEY-----")
    return _checked(load_pem_private_key(block[0], None), certificates[0], certificates[1:])


def _from_pkcs12(raw: bytes, password: bytes | None) -> tuple[bytes, x509.Certificate, Sequence[x509.Certificate]]:
    key, own, others = pkcs12.load_key_and_certificates(raw, password)
    if key is None or own is None:
        raise ValueError("PKCS #12 with one private key and its certificate")
    return _checked(key, own, others)


def _checked(
    key: object, own: x509.Certificate, others: Sequence[x509.Certificate]
) -> tuple[bytes, x509.Certificate, Sequence[x509.Certificate]]:
    if key.public_key() != own.public_key():  # type: ignore[attr-defined]
        raise ValueError("the certificate belongs to another key")
    private: bytes = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]
    return private, own, others


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
