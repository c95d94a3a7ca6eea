"""A list of registrations is a difference: what is new, changed, the same, left closed, or contradicts what is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.core import signers
from registry.core.signers import HolderKind, Registration, Title
from registry.core.trust import Role, Signer


def at(year: int | None) -> datetime | None:
    return datetime(year, 1, 1, tzinfo=UTC) if year else None


def one(start: int, end: int | None = None, *, certificate: bytes = b"c", role: Role = Role.TEACHER, closed: bool = False,
        **more: object) -> Registration:  # fmt: skip
    begin = at(start)
    assert begin is not None
    made = Registration(Signer(certificate, b"der", "79771101", role, begin, at(end)), "CN=CA", "1f")
    return replace(made, closed_at=at(2030) if closed else None, **more)  # type: ignore[arg-type]


KNOWN: dict[str, Any] = {"holder_kind": HolderKind.PERSON, "holder_index": b"i"}
#: (what is there, what is declared, (new, changed, unchanged, closed, rows with a problem))
CASES: dict[str, tuple[list[Registration], list[Registration], tuple[int, int, int, int, list[int]]]] = {
    "new": ([], [one(2023)], (1, 0, 0, 0, [])),
    "the same again": ([one(2023)], [one(2023)], (0, 0, 1, 0, [])),
    "what is not named stays": ([one(2023)], [], (0, 0, 0, 0, [])),
    "an end": ([one(2023)], [one(2023, 2025)], (0, 1, 0, 0, [])),
    "another beginning": ([one(2023)], [one(2024)], (0, 1, 0, 0, [])),
    "a second period": ([one(2020, 2021)], [one(2020, 2021), one(2023)], (1, 0, 1, 0, [])),
    "a period cut in two": ([one(2020)], [one(2020, 2021), one(2023)], (1, 1, 0, 0, [])),
    "rows that overlap": ([], [one(2020, 2023), one(2022)], (0, 0, 0, 0, [3])),
    "longer, into another period": ([one(2020, 2021), one(2022)], [one(2020)], (0, 0, 0, 0, [2])),
    "two there, one covers both": ([one(2020, 2021), one(2022, 2023)], [one(2019)], (0, 0, 0, 0, [2])),
    "another role": ([one(2023)], [one(2023, role=Role.PRINCIPAL)], (1, 0, 0, 0, [])),
    "a renewed certificate": ([one(2023)], [one(2024, certificate=b"d")], (1, 0, 0, 0, [])),
    "a title": ([one(2023)], [one(2023, title=Title.DEPUTY)], (0, 1, 0, 0, [])),
    "no title says nothing": ([one(2023, title=Title.DEPUTY)], [one(2023)], (0, 0, 1, 0, [])),
    "a holder": ([one(2023)], [one(2023, **KNOWN)], (0, 1, 0, 0, [])),
    "no holder says nothing": ([one(2023, **KNOWN)], [one(2023)], (0, 0, 1, 0, [])),
    "closed stays closed": ([one(2023, 2025, closed=True)], [one(2023)], (0, 0, 0, 1, [])),
    "closed, registered again later": ([one(2023, 2025, closed=True)], [one(2026)], (1, 0, 0, 0, [])),
    "closed, opened by another beginning": ([one(2023, 2025, closed=True)], [one(2022)], (0, 0, 0, 0, [2])),
}


@pytest.mark.parametrize("name", CASES)
def test_difference(name: str) -> None:
    stored, declared, (new, changed, unchanged, closed, problems) = CASES[name]
    found = signers.compare(stored, list(enumerate(declared, start=2)))
    assert (len(found.new), len(found.changed), found.unchanged, found.closed) == (new, changed, unchanged, closed)
    assert [row for row, _ in found.problems] == problems


def test_what_is_changed_keeps_the_rest() -> None:
    before = one(2023, title=Title.HEAD, **KNOWN)
    found = signers.compare([before], [(2, one(2023, 2024))])
    assert found.changed == [(before, replace(before, signer=replace(before.signer, valid_to=at(2024))))]
