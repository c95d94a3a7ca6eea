"""Refusals and framework errors as RFC 9457 problem details: one shape for one finding or fifty. Sent values never appear."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from registry.api import logs
from registry.core import codes
from registry.core.findings import Code, Finding, Kind, Refusal
from registry.services import pace, report

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[Kind, int] = {
    Kind.DOCUMENT: 422,
    Kind.REQUEST: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD: 405,
    Kind.CONFLICT: 409,
    Kind.TOO_SLOW: 408,
    Kind.TOO_LARGE: 413,
    Kind.MEDIA_TYPE: 415,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
    Kind.FAULT: 500,
}
_FRAMEWORK = {404: codes.REQUEST_PATH, 405: codes.REQUEST_METHOD, 413: codes.REQUEST_TOO_LARGE}


def language(request: Request) -> str:
    """ "en" when the caller asks for English before Vietnamese, else "vi"."""
    wanted = [part.split(";")[0].strip().lower()[:2] for part in request.headers.get("accept-language", "").split(",")]
    return next((tag for tag in wanted if tag in {"vi", "en"}), "vi")


def finding_body(finding: Finding) -> dict[str, Any]:
    """One finding as a member of `errors`: code, place, effect, expected shape, and the sentences in both languages."""
    return report.finding_json(finding)


#: Some addresses hold a code or the secret of a link, with a slip of the hand too: no answer is kept, indexed or named elsewhere.
_SENT = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def problem(
    request: Request,
    code: Code,
    findings: Iterable[Finding] = (),
    *,
    status: int | None = None,
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> JSONResponse:
    """A problem document. `type` names the code's page; `instance` names this request in the logs."""
    vietnamese = language(request) == "vi"
    status = STATUS[code.kind] if status is None else status
    body: dict[str, Any] = {
        "type": f"{_base(request)}/problems/{code.slug}",
        "title": code.title_vi if vietnamese else code.title_en,
        "status": status,
        "detail": code.fix_vi if vietnamese else code.fix_en,
        "instance": f"urn:request:{logs.request_id()}",
        "code": code.slug,
        "errors": [finding_body(f) for f in findings] or [finding_body(Finding(code))],
        **(extra or {}),
    }
    sent = {**_SENT, "Content-Language": "vi" if vietnamese else "en", **(headers or {})}
    return JSONResponse(body, status, headers=sent, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every refusal and every framework error in this one shape."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _fault)


def _base(request: Request) -> str:
    return str(request.app.state.edge.settings.issuer).rstrip("/")


async def _refused(request: Request, error: Exception) -> Response:
    """What is not there and what is another's are one answer, also by the clock."""
    assert isinstance(error, Refusal)
    logs.note(codes=[error.code.slug])
    if error.code.kind is Kind.NOT_FOUND:
        await pace.even_out(logs.started(), request.app.state.edge.world.even_seconds)
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.code.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return problem(request, error.code, error.findings, headers=headers)


async def _wrong_parameter(request: Request, error: Exception) -> Response:
    """The framework's findings without the input it would echo: that may be a personal number."""
    assert isinstance(error, RequestValidationError)
    logs.note(codes=[codes.REQUEST_PARAMETER.slug])
    found = [Finding(codes.REQUEST_PARAMETER, _pointer(e), str(e.get("type", ""))[:80]) for e in error.errors()]
    return problem(request, codes.REQUEST_PARAMETER, found)


def _pointer(error: dict[str, Any]) -> str:
    """A JSON pointer from the framework's location; list positions and declared names only, never sent text."""
    kind = str(error.get("type", ""))
    parts = [str(part).replace("~", "~0").replace("/", "~1")[:64] for part in error.get("loc", ())]
    if kind in {"extra_forbidden", "json_invalid"}:
        parts = parts[:1]  # the last part is what the caller wrote
    return "".join(f"/{part}" for part in parts)


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _FRAMEWORK.get(error.status_code, codes.REQUEST_PARAMETER)
    logs.note(codes=[code.slug])
    return problem(request, code, status=error.status_code, headers=dict(error.headers or {}))


async def _fault(request: Request, error: Exception) -> Response:
    """A bug. The log gets type and place; the caller gets the request id only."""
    logs.fault(log, error)
    return problem(request, codes.SERVICE_FAULT)
