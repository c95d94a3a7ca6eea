"""An XLSX file before any reader sees it: what could expand, load or exhaust is refused. Pure.

A cell far out makes readers allocate everything before it; a zip file of kilobytes can hold gigabytes (CWE-409); a DOCTYPE
expands entities (CWE-776). Sizes are those of what is really unpacked, not of what the directory claims.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass

from lxml import etree

MOST_UNPACKED = 400_000_000
MOST_RATIO = 200
MOST_PARTS = 1_000
MOST_CELLS = 5_000_000
MOST_COLUMNS = 300
_SMALL = 1_000_000  # a small part may be as repetitive as it likes
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NO_VALUE = "a formula with its value stored: open the file, calculate, save; or put the value in its place"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a workbook may be: bytes unpacked, and cells (columns times rows of a sheet, up to the outermost cell)."""

    unpacked: int = MOST_UNPACKED
    cells: int = MOST_CELLS


#: A city's list of pupils.
LIST = Bounds()


class UnreadableError(Exception):
    """A file that is no table: the row (None: the whole) and the expected shape, never what was sent."""

    def __init__(self, row: int | None, expected: str) -> None:
        super().__init__(expected)
        self.row, self.expected = row, expected


def check(raw: bytes, bounds: Bounds = LIST) -> None:
    """Raise UnreadableError unless the file may be given to a reader."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _check_parts(archive, bounds)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error):
        raise UnreadableError(None, "an XLSX file that a spreadsheet program saved, without password") from None


def _check_parts(archive: zipfile.ZipFile, bounds: Bounds) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or len({part.filename for part in parts}) != len(parts):
        raise UnreadableError(None, f"an XLSX file of at most {MOST_PARTS} parts, each once")
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise UnreadableError(None, "an XLSX file; another format as XLSX or CSV")
    if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
        raise UnreadableError(None, "an XLSX file without macros")
    left = bounds.unpacked
    for part in parts:
        left -= _check_part(archive, part, left, bounds)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int, bounds: Bounds) -> int:
    """How many bytes the part really has."""
    size, head = 0, b""
    most = min(left, max(_SMALL, part.compress_size * MOST_RATIO))
    with archive.open(part) as unpacked:
        while chunk := unpacked.read(1 << 16):
            size += len(chunk)
            if size > most:
                raise UnreadableError(
                    None, f"at most {bounds.unpacked} bytes unpacked, {MOST_RATIO} for each packed one"
                )
            window = head[-16:] + chunk
            # Office writes its parts without one; UTF-16 parts are no way around it.
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window or b"<\0!\0D\0O" in window or b"\0<\0!\0D\0O" in window:
                raise UnreadableError(None, "an XLSX file without DOCTYPE in its parts")
            head = chunk
    if _SHEET.fullmatch(part.filename):
        with archive.open(part) as unpacked:
            _check_cells(unpacked, bounds)
    return size


def _check_cells(part: object, bounds: Bounds) -> None:
    """Bounds of the sheet as its cells say, not as its declared dimension does; formulas have values."""
    furthest = lowest = 0
    try:
        for _, cell in etree.iterparse(part, tag="{*}c", resolve_entities=False, no_network=True, huge_tree=False):  # type: ignore[call-overload]
            match = _REFERENCE.fullmatch(cell.get("r") or "")
            if match is not None:
                furthest, lowest = max(furthest, _column(match[1])), max(lowest, int(match[2]))
                if furthest > MOST_COLUMNS or furthest * lowest > bounds.cells:
                    raise UnreadableError(
                        None, f"at most {MOST_COLUMNS} columns, {bounds.cells} cells; longer lists as text"
                    )
            if cell.find("{*}f") is not None and not (cell.findtext("{*}v") or ""):
                raise UnreadableError(int(match[2]) if match else None, _NO_VALUE)
            if cell.get("t") == "e":
                raise UnreadableError(int(match[2]) if match else None, "no cell with an error in place of a value")
            cell.clear()
            while cell.getprevious() is not None:
                del cell.getparent()[0]
    except etree.XMLSyntaxError:
        raise UnreadableError(None, "an XLSX file that a spreadsheet program saved") from None


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
