"""The protected header of a signature (RFC 7515 section 4; ETSI TS 119 182-1 section 5), read strictly. Pure.

Nothing here chooses a key or trusts a certificate: a header only claims.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from registry.core import codes
from registry.core.findings import Code, Finding
from registry.core.trust import Algorithm
from registry.formats import base64url, jws_detached, jws_references, jws_unsigned, strict_json
from registry.formats.lru import Lru
from registry.formats.signatures import NO_ALGORITHM
from registry.formats.x509 import MAX_SIZE

#: More than a leaf, its CAs and a root is not a chain but work for the reader.
MOST_CERTIFICATES = 6
_LONGEST_LABEL = 256
_MOST_UNKNOWN = 20
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_LEGACY_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_KNOWN = frozenset({
    "alg", "cty", "typ", "kid", "iat", "sigT", "x5c", *jws_references.MEMBERS, "crit", "prev", "sigD", "srCms", "srAts",
})  # fmt: skip
#: SHA-1, and a signature policy: nothing here is decided by either.
_OTHER_REFERENCES = frozenset({"sigPId", "x5t"})
#: Any of these says, or tries to say, who signed.
_IDENTITIES = _OTHER_REFERENCES | {"x5c", *jws_references.MEMBERS}
_IDENTITY = "x5c, or one of " + ", ".join(jws_references.MEMBERS)
_CRITICAL = frozenset({"prev", "sigD", "sigT"})
_TIME = re.compile(rb'"iat": ?([1-9][0-9]{0,11})(?![0-9.eE])')
_LINK = re.compile(rb'"prev": ?"([A-Za-z0-9_-]{43})"')
_LONGEST_REMEMBERED = 8192  # octets
_ALGORITHMS = {algorithm.value: algorithm for algorithm in Algorithm}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a header stands, and so what it must say.

    `previous` is the link to the signature before (base64url SHA-256), None for the first. `covered` is None in the attached
    form, else name and digest of everything a detached signature must cover. `kind` is the `typ` of the serialization.
    """

    pointer: str  # of the signature
    previous: str | None = None
    covered: jws_detached.Covered | None = None
    kind: str = "jose+json"


@dataclass(frozen=True, slots=True)
class Header:
    """What a protected header claims; a part that could not be read is None or empty, with a finding that says why."""

    algorithm: Algorithm | None = None
    signed_at: datetime | None = None
    chain: tuple[bytes, ...] = ()  # DER, the signer's own first
    reference: bytes | None = None  # SHA-256 of the signer's certificate
    findings: tuple[Finding, ...] = ()


class _Parts(NamedTuple):
    """A header's octets without the digits of `iat` and the text of `prev`, and these two."""

    rest: bytes
    seconds: int
    previous: str | None


#: What headers said in which nothing was wrong and nothing stands in objects, by all but `iat` and `prev`, the algorithms
#: allowed and the kind: those of one signer are otherwise the same octets, four fifths of them certificates.
GOOD: Lru[tuple[bytes, frozenset[Algorithm], str], Header] = Lru(2048)


@dataclass(slots=True)
class _Reading:
    """One header while it is read."""

    members: Mapping[str, Any]
    at: str
    found: list[Finding]

    def note(self, code: Code, member: str = "", detail: str = "") -> None:
        self.found.append(Finding(code, f"{self.at}/{member}" if member else self.at, detail))


def read(protected: str, place: Place, algorithms: frozenset[Algorithm]) -> Header:
    """Read the base64url text of a protected header that stands in this place.

    Codes: envelope-base64, envelope-form, those of the JSON reader, and header-*, certificate-size, -malformed, -mismatch.
    """
    at = f"{place.pointer}/protected"
    raw = base64url.decode(protected)
    if raw is None:
        return Header(findings=(Finding(codes.ENVELOPE_BASE64, at, "base64url without padding"),))
    parts = _taken_apart(raw) if place.covered is None else None
    if parts is not None:
        good = GOOD.get((parts.rest, algorithms, place.kind))
        signed_at = _seconds(parts.seconds)
        if good is not None and signed_at is not None and parts.previous == place.previous:
            return Header(good.algorithm, signed_at, good.chain, good.reference)
    members, broken = strict_json.parse(raw, pointer=at)
    if broken:
        return Header(findings=tuple(broken))
    if type(members) is not dict:
        return Header(findings=(Finding(codes.HEADER_MEMBER, at, "an object"),))
    reading = _Reading(members, at, [])
    if not members.keys() <= _KNOWN:
        _report_unknown(reading)
    _check_content(reading, place)
    _check_labels(reading, place.kind)
    _check_critical(reading)
    if place.covered is None:
        _check_link(reading, place.previous)
    else:
        _check_cover(reading, place.covered)
    algorithm, signed_at = _algorithm(reading, algorithms), _signed_at(reading)
    chain = _chain(reading)
    reference = _reference(reading, chain)
    header = Header(algorithm, signed_at, chain, reference, tuple(reading.found))
    if parts is not None and not header.findings and _is_flat(members):
        GOOD.put((parts.rest, algorithms, place.kind), header)
    return header


