"""Rosters: what a row comes to, and each way in which a cell can be wrong, with code and pointer and without the value."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core import ids
from registry.formats import roster_csv

GOOD = {
    "mahocsinh": "7900000001",
    "hovaten": "Nguyễn Thử Nghiệm",
    "tenlop": "1A",
    "ngaysinh": "2017-05-04",
    "gioitinh": "2",
    "sodinhdanh": "079317000001",
}
OTHER = GOOD | {"mahocsinh": "7900000002", "sodinhdanh": ""}


def table(*rows: Mapping[str, str], columns: tuple[str, ...] = roster_csv.COLUMNS, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def found(raw: bytes) -> list[tuple[str, str]]:
    return [(finding.code.slug, finding.pointer) for finding in roster_csv.read(raw).findings]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("columns", [roster_csv.COLUMNS, roster_csv.COLUMNS[::-1]])
def test_pupils_with_and_without_a_number(delimiter: str, mark: bytes, columns: tuple[str, ...]) -> None:
    roster = roster_csv.read(mark + table(GOOD, OTHER, delimiter=delimiter, columns=columns))
    assert roster.findings == []
    first, second = roster.pupils
    assert (first.pupil_code, first.name, first.class_name) == ("7900000001", "Nguyễn Thử Nghiệm", "1A")
    assert (first.sex, str(first.birth), first.number) == (ids.Sex.FEMALE, "2017-05-04", "079317000001")
    assert second.number is None
    assert roster.rows == {"7900000001": 2, "7900000002": 3}


def test_what_a_school_may_leave_open() -> None:
    (pupil,) = roster_csv.read(table(GOOD | {"ngaysinh": "", "gioitinh": "", "sodinhdanh": ""})).pupils
    assert (pupil.birth, pupil.sex, pupil.number) == (None, None, None)


def test_names_come_in_one_spelling() -> None:
    (pupil,) = roster_csv.read(table(GOOD | {"hovaten": "Nguye\u0302\u0303n"})).pupils
    assert pupil.name == "Nguyễn"


def test_empty_rows_count_and_are_passed_over() -> None:
    raw = table(GOOD) + b"\r\n,,,,,\r\n" + table(OTHER).split(b"\r\n", 1)[1]
    assert roster_csv.read(raw).rows == {"7900000001": 2, "7900000002": 5}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mahocsinh": ""}, [("field-empty", "mahocsinh")]),
        ({"mahocsinh": "79 1"}, [("field-format", "mahocsinh")]),
        ({"mahocsinh": "7" * 21}, [("field-format", "mahocsinh")]),
        ({"mahocsinh": "７９"}, [("field-format", "mahocsinh")]),
        ({"hovaten": ""}, [("field-empty", "hovaten")]),
        ({"hovaten": "  "}, [("field-empty", "hovaten")]),
        ({"hovaten": "Nguyễn "}, [("field-format", "hovaten")]),
        ({"hovaten": "Nguyễn\nAn"}, [("field-format", "hovaten")]),
        ({"hovaten": "Nguyễn\x00An"}, [("field-format", "hovaten")]),
        ({"hovaten": "A" * 151}, [("field-length", "hovaten")]),
        ({"tenlop": ""}, [("field-empty", "tenlop")]),
        ({"tenlop": "A" * 51}, [("field-length", "tenlop")]),
        ({"ngaysinh": "04/05/2017"}, [("field-format", "ngaysinh")]),
        ({"ngaysinh": "2017-02-30"}, [("field-format", "ngaysinh")]),
        ({"gioitinh": "Nữ"}, [("field-code", "gioitinh")]),
        ({"sodinhdanh": "79317000001"}, [("number-shape", "sodinhdanh")]),
        ({"sodinhdanh": "079317000001 "}, [("number-shape", "sodinhdanh")]),
        ({"sodinhdanh": "7,9317E+10"}, [("number-shape", "sodinhdanh")]),
        ({"sodinhdanh": "999317000001"}, [("number-place", "sodinhdanh")]),
        ({"sodinhdanh": "079217000001"}, [("number-sex", "sodinhdanh")]),
        ({"sodinhdanh": "079318000001"}, [("number-year", "sodinhdanh")]),
        ({"hovaten": "", "gioitinh": "9"}, [("field-empty", "hovaten"), ("field-code", "gioitinh")]),
    ],
)
def test_each_wrong_cell_has_its_code_and_pointer(change: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert found(table(OTHER, GOOD | change)) == [(code, f"/rows/3/{column}") for code, column in expected]


def test_a_pupil_code_and_a_number_stand_once() -> None:
    twice = GOOD | {"mahocsinh": "7900000003"}
    assert found(table(GOOD, OTHER, OTHER, twice)) == [
        ("roster-row", "/rows/4/mahocsinh"),
        ("roster-row", "/rows/5/sodinhdanh"),
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ("roster-shape", "/rows/1")),
        (table(GOOD, columns=roster_csv.COLUMNS[1:]), ("roster-shape", "/rows/1")),
        (table(GOOD, columns=(*roster_csv.COLUMNS, "ghichu")), ("roster-shape", "/rows/1")),
        (table(GOOD, columns=(*roster_csv.COLUMNS[1:], "hovaten")), ("roster-shape", "/rows/1")),
        (table(GOOD).replace(b"mahocsinh", b"MaHocSinh"), ("roster-shape", "/rows/1")),
        (table(GOOD, delimiter="\t"), ("roster-shape", "/rows/1")),
        (table(GOOD) + b"7900000009,X\r\n", ("roster-shape", "/rows/3")),
        (table(GOOD) + b'7900000009,"X', ("roster-shape", "/rows/3")),
        (table(GOOD) + b"7900000009," + b"X" * 140_000, ("roster-shape", "/rows/3")),
        (table(GOOD).decode().encode("utf-16"), ("roster-shape", "")),
        (table(GOOD | {"hovaten": "Hòa"}).decode().encode("cp1258", "ignore") + b"\xf2", ("roster-shape", "")),
        (b"x" * (roster_csv.MOST_BYTES + 1), ("roster-shape", "")),
        (table(*({**OTHER, "mahocsinh": f"{n}"} for n in range(roster_csv.MOST_ROWS + 1))), ("roster-shape", "")),
    ],
)
def test_a_file_that_is_no_roster(raw: bytes, expected: tuple[str, str]) -> None:
    assert found(raw) == [expected]


def test_the_largest_roster_is_taken() -> None:
    roster = roster_csv.read(table(*({**OTHER, "mahocsinh": f"{n}"} for n in range(roster_csv.MOST_ROWS))))
    assert (len(roster.pupils), roster.findings) == (roster_csv.MOST_ROWS, [])


def test_very_many_findings_are_cut_short() -> None:
    findings = found(table(*({**GOOD, "mahocsinh": "?", "gioitinh": "9"} for _ in range(1000))))
    assert len(findings) == roster_csv.MOST_FINDINGS + 1
    assert findings[0] == ("field-format", "/rows/2/mahocsinh")
    assert findings[-1] == ("roster-row", "")


def test_nothing_sent_is_repeated() -> None:
    secret = "079999555333"
    for column in roster_csv.COLUMNS:
        roster = roster_csv.read(table(GOOD | {column: f"{secret}\t"}))
        assert roster.findings
        assert all(secret not in finding.detail + finding.pointer for finding in roster.findings)
        assert GOOD["sodinhdanh"] not in repr(roster.pupils)


@given(st.binary() | st.text().map(lambda text: table() + text.encode("utf-8", "surrogatepass")))
def test_nothing_raises(raw: bytes) -> None:
    roster = roster_csv.read(raw)
    assert roster.findings or all(ids.pupil_code_fits(pupil.pupil_code) for pupil in roster.pupils)
