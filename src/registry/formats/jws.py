"""JSON Web Signatures (RFC 7515) opened: the envelopes of signed transcripts, and the compact form of client assertions.

Form A has the payload attached, and each later signature is bound to the one before by the critical header `prev`. Form B has
the document beside detached signatures that list it and every earlier signature in `sigD`. Either comes as General JSON, or for
one signer flattened; form A for one signer also compact.

Opening only reads; `registry.formats.signatures` verifies.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from pydantic_core import from_json

from registry.core import codes
from registry.core.findings import Finding
from registry.core.trust import Algorithm
from registry.formats import base64url, jws_detached, jws_header, jws_unsigned, strict_json
from registry.formats.signatures import Envelope, OpenedSignature, Places

_LARGEST_TOKEN = 8192
_MOST_UNKNOWN = 20
_ONE = frozenset({"protected", "signature", "header"})


@dataclass(frozen=True, slots=True)
class OpenedToken:
    """A compact JWS whose payload is a JSON object, not yet verified."""

    algorithm: Algorithm
    key_id: str | None
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes
    kind: str | None = None  # `typ`
    hashed: bytes | None = None


def open_envelope(raw: bytes, *, algorithms: frozenset[Algorithm], max_signatures: int = 16) -> Envelope:
    """Open a JWS in General or Flattened JSON Serialization (RFC 7515 section 7.2) without trusting anything in it.

    Codes: those of the JSON reader, envelope-*, header-*, signature-unsigned, signature-counter, time-stamp-invalid,
    certificate-size, -malformed, -mismatch; pointers lead into the envelope, and on into decoded headers as
    /signatures/<n>/protected/<member>; the one signature of a flattened envelope is /signatures/0. Never raises.
    """
    value, broken = strict_json.parse(raw)
    if broken:
        return Envelope(None, (), tuple(broken))
    if type(value) is not dict:
        return Envelope(None, (), (Finding(codes.ENVELOPE_SHAPE, "", "an object"),))
    mixed = _mixed(value)
    if mixed:
        return Envelope(None, (), tuple(mixed))
    content = "document" if "document" in value else "payload"
    if value.keys() & _ONE and "signatures" not in value:
        findings = _unknown(value, {content, *_ONE}, "")
        value = {content: value.get(content), "signatures": [{n: value[n] for n in _ONE if n in value}]}
    else:
        findings = _unknown(value, {content, "signatures"}, "")
    return _open(value, _Form(content, algorithms), findings, max_signatures)


def open_compact_envelope(raw: bytes, *, algorithms: frozenset[Algorithm]) -> Envelope:
    """Open a JWS in Compact Serialization (RFC 7515 section 7.1) as an envelope of one signature, which is /signatures/0.

    Codes as for `open_envelope`, without those of unprotected headers: this form has none. Never raises.
    """
    parts = raw.decode("ascii", "replace").split(".")
    if len(parts) != 3:
        return Envelope(None, (), (Finding(codes.ENVELOPE_SHAPE, "", "three base64url texts with dots between"),))
    value = {"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]}
    return _open(value, _Form("payload", algorithms, "jose"), [], 1)


def payload_of(raw: bytes) -> bytes | None:
    """The signed bytes of an envelope in JSON that was opened and found good before; None when it has none. Nothing is checked; ValueError for no JSON.

    So a reader will do that is not strict, and takes an eighth of the time for these long texts.
    """
    value = from_json(raw)
    text = (value.get("payload") or value.get("document")) if type(value) is dict else None
    return base64url.decode(text) if type(text) is str else None


def link(protected: str, payload: str, signature: str) -> str:
    """The value of `prev` that binds the next signature to this one, from the three texts as they stand in the envelope."""
    return base64url.encode(sha256(_octets_of(f"{protected}.{payload}.{signature}")).digest())


def open_compact(token: str, *, algorithms: frozenset[Algorithm], largest: int = _LARGEST_TOKEN) -> OpenedToken | None:
    """Open a compact JWS (RFC 7515 section 7.1) with a JSON object as payload; None for whatever is not exactly that.

    The header holds alg, and may hold kid and typ; anything else (crit, jwk, jku, x5u, x5c...) has no place in it.
    """
    parts = token.split(".") if len(token) <= largest else []
    if len(parts) != 3:
        return None
    decoded = [base64url.decode(part) for part in parts]
    raw_header, raw_claims, signature = decoded
    if raw_header is None or raw_claims is None or signature is None:
        return None
    header, bad_header = strict_json.parse(raw_header)
    claims, bad_claims = strict_json.parse(raw_claims)
    if bad_header or bad_claims or type(header) is not dict or type(claims) is not dict:
        return None
    algorithm = next((each for each in algorithms if each.value == header.get("alg")), None)
    texts = all(type(value) is str for value in header.values())
    if algorithm is None or not texts or not header.keys() <= {"alg", "kid", "typ"}:
        return None
    signing_input = f"{parts[0]}.{parts[1]}".encode("ascii")
    return OpenedToken(algorithm, header.get("kid"), claims, signing_input, signature, header.get("typ"))


@dataclass(frozen=True, slots=True)
class _Form:
    """How one envelope is written: `content` names the member with the signed bytes, and so attached or detached."""

    content: str
    algorithms: frozenset[Algorithm]
    kind: str = "jose+json"

    @property
    def detached(self) -> bool:
        return self.content == "document"


def _mixed(value: dict[str, Any]) -> list[Finding]:
    findings = []
    if "payload" in value and "document" in value:
        findings.append(
            Finding(codes.ENVELOPE_FORM, "/document", "payload (attached) or document (detached), one of them")
        )
    if "signatures" in value and value.keys() & _ONE:
        findings.append(Finding(codes.ENVELOPE_FORM, "/signatures", "signatures, or the members of one signature"))
    return findings


def _open(value: dict[str, Any], form: _Form, findings: list[Finding], most: int) -> Envelope:
    payload = _octets(value, form.content, "", findings)
    given = value.get("signatures")
    if type(given) is not list:
        findings.append(Finding(codes.ENVELOPE_SHAPE, "/signatures", "a list of signatures"))
        return Envelope(payload, (), tuple(findings))
    if not 1 <= len(given) <= most:
        findings.append(Finding(codes.ENVELOPE_SIGNATURES, "/signatures", f"1 to {most} signatures"))
        return Envelope(payload, (), tuple(findings))
    text = value.get(form.content)
    content = text if type(text) is str else ""
    covered: jws_detached.Covered | None = (jws_detached.of_document(content),) if form.detached else None
    attached = b"" if form.detached else _octets_of(content)
    previous, opened = None, []
    for index, each in enumerate(given):
        protected, signature = _texts(each)
        signing_input = b"%b.%b" % (_octets_of(protected), attached)
        whole = sha256(
            signing_input
        )  # of what is signed, and with the value behind it the link: both hash the document
        place = jws_header.Place(f"/signatures/{index}", previous, covered, form.kind)
        signed = signing_input, whole.digest()
        opened.append(_open_signature(each, index, signed, place, form.algorithms, findings))
        if covered is not None:
            covered = (*covered, jws_detached.of_signature(index, protected, signature))
        elif index < len(given) - 1:
            whole.update(_octets_of(f".{signature}"))
            previous = base64url.encode(whole.digest())
    return Envelope(payload, tuple(opened), tuple(findings))


def _octets_of(text: str) -> bytes:
    """A text of the envelope as it was received, which may hold what is no base64url at all."""
    return text.encode("utf-8", "surrogatepass")


def _texts(signature: object) -> tuple[str, str]:
    """Header and value as received; one that is no signature at all counts as empty texts, and has its own finding."""
    if type(signature) is not dict:
        return "", ""
    protected, value = signature.get("protected"), signature.get("signature")
    return (protected, value) if type(protected) is str and type(value) is str else ("", "")


def _open_signature(
    value: object,
    index: int,
    signed: tuple[bytes, bytes],  # the octets, and their SHA-256
    place: jws_header.Place,
    algorithms: frozenset[Algorithm],
    findings: list[Finding],
) -> OpenedSignature:
    at = place.pointer
    if type(value) is not dict:
        findings.append(Finding(codes.ENVELOPE_SHAPE, at, "an object"))
        return OpenedSignature(index, _pointers(at))
    findings += _unknown(value, _ONE, at)
    signature = _octets(value, "signature", at, findings)
    protected = value.get("protected")
    if type(protected) is not str:
        findings.append(Finding(codes.ENVELOPE_SHAPE, f"{at}/protected", "base64url text"))
        return OpenedSignature(index, _pointers(at), signature=signature or b"")
    header = jws_header.read(protected, place, algorithms)
    findings += header.findings
    unsigned = jws_unsigned.Unsigned()
    if "header" in value:
        unsigned = jws_unsigned.read(value["header"], at, _texts(value)[1], header.chain, jws_header.MOST_CERTIFICATES)
        findings += unsigned.findings
    return OpenedSignature(
        index,
        _pointers(at),
        header.algorithm,
        signed[0],
        signature or b"",
        header.signed_at,
        header.chain,
        header.reference,
        stamps=tuple(unsigned.stamps),
        ocsp_answers=tuple(unsigned.ocsp_answers),
        certificates=tuple(unsigned.certificates),
        hashed=signed[1],
    )


@lru_cache(maxsize=64)
def _pointers(at: str) -> Places:
    protected = f"{at}/protected"
    return Places(at, f"{at}/signature", f"{protected}/iat", f"{protected}/alg", f"{protected}/x5c/0")


def _octets(value: dict[str, Any], name: str, at: str, findings: list[Finding]) -> bytes | None:
    text = value.get(name)
    if type(text) is not str:
        findings.append(Finding(codes.ENVELOPE_SHAPE, f"{at}/{name}", "base64url text"))
        return None
    octets = base64url.decode(text)
    if octets is None:
        findings.append(Finding(codes.ENVELOPE_BASE64, f"{at}/{name}", "base64url without padding"))
    return octets


def _unknown(value: dict[str, Any], known: AbstractSet[str], at: str) -> list[Finding]:
    if value.keys() <= known:
        return []
    unknown = [name for name in value if name not in known][:_MOST_UNKNOWN]
    detail = "only " + ", ".join(sorted(known))
    return [Finding(codes.ENVELOPE_MEMBER, strict_json.member_pointer(at, name), detail) for name in unknown]
