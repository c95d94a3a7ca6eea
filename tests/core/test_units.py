"""The map in time: who is whose on which map, and that no map loses a school."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.ids import SchoolYear
from registry.core.units import Map, MapOf, Part, Succession, Unit, When

TURN = datetime(2025, 7, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
EARLY, BEFORE, AFTER, LATE = TURN - 3 * YEAR, TURN - YEAR, TURN + YEAR, TURN + 3 * YEAR
START = datetime(2020, 1, 1, tzinfo=UTC)


def unit(code: str, begins: datetime = START, ends: datetime | None = None) -> Unit:
    return Unit(code, code.partition(":")[0], code, begins, ends)


def joined(parent: Unit, child: Unit, begins: datetime | None = None, ends: datetime | None = None) -> Part:
    """A membership for as long as both are there, or as said."""
    last = [each for each in (parent.valid_to, child.valid_to, ends) if each is not None]
    return Part(
        parent.code, child.code, max(parent.valid_from, child.valid_from, begins or START), min(last, default=None)
    )


CITY, DISTRICT, OTHER = unit("city:1"), unit("district:10"), unit("district:3")
WARD, SPLIT = unit("ward:1", ends=TURN), unit("ward:14", ends=TURN)
LEFT, RIGHT = unit("commune:1", TURN), unit("commune:2", TURN)
OLD, CLOSED = unit("school:A"), unit("school:B", ends=BEFORE)
NEW, MOVED = unit("school:C", AFTER), unit("school:D")
UNITS = [CITY, DISTRICT, OTHER, WARD, SPLIT, LEFT, RIGHT, OLD, CLOSED, NEW, MOVED]
PARTS = [
    *(joined(CITY, each) for each in (DISTRICT, OTHER, LEFT, RIGHT)),
    joined(DISTRICT, WARD), joined(DISTRICT, SPLIT),
    joined(WARD, OLD), joined(DISTRICT, OLD), joined(LEFT, OLD),
    joined(SPLIT, CLOSED), joined(DISTRICT, CLOSED),
    joined(LEFT, NEW),
    joined(SPLIT, MOVED), joined(DISTRICT, MOVED), joined(LEFT, MOVED, ends=LATE), joined(RIGHT, MOVED, begins=LATE),
]  # fmt: skip
HERE = Map.of(UNITS, PARTS, [Succession("ward:1", "commune:1"), Succession("ward:14", "commune:1", partly=True),
                             Succession("ward:14", "commune:2", partly=True)])  # fmt: skip
NOW = LATE - timedelta(days=1)


@pytest.mark.parametrize(
    ("code", "on", "schools"),
    [
        ("city:1", EARLY, "ABCD"), ("city:1", NOW, "ABCD"),
        ("district:10", EARLY, "ABD"), ("district:10", NOW, "ABD"), ("district:3", NOW, ""),
        ("ward:1", BEFORE, "A"), ("ward:1", NOW, "A"), ("ward:14", NOW, "BD"),
        ("commune:1", EARLY, "ACD"), ("commune:1", NOW, "ACD"), ("commune:2", NOW, ""),
        ("commune:1", LATE, "AC"), ("commune:2", LATE, "D"),
        ("school:B", NOW, "B"), ("nowhere:1", NOW, ""),
    ],
)  # fmt: skip
def test_each_unit_has_its_schools_on_each_map(code: str, on: datetime, schools: str) -> None:
    assert HERE.schools_of(code, on, by=max(on, NOW)) == set(schools)


def test_nobody_has_the_schools_of_a_unit_that_is_still_to_come() -> None:
    assert HERE.schools_of("commune:1", BEFORE) == set()
    assert HERE.schools_of("city:1", BEFORE) == set("ABD")
    assert HERE.schools_of("commune:2", LATE - timedelta(microseconds=1)) == set()


def test_a_closed_school_is_not_among_the_open_ones() -> None:
    assert HERE.open_schools("district:10", NOW) == set("AD")
    assert HERE.open_schools("district:10", EARLY) == set("ABD")


@pytest.mark.parametrize(
    ("code", "on", "parts"),
    [
        ("city:1", BEFORE, ["district:10", "district:3"]),
        ("city:1", AFTER, ["commune:1", "commune:2", "district:10", "district:3"]),
        ("district:10", BEFORE - timedelta(1), ["school:A", "school:B", "school:D", "ward:1", "ward:14"]),
        ("district:10", AFTER, ["school:A", "school:D"]),
        ("ward:14", AFTER, ["school:D"]),
        ("commune:1", BEFORE, ["school:A", "school:D"]),
    ],
)
def test_parts_are_those_of_the_map_that_is_asked(code: str, on: datetime, parts: list[str]) -> None:
    assert [part.code for part in HERE.parts_of(code, on)] == parts


def test_what_took_the_place_of_a_district() -> None:
    assert HERE.heirs_of("district:10") == {"commune:1", "commune:2"}
    assert HERE.heirs_of("ward:1") == {"commune:1"}
    assert HERE.heirs_of("commune:1") == set()


@pytest.mark.parametrize(
    ("own", "asked", "as_of", "schools"),
    [
        (["city:1"], "district:10", BEFORE, "ABD"),
        (["district:10"], "district:10", BEFORE, "ABD"),
        (["commune:1"], "commune:1", BEFORE, "ACD"),
        (["commune:1"], "city:1", BEFORE, "ACD"),
        (["commune:1"], "district:10", BEFORE, "AD"),
        (["commune:2"], "commune:1", BEFORE, ""),
        (["school:A"], "city:1", NOW, "A"),
        ([], "city:1", NOW, ""),
    ],
)
@pytest.mark.parametrize("on", MapOf)
def test_an_office_sees_its_own_schools_on_either_map(
    on: MapOf, own: list[str], asked: str, as_of: datetime, schools: str
) -> None:
    assert HERE.schools_seen(own, asked, When.of(on, SchoolYear(2023), as_of, NOW)) == set(schools)


def test_what_moved_away_is_seen_as_it_was_only_for_then() -> None:
    later = LATE + timedelta(1)
    then, today = (When.of(on, SchoolYear(2025), NOW, later) for on in (MapOf.THEN, MapOf.NOW))
    assert HERE.schools_seen(["commune:1"], "commune:1", then) == set("ACD")
    assert HERE.schools_seen(["commune:1"], "commune:1", today) == set("AC")
    present = When.of(MapOf.THEN, SchoolYear(2025), later, later)
    assert HERE.schools_seen(["commune:1"], "commune:1", present) == set("AC")


def test_the_map_of_then_is_that_of_the_school_year_or_of_an_earlier_moment() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert When.of(MapOf.NOW, SchoolYear(2024), EARLY, now).on == now
    assert When.of(MapOf.THEN, SchoolYear(2024), now, now).on == datetime(2025, 5, 30, 17, tzinfo=UTC)
    assert When.of(MapOf.THEN, SchoolYear(2024), EARLY, now).on == EARLY


_TIMES = st.integers(0, 60).map(lambda months: START + timedelta(days=30 * months))


@st.composite
def reorganised(draw: st.DrawFn) -> Map:
    """A city whose wards and districts end when communes begin; each school is in one of each, and may open, close or move."""
    turn = START + timedelta(days=30 * draw(st.integers(10, 50)))
    districts = [unit(f"district:{n}", ends=draw(st.sampled_from([None, turn]))) for n in range(3)]
    wards = [unit(f"ward:{n}", ends=turn) for n in range(5)]
    communes = [unit(f"commune:{n}", turn) for n in range(4)]
    parts = [joined(CITY, each) for each in (*districts, *communes)]
    parts += [joined(draw(st.sampled_from(districts)), ward) for ward in wards]
    schools = []
    for number in range(draw(st.integers(1, 8))):
        begins = draw(_TIMES)
        months = draw(st.none() | st.integers(1, 60))
        ends = None if months is None else begins + timedelta(days=30 * months)
        school = unit(f"school:{number}", begins, ends)
        schools.append(school)
        if begins < turn:
            parts.append(joined(draw(st.sampled_from(wards)), school))
        if ends is None or ends > turn:
            first, second, moves = draw(st.sampled_from(communes)), draw(st.sampled_from(communes)), draw(_TIMES)
            if max(begins, turn) < moves and (ends is None or moves < ends) and first != second:
                parts += [joined(first, school, ends=moves), joined(second, school, begins=moves)]
            else:
                parts.append(joined(first, school))
    return Map.of([CITY, *districts, *wards, *communes, *schools], parts)


@given(reorganised(), _TIMES, _TIMES)
def test_no_map_loses_a_school_or_counts_it_twice(here: Map, then: datetime, now: datetime) -> None:
    last = max(then, now)
    begun = [each for each in here.units.values() if each.kind == "school" and each.valid_from <= last]
    whole = {each.code.removeprefix("school:") for each in begun}
    assert here.schools_of("city:1", then, last) == here.schools_of("city:1", now, last) == whole
    for moment in (then, now):
        of_communes = [here.schools_of(f"commune:{n}", moment, last) for n in range(4)]
        of_wards = [here.schools_of(f"ward:{n}", moment, last) for n in range(5)]
        assert sum(map(len, of_communes)) == len(frozenset().union(*of_communes))
        assert sum(map(len, of_wards)) == len(frozenset().union(*of_wards))
        assert frozenset().union(*of_communes, *of_wards) == whole
    for number in range(5):  # what has ended or was never moved has the same schools for ever
        assert here.schools_of(f"ward:{number}", then, last) == here.schools_of(f"ward:{number}", now, last)


@given(reorganised(), _TIMES, _TIMES)
def test_what_is_kept_is_what_is_found_anew(here: Map, on: datetime, by: datetime) -> None:
    for code in here.units:
        first = here.below(code, on, by)
        fresh = Map.of(here.units.values(), [part for parts in here.children.values() for part in parts])
        assert fresh.below(code, on, by) == first == here.below(code, on, by)


@given(reorganised(), _TIMES)
def test_nobody_sees_more_on_another_map(here: Map, now: datetime) -> None:
    for own in here.units:
        theirs = here.schools_of(own, now)
        for asked in ("city:1", "commune:0", "ward:0"):
            for on in MapOf:
                assert here.schools_seen([own], asked, When.of(on, SchoolYear(2022), now, now)) <= theirs