def _taken_apart(raw: bytes) -> _Parts | None:
    """None unless `iat`, and `prev` if there is one, are written as they usually are.

    Without escapes a name between quotation marks and before a colon is a member's and nothing else, and without objects in
    the header it is the header's own: texts that differ in these two values alone say the same otherwise.
    """
    if b"\\" in raw or len(raw) > _LONGEST_REMEMBERED:
        return None
    time = _TIME.match(raw, raw.find(b'"iat":'))
    if time is None:
        return None
    rest = raw[: time.start(1)] + raw[time.end(1) :]
    at = rest.find(b'"prev":')
    if at < 0:
        return _Parts(rest, int(time[1]), None)
    link = _LINK.match(rest, at)
    return link and _Parts(rest[: link.start(1)] + rest[link.end(1) :], int(time[1]), link[1].decode("ascii"))


def _is_flat(members: Mapping[str, Any]) -> bool:
    """True when no member is an object or has one in a list."""
    return not any(
        type(value) is dict or (type(value) is list and not set(map(type, value)) <= {str})
        for value in members.values()
    )


def _report_unknown(reading: _Reading) -> None:
    unknown = [name for name in reading.members if name not in _KNOWN]
    for name in unknown[:_MOST_UNKNOWN]:
        where = strict_json.member_pointer(reading.at, name)
        if name in jws_unsigned.KEYS:
            reading.found.append(Finding(codes.HEADER_KEY_INJECTION, where, "x5c or x5t#S256"))
        elif name == "b64":
            reading.found.append(Finding(codes.HEADER_CRIT, where, "b64 is not taken (RFC 7797)"))
        elif name in _OTHER_REFERENCES:
            reading.found.append(Finding(codes.HEADER_CERTIFICATE, where, _IDENTITY))
        else:
            reading.found.append(Finding(codes.HEADER_MEMBER, where, "not a member of this profile"))


def _check_content(reading: _Reading, place: Place) -> None:
    """A detached signature names the types in sigD; `cty` beside it should not be there (TS 119 182-1 5.1.3) and does no harm."""
    if place.covered is not None and "cty" not in reading.members:
        return
    kind = reading.members.get("cty")
    if type(kind) is not str or kind.lower() not in ("json", "application/json"):
        reading.note(codes.HEADER_CONTENT, "cty", "json")


def _check_labels(reading: _Reading, kind: str) -> None:
    members = reading.members
    if "typ" in members:
        given_kind = members["typ"]
        if type(given_kind) is not str or given_kind.lower() not in (kind, f"application/{kind}"):
            reading.note(codes.HEADER_MEMBER, "typ", kind)
    if "kid" in members and (type(members["kid"]) is not str or len(members["kid"]) > _LONGEST_LABEL):
        reading.note(codes.HEADER_MEMBER, "kid", f"text of at most {_LONGEST_LABEL} characters")
    for name in ("srCms", "srAts"):
        if name not in members:
            continue
        given = members[name]
        if type(given) is not list or not given or not all(type(element) is dict for element in given):
            reading.note(codes.HEADER_MEMBER, name, "a list of objects")


def _check_critical(reading: _Reading) -> None:
    """RFC 7515 section 4.1.11."""
    if "crit" not in reading.members:
        return
    names = reading.members["crit"]
    if type(names) is not list or not names or not all(type(name) is str for name in names):
        reading.note(codes.HEADER_CRIT, "crit", "a list of names, not empty")
    elif len(set(names)) != len(names):
        reading.note(codes.HEADER_CRIT, "crit", "each name once")
    elif not set(names) <= _CRITICAL:
        reading.note(codes.HEADER_CRIT, "crit", "only prev, sigD and sigT are understood")
    elif not set(names) <= reading.members.keys():
        reading.note(codes.HEADER_CRIT, "crit", "only names that stand in this header")


