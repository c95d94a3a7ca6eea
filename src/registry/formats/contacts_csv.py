"""A table of schools' contacts (CSV) -> values. Pure; strict; says everything that is wrong at once.

Columns: school_code, role (the office: văn thư, tổ công nghệ thông tin, ...), phone, email, valid_from; and valid_to where wanted
(YYYY-MM-DD; holds until before that day). One of phone and email at least.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from registry.core import codes, ids, names
from registry.core.contacts import Contact
from registry.core.findings import Code, Finding
from registry.formats import csv_table, shown_names

COLUMNS, OPTIONAL = ("school_code", "role", "phone", "email", "valid_from"), ("valid_to",)
MOST_BYTES, MOST_ROWS, MOST_FINDINGS, LONGEST_ROLE = 5_000_000, 50_000, 200, 80
_DATE = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_PHONE = re.compile(r"[+0][0-9 .()-]{6,24}", re.ASCII)
#: An address as offices have them (a part of RFC 5321 4.1.2): no quotes, no comments, nothing that ends a line of a header.
_EMAIL = re.compile(
    r"(?=.{3,254}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+){0,10}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,63}",
    re.ASCII,
)


@dataclass(slots=True)
class Contacts:
    """A table as read, with the row of each; with findings, nothing of it may be used."""

    rows: list[tuple[int, Contact]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read(raw: bytes) -> Contacts:
    """Read a table. Never raises. Findings (contact-shape, contact-row) at "/rows/<n>/<column>", as a spreadsheet counts."""
    table = csv_table.read(raw, COLUMNS, optional=OPTIONAL, most_bytes=MOST_BYTES, most_rows=MOST_ROWS)
    found = Contacts(findings=[_shape(flaw) for flaw in table.flaws])
    for number, cells in table.rows:
        contact, wrong = _contact({name: names.normalize("NFC", cell.strip()) for name, cell in cells.items()})
        found.findings += [
            Finding(codes.CONTACT_ROW, f"/rows/{number}/{column}", expected) for column, expected in wrong
        ]
        if contact is not None:
            found.rows.append((number, contact))
        if len(found.findings) > MOST_FINDINGS:
            break
    return found


def is_email(text: str) -> bool:
    """Whether a text is an address that messages are sent to."""
    return _EMAIL.fullmatch(text) is not None


def main_code(findings: list[Finding]) -> Code:
    """The code that names a refused table."""
    return codes.CONTACT_SHAPE if any(each.code is codes.CONTACT_SHAPE for each in findings) else codes.CONTACT_ROW


def _shape(flaw: csv_table.Flaw) -> Finding:
    return Finding(codes.CONTACT_SHAPE, "" if flaw.row is None else f"/rows/{flaw.row}", flaw.expected)


def _contact(cells: Mapping[str, str]) -> tuple[Contact | None, list[tuple[str, str]]]:
    wrong: list[tuple[str, str]] = []
    role, phone, email = cells["role"], cells["phone"], cells["email"]
    if not ids.school_code_fits(cells["school_code"]):
        wrong.append(("school_code", "the code of a school"))
    if not role or len(role) > LONGEST_ROLE or shown_names.without_numbers(role) != role:
        wrong.append(
            ("role", f"the name of the office, 1 to {LONGEST_ROLE} printable characters without anybody's number")
        )
    digits = re.sub(r"[^0-9+]", "", phone)
    if phone and not (_PHONE.fullmatch(phone) and 8 <= len(digits) <= 16):
        wrong.append(
            ("phone", "8 to 15 digits that begin with 0 or + (a spreadsheet may have taken the 0 away), or empty")
        )
    if email and not is_email(email):
        wrong.append(("email", "one plain address (name@host.vn), or empty"))
    if not phone and not email:
        wrong.append(("phone", "a phone number or an e-mail address, one of them at least"))
    start, end = _day(cells["valid_from"]), _day(cells.get("valid_to", ""))
    if start is None:
        wrong.append(("valid_from", "YYYY-MM-DD"))
    if cells.get("valid_to") and (end is None or (start is not None and end <= start)):
        wrong.append(("valid_to", "YYYY-MM-DD after valid_from, or empty"))
    if wrong or start is None:
        return None, wrong
    return Contact(cells["school_code"], role, digits or None, email or None, start, end), []


def _day(text: str) -> date | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
