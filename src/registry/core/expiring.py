"""Which schools can't sign when the time comes: certificates that end, are revoked or were never registered. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

from registry.core.trust import Role

#: A signing day begins at midnight in Viet Nam.
_LOCAL = timezone(timedelta(hours=7))
#: In these roles one person or seal signs for the school, so another good certificate makes up for a bad one.
_ONE_IS_ENOUGH = frozenset({Role.PRINCIPAL, Role.SEAL})


class Trouble(StrEnum):
    """What is wrong with a registration, the worst first; `NONE_REGISTERED` is said of a role, not of a certificate."""

    NONE_REGISTERED = "none_registered"
    REVOKED = "revoked"
    EXPIRED = "expired"
    EXPIRES = "expires"
    REGISTRATION_ENDS = "registration_ends"


#: What is good now, and will not be then.
_LATER = frozenset({Trouble.EXPIRES, Trouble.REGISTRATION_ENDS})


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration with what its certificate says; `not_after`: the end of the certificate or of a CA above it, whatever comes
    first; `revoked`: a list or answer held says so."""

    school_code: str
    role: Role
    certificate: bytes  # SHA-256 of the DER form
    holder: str
    not_after: datetime
    valid_from: datetime
    valid_to: datetime | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do something about. `covered`: another certificate of the school and role is good for longer."""

    school_code: str
    role: Role
    trouble: Trouble
    certificate: bytes = b""
    holder: str = ""
    ends_at: datetime | None = None
    covered: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Orders items; no two of a report have the same."""
        return self.school_code, self.role.value, self.certificate.hex()


@dataclass(frozen=True, slots=True)
class Counts:
    """Schools, those of them with something that nothing covers, and such things by trouble; `covered` counts the others."""

    schools: int
    affected: int
    by_trouble: Mapping[Trouble, int]
    covered: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The registrations of one school and role: good for long enough, good now but not then, revoked or expired."""

    role: Role
    good: int = 0
    ending: int = 0
    unusable: int = 0

    @property
    def is_sound(self) -> bool:
        """True when there is nothing to do: all are good, or one is where one is enough."""
        return self.good > 0 and (self.role in _ONE_IS_ENOUGH or not self.ending + self.unusable)


def next_day(month_day: str, now: datetime) -> datetime:
    """The next beginning of a day given as MM-DD (day up to 28), in Viet Nam's time, as UTC."""
    month, day = (int(part) for part in month_day.split("-"))
    here = now.astimezone(_LOCAL)
    this_year = datetime(here.year, month, day, tzinfo=_LOCAL)
    return (this_year if this_year > here else this_year.replace(year=here.year + 1)).astimezone(UTC)


def compare(
    schools: Iterable[str], registered: Iterable[Registered], roles: Iterable[Role], before: datetime, now: datetime
) -> list[Item]:
    """Everything that is or will be wrong before a moment, by school, role and certificate. Ended registrations are over."""
    by_place = _by_place(registered, now)
    items: list[Item] = []
    for school in schools:
        for role in roles:
            items += _place(school, role, tuple(by_place.get((school, role), {}).values()), before, now)
    return sorted(items, key=lambda item: item.key)


def standings(registered: Iterable[Registered], before: datetime, now: datetime) -> dict[tuple[str, Role], Standing]:
    """How every school and role with a registration stands; who is not named has none."""
    found = {}
    for (school, role), rows in _by_place(registered, now).items():
        troubles = [_trouble(row, before, now) for row in rows.values()]
        ending = sum(1 for trouble in troubles if trouble in _LATER)
        good = troubles.count(None)
        found[school, role] = Standing(role, good, ending, len(troubles) - good - ending)
    return found


def _by_place(registered: Iterable[Registered], now: datetime) -> dict[tuple[str, Role], dict[bytes, Registered]]:
    """The registrations that are not over by school, role and certificate, of several of a certificate the longest."""
    found: defaultdict[tuple[str, Role], dict[bytes, Registered]] = defaultdict(dict)
    for row in registered:
        if row.valid_to is None or row.valid_to > now:
            known = found[row.school_code, row.role].get(row.certificate)
            if known is None or _end(known) < _end(row):
                found[row.school_code, row.role][row.certificate] = row
    return found


def over(schools: Collection[str], items: Iterable[Item]) -> Counts:
    """The counts of these schools."""
    mine = [item for item in items if item.school_code in schools]
    open_items = [item for item in mine if not item.covered]
    by_trouble = Counter(item.trouble for item in open_items)
    return Counts(
        len(schools),
        len({item.school_code for item in open_items}),
        {trouble: by_trouble[trouble] for trouble in Trouble},
        len(mine) - len(open_items),
    )


def _place(school: str, role: Role, rows: Collection[Registered], before: datetime, now: datetime) -> Iterable[Item]:
    if not rows:
        yield Item(school, role, Trouble.NONE_REGISTERED)
        return
    troubles = {row: _trouble(row, before, now) for row in rows}
    covered = role in _ONE_IS_ENOUGH and None in troubles.values()
    for row, trouble in troubles.items():
        if trouble is not None:
            yield Item(school, role, trouble, row.certificate, row.holder, _end(row), covered)


def _trouble(row: Registered, before: datetime, now: datetime) -> Trouble | None:
    if row.revoked:
        return Trouble.REVOKED
    if row.not_after < now:
        return Trouble.EXPIRED
    if row.not_after < before:
        return Trouble.EXPIRES
    return Trouble.REGISTRATION_ENDS if row.valid_to is not None and row.valid_to < before else None


def _end(row: Registered) -> datetime:
    return row.not_after if row.valid_to is None else min(row.not_after, row.valid_to)