def _check_link(reading: _Reading, previous: str | None) -> None:
    """The first signature has no `prev`; every later one has that of the signature before it, and calls it critical."""
    members = reading.members
    given = members.get("prev")
    if "sigD" in members:
        reading.note(codes.ENVELOPE_FORM, "sigD", "none where the payload is attached")
    if previous is None:
        if "prev" in members:
            reading.note(codes.HEADER_PREV, "prev", "none on the first signature")
        return
    if "prev" not in members:
        reading.note(codes.HEADER_PREV, "prev", "required on every signature but the first")
    elif type(given) is not str:
        reading.note(codes.HEADER_MEMBER, "prev", "base64url of a SHA-256")
    elif given != previous:
        reading.note(codes.HEADER_PREV_MISMATCH, "prev", "SHA-256 over the signature before this one")
    critical = members.get("crit")
    if "prev" in members and (type(critical) is not list or "prev" not in critical):
        reading.note(codes.HEADER_PREV, "crit", "crit names prev")


def _check_cover(reading: _Reading, covered: jws_detached.Covered) -> None:
    """A detached signature covers the document and every earlier signature by sigD, and has no `prev`."""
    if "prev" in reading.members:
        reading.note(codes.ENVELOPE_FORM, "prev", "none where the document is detached")
    for code, member, detail in jws_detached.faults(reading.members, covered):
        reading.note(code, member, detail)


def _algorithm(reading: _Reading, algorithms: frozenset[Algorithm]) -> Algorithm | None:
    """The message may only name one of the configured algorithms; whether it fits the key is asked before the key is used."""
    name = reading.members.get("alg")
    found = _ALGORITHMS.get(name) if type(name) is str else None
    if found not in algorithms:
        reading.note(codes.HEADER_ALGORITHM, "alg", ", ".join(sorted(algorithms)) or NO_ALGORITHM)
        return None
    return found


def _signed_at(reading: _Reading) -> datetime | None:
    """Exactly one of `iat` (RFC 7519 NumericDate without fraction; TS 119 182-1 5.1.11) and the legacy `sigT` (5.2.1)."""
    members = reading.members
    if ("iat" in members) is ("sigT" in members):
        reading.note(codes.HEADER_TIME, "iat", "exactly one of iat and sigT")
        return None
    name = "iat" if "iat" in members else "sigT"
    found = _seconds(members[name]) if name == "iat" else _legacy(members[name])
    if found is None:
        reading.note(codes.HEADER_TIME, name, "whole seconds" if name == "iat" else "YYYY-MM-DDTHH:MM:SSZ")
    return found


def _seconds(value: object) -> datetime | None:
    return datetime.fromtimestamp(value, UTC) if type(value) is int and 0 <= value <= _LAST_SECOND else None


def _legacy(value: object) -> datetime | None:
    if type(value) is not str or not _LEGACY_TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _chain(reading: _Reading) -> tuple[bytes, ...]:
    """The certificates carried, up to the first that can't be read."""
    if "x5c" not in reading.members:
        return ()
    given, chain = reading.members["x5c"], []
    if type(given) is not list or not given:
        reading.note(codes.HEADER_CERTIFICATE, "x5c", "a list of certificates, not empty")
        return ()
    if len(given) > MOST_CERTIFICATES:
        reading.note(codes.CERTIFICATE_SIZE, "x5c", f"at most {MOST_CERTIFICATES} certificates")
        return ()
    for position, text in enumerate(given):
        place = f"x5c/{position}"
        if type(text) is str and len(text) > MAX_SIZE * 4 // 3 + 4:
            reading.note(codes.CERTIFICATE_SIZE, place, f"at most {MAX_SIZE} octets")
            break
        der = base64url.decode_certificate(text) if type(text) is str else None
        if not der:
            reading.note(codes.CERTIFICATE_MALFORMED, place, "DER in standard base64")
            break
        chain.append(der)
    return tuple(chain)


def _reference(reading: _Reading, chain: tuple[bytes, ...]) -> bytes | None:
    """SHA-256 of the signer's certificate, where the header names it so."""
    members = reading.members
    if _IDENTITIES.isdisjoint(members):
        reading.note(codes.HEADER_CERTIFICATE, "x5c", _IDENTITY)
    found, faults = jws_references.read(members, chain)
    for code, member, detail in faults:
        reading.note(code, member, detail)
    return found.sha256 if found is not None else None
