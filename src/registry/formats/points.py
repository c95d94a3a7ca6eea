"""Distribution points of certificates and scopes of revocation lists, made comparable (RFC 5280 4.2.1.13 and 5.2.5).

Only which list speaks about which certificate, and for which reasons; who may sign a list is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509

from registry.formats import names
from registry.formats.x509 import Certificate

#: A general name that can be compared: ("dn", ComparableName), ("uri", text), or its class and value.
Name = tuple[str, object]

#: RFC 5280 6.3.2: a status is known when lists for all of these reasons were seen.
ALL_REASONS = frozenset(
    {
        "key_compromise", "ca_compromise", "affiliation_changed", "superseded", "cessation_of_operation",
        "certificate_hold", "privilege_withdrawn", "aa_compromise",
    }
)  # fmt: skip
_NO_REASONS: frozenset[str] = frozenset()
#: A certificate of 16 kB could name hundreds, and a name costs up to a tenth of a millisecond to compare; points beyond
#: are not looked at, so that a status that only they could tell stays unknown.
_MAX_POINTS, _MAX_NAMES = 32, 64


@dataclass(frozen=True, slots=True)
class Point:
    """One distribution point of a certificate; `places` is None when only the issuer of the list is given."""

    places: frozenset[Name] | None
    issuers: frozenset[Name]
    reasons: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a list covers; `places` is None for a list without a distribution point of its own."""

    places: frozenset[Name] | None = None
    only_users: bool = False
    only_authorities: bool = False
    indirect: bool = False
    reasons: frozenset[str] = ALL_REASONS

    def covered(self, certificate: Certificate, list_issuer: names.ComparableName) -> frozenset[str]:
        """The reasons for which a list of this scope and issuer speaks about the certificate (RFC 5280 6.3.3 b, d)."""
        if (self.only_users and certificate.is_ca) or (self.only_authorities and not certificate.is_ca):
            return _NO_REASONS
        own = list_issuer == certificate.issuer
        if own and self.places is None:
            return self.reasons
        reasons = [p.reasons for p in points_of(certificate) if self._meets(p, own, ("dn", list_issuer))]
        return self.reasons & frozenset().union(*reasons) if reasons else _NO_REASONS

    def _meets(self, point: Point, own: bool, issuer: Name) -> bool:
        if point.issuers:
            if not self.indirect or issuer not in point.issuers:
                return False
        elif not own:
            return False
        return self.places is None or not self.places.isdisjoint(
            point.issuers if point.places is None else point.places
        )


@lru_cache(maxsize=1024)
def points_of(certificate: Certificate) -> tuple[Point, ...]:
    """The points of a certificate, last the one every certificate has: its issuer's name (RFC 5280 6.3.3, end)."""
    extension = certificate.extension(x509.CRLDistributionPoints)
    points, names_left = [], _MAX_NAMES
    for point in () if extension is None else list(extension.value)[:_MAX_POINTS]:
        names_left -= len(point.full_name or ()) + len(point.crl_issuer or ())
        if names_left < 0:
            break
        points.append(_point(point, certificate.issuer))
    return (*points, Point(frozenset({("dn", certificate.issuer)}), frozenset(), ALL_REASONS))


@lru_cache(maxsize=1024)
def list_issuers(certificate: Certificate) -> tuple[names.ComparableName, ...]:
    """The names under which lists about the certificate are looked for: its issuer, and who it names instead."""
    named = [value for point in points_of(certificate) for kind, value in point.issuers if kind == "dn"]
    return tuple(dict.fromkeys((certificate.issuer, *named)))  # type: ignore[arg-type]


def scope_of(value: x509.IssuingDistributionPoint, list_issuer: names.ComparableName) -> Scope:
    """The scope an issuingDistributionPoint gives."""
    given = _names(value.full_name, value.relative_name, [list_issuer])
    some = value.only_some_reasons
    return Scope(
        given,
        value.only_contains_user_certs,
        value.only_contains_ca_certs,
        value.indirect_crl,
        ALL_REASONS if some is None else ALL_REASONS & {reason.name for reason in some},
    )


def _point(point: x509.DistributionPoint, issuer: names.ComparableName) -> Point:
    issuers = frozenset(_name(n) for n in point.crl_issuer or ())
    bases = [value for kind, value in issuers if kind == "dn"] or [issuer]
    reasons = ALL_REASONS if point.reasons is None else ALL_REASONS & {reason.name for reason in point.reasons}
    return Point(_names(point.full_name, point.relative_name, bases), issuers, reasons)


def _names(
    full: Iterable[x509.GeneralName] | None, relative: x509.RelativeDistinguishedName | None, bases: Iterable[object]
) -> frozenset[Name] | None:
    """Full names, or the name relative to each base; None when neither is given."""
    if full is not None:
        return frozenset(_name(name) for name in full)
    if relative is None:
        return None
    step = names.comparable(x509.Name([relative]).public_bytes())
    return frozenset(("dn", (*base, *step)) for base in bases if isinstance(base, tuple))


def _name(name: x509.GeneralName) -> Name:
    if isinstance(name, x509.DirectoryName):
        return "dn", names.comparable(name.value.public_bytes())
    if isinstance(name, x509.UniformResourceIdentifier):
        return "uri", name.value
    return type(name).__name__, repr(name)
