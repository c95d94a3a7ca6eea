"""The missing-number workbench: who lacks a personal number, the file for the police and what comes back of it.

Whoever takes names out, brings numbers in or decides is an operator who may see names. No number is ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from registry.api import parameters
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Scope
from registry.core.findings import Finding, Refusal
from registry.core.numbers import Lacking
from registry.core.units import MapOf
from registry.services import completeness, cursors, name_views, number_cases, number_returns, numbers, tables_out
from registry.services.sessions import SignedIn
from registry.services.tables_out import FileKind, TableOut
from registry.web import asking, downloads, forms, number_files, rendering, signed_in, uploads, words
from registry.web.asking import Subject

router = APIRouter(route_class=rendering.PageRoute)
_PAGE, _CASES, _LISTED, _MOST_IN_FILE = 100, 50, 20, numbers.MOST_EXPORTED
_CURSOR = "/numbers/cases"
#: The file's own name may hold anything; who brought it, when, and its fingerprint are kept.
_SOURCE = "/numbers"


@router.get("/numbers")
async def get_numbers(request: Request, somebody: signed_in.Counting, after: str = "", table: str = "") -> Response:
    """The pupils of a unit without a number or with a refused one; for an operator, what went out and came back (`table`:
    exports or returns as a file)."""
    edge: Edge = request.app.state.edge
    now = rendering.now()
    about = await asking.subject(request, somebody, now, whole_year=True)
    asked = numbers.Asked(about.unit.code, about.year, about.on, about.only)
    if kind := downloads.wanted(request):
        made = await _file(request, somebody, about, asked, table)
        return await downloads.answer(request, made.title, made, kind, now)
    page = await numbers.lacking(edge.world, somebody.caller, asked, after or None, _PAGE, now)
    shown: dict[str, Any] = {
        "rows": await _named(edge, somebody, about, page.rows),
        "schools": page.schools,
        "next": page.next,
        "why_words": words.WHY_NO_NUMBER,
        "sexes": words.SEXES,
        "code_of": codes.by_slug,
        "operates": _operates(somebody),
        "exports": [],
        "returns": [],
        "waiting": 0,
    }
    if shown["operates"]:
        shown["exports"] = (await numbers.exports(edge.world, somebody.caller, now))[:_LISTED]
        shown["returns"] = (await number_returns.returns(edge.world, somebody.caller, now))[:_LISTED]
        shown["waiting"] = await number_cases.count(edge.world, somebody.caller, None)
        shown["units"] = (await edge.world.known()).map.units
    return rendering.page(request, "numbers.html", asking.values(request, about, **shown))


@router.post("/numbers/export")
async def post_export(request: Request, somebody: signed_in.Operating) -> Response:
    """One file of these pupils for the police; on record before it leaves."""
    edge: Edge = request.app.state.edge
    _require_names(somebody)
    fields = await forms.read(request, somebody)
    now = rendering.now()
    asked = await _narrowed(edge, somebody, fields, now)
    if fields.get("kind") not in set(FileKind):
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/form/kind", "csv, xlsx")])
    kind = FileKind(fields["kind"])
    made = await numbers.export(edge.world, somebody.caller, asked, kind, now)
    place = name_views.Screen("numbers-file", asked.unit, str(asked.school_year))
    await name_views.note(edge.world, somebody.person, place, made.pupils, now)
    headers = {**rendering.HEADERS, **tables_out.headers(made.name, kind), "Content-Digest": made.digest}
    return Response(made.file.body, media_type=made.file.media_type, headers=headers)


@router.post("/numbers/import")
async def post_import(request: Request, somebody: signed_in.Operating) -> Response:
    """A returned file: a trial, or for good; what came of each row that is not simply done."""
    edge: Edge = request.app.state.edge
    _require_names(somebody)
    sent = await uploads.read(request, somebody, number_returns.MOST_BYTES)
    asked = _asked(sent.fields)
    options = number_returns.Options(sent.fields.get("for_good") != "1", sent.fields.get("skip_wrong") == "1")
    shown: dict[str, Any] = {"asked": asked, "doubt_words": words.DOUBTS, "report": None, "refusal": None}
    status = 200
    try:
        shown["report"] = await number_returns.take(
            edge.world, somebody.caller, asked, sent.body, _SOURCE, options, rendering.now()
        )
    except Refusal as refusal:
        if refusal.code not in {codes.NUMBERS_ROW, codes.NUMBERS_SHAPE}:
            raise
        shown["refusal"], status = refusal, 422
    wrong = shown["report"].findings if shown["report"] else shown["refusal"].findings
    shown["files"] = await downloads.within(number_files.report(request, shown["report"], wrong), rendering.now())
    return rendering.page(request, "numbers_report.html", shown, status=status)


@router.get("/numbers/cases")
async def get_cases(request: Request, somebody: signed_in.Operating, after: str = "") -> Response:
    """Numbers that wait for a person to say whose they are; with `format` all of them as a file."""
    edge: Edge = request.app.state.edge
    _require_names(somebody)
    if kind := downloads.wanted(request):
        return await downloads.answer(
            request, "number-cases", await _cases_file(request, somebody), kind, rendering.now()
        )
    behind = UUID(str(cursors.place(edge.world, _CURSOR, after)[0])) if after else None
    found = await number_cases.waiting(edge.world, somebody.caller, None, behind, _CASES)
    page = found[:_CASES]
    await _note_cases(edge, somebody, page, "number-cases")
    shown = {
        "cases": page,
        "next": cursors.given(edge.world, _CURSOR, (str(page[-1].case_id),)) if len(found) > _CASES else None,
        "doubt_words": words.DOUBTS,
        "sexes": words.SEXES,
        "units": (await edge.world.known()).map.units,
    }
    return rendering.page(request, "number_cases.html", shown)


@router.post("/numbers/cases/{case_id}")
async def post_decision(request: Request, somebody: signed_in.Operating, case_id: UUID) -> Response:
    """Whose a number is; `pupil` of the form is a pupil code, or `-` for nobody's of them."""
    edge: Edge = request.app.state.edge
    _require_names(somebody)
    fields = await forms.read(request, somebody)
    pupil = fields.get("pupil", "")
    if not pupil:
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/form/pupil", "one of the choices")])
    chosen = None if pupil == "-" else pupil
    await number_cases.decide(edge.world, somebody.caller, case_id, chosen, fields.get("reason", ""), rendering.now())
    return RedirectResponse("/numbers/cases", 303, headers=rendering.HEADERS)


