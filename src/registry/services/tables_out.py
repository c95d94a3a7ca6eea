"""A table becomes a file to be downloaded: the same for routes and pages, which know nothing of file formats."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field
from datetime import datetime

from registry.core.tables_out import Cell as Cell  # what the edges make tables of
from registry.core.tables_out import Column as Column
from registry.core.tables_out import FileKind as FileKind
from registry.core.tables_out import TableOut as TableOut
from registry.formats import tables_out as written


@dataclass(frozen=True, slots=True)
class File:
    """A file as it goes out."""

    media_type: str
    body: bytes = field(repr=False)


async def file_of(table: TableOut, kind: FileKind, now: datetime) -> File:
    """The table as a CSV or XLSX file, made in a thread; a formula in a cell is text in either."""
    return await asyncio.to_thread(_made, table, kind, now)


def headers(name: str, kind: FileKind) -> dict[str, str]:
    """The headers of a download. `name`: ASCII letters, digits, `-` and `_`, never a person's."""
    return {"Content-Disposition": f'attachment; filename="{name}.{kind.value}"', "Cache-Control": "no-store"}


def _made(table: TableOut, kind: FileKind, now: datetime) -> File:
    if kind is FileKind.CSV:
        return File(written.MEDIA_TYPES[kind], b"".join(written.csv_chunks(table)))
    buffer = io.BytesIO()
    written.write_xlsx(table, buffer, now)
    return File(written.MEDIA_TYPES[kind], buffer.getvalue())
