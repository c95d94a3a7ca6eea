"""Tables of units: what a row comes to, and each way in which it can be wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.trust import Ownership
from registry.core.units import Succession
from registry.demo import schools
from registry.formats import units_csv
from registry.formats.units_csv import Parent

HEADER = "kind,code,name,parents,valid_from,valid_to,ownership"
CITY = "city,79,Thành phố,,2020-01-01,,"
SCHOOL = "school,79771101,Trường A,district:771;commune:27190,2020-01-01,2030-06-01,public"


def table(*rows: str, header: str = HEADER, newline: str = "\n") -> bytes:
    return (newline.join([header, *rows]) + newline).encode()


def problems(raw: bytes) -> list[tuple[int | None, str | None]]:
    return [(problem.row, problem.column) for problem in units_csv.read(raw).problems]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_row_is_a_unit_with_its_parents_and_local_dates(newline: str, mark: bytes) -> None:
    found = units_csv.read(mark + table(CITY, "", SCHOOL, newline=newline))
    assert found.problems == []
    city, school = found.rows
    assert (city.number, school.number) == (2, 4)
    assert (city.unit.code, city.unit.valid_to, city.parents, city.ownership) == ("city:79", None, (), None)
    assert school.unit.code == "school:79771101"
    assert school.parents == (Parent("district:771"), Parent("commune:27190"))
    assert school.ownership is Ownership.PUBLIC
    assert school.unit.valid_from == datetime(2019, 12, 31, 17, tzinfo=UTC)
    assert school.unit.valid_to == datetime(2030, 5, 31, 17, tzinfo=UTC)


def test_columns_in_any_order_and_semicolons() -> None:
    raw = 'name;code;kind;ownership;valid_to;valid_from;parents\nTrường A;1;school;public;;2020-01-01;"city:79;commune:1"\n'
    (row,) = units_csv.read(raw.encode()).rows
    assert (row.unit.code, row.parents) == ("school:1", (Parent("city:79"), Parent("commune:1")))


def test_names_come_in_one_spelling() -> None:
    (row,) = units_csv.read(table("city,79,Tha\u0300nh pho\u0302\u0301,,2020-01-01,,")).rows
    assert row.unit.name == "Thành phố"


def test_the_demos_schools_can_be_read() -> None:
    found = units_csv.read(schools.units_csv().encode())
    assert (len(found.rows), found.problems) == (22, [])


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (("school,", "School,"), "kind"),
        (("school,", "university,"), "kind"),
        (("79771101", ""), "code"),
        (("79771101", "7977 1101"), "code"),
        (("79771101", "7" * 21), "code"),
        (("79771101", "٧٩"), "code"),
        (("Trường A", ""), "name"),
        (("Trường A", " Trường A"), "name"),
        (("Trường A", '"Trường\nA"'), "name"),
        (("Trường A", "A" * 201), "name"),
        (("district:771;", "school:79771102;"), "parents"),
        (("district:771;", "district;"), "parents"),
        (("district:771;", ";"), "parents"),
        (("district:771;", "commune:27190;"), "parents"),
        (("district:771;", "nowhere:1;"), "parents"),
        (("district:771;", "district:771 ;"), "parents"),
        (("district:771;", "district:771@;"), "parents"),
        (("district:771;", "district:771@..;"), "parents"),
        (("district:771;", "district:771@2024-13-01..;"), "parents"),
        (("district:771;", "district:771@2025-07-01..2025-07-01;"), "parents"),
        (("district:771;", "commune:27190@2025-01-01..;commune:27190@2025-01-01..2026-01-01;"), "parents"),
        (("2020-01-01", ""), "valid_from"),
        (("2020-01-01", "01/01/2020"), "valid_from"),
        (("2020-01-01", "20200101"), "valid_from"),
        (("2020-01-01", "2020-02-30"), "valid_from"),
        (("2020-01-01", "0001-01-01"), "valid_from"),
        (("2030-06-01", "2030"), "valid_to"),
        (("2030-06-01", "2020-01-01"), "valid_to"),
        (("public", ""), "ownership"),
        (("public", "Public"), "ownership"),
        (("school,79771101", "commune,27190"), "parents"),
    ],
)
def test_each_wrong_cell_has_its_row_and_column(change: tuple[str, str], column: str) -> None:
    assert change[0] in SCHOOL
    found = problems(table(CITY, SCHOOL.replace(*change)))
    assert (3, column) in found
    assert {row for row, _ in found} == {3}


def test_memberships_of_a_part_of_the_time_and_successions() -> None:
    moved = SCHOOL.replace("commune:27190", "commune:27190@..2026-03-01;commune:27169@2026-03-01..")
    ward = "commune,27190,Phường Vườn Lài,city:79,2025-07-01,,,ward:1;ward:14 (part)"
    found = units_csv.read(table(moved + ",", ward, header=HEADER + ",replaces"))
    assert found.problems == []
    school, commune = found.rows
    day = datetime(2026, 2, 28, 17, tzinfo=UTC)
    assert school.parents[1:] == (Parent("commune:27190", None, day), Parent("commune:27169", day, None))
    assert commune.replaces == (
        Succession("ward:1", "commune:27190"),
        Succession("ward:14", "commune:27190", partly=True),
    )


@pytest.mark.parametrize(
    "cell", ["ward", "ward:1 part", "ward:1;ward:1", "ward:1;ward:1 (part)", "street:1", "ward:1;"]
)
def test_what_is_replaced_has_its_shape(cell: str) -> None:
    raw = table(f"commune,1,A,,2025-07-01,,,{cell}", header=HEADER + ",replaces")
    assert problems(raw) == [(2, "replaces")]


def test_a_district_has_no_ownership() -> None:
    assert problems(table("district,771,Quận 10,city:79,2020-01-01,,public")) == [(2, "ownership")]


def test_everything_wrong_is_said_at_once() -> None:
    assert problems(table(CITY, CITY, "x,,,,,,x", "city,80")) == [
        (5, None), (3, "code"), (4, "kind"), (4, "code"), (4, "name"), (4, "valid_from"), (4, "ownership")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "row"),
    [
        (b"", 1),
        (b"\xff\xfe", None),
        (table(header=HEADER.upper()), 1),
        (table(header=HEADER + ",more"), 1),
        (table(header=HEADER.replace("parents", "name")), 1),
        (table('city,79,"open,,2020-01-01,,', CITY), 2),
        (b"x" * (units_csv.MOST_BYTES + 1), None),
        (table(*["city,79,A,,2020-01-01,,"] * (units_csv.MOST_ROWS + 1)), None),
    ],
)
def test_a_table_that_is_none(raw: bytes, row: int | None) -> None:
    assert (row, None) in problems(raw)


@given(st.binary() | st.text().map(lambda text: (HEADER + "\n" + text).encode("utf-8", "surrogatepass")))
def test_nothing_raises(raw: bytes) -> None:
    found = units_csv.read(raw)
    assert all(str(problem) for problem in found.problems)
