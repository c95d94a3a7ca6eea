"""A table becomes a file of either kind, with headers that keep it out of caches."""

import io
from datetime import UTC, datetime

import openpyxl
import pytest

from registry.services import tables_out
from registry.services.tables_out import Column, FileKind, TableOut

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", FileKind)
async def test_a_table_becomes_a_file(kind: FileKind) -> None:
    table = TableOut("Trường", (Column("Mã"), Column("Học sinh")), iter([("079", 12)]))
    file = await tables_out.file_of(table, kind, NOW)
    if kind is FileKind.CSV:
        assert file.body.decode("utf-8-sig") == '"Mã","Học sinh"\r\n"079",12\r\n'
        assert file.media_type.startswith("text/csv")
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(file.body)).worksheets[0]
        assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [["Mã", "Học sinh"], ["079", 12]]
    assert tables_out.headers("schools", kind) == {
        "Content-Disposition": f'attachment; filename="schools.{kind.value}"',
        "Cache-Control": "no-store",
    }
