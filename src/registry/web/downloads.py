"""Tables of the pages as files: `?format=csv` or `?format=xlsx`."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response

from registry.core import codes
from registry.core.findings import Finding, Refusal
from registry.services import tables_out
from registry.services.tables_out import FileKind, TableOut
from registry.web import rendering


def wanted(request: Request) -> FileKind | None:
    """Which file is asked for, None for the page; raises Refusal(request-parameter)."""
    sent = request.query_params.get("format")
    if not sent:
        return None
    if sent not in set(FileKind):
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/query/format", "csv, xlsx")])
    return FileKind(sent)


async def within(table: TableOut, now: datetime) -> dict[str, str]:
    """The files of a table that is kept nowhere, as addresses that hold them: what an upload came to is shown once."""
    found = {}
    for kind in FileKind:
        file = await tables_out.file_of(table, kind, now)
        found[kind.value.upper()] = f"data:{file.media_type.replace(' ', '')};base64,{b64encode(file.body).decode()}"
    return found


async def answer(request: Request, name: str, table: TableOut, kind: FileKind, now: datetime) -> Response:
    """The table as a download; `name` is of letters, digits and hyphens, with the day added."""
    file = await tables_out.file_of(table, kind, now)
    day = now.astimezone(rendering.HANOI).strftime("%Y%m%d")
    headers = {**rendering.HEADERS, **tables_out.headers(f"{name}-{day}", kind)}
    return Response(file.body, media_type=file.media_type, headers=headers)
