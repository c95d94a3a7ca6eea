"""The entries of a revocation list: one pass over its bytes, from serial number to where the entry stands.

Reading 100,000 entries as objects takes ten times as long. Which list counts is decided in `registry.formats.crls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import crl as asn1_crl

from registry.formats import names

_ENTRY_UNDERSTOOD = frozenset({bytes.fromhex("0603551d15"), bytes.fromhex("0603551d18")})  # reasonCode, invalidityDate
_ENTRY_ISSUER = bytes.fromhex("0603551d1d")
_DIRECTORY_NAME = 0xA4

_EVER = datetime.min.replace(tzinfo=UTC)


class UnusableError(Exception):
    """Why a list can't be used; the text names the rule, never content. Does not leave the reading of lists."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One revocation; `reason` as named in RFC 5280 5.3.1 with underscores (key_compromise, ...), "" when not given."""

    revoked_at: datetime
    reason: str
    invalid_since: datetime | None


#: Issuer of the certificates -> content of the serial's INTEGER -> where the entry begins in the list.
Offsets = Mapping[names.ComparableName, Mapping[bytes, int]]


def offsets(
    der: bytes, revoked: tuple[int, int], count: int, issuer: names.ComparableName, *, indirect: bool
) -> Offsets:
    """Index the entries between two offsets; `count` is how many a strict parser saw. Raises UnusableError."""
    found: dict[bytes, int] = {}
    tables: dict[names.ComparableName, dict[bytes, int]] = {issuer: found}
    seen: dict[bytes, names.ComparableName | None] = {}
    start, end = revoked
    while start < end:
        content, stop = names.inside(der, start)
        serial = content + 2  # a serial has at most 20 octets, so its length takes one
        after = serial + der[serial - 1]
        rest = after + 2 + der[after + 1]  # the date: UTCTime or GeneralizedTime
        if rest < stop:
            listed = der[rest:stop]
            if listed not in seen:
                seen[listed] = _entry_issuer(listed, indirect=indirect)
            other = seen[listed]
            if other is not None:  # it holds from here on (RFC 5280 5.3.3)
                found = tables.setdefault(other, {})
        found[der[serial:after]] = start
        start = stop
    if start != end:
        raise UnusableError("entries of another length than their list")
    if sum(map(len, tables.values())) != count:
        raise UnusableError("a serial number appears twice")
    return tables


def serial_key(serial: int) -> bytes:
    """The content octets of a serial number's INTEGER."""
    return serial.to_bytes(serial.bit_length() // 8 + 1, "big", signed=True)


def read_entry(der: bytes, start: int) -> Entry:
    """The entry that begins there. An odd reason or date must neither fail nor pardon: revoked since ever."""
    try:
        read = asn1_crl.RevokedCertificate.load(der[start : names.inside(der, start)[1]], strict=True)
        reason, since = read.crl_reason_value, read.invalidity_date_value
        return Entry(
            zoned(read["revocation_date"].native),
            "" if reason is None else str(reason.native),
            None if since is None else zoned(since.native),
        )
    except Exception:  # a parser's complaint, of whatever class
        return Entry(_EVER, "", None)


def zoned(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone would be read in the zone of whatever machine this is."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _entry_issuer(extensions: bytes, *, indirect: bool) -> names.ComparableName | None:
    """Check the extensions of an entry; the certificate issuer they name, or None.

    RFC 5280 5.3: a list with a critical entry extension that is not understood must not be used at all.
    """
    issuer = None
    for _, start, _ in names.elements(extensions, *names.inside(extensions, 0)):
        parts = names.elements(extensions, *names.inside(extensions, start))
        oid = extensions[parts[0][1] : parts[0][2]]
        critical = parts[1][0] == 0x01 and extensions[parts[1][2] - 1] != 0
        if oid == _ENTRY_ISSUER and indirect:
            issuer = _directory_name(extensions, parts[-1][1])
        elif oid == _ENTRY_ISSUER or (critical and oid not in _ENTRY_UNDERSTOOD):
            raise UnusableError("certificateIssuer in a direct list, or an entry with an unknown critical extension")
    return issuer


def _directory_name(der: bytes, octets: int) -> names.ComparableName:
    """The first directory name of GeneralNames in an OCTET STRING."""
    general, _ = names.inside(der, octets)
    for tag, start, _ in names.elements(der, *names.inside(der, general)):
        if tag == _DIRECTORY_NAME:
            content, stop = names.inside(der, start)
            return names.comparable(der[content:stop])
    raise UnusableError("certificateIssuer without a directory name")
