"""The register of signers: who holds a certificate, for which school, in which role, from when to when. Values and pure checks.

A list of registrations that comes in is a difference to what is there: what it does not name stays, and what somebody has
closed stays closed. Judging needs less of it (`registry.core.trust.Signer`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from registry.core import trust


class Title(StrEnum):
    """In which position a person of the school's management signs; each may sign as the principal."""

    HEAD = "head"  # hiệu trưởng
    DEPUTY = "deputy"  # phó hiệu trưởng, ký thay (KT.)
    ACTING = "acting"  # quyền hoặc phụ trách


class HolderKind(StrEnum):
    """Whose certificate it is."""

    PERSON = "person"
    ORGANISATION = "organisation"


class Change(StrEnum):
    """What was done to a registration."""

    REGISTERED = "registered"
    CHANGED = "changed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration with what the register knows of the holder; the number only as a keyed blind index.

    `issuer` (RFC 4514) and `serial` (hexadecimal) name the certificate as its CA does. `closed_at`: when somebody ended it.
    """

    signer: trust.Signer
    issuer: str
    serial: str
    title: Title | None = None
    holder_kind: HolderKind | None = None
    holder_index: bytes | None = None
    source: str = ""
    closed_at: datetime | None = None

    @property
    def place(self) -> tuple[bytes, str, trust.Role]:
        """Certificate, school and role: periods of one place never overlap."""
        return self.signer.certificate, self.signer.school_code, self.signer.role

    def overlaps(self, other: Registration) -> bool:
        """True when the periods share a moment."""
        mine, its = self.signer, other.signer
        return _before(mine.valid_from, its.valid_to) and _before(its.valid_from, mine.valid_to)

    def updated(self, declared: Registration) -> Registration:
        """This one as the declared one wants it; what is not declared stays."""
        signer = replace(self.signer, valid_from=declared.signer.valid_from, valid_to=declared.signer.valid_to)
        known = declared.holder_index is not None
        return replace(
            self,
            signer=signer,
            title=declared.title or self.title,
            holder_kind=declared.holder_kind if known else self.holder_kind,
            holder_index=declared.holder_index if known else self.holder_index,
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a registration's history: what was done, when, from where and by whom (None: by command)."""

    change: Change
    at: datetime
    certificate: bytes
    school_code: str
    role: trust.Role
    valid_from: datetime
    valid_to: datetime | None
    before: tuple[datetime, datetime | None] | None
    reason: str | None
    source: str
    caller_id: str | None


@dataclass(slots=True)
class Difference:
    """What a list changes: `changed` as (before, after), `closed` rows are left closed, `problems` as (row, expected)."""

    new: list[Registration] = field(default_factory=list)
    changed: list[tuple[Registration, Registration]] = field(default_factory=list)
    unchanged: int = 0
    closed: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def compare(stored: Iterable[Registration], declared: Sequence[tuple[int, Registration]]) -> Difference:
    """The difference between the register and a list of (row number, registration)."""
    here: defaultdict[object, list[Registration]] = defaultdict(list)
    wanted: defaultdict[object, list[tuple[int, Registration]]] = defaultdict(list)
    for each in stored:
        here[each.place].append(each)
    for row, each in declared:
        wanted[each.place].append((row, each))
    found = Difference()
    for place, rows in wanted.items():
        _compare_place(here[place], rows, found)
    return found


def _compare_place(stored: list[Registration], declared: list[tuple[int, Registration]], found: Difference) -> None:
    """One certificate in one role at one school: usually one period, sometimes a second after a break."""
    for position, (row, each) in enumerate(declared):
        if any(each.overlaps(other) for _, other in declared[:position]):
            found.problems.append((row, "a period that overlaps no other row of this certificate, school and role"))
            return
    partners = _partners(stored, declared)
    left = [each for each in stored if not any(each is partner for partner in partners)]
    for (row, each), partner in zip(declared, partners, strict=True):
        if partner is not None and partner.closed_at is not None:
            _compare_closed(partner, row, each, found)
        elif any(each.overlaps(other) for other in left):
            found.problems.append((row, "a period that overlaps no other registration that is there"))
        elif partner is None:
            found.new.append(each)
        elif partner.updated(each) == partner:
            found.unchanged += 1
        else:
            found.changed.append((partner, partner.updated(each)))


def _partners(stored: list[Registration], declared: list[tuple[int, Registration]]) -> list[Registration | None]:
    """For each row the registration it is about: the one of the same beginning, else the first it overlaps."""
    starts = {each.signer.valid_from: each for each in stored}
    partners = [starts.get(each.signer.valid_from) for _, each in declared]
    for position, (_, each) in enumerate(declared):
        if partners[position] is None:
            free = (s for s in stored if s.overlaps(each) and not any(s is partner for partner in partners))
            partners[position] = next(free, None)
    return partners


def _compare_closed(partner: Registration, row: int, each: Registration, found: Difference) -> None:
    """What somebody ended is not opened again by a list that doesn't know it yet."""
    if partner.signer.valid_from == each.signer.valid_from:
        found.closed += 1
    else:
        found.problems.append((row, "a beginning not before the end of the registration that was closed"))


def _before(start: datetime, end: datetime | None) -> bool:
    return end is None or start < end
