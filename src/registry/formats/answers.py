"""Signed answers: a compact JWS (RFC 7515) by the registry over what it answered, written here and checked here.

Pure: no clock, no network. The header holds alg, kid and typ, each of which must be exactly what this module writes: a receiver
has nothing to choose an algorithm or a key from. Access tokens are another matter (`registry.formats.tokens`).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from registry.core import codes
from registry.core.answer_keys import Period
from registry.core.findings import Code, Finding
from registry.core.trust import Algorithm
from registry.formats import jwks, jws, jws_signing, signatures

#: `typ` of the header (RFC 8725 section 3.11): one of these is never taken for another kind of token.
TYPE = "hocbaso-answer+jwt"
MEDIA_TYPE = "application/jwt"
#: A process may be this far behind the register when keys change, and a receiver's clock behind the registry's.
LEEWAY_SECONDS = 60
LARGEST = 65_536
#: The member of `about` that stands for a personal number.
ABOUT_NUMBER = "personal_number_hmac"
_TIMES = ("iat", "exp")
_TEXTS = ("iss", "aud", "jti", "nonce")


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs; `key_id` is the thumbprint of its public half."""

    key_id: str
    public_key: bytes
    key: EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> PrivateKey:
        """Read an unencrypted PKCS #8 PEM; raises ValueError when it is not a P-256 private key."""
        private = load_pem_private_key(pem, None)
        if not isinstance(private, EllipticCurvePrivateKey) or not isinstance(private.curve, SECP256R1):
            raise ValueError("a key that signs answers must be a P-256 private key")
        public = private.public_key()
        return cls(
            jwks.thumbprint(public), public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), private
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What a receiver knows beforehand; None for what it does not compare. `file_sha256`: of the result of a batch; `about_number`: as that function
    makes it."""

    issuer: str | None = None
    audience: str | None = None
    nonce: str | None = None
    type: str = TYPE
    file_sha256: bytes | None = None
    about_number: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What an answer says, and what is wrong with it. `claims` is None when it could not be read as one of the registry's."""

    claims: Mapping[str, Any] | None
    findings: tuple[Finding, ...]
    key_id: str | None = None

    @property
    def good(self) -> bool:
        """Nothing is wrong with it."""
        return not self.findings


def sign(key: PrivateKey, claims: Mapping[str, Any], type_: str = TYPE) -> str:
    """The compact JWS over these claims (ES256)."""
    return jws_signing.sign_compact(claims, key.key, Algorithm.ES256, key.key_id, type_)


def about_number(blind: str, number: str) -> str:
    """What an answer says in the place of a personal number: HMAC-SHA-256 of its digits under the asker's `blind`, in hex.

    Who has the answer alone can't try the few numbers there are, since the blind is not in it; the asker shows the blind with the
    number, and can show no other number. It follows from the question alone, and so says nothing of what was found.
    """
    return hmac.new(blind.encode(), number.encode(), sha256).hexdigest()


def check(token: str, keys: Sequence[Period], expected: Expected, now: datetime) -> Checked:
    """Check a signed answer as its receiver must; all that is wrong with it at once. Never raises.

    Codes: answer-malformed, answer-key-unknown, answer-signature (after these nothing is read), answer-key-period,
    answer-issuer, answer-audience, answer-nonce, answer-early, answer-expired,
    answer-file, answer-about.
    """
    opened = jws.open_compact(token.strip(), algorithms=frozenset({Algorithm.ES256}), largest=LARGEST)
    if opened is None or opened.kind != expected.type or not _is_whole(opened.claims):
        return Checked(None, (Finding(codes.ANSWER_MALFORMED, "", f"a compact JWS, ES256, typ {expected.type}"),))
    period = next((each for each in keys if each.key.key_id == opened.key_id), None)
    if period is None:
        return Checked(None, (Finding(codes.ANSWER_KEY_UNKNOWN, "/header/kid", "a key of the set"),), opened.key_id)
    if not signatures.signature_holds(opened, load_der_public_key(period.key.public_key)):
        return Checked(None, (Finding(codes.ANSWER_SIGNATURE, "/signature", ""),), opened.key_id)
    found = [*_times(opened.claims, period, now.timestamp()), *_bound(opened.claims, expected)]
    return Checked(opened.claims, tuple(found), opened.key_id)


def _is_whole(claims: Mapping[str, Any]) -> bool:
    """Every registered claim is there in its type; a nonce only where one was sent."""
    texts = all(type(claims.get(name)) is str for name in _TEXTS if name in claims or name != "nonce")
    return texts and all(type(claims.get(name)) is int for name in _TIMES)


def _times(claims: Mapping[str, Any], period: Period, now: float) -> list[Finding]:
    issued, ends = claims["iat"], claims["exp"]
    found = []
    signs_to = period.signs_to.timestamp() + LEEWAY_SECONDS if period.signs_to is not None else None
    if issued < int(period.key.signs_from.timestamp()) or (signs_to is not None and issued > signs_to):
        found.append(Finding(codes.ANSWER_KEY_PERIOD, "/claims/iat", "within the period of the key"))
    if issued > now + LEEWAY_SECONDS:
        found.append(Finding(codes.ANSWER_EARLY, "/claims/iat", "not ahead of this clock"))
    if now >= ends:
        found.append(Finding(codes.ANSWER_EXPIRED, "/claims/exp", "ahead of this clock"))
    return found


def _bound(claims: Mapping[str, Any], expected: Expected) -> list[Finding]:
    compared: tuple[tuple[str, str | None, Code], ...] = (
        ("iss", expected.issuer, codes.ANSWER_ISSUER),
        ("aud", expected.audience, codes.ANSWER_AUDIENCE),
        ("nonce", expected.nonce, codes.ANSWER_NONCE),
    )
    found = [
        Finding(code, f"/claims/{name}", "the value expected")
        for name, value, code in compared
        if value is not None and claims.get(name) != value
    ]
    question = claims.get("question")
    about = question.get("about") if isinstance(question, dict) else None
    named = about.get(ABOUT_NUMBER) if isinstance(about, dict) else None
    if expected.about_number is not None and named != expected.about_number:
        found.append(
            Finding(codes.ANSWER_ABOUT, f"/claims/question/about/{ABOUT_NUMBER}", "that of the number and the blind")
        )
    batch = claims.get("batch")
    signed = batch.get("result_sha256") if isinstance(batch, dict) else None
    if expected.file_sha256 is not None and signed != expected.file_sha256.hex():
        found.append(Finding(codes.ANSWER_FILE, "/claims/batch/result_sha256", "the SHA-256 of the file"))
    return found