@router.post("/numbers/returns/{return_id}/undo")
async def post_undo(request: Request, somebody: signed_in.Operating, return_id: UUID) -> Response:
    """Take back what came of a file, of one pupil (`pupil` of the form) or all."""
    edge: Edge = request.app.state.edge
    fields = await forms.read(request, somebody)
    pupil, reason = fields.get("pupil", "").strip() or None, fields.get("reason", "")
    await number_returns.undo(edge.world, somebody.caller, return_id, pupil, reason, rendering.now())
    back = urlencode({name: fields.get(name, "") for name in ("unit", "year", "campaign", "map") if fields.get(name)})
    return RedirectResponse(f"/numbers?{back}#returns", 303, headers=rendering.HEADERS)


async def _named(
    edge: Edge, somebody: SignedIn, about: Subject, rows: Sequence[Lacking], screen: str = "numbers"
) -> Sequence[Lacking]:
    """The rows with names and birth dates when the reader may see them, which is written down first; else without."""
    place = name_views.Screen(screen, about.unit.code, str(about.year))
    if await name_views.note(edge.world, somebody.person, place, len(rows), about.now):
        return rows
    return [replace(row, name="", birth=None) for row in rows]


async def _file(request: Request, somebody: SignedIn, about: Subject, asked: numbers.Asked, table: str) -> TableOut:
    """One of the page's tables, whole; the pupils' is written down first when it has names."""
    edge: Edge = request.app.state.edge
    if table == "exports" and _operates(somebody):
        return number_files.exports(
            request, await numbers.exports(edge.world, somebody.caller, about.now, most=_MOST_IN_FILE)
        )
    if table == "returns" and _operates(somebody):
        return number_files.returns(
            request, await number_returns.returns(edge.world, somebody.caller, about.now, most=_MOST_IN_FILE)
        )
    rows: list[Lacking] = []
    schools: dict[str, str] = {}
    after: str | None = ""
    while after is not None and len(rows) < _MOST_IN_FILE:
        page = await numbers.lacking(edge.world, somebody.caller, asked, after or None, numbers.MOST_ROWS, about.now)
        rows += page.rows
        schools.update(page.schools)
        after = page.next
    named = await _named(edge, somebody, about, rows, "numbers-list")
    return number_files.lacking(request, named, schools, names=somebody.person.sees_names)


async def _cases_file(request: Request, somebody: SignedIn) -> TableOut:
    """All cases, as many as a file may have; written down first."""
    edge: Edge = request.app.state.edge
    rows: list[number_cases.NumberCase] = []
    more = True
    while more and len(rows) < _MOST_IN_FILE:
        after = rows[-1].case_id if rows else None
        found = await number_cases.waiting(edge.world, somebody.caller, None, after, number_cases.MOST_CASES)
        rows += found[: number_cases.MOST_CASES]
        more = len(found) > number_cases.MOST_CASES
    await _note_cases(edge, somebody, rows, "number-cases-file")
    units = (await edge.world.known()).map.units
    schools = {each.school_code: units[f"school:{each.school_code}"].name for row in rows for each in row.candidates}
    return number_files.cases(request, rows, schools)


async def _note_cases(edge: Edge, somebody: SignedIn, rows: Sequence[number_cases.NumberCase], screen: str) -> None:
    for school, names in number_cases.names_of(rows).items():
        await name_views.note(
            edge.world, somebody.person, name_views.Screen(screen, f"school:{school}"), names, rendering.now()
        )


def _operates(somebody: SignedIn) -> bool:
    return Scope.OPERATE in somebody.person.scopes and somebody.person.sees_names


def _require_names(somebody: SignedIn) -> None:
    if not somebody.person.sees_names:
        raise Refusal(codes.ACCESS_SCOPE, [Finding(codes.ACCESS_SCOPE, "", "the right to see names")])


def _asked(fields: Mapping[str, str]) -> numbers.Asked:
    on = MapOf.THEN if fields.get("map") == MapOf.THEN else MapOf.NOW
    return numbers.Asked(fields.get("unit", ""), parameters.school_year(fields.get("year", ""), "/form/year"), on)


async def _narrowed(edge: Edge, somebody: SignedIn, fields: Mapping[str, str], now: datetime) -> numbers.Asked:
    asked = _asked(fields)
    code = fields.get("campaign") or None
    _, only = await completeness.narrowed(edge.world, somebody.caller, asked.school_year, (), code, now)
    return replace(asked, only=only)
