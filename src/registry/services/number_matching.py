"""Whom the rows of a returned file mean, by what the rosters and records know: sure, doubtful, done before, nobody, or wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry.core import codes
from registry.core.findings import Code
from registry.core.numbers import Doubt, Lacking, Match, Roll, Told
from registry.formats import roster_columns
from registry.formats.number_table import Reading
from registry.storage.numbers import Known, Owners


@dataclass(slots=True)
class Came:
    """What a file holds: its rows with the keyed indexes of their numbers."""

    reading: Reading
    told: list[tuple[Told, bytes]]

    @property
    def rows(self) -> int:
        """How many there are, with or without a number."""
        return self.reading.listing.count

    def place(self, told: Told) -> str:
        """The cell of a row's number."""
        return self.reading.listing.place(told.sheet, told.row, roster_columns.NUMBER)[1]

    def wrong(self, told: Told, code: Code, expected: str) -> None:
        """Note at that cell what is wrong with it."""
        self.reading.listing.note(told.sheet, told.row, roster_columns.NUMBER, code, expected)


@dataclass(frozen=True, slots=True)
class Doubted:
    """A row for a person: its cell, whose the file says that the number is, and whom it can be."""

    place: str
    told: Told
    index: bytes
    pupils: tuple[Lacking, ...]
    doubts: tuple[Doubt, ...]


@dataclass(slots=True)
class Sorting:
    """What the rows of a file mean. `sure`: each roster with the pupil, and the row; `unmatched`: cells."""

    sure: list[tuple[Lacking, tuple[Told, bytes]]] = field(default_factory=list)
    doubtful: list[Doubted] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    repeated: int = 0


@dataclass(slots=True)
class Sorter:
    """Sorts the rows of a file. Nothing here needs the world."""

    came: Came
    lacking: Sequence[Lacking]
    owners: Owners
    holders: Roll
    known: Known
    decided: Mapping[bytes, str]
    found: Sorting = field(default_factory=Sorting)

    def sort(self) -> Sorting:
        """Every row once; what is wrong is noted with the file itself."""
        roll, seen = Roll(self.lacking), set[bytes]()
        for told, index in self.came.told:
            if index in seen:
                self.came.wrong(told, codes.NUMBER_TAKEN, "each number once")
                continue
            seen.add(index)
            self._one(told, index, roll.match(told))
        self._never_two()
        return self.found

    def _one(self, told: Told, index: bytes, match: Match) -> None:
        owners = self.owners.get(index, frozenset())
        same = any(pupil.number_index == index for pupil in self.holders.match(told).pupils)
        if same or self.decided.get(index) in owners:
            self.found.repeated += 1
        elif owners - {pupil.pupil_code for pupil in match.pupils}:
            self.came.wrong(told, codes.NUMBER_TAKEN, "a number that no other pupil has")
        elif not match.pupils:
            self.found.unmatched.append(self.came.place(told))
        elif match.sure:
            self._sure(told, index, match.pupils[0])
        else:
            self._doubt(told, index, match.pupils, match.doubts)

    def _sure(self, told: Told, index: bytes, pupil: Lacking) -> None:
        if pupil.number_index == index:
            self.found.repeated += 1  # the roster had it right; the transcript that was refused has not
            return
        others = self.known.get(pupil.pupil_code, frozenset()) - {index}
        if pupil.number_index is not None or others:
            self._doubt(told, index, (pupil,), (Doubt.REPLACES,))
            return
        self.found.sure.append((pupil, (told, index)))

    def _doubt(self, told: Told, index: bytes, pupils: tuple[Lacking, ...], doubts: tuple[Doubt, ...]) -> None:
        self.found.doubtful.append(Doubted(self.came.place(told), told, index, pupils, doubts))

    def _never_two(self) -> None:
        """A pupil to whom two rows give a number gets none of them."""
        rows: dict[str, int] = {}
        for pupil, _ in self.found.sure:
            rows[pupil.pupil_code] = rows.get(pupil.pupil_code, 0) + 1
        for pupil, (told, _) in self.found.sure:
            if rows[pupil.pupil_code] > 1:
                self.came.wrong(told, codes.NUMBER_TWO, "one number for each pupil")
        self.found.sure = [each for each in self.found.sure if rows[each[0].pupil_code] == 1]
        # A pupil on the rosters of two schools is one: each of them gets the number.
        by_code: dict[str, list[Lacking]] = {}
        for each in self.lacking:
            by_code.setdefault(each.pupil_code, []).append(each)
        self.found.sure = [
            (row, told)
            for pupil, told in self.found.sure
            for row in by_code[pupil.pupil_code]
            if row.number_index is None
        ]
