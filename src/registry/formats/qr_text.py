"""The text of an extract's QR: the address of the page behind its code, and in the fragment what the registry signed of the paper.

`<base>/v/<code>#1.<kid>.<parts>.<digests>.<signature>`. A browser sends no fragment, so that no server's log has it; a phone
without a network checks it with the registry's public keys. Signed (ES256) are the digests of five parts, twelve octets each:
who finds the signature good and one part different knows which part was altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from registry.core import codes, public_code
from registry.core.answer_keys import Period
from registry.core.findings import Finding, Refusal
from registry.formats import base64url
from registry.formats.answers import PrivateKey

_FORM = "1"
_CONTEXT = b"hocba-so qr 1\0"
_DIGEST, _SIGNATURE, _KID = 12, 64, 8
_LONGEST = 4096
_HALF = 32


@dataclass(frozen=True, slots=True)
class Paper:
    """What of a paper is signed; every value is a text of one line, as printed."""

    code: str
    version: str
    school_code: str
    school_name: str
    school_year: str
    grade: str
    initials: str
    birth_year: str
    result: str


#: Part of the paper -> its values. The order is that of the digests.
PARTS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "version"),
    "school": ("school_code", "school_name"),
    "year": ("school_year", "grade"),
    "pupil": ("initials", "birth_year"),
    "result": ("result",),
}
_VALUES = tuple(each.name for each in fields(Paper) if each.name != "code")


def text(key: PrivateKey, base_url: str, paper: Paper) -> str:
    """What the QR of the paper holds, signed with this key of papers."""
    digests = _digests(paper)
    kid = key.key_id[:_KID]
    r, s = decode_dss_signature(key.key.sign(_signed(kid, digests), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
    values = "\n".join(_line(getattr(paper, name)) for name in _VALUES).encode()
    parts = (_FORM, kid, base64url.encode(values), base64url.encode(digests), base64url.encode(signature))
    return f"{base_url.rstrip('/')}/v/{paper.code}#{'.'.join(parts)}"


def check(text: str, keys: Iterable[Period]) -> Paper:
    """What the registry signed of the paper with this QR; `keys` are its keys of papers, past and present: a paper says no time.

    Raises Refusal: qr-malformed; qr-key; qr-altered, with the pointer /signature when nothing in it can be relied on, or that
    of each part (/code, /school, /year, /pupil, /result) that is not what was signed.
    """
    kid, paper, digests, signature = _taken_apart(text)
    key = _public_key(kid, keys)
    der = encode_dss_signature(int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big"))
    try:
        key.verify(der, _signed(kid, digests), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refusal(
            codes.QR_ALTERED, [Finding(codes.QR_ALTERED, "/signature", "the signature does not hold")]
        ) from None
    good = _digests(paper)
    altered = [
        Finding(codes.QR_ALTERED, f"/{part}", "not what was signed")
        for place, part in enumerate(PARTS)
        if good[place * _DIGEST :][:_DIGEST] != digests[place * _DIGEST :][:_DIGEST]
    ]
    if altered:
        raise Refusal(codes.QR_ALTERED, altered)
    return paper


def compare(paper: Paper, read: Mapping[str, str]) -> tuple[Finding, ...]:
    """qr-altered for each value that somebody read on the paper and that is not what was signed."""
    return tuple(
        Finding(codes.QR_ALTERED, f"/paper/{name}", f"signed is: {getattr(paper, name)}")
        for name, value in read.items()
        if _line(value).casefold() != getattr(paper, name).casefold()
    )


def address(text: str) -> str:
    """Where the QR leads a phone, up to the page of the code. It is not signed: who prints a paper anew can write another one."""
    return text.strip().partition("#")[0].partition("/v/")[0]


def _taken_apart(text: str) -> tuple[str, Paper, bytes, bytes]:
    address, found, fragment = text.strip().partition("#")
    pieces = fragment.split(".")
    bits = public_code.read(public_code.out_of_address(address)) if "/v/" in address else None
    if len(text) <= _LONGEST and found and len(pieces) == 5 and pieces[0] == _FORM and bits is not None:
        values, digests, signature = (base64url.decode(piece) for piece in pieces[2:])
        lines = (values or b"").decode("utf-8", "replace").split("\n")
        fits = len(digests or b"") == _DIGEST * len(PARTS) and len(signature or b"") == _SIGNATURE
        spelled = all(line == _line(line) for line in lines)  # other white space has the same digests
        if fits and spelled and len(lines) == len(_VALUES) and len(pieces[1]) == _KID:
            assert digests is not None
            assert signature is not None
            return pieces[1], Paper(public_code.printed(bits), *lines), digests, signature
    raise Refusal(codes.QR_MALFORMED, [Finding(codes.QR_MALFORMED, "", "<address>/v/<code>#1.<four parts>")])


def _digests(paper: Paper) -> bytes:
    return b"".join(
        sha256(_CONTEXT + "\n".join((part, *(_line(getattr(paper, name)) for name in names))).encode()).digest()[
            :_DIGEST
        ]
        for part, names in PARTS.items()
    )


def _signed(kid: str, digests: bytes) -> bytes:
    return _CONTEXT + kid.encode("utf-8", "replace") + b"\0" + digests


def _line(value: str) -> str:
    return " ".join(value.split())


def _public_key(kid: str, keys: Iterable[Period]) -> ec.EllipticCurvePublicKey:
    for each in keys:
        if each.key.key_id[:_KID] == kid:
            public = load_der_public_key(each.key.public_key)
            assert isinstance(public, ec.EllipticCurvePublicKey), "no other key is ever registered, or read from a set"
            return public
    raise Refusal(codes.QR_KEY, [Finding(codes.QR_KEY, "", "a JWK of P-256 with the QR's key id")])
