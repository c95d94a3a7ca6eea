"""A table of contacts: what is wrong is said by row and column, all at once; nothing that could end a header's line gets in."""

from __future__ import annotations

from datetime import date

import pytest

from registry.core.contacts import Contact
from registry.formats import contacts_csv

HEADER = "school_code,role,phone,email,valid_from,valid_to\n"
GOOD = {
    "school_code": "79771101", "role": "Văn thư", "phone": "028 3865-0001", "email": "vt@a.example", "valid_from": "2026-01-01",
    "valid_to": "",
}  # fmt: skip


def table(**change: str) -> bytes:
    cells = {**GOOD, **change}
    quoted = (f'"{cell}"' for cell in cells.values())
    return (HEADER + ",".join(quoted) + "\n").encode()


def test_a_good_row() -> None:
    found = contacts_csv.read(table())
    assert found.findings == []
    assert found.rows == [(2, Contact("79771101", "Văn thư", "02838650001", "vt@a.example", date(2026, 1, 1)))]
    semicolons = b"\xef\xbb\xbf" + table().replace(b",", b";")
    assert contacts_csv.read(semicolons).rows == found.rows


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"school_code": ""}, "school_code"),
        ({"school_code": "a b"}, "school_code"),
        ({"role": ""}, "role"),
        ({"role": "x" * 81}, "role"),
        ({"role": "079317000001"}, "role"),
        ({"role": "a\nb"}, "role"),
        ({"phone": "2838650001"}, "phone"),
        ({"phone": "+84"}, "phone"),
        ({"phone": "0" * 17}, "phone"),
        ({"phone": "028 3865 0001 gặp Hà"}, "phone"),
        ({"email": "vt"}, "email"),
        ({"email": "vt@a"}, "email"),
        ({"email": "a@b.vn, c@d.vn"}, "email"),
        ({"email": "a@b.vn\r\nBcc: c@d.vn"}, "email"),
        ({"email": "a@b.vn\n"[:-1] + "\x00"}, "email"),
        ({"email": "<a@b.vn>"}, "email"),
        ({"email": ".a@b.vn"}, "email"),
        ({"email": "a@-b.vn"}, "email"),
        ({"email": "ă@b.vn"}, "email"),
        ({"email": "a" * 250 + "@b.vn"}, "email"),
        ({"phone": "", "email": ""}, "phone"),
        ({"valid_from": ""}, "valid_from"),
        ({"valid_from": "2026-02-30"}, "valid_from"),
        ({"valid_to": "2026-01-01"}, "valid_to"),
        ({"valid_to": "x"}, "valid_to"),
    ],
)
def test_what_is_wrong_is_said_by_row_and_column(change: dict[str, str], column: str) -> None:
    found = contacts_csv.read(table(**change))
    assert [(f.code.slug, f.pointer) for f in found.findings] == [("contact-row", f"/rows/2/{column}")]
    assert found.rows == []
    assert not any(value and value in finding.detail for value in change.values() for finding in found.findings)


def test_a_table_of_another_shape() -> None:
    for raw in (b"", b"a,b\n", b"\xff", HEADER.encode() + b"x\n"):
        found = contacts_csv.read(raw)
        assert {f.code.slug for f in found.findings} == {"contact-shape"}
        assert contacts_csv.main_code(found.findings).slug == "contact-shape"


def test_all_at_once_but_not_without_end() -> None:
    many = HEADER.encode() + b"x y,,,,,\n" * 1000
    found = contacts_csv.read(many)
    assert contacts_csv.MOST_FINDINGS < len(found.findings) < contacts_csv.MOST_FINDINGS + 10
