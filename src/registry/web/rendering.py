"""How a page comes about: language, template, security headers; refusals as pages. What a page says is not decided here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import jinja2
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute

from registry.api import logs, problems
from registry.core import codes
from registry.core.findings import Finding, Refusal
from registry.web import languages, words

Say: TypeAlias = Callable[[str], str]
STATIC_PATH = "/static"
STATIC_FOLDER = Path(__file__).parent / "static"
LANGUAGE_COOKIE = "language"
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")

#: Nothing from elsewhere, no inline script or style, no frame, no form to another place (OWASP ASVS 5.0 V3.4).
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with "no-referrer" browsers send forms with "Origin: null"
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def language(request: Request) -> str:
    """The language a page is shown in: `?lang=`, else the reader's earlier choice, else Vietnamese."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wanted in languages.LANGUAGES:
            return str(wanted)
    return "vi"


def page(
    request: Request, template: str, values: Mapping[str, Any] | None = None, *, status: int = 200
) -> HTMLResponse:
    """A page from a template (`templates/<template>`); a choice of language by `?lang=` is remembered."""
    shown_in = language(request)
    environment = _ENVIRONMENTS[shown_in]
    other = next(each for each in languages.LANGUAGES if each != shown_in)
    common = {
        "language": shown_in,
        "other_language": other,
        "other_language_url": str(request.url.include_query_params(lang=other).replace(scheme="", netloc="")),
        "path": request.url.path,
        "here": str(request.url.replace(scheme="", netloc="")) if request.method == "GET" else "/",
        "somebody": getattr(request.state, "signed_in", None),
    }
    html = environment.get_template(template).render({**common, **(values or {})})
    answer = HTMLResponse(html, status, headers={**HEADERS, "Content-Language": shown_in})
    if request.query_params.get("lang") in languages.LANGUAGES:
        secure = request.url.scheme == "https"
        answer.set_cookie(LANGUAGE_COOKIE, shown_in, max_age=31_536_000, httponly=True, samesite="lax", secure=secure)
    return answer


def picture(request: Request, template: str, values: Mapping[str, Any]) -> Response:
    """A drawing from a template, in the reader's language; it can't load or run anything."""
    drawn = _ENVIRONMENTS[language(request)].get_template(template).render(values)
    return Response(drawn, media_type="image/svg+xml", headers=HEADERS)


def now() -> datetime:
    """This moment: read once a request, at the edge."""
    return datetime.now(UTC)


def translator(request: Request) -> Say:
    """Texts in the reader's language, for files."""
    return _CATALOGUES[language(request)].gettext


def refused(request: Request, refusal: Refusal) -> HTMLResponse:
    """A refusal as a page: its title, how to mend it, and the findings, in the reader's language."""
    logs.note(codes=[refusal.code.slug])
    answer = page(request, "refused.html", {"refusal": refusal}, status=problems.STATUS[refusal.code.kind])
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


class PageRoute(APIRoute):
    """A route whose refusals are pages. Give it as `route_class` to the APIRouter of pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with refusals turned into pages."""
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except Refusal as refusal:
                return refused(request, refusal)
            except RequestValidationError as error:
                wrong = [Finding(codes.REQUEST_PARAMETER, "", str(each["loc"][-1])[:40]) for each in error.errors()]
                return refused(request, Refusal(codes.REQUEST_PARAMETER, wrong))

        return answered


def _environment(shown_in: str) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("registry.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,  # else the files are looked at with every page
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(_CATALOGUES[shown_in], newstyle=True)  # type: ignore[attr-defined]
    made.globals["static"] = _static
    made.filters["moment"] = moment
    made.filters["day"] = day
    made.filters["date"] = calendar_day
    made.filters["share"] = share if shown_in == "vi" else share_en
    made.globals.update(buckets=words.BUCKETS, lights=words.LIGHTS, roles=words.ROLES)
    made.filters["number"] = number if shown_in == "vi" else number_en
    return made


def moment(value: datetime) -> str:
    """dd/mm/yyyy hh:mm in Vietnam's time."""
    return value.astimezone(HANOI).strftime("%d/%m/%Y %H:%M")


def day(value: datetime) -> str:
    """dd/mm/yyyy in Vietnam's time."""
    return value.astimezone(HANOI).strftime("%d/%m/%Y")


def calendar_day(value: date) -> str:
    """dd/mm/yyyy of a day."""
    return value.strftime("%d/%m/%Y")


def share(part: int, whole: int) -> str:
    """A percentage with one decimal, rounded down, so that 100 % means all; it stands only beside its counts."""
    return share_en(part, whole).replace(".", ",")


def share_en(part: int, whole: int) -> str:
    """The same with a decimal point; "" of nothing."""
    return f"{part * 1000 // whole / 10:.1f} %" if whole else ""


def number(value: int) -> str:
    """With a point between thousands, as Vietnamese has it."""
    return f"{value:,}".replace(",", ".")


def number_en(value: int) -> str:
    """With a comma between thousands."""
    return f"{value:,}"


@dataclass(frozen=True, slots=True)
class Shown:
    """Numbers in a language, for what is not made by a template."""

    language: str

    def number(self, value: int) -> str:
        """With marks between thousands."""
        return number(value) if self.language == "vi" else number_en(value)

    def share(self, part: int, whole: int) -> str:
        """A percentage."""
        return share(part, whole) if self.language == "vi" else share_en(part, whole)


def _static(name: str) -> str:
    """The address of a static file; it changes with the file, so that no browser keeps an old one."""
    return _STATIC[name]


_STATIC = {
    file.relative_to(STATIC_FOLDER).as_posix(): f"{STATIC_PATH}/{file.relative_to(STATIC_FOLDER).as_posix()}"
    f"?{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
    for file in sorted(STATIC_FOLDER.rglob("*"))
    if file.is_file()
}
_CATALOGUES = languages.catalogues()
_ENVIRONMENTS = {each: _environment(each) for each in languages.LANGUAGES}
