"""Contacts of schools: which office of a school is called and written to, from when to when. Pure.

A list that comes in is a difference: what it does not name stays, and what was there before it is kept as history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

#: Addresses that one message goes to at most.
MOST_ADDRESSES = 5


@dataclass(frozen=True, slots=True)
class Contact:
    """One office of a school (văn thư, tổ công nghệ thông tin, ...), never a person's name; holds from a day until before another."""

    school_code: str
    role: str
    phone: str | None
    email: str | None
    valid_from: date
    valid_to: date | None = None

    @property
    def place(self) -> tuple[str, str, date]:
        """What a later list changes it by."""
        return self.school_code, self.role, self.valid_from

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def overlaps(self, other: Contact) -> bool:
        """Whether there is a day on which both hold."""
        return (self.valid_to is None or other.valid_from < self.valid_to) and (
            other.valid_to is None or self.valid_from < other.valid_to
        )


@dataclass(slots=True)
class Difference:
    """What a list changes; `problems` as (row, expected)."""

    new: list[Contact] = field(default_factory=list)
    changed: list[Contact] = field(default_factory=list)
    unchanged: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def compare(stored: Iterable[Contact], declared: Sequence[tuple[int, Contact]]) -> Difference:
    """The difference between what is there and a list of (row, contact)."""
    here = {each.place: each for each in stored}
    found = Difference()
    wanted: dict[tuple[str, str, date], Contact] = {}
    for row, each in declared:
        if each.place in wanted:
            found.problems.append((row, "each school, role and valid_from once"))
            continue
        wanted[each.place] = each
        before = here.get(each.place)
        if before is None:
            found.new.append(each)
        elif before == each:
            found.unchanged += 1
        else:
            found.changed.append(each)
    found.problems += _overlaps(here | wanted, declared)
    return found


def _overlaps(
    all_of_them: dict[tuple[str, str, date], Contact], declared: Iterable[tuple[int, Contact]]
) -> list[tuple[int, str]]:
    """Rows after which one role of a school would have two contacts on one day."""
    roles: defaultdict[tuple[str, str], list[Contact]] = defaultdict(list)
    for each in all_of_them.values():
        roles[each.school_code, each.role].append(each)
    expected = "a period that overlaps no other of the same school and role"
    return [
        (row, expected)
        for row, each in declared
        if any(each.place != other.place and each.overlaps(other) for other in roles[each.school_code, each.role])
    ]


def on(contacts: Iterable[Contact], day: date) -> dict[str, tuple[Contact, ...]]:
    """The contacts that hold on a day, by school, by role."""
    found: defaultdict[str, list[Contact]] = defaultdict(list)
    for each in contacts:
        if each.holds_on(day):
            found[each.school_code].append(each)
    return {school: tuple(sorted(some, key=lambda each: each.role)) for school, some in found.items()}


def addresses(contacts: Iterable[Contact]) -> tuple[str, ...]:
    """Where a message to a school goes, each address once."""
    return tuple(dict.fromkeys(each.email for each in contacts if each.email))[:MOST_ADDRESSES]
