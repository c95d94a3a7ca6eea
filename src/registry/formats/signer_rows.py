"""Registrations of signers as rows, from a table (CSV) or from a request -> values. Pure; says everything that is wrong at once.

Columns: certificate, school_code, role (teacher, principal, seal), valid_from, valid_to (may be empty); and where wanted holder
(`CCCD:` and 12 digits, `MST:` and a tax code, ...) and title (head, deputy, acting; of a principal). A declared holder that the
certificate contradicts is refused; one that is not declared is taken from the certificate, where it names one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from registry.core import codes, ids
from registry.core.findings import Code, Finding
from registry.core.signers import HolderKind, Title
from registry.core.trust import Role, Signer
from registry.formats import csv_table, holders, material, moments
from registry.formats.x509 import Certificate

COLUMNS = ("certificate", "school_code", "role", "valid_from", "valid_to")
OPTIONAL = ("holder", "title")
MOST_BYTES, MOST_ROWS = 20_000_000, 100_000
#: Findings listed in one answer.
MOST_FINDINGS = 200
_HOLDER_OF = {Role.SEAL: HolderKind.ORGANISATION}
_LARGEST_CERTIFICATE = 64 * 1024

#: The content of the file of that name beside the table, or None.
Find = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One registration as declared, with its certificate read."""

    number: int
    signer: Signer
    certificate: Certificate
    title: Title | None
    holder: holders.Holder | None


@dataclass(slots=True)
class Rows:
    """A list as read; with findings, nothing of it may be used unless the reader says so."""

    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read(raw: bytes, find: Find, *, most_rows: int = MOST_ROWS) -> Rows:
    """Read a table. Never raises. Findings (register-row, register-holder) at "/rows/<n>/<column>", as a spreadsheet counts."""
    table = csv_table.read(raw, COLUMNS, optional=OPTIONAL, most_bytes=MOST_BYTES, most_rows=most_rows)
    flaws = [Finding(codes.REGISTER_ROW, "" if f.row is None else f"/rows/{f.row}", f.expected) for f in table.flaws]
    found = Rows(findings=flaws)
    for number, cells in table.rows:
        stripped = {name: cell.strip() for name, cell in cells.items()}
        row, findings = read_row(number, stripped, find(stripped["certificate"]))
        found.findings += findings
        if row is not None:
            found.rows.append(row)
        if len(found.findings) > MOST_FINDINGS:
            break
    return found


def read_row(
    number: int, cells: Mapping[str, str], certificate: bytes | None, within: str = "/rows"
) -> tuple[Row | None, list[Finding]]:
    """One row with the file its certificate is in (PEM or DER; None: there is no such file). Never raises."""
    sheet = _Sheet(f"{within}/{number}", cells)
    read_certificate = sheet.certificate(certificate)
    role = sheet.word("role", [each.value for each in Role])
    title = sheet.word("title", [each.value for each in Title], optional=True)
    if title and role and role != Role.PRINCIPAL:
        sheet.wrong("title", "empty, unless the role is principal")
    if not ids.school_code_fits(cells.get("school_code", "")):
        sheet.wrong("school_code", "the code of a school")
    start, end = sheet.period()
    holder = sheet.holder(Role(role), read_certificate) if role and read_certificate is not None else None
    if sheet.findings or read_certificate is None or start is None:
        return None, sheet.findings
    der = read_certificate.der
    signer = Signer(sha256(der).digest(), der, cells["school_code"], Role(role), start, end)
    return Row(number, signer, read_certificate, Title(title) if title else None, holder), []


def names(certificate: Certificate) -> tuple[str, str]:
    """How its CA names a certificate: issuer (RFC 4514) and serial number (hexadecimal)."""
    return certificate.parsed.issuer.rfc4514_string(), f"{certificate.serial:x}"


@dataclass(slots=True)
class _Sheet:
    """The cells of one row and what is wrong with them."""

    place: str
    cells: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, column: str, expected: str, code: Code = codes.REGISTER_ROW) -> None:
        self.findings.append(Finding(code, f"{self.place}/{column}", expected))

    def word(self, column: str, words: Sequence[str], *, optional: bool = False) -> str:
        text = self.cells.get(column, "")
        if text in words or (optional and not text):
            return text
        self.wrong(column, "one of " + ", ".join(words))
        return ""

    def certificate(self, raw: bytes | None) -> Certificate | None:
        if raw is None or len(raw) > _LARGEST_CERTIFICATE:
            self.wrong("certificate", f"a certificate file of at most {_LARGEST_CERTIFICATE} octets that is there")
            return None
        ders = material.read_material(raw).certificates
        read_here = Certificate.read(ders[0])[0] if len(ders) == 1 else None
        if read_here is None:
            self.wrong("certificate", "exactly one X.509 certificate, PEM or DER")
        elif read_here.is_ca:
            self.wrong("certificate", "a signer's certificate, not a CA's")
        return read_here

    def period(self) -> tuple[datetime | None, datetime | None]:
        start, end = self._moment("valid_from"), None
        if self.cells.get("valid_to"):
            end = self._moment("valid_to")
        if start is not None and end is not None and end <= start:
            self.wrong("valid_to", "after valid_from, or empty")
        return start, end

    def holder(self, role: Role, certificate: Certificate) -> holders.Holder | None:
        kind = _HOLDER_OF.get(role, HolderKind.PERSON)
        present, text = holders.of_subject(certificate), self.cells.get("holder", "")
        if not text:
            return holders.own(present, kind)
        declared = holders.parse(text)
        if declared is None or declared.kind is not kind:
            words = [word for word in holders.WORDS if (word == holders.TAX_CODE) is (kind is HolderKind.ORGANISATION)]
            self.wrong("holder", f"of a {role.value} one of {', '.join(words)} with a colon and its number, or empty")
            return None
        if holders.contradicts(declared, present):
            self.wrong("holder", "the holder whom the certificate names", codes.REGISTER_HOLDER)
        return declared

    def _moment(self, column: str) -> datetime | None:
        try:
            return moments.parse(self.cells.get(column, ""))
        except ValueError as error:
            self.wrong(column, str(error))
            return None
