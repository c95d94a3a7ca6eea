"""Signing in and out: the page, the one-time link, the way to the provider and back."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from registry.api import logs
from registry.api.edge import Edge
from registry.core import codes
from registry.core.findings import Refusal
from registry.services import sessions, sign_in
from registry.web import forms, rendering, signed_in
from registry.web.provider import Provider

router = APIRouter(route_class=rendering.PageRoute)

START = "/overview"
_ATTEMPT = "attempt"
_LONGEST_PATH = 500


@router.get("/sign-in")
async def get_sign_in(request: Request, link: str = "", next: str = "") -> Response:  # noqa: A002
    """How to sign in here; with a link, the button that uses it up: a look at the address alone (a preview) does not."""
    edge: Edge = request.app.state.edge
    name = None
    if link:
        _check_link_allowed(request)
        name = await sign_in.whose_link(edge.world, link, datetime.now(UTC))
    values = {"link": link, "name": name, "next": _own_path(next), "provider": request.app.state.provider is not None}
    return rendering.page(request, "sign_in.html", values)


@router.post("/sign-in")
async def post_link(request: Request) -> Response:
    """Use a one-time link up."""
    edge: Edge = request.app.state.edge
    fields = await forms.read(request, None)
    _check_link_allowed(request)
    now = datetime.now(UTC)
    secret = await sign_in.by_link(edge.world, fields.get("link", ""), now)
    return await _signed_in(request, secret, _own_path(fields.get("next", "")), now)


@router.get("/sign-in/provider")
async def get_provider(request: Request, next: str = "") -> Response:  # noqa: A002
    """Off to the provider."""
    edge: Edge = request.app.state.edge
    signed_in.check_secure(request)
    edge.limits.count("tokens", "sign-in", request.client.host if request.client else "")
    provider = _provider(request)
    attempt = await sign_in.begin(edge.world, _own_path(next), datetime.now(UTC))
    answer = _redirected(await provider.address(attempt))
    signed_in.keep(request, answer, attempt.secret, _ATTEMPT)
    return answer


@router.get("/sign-in/callback")
async def get_callback(request: Request, code: str = "", state: str = "", iss: str = "") -> Response:
    """Back from the provider, with a code or an error."""
    edge: Edge = request.app.state.edge
    provider = _provider(request)
    now = datetime.now(UTC)
    attempt, next_path = await sign_in.come_back(edge.world, signed_in.secret_of(request, _ATTEMPT), state, now)
    if not code or iss not in {"", provider.expected.issuer}:  # RFC 9207: an answer that names another issuer
        raise sign_in.refused_by_provider()
    token = await provider.id_token(code, attempt)
    keys = await provider.keys()
    now = datetime.now(UTC)
    if not sign_in.knows_key(token, keys, provider.expected, attempt.nonce, now):
        keys = await provider.keys(again=True)
    secret = await sign_in.by_id_token(edge.world, provider.expected, token, keys, attempt.nonce, now)
    answer = await _signed_in(request, secret, next_path, now)
    signed_in.forget(request, answer, _ATTEMPT)
    return answer


@router.post("/sign-out")
async def post_sign_out(request: Request, somebody: signed_in.Perhaps) -> Response:
    """End the session, here or everywhere; without one there is nothing to do."""
    edge: Edge = request.app.state.edge
    answer = _redirected("/")
    if somebody is not None:
        fields = await forms.read(request, somebody)
        if fields.get("everywhere"):
            await sessions.end_all(edge.world, somebody.person.person_id, datetime.now(UTC))
        else:
            await sessions.end(edge.world, signed_in.secret_of(request), datetime.now(UTC))
    signed_in.forget(request, answer)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


async def _signed_in(request: Request, secret: str, next_path: str, now: datetime) -> Response:
    """A new session begins and the browser's earlier one ends."""
    edge: Edge = request.app.state.edge
    await sessions.end(edge.world, signed_in.secret_of(request), now)
    logs.note(outcome="signed-in")
    answer = _redirected(next_path)
    signed_in.keep(request, answer, secret)
    return answer


def _redirected(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303, headers=rendering.HEADERS)


def _provider(request: Request) -> Provider:
    found: Provider | None = request.app.state.provider
    if found is None:
        raise Refusal(codes.REQUEST_PATH)
    return found


def _check_link_allowed(request: Request) -> None:
    edge: Edge = request.app.state.edge
    signed_in.check_secure(request)
    if not edge.settings.sign_in_links and not signed_in.is_here(request):
        raise Refusal(codes.SESSION_LINK)


def _own_path(path: str) -> str:
    """A path of this service, or the first page for people who are signed in (no open redirect: ASVS 5.0 V3.7.2)."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isascii() and path.isprintable()
    return path if own and len(path) <= _LONGEST_PATH and "\\" not in path else START
