"""JSON Web Signatures (RFC 7515) opened: the General JSON envelope of signed transcripts
(form A: each later signature bound to the one before by the critical header `prev`), and the compact form of client assertions.

Opening only reads; `registry.formats.signatures` verifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from registry.core import codes
from registry.core.findings import Finding
from registry.core.trust import Algorithm
from registry.formats import base64url, jws_header, strict_json
from registry.formats.signatures import Envelope, OpenedSignature, Places

_LARGEST_TOKEN = 8192
_MOST_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class OpenedToken:
    """A compact JWS whose payload is a JSON object, not yet verified."""

    algorithm: Algorithm
    key_id: str | None
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes


def open_envelope(raw: bytes, *, algorithms: frozenset[Algorithm], max_signatures: int = 16) -> Envelope:
    """Open a JWS in General JSON Serialization (RFC 7515 section 7.2.1) without trusting anything in it.

    Codes: those of the JSON reader, envelope-*, header-*, signature-unsigned, certificate-size, -malformed, -mismatch; pointers
    lead into the envelope, and on into decoded headers as /signatures/<n>/protected/<member>. Never raises.
    """
    value, broken = strict_json.parse(raw)
    if broken:
        return Envelope(None, (), tuple(broken))
    if type(value) is not dict:
        return Envelope(None, (), (Finding(codes.ENVELOPE_SHAPE, "", "an object"),))
    findings = _unknown(value, {"payload", "signatures"}, "")
    payload = _octets(value, "payload", "", findings)
    given = value.get("signatures")
    if type(given) is not list:
        findings.append(Finding(codes.ENVELOPE_SHAPE, "/signatures", "a list of signatures"))
        return Envelope(payload, (), tuple(findings))
    if not 1 <= len(given) <= max_signatures:
        findings.append(Finding(codes.ENVELOPE_SIGNATURES, "/signatures", f"1 to {max_signatures} signatures"))
        return Envelope(payload, (), tuple(findings))
    opened, text = [], value.get("payload")
    payload_text = text if type(text) is str else ""
    for index, signature in enumerate(given):
        previous = _link(given[index - 1], payload_text) if index else None
        opened.append(_open_signature(signature, index, payload_text, previous, algorithms, findings))
    return Envelope(payload, tuple(opened), tuple(findings))


def link(protected: str, payload: str, signature: str) -> str:
    """The value of `prev` that binds the next signature to this one, from the three texts as they stand in the envelope."""
    return base64url.encode(sha256(f"{protected}.{payload}.{signature}".encode("utf-8", "surrogatepass")).digest())


def open_compact(token: str, *, algorithms: frozenset[Algorithm]) -> OpenedToken | None:
    """Open a compact JWS (RFC 7515 section 7.1) with a JSON object as payload; None for whatever is not exactly that.

    The header holds alg, and may hold kid and typ; anything else (crit, jwk, jku, x5u, x5c...) has no place in it.
    """
    parts = token.split(".") if len(token) <= _LARGEST_TOKEN else []
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
    return OpenedToken(algorithm, header.get("kid"), claims, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def _open_signature(
    value: object,
    index: int,
    payload: str,
    previous: str | None,
    algorithms: frozenset[Algorithm],
    findings: list[Finding],
) -> OpenedSignature:
    at = f"/signatures/{index}"
    if type(value) is not dict:
        findings.append(Finding(codes.ENVELOPE_SHAPE, at, "an object"))
        return OpenedSignature(index, _places(at))
    findings += _unknown(value, {"protected", "signature", "header"}, at)
    signature = _octets(value, "signature", at, findings)
    if "header" in value:
        findings += jws_header.unprotected_findings(value["header"], at)
    protected = value.get("protected")
    if type(protected) is not str:
        findings.append(Finding(codes.ENVELOPE_SHAPE, f"{at}/protected", "base64url text"))
        return OpenedSignature(index, _places(at), signature=signature or b"")
    header = jws_header.read(protected, at, algorithms, previous)
    findings += header.findings
    signing_input = f"{protected}.{payload}".encode("utf-8", "surrogatepass")
    return OpenedSignature(
        index,
        _places(at),
        header.algorithm,
        signing_input,
        signature or b"",
        header.signed_at,
        header.chain,
        header.reference,
    )


def _places(at: str) -> Places:
    protected = f"{at}/protected"
    return Places(at, f"{at}/signature", f"{protected}/iat", f"{protected}/alg", f"{protected}/x5c/0")


def _link(signature: object, payload: str) -> str:
    """The link to a signature as received; one that is no signature at all links to nothing a sender could know."""
    texts = [signature.get(name) for name in ("protected", "signature")] if type(signature) is dict else []
    if len(texts) != 2 or not all(type(text) is str for text in texts):
        return ""
    return link(str(texts[0]), payload, str(texts[1]))


def _octets(value: dict[str, Any], name: str, at: str, findings: list[Finding]) -> bytes | None:
    text = value.get(name)
    if type(text) is not str:
        findings.append(Finding(codes.ENVELOPE_SHAPE, f"{at}/{name}", "base64url text"))
        return None
    octets = base64url.decode(text)
    if octets is None:
        findings.append(Finding(codes.ENVELOPE_BASE64, f"{at}/{name}", "base64url without padding"))
    return octets


def _unknown(value: dict[str, Any], known: set[str], at: str) -> list[Finding]:
    if value.keys() <= known:
        return []
    unknown = [name for name in value if name not in known][:_MOST_UNKNOWN]
    detail = "only " + ", ".join(sorted(known))
    return [Finding(codes.ENVELOPE_MEMBER, strict_json.member_pointer(at, name), detail) for name in unknown]
