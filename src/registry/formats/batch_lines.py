"""Files of questions <-> lines: NDJSON one object a line, XLSX one row. Pure; what a question's members mean is not known here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry.core import codes
from registry.core.findings import Finding
from registry.formats import strict_json
from registry.formats.xlsx_guard import UnreadableError as UnreadableError  # what reading raises

#: Findings listed in one answer: a file with one wrong member would otherwise name every row.
MOST_FINDINGS = 100
#: No question is longer than a single one may be.
_LONGEST_LINE = 4096
_MOST_LINES = 100_000


@dataclass(frozen=True, slots=True)
class Line:
    """One question as sent: the row of the file that it stands in (from 1), and its members, or what is wrong with it.

    `cells`: member -> the column it stands in, where the file is a sheet.
    """

    row: int
    members: Mapping[str, Any] = field(default_factory=dict, repr=False)
    findings: tuple[Finding, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)

    def placed(self, finding: Finding) -> Finding:
        """A finding about the body of a question, at its place in the file."""
        pointer = finding.pointer.removeprefix("/body")
        cell = self.cells.get(pointer.removeprefix("/"))
        detail = f"{cell}{self.row}: {finding.detail}" if cell else finding.detail
        return replace(finding, pointer=f"/rows/{self.row}{pointer}", detail=detail)


def ndjson(raw: bytes, most: int) -> list[tuple[int, bytes]]:
    """The lines that are not blank with their numbers; one more than `most` at the most. Raises UnreadableError."""
    if raw.count(b"\n") > _MOST_LINES:
        raise UnreadableError(None, f"at most {_MOST_LINES} lines, blank ones included")
    found = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            found.append((number, line.rstrip(b"\r")))
            if len(found) > most:
                break
    for number, line in found:
        if not _is_utf8(line):
            raise UnreadableError(number, "UTF-8")
    return found


def parsed(number: int, raw: bytes) -> Line:
    """One line of NDJSON."""
    pointer = f"/rows/{number}"
    if len(raw) > _LONGEST_LINE:
        return Line(number, findings=(Finding(codes.REQUEST_TOO_LARGE, pointer, f"at most {_LONGEST_LINE} bytes"),))
    value, findings = strict_json.parse(raw, pointer=pointer, max_depth=2)
    if not findings and not isinstance(value, dict):
        findings = [Finding(codes.REQUEST_PARAMETER, pointer, "a JSON object")]
    return Line(number, findings=tuple(findings)) if findings else Line(number, value)


def listed(findings: Sequence[Finding]) -> list[Finding]:
    """The first ones, and that there are more."""
    if len(findings) <= MOST_FINDINGS:
        return list(findings)
    more = Finding(codes.BATCH_ROW, "", f"there is more: the first {MOST_FINDINGS} findings are listed")
    return [*findings[:MOST_FINDINGS], more]


def kept(line: Line) -> bytes:
    """A line as it is kept until it is asked."""
    return json.dumps([line.row, dict(line.members)], ensure_ascii=False, separators=(",", ":")).encode()


def opened(raw: bytes) -> tuple[int, dict[str, Any]]:
    """The row and the members that `kept` kept."""
    row, members = json.loads(raw)
    return row, members


def answer(row: int, said: Mapping[str, Any]) -> bytes:
    """One line of a result."""
    return json.dumps({"row": row, **said}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def in_parts(lines: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Lines put together to parts of about this size."""
    waiting = bytearray()
    for line in lines:
        waiting += line
        if len(waiting) >= size:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
