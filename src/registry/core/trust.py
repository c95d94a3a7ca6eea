"""Who is trusted to sign what: roles, hierarchies, registered signers, the signature policy. Values and pure checks.

Certificates appear here only as fingerprints (SHA-256 of the DER form) and DER bytes; reading them is the work of
`registry.formats.certificates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property, lru_cache


class Role(StrEnum):
    """In which capacity somebody signs; the order of the members is the order of signing."""

    __hash__ = str.__hash__  # as in `core.subjects.Subject`

    TEACHER = "teacher"
    PRINCIPAL = "principal"
    SEAL = "seal"


class Declares(StrEnum):
    """Whether a role signs declarations."""

    NO = "no"
    MAY = "may"
    MUST = "must"


class Hierarchy(StrEnum):
    """The two national certificate hierarchies (government: VGCA; public: under NEAC), and roots of time-stamping alone."""

    __hash__ = str.__hash__  # as in `core.subjects.Subject`

    GOVERNMENT = "government"
    PUBLIC = "public"
    TIME_STAMP = "timestamp"  # no policy row can name it: nobody signs a transcript under such a root


class Ownership(StrEnum):
    """Kind of school, which decides who may issue its signers' certificates."""

    __hash__ = str.__hash__  # as in `core.subjects.Subject`

    PUBLIC = "public"  # công lập
    NON_PUBLIC = "non_public"  # ngoài công lập


class Algorithm(StrEnum):
    """Signature algorithms the registry can verify (RFC 7518, RFC 8037). There is no HMAC and no `none`."""

    __hash__ = str.__hash__  # as in `core.subjects.Subject`

    PS256 = "PS256"
    RS256 = "RS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A pinned root certificate and the hierarchy it heads."""

    fingerprint: bytes
    der: bytes
    hierarchy: Hierarchy


@dataclass(frozen=True, slots=True)
class KnownRoot:
    """A root known to head a hierarchy, by its certificate's SHA-256; it is trusted only once it is an anchor."""

    fingerprint: bytes
    hierarchy: Hierarchy
    name: str


@dataclass(frozen=True, slots=True)
class Signer:
    """One registration: this certificate may sign in this role for this school between these moments."""

    certificate: bytes  # SHA-256 of the DER form
    der: bytes
    school_code: str
    role: Role
    valid_from: datetime
    valid_to: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """True when the registration covers the moment."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One permission: this role, at this kind of school, under this hierarchy, with these algorithms, between dates.

    `policies` are certificate policy OIDs of which the path must carry one (empty: any); `time_stamp` asks for a valid
    RFC 3161 token. The row holds for school years starting in `first_year` to `last_year` (None: no limit). `extract`: whether
    the role must sign an extract from paper (None: as any other document, but teachers need not). `subject_teachers`, of the
    teachers' role: whether every subject teacher whom the transcript names by number must sign.
    """

    role: Role
    ownership: Ownership
    hierarchy: Hierarchy
    algorithms: frozenset[Algorithm]
    valid_from: datetime
    valid_to: datetime | None = None
    required: bool = True
    policies: frozenset[str] = frozenset()
    time_stamp: bool = False
    first_year: int | None = None
    last_year: int | None = None
    extract: bool | None = None
    declares: Declares | None = None
    subject_teachers: bool = False

    @property
    def declaring(self) -> Declares:
        """Whether the role may or must sign a school's declaration; where nothing is said, principal or seal may."""
        if self.declares is not None:
            return self.declares
        return Declares.NO if self.role is Role.TEACHER else Declares.MAY

    def must_sign(self, extract: bool) -> bool:
        """Whether the role must sign a document, or an extract from paper (domain: principal and seal)."""
        if not extract:
            return self.required
        return self.extract if self.extract is not None else self.required and self.role is not Role.TEACHER

    def holds_at(self, moment: datetime) -> bool:
        """True when the permission covers the moment."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)

    def holds_for(self, year: int | None) -> bool:
        """True when the permission covers the school year starting in `year`; of an unknown year nothing is ruled out."""
        if year is None:
            return True
        return (self.first_year is None or self.first_year <= year) and (
            self.last_year is None or year <= self.last_year
        )


_ROLES = tuple(Role)
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_OfYear = tuple[tuple[PolicyRow, ...], datetime, datetime | None]


@dataclass(frozen=True)
class Policy:
    """The signature policy as data, with the version that verdicts name.

    Which rows of several versions these are is decided in `registry.core.policy_versions`.
    """

    version: str
    rows: tuple[PolicyRow, ...]

    def rows_for(
        self, role: Role, ownership: Ownership | None, moment: datetime | None, year: int | None = None
    ) -> tuple[PolicyRow, ...]:
        """The permissions that apply; an empty answer means nothing is allowed. None: not known, so not looked at."""
        rows, since, until = self._of_year(role, ownership, year)
        if moment is None or (since <= moment and (until is None or moment < until)):
            return rows
        return tuple(r for r in rows if r.holds_at(moment))

    def required(
        self, ownership: Ownership | None, moment: datetime | None, year: int | None, extract: bool = False
    ) -> tuple[Role, ...]:
        """The roles that must sign, in the order of signing: those with at least one row that says so."""
        return tuple(
            role for role in _ROLES if any(r.must_sign(extract) for r in self.rows_for(role, ownership, moment, year))
        )

    @cached_property
    def algorithms(self) -> frozenset[Algorithm]:
        """Every algorithm that some row allows: what an envelope may name at all."""
        return frozenset(a for row in self.rows for a in row.algorithms)

    @cached_property
    def asks_subject_teachers(self) -> bool:
        """Whether some row does."""
        return any(row.subject_teachers for row in self.rows)

    @cached_property
    def _of_year(self) -> Callable[[Role, Ownership | None, int | None], _OfYear]:
        """The permissions of a school year, and between which moments all of them hold: there nothing is left to ask."""

        def find(role: Role, ownership: Ownership | None, year: int | None) -> _OfYear:
            rows = tuple(r for r in self._by_role[role, ownership] if r.holds_for(year))
            since = max((r.valid_from for r in rows), default=_ALWAYS)
            return rows, since, min((r.valid_to for r in rows if r.valid_to is not None), default=None)

        return lru_cache(maxsize=1024)(find)

    @cached_property
    def _by_role(self) -> Mapping[tuple[Role, Ownership | None], tuple[PolicyRow, ...]]:
        return {
            (role, ownership): tuple(r for r in self.rows if r.role is role and ownership in (None, r.ownership))
            for role in Role
            for ownership in (None, *Ownership)
        }


@dataclass(frozen=True, slots=True)
class School:
    """A school as the trust list needs it."""

    code: str
    name: str
    ownership: Ownership
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrustList:
    """Everything trusted at one moment, as read from the database or from a folder.

    `intermediates`, `revocation_lists` and `ocsp_answers` are DER bytes (certificates; CRLs; OCSP responses). `signers` maps a certificate's SHA-256 to
    its registrations. `generation` grows with every change, so that a verdict can say on which list it rests.
    """

    generation: int
    anchors: tuple[Anchor, ...]
    intermediates: tuple[bytes, ...]
    revocation_lists: tuple[bytes, ...]
    signers: Mapping[bytes, tuple[Signer, ...]]
    schools: Mapping[str, School]
    policy: Policy = field(default_factory=lambda: Policy("none", ()))
    ocsp_answers: tuple[bytes, ...] = ()
