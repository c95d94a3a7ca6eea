"""Who is calling, with which scopes: bearer tokens on requests (RFC 6750), and the endpoint that issues them (RFC 6749, 7523)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import limiting, logs, problems, telemetry
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Code, Finding, Refusal
from registry.services import access

router = APIRouter(tags=["access"])

_FORM = "application/x-www-form-urlencoded"
_LARGEST_FORM = 16_384
_MOST_FIELDS = 20
_GRANT = "client_credentials"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 section 5.1


#: What a caller needs to ask questions.
VERIFYING = frozenset({Scope.VERIFY})


# --- who is calling ------------------------------------------------------------------------------------------------------


def caller(*scopes: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that gives the authenticated caller, whose `scopes` are those of the token that it still has.

    Raises Refusal: access-token (none, not good, caller closed), access-scope (none of the `scopes` asked for).
    """
    wanted = frozenset(scopes)

    async def authenticated(request: Request) -> Caller:
        return await authenticate(request, wanted, datetime.now(UTC))

    return authenticated


async def authenticate(request: Request, wanted: frozenset[Scope], now: datetime) -> Caller:
    """The caller of a request who has at least one of the scopes; raises as `caller` says."""
    edge: Edge = request.app.state.edge
    claims = edge.tokens.read(_bearer(request), now)
    if claims is None:
        raise Refusal(codes.ACCESS_TOKEN)
    registered = await edge.world.caller(claims.caller_id)
    logs.note(caller=registered.caller_id)
    present = registered.scopes & claims.scopes
    if wanted and not present & wanted:
        raise Refusal(codes.ACCESS_SCOPE, [Finding(codes.ACCESS_SCOPE, "", "one of: " + ", ".join(sorted(wanted)))])
    return replace(registered, scopes=present)


def limit(request: Request, caller: Caller, kind: limiting.Kind) -> None:
    """Count a request of this kind against the caller's limit; raises Refusal(request-rate)."""
    edge: Edge = request.app.state.edge
    edge.limits.count(kind, caller.caller_id)


def _bearer(request: Request) -> str:
    """The token of the one Authorization header; a second header, another scheme or a stray space is no token at all."""
    sent = request.headers.getlist("authorization")
    scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise Refusal(codes.ACCESS_TOKEN)
    return token


# --- tokens --------------------------------------------------------------------------------------------------------------


class TokenBody(BaseModel):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds")
    scope: str = Field(description="The scopes granted, separated by spaces")


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of a token request that count."""

    grant_type: str
    assertion: str
    client_id: str | None
    scope: str | None


_FORM_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"type": "string", "const": _GRANT},
                        "client_assertion_type": {"type": "string", "const": _ASSERTION_TYPE},
                        "client_assertion": {
                            "type": "string",
                            "description": "JWT signed with a registered key (ES256, PS256, EdDSA; header alg, kid): iss = sub = "
                            "caller id, aud = issuer, exp at most 300 s away, jti used once",
                        },
                        "client_id": {"type": "string", "description": "If sent, the caller id"},
                        "scope": {"type": "string", "description": "Wanted scopes; default: all that the caller has"},
                    },
                }
            }
        },
    }
}


@router.post("/oauth/token", response_model=TokenBody, openapi_extra=_FORM_SCHEMA)
async def post_token(request: Request) -> Response:
    """An access token for ten minutes, for a client assertion (client_credentials with private_key_jwt)."""
    edge: Edge = request.app.state.edge
    try:
        form = await _read_form(request)
        known = await edge.world.known()
        edge.limits.count("tokens", *_bucket(request, access.claimed_caller(form.assertion), known.callers))
        issued = await access.issue_token(
            edge.world, edge.tokens, form.assertion, form.scope, datetime.now(UTC), client_id=form.client_id
        )
    except _OAuthError as error:
        telemetry.count_token(error.code.slug)
        return _refused(request, error.error, error.code, [Finding(error.code, "", error.detail)], 400)
    except Refusal as refusal:
        telemetry.count_token(refusal.code.slug)
        known_error = _ERRORS.get(refusal.code)
        if known_error is None:
            raise
        return _refused(request, known_error[0], refusal.code, list(refusal.findings), known_error[1])
    telemetry.count_token("issued")
    logs.note(caller=issued.caller_id)
    body = TokenBody(access_token=issued.token, expires_in=issued.expires_in, scope=" ".join(sorted(issued.scopes)))
    return JSONResponse(body.model_dump(), headers=_NOT_STORED)


@router.get("/.well-known/oauth-authorization-server")
async def get_authorization_server(request: Request) -> JSONResponse:
    """Where and how to get a token (RFC 8414)."""
    edge: Edge = request.app.state.edge
    issuer = edge.settings.issuer
    return JSONResponse(
        {
            "issuer": issuer,
            "token_endpoint": f"{issuer.rstrip('/')}/oauth/token",
            "grant_types_supported": [_GRANT],
            "response_types_supported": [],
            "scopes_supported": [scope.value for scope in Scope],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(access.ALGORITHMS),
            "service_documentation": f"{issuer.rstrip('/')}/docs",
        }
    )


#: RFC 6749 section 5.2: our code -> its `error` and the status.
_ERRORS: dict[Code, tuple[str, int]] = {
    codes.ACCESS_ASSERTION: ("invalid_client", 401),
    codes.ACCESS_SCOPE: ("invalid_scope", 400),
}


class _OAuthError(Exception):
    """A token request that is wrong before anybody's key is looked at."""

    def __init__(self, error: str, detail: str, code: Code = codes.REQUEST_PARAMETER) -> None:
        super().__init__(error)
        self.error, self.detail, self.code = error, detail, code


async def _read_form(request: Request) -> _Form:
    """The fields of the body, each at most once (RFC 6749 section 3.2); unknown ones are ignored, as it says there."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
        raise _OAuthError("invalid_request", f"Content-Type {_FORM}")
    if "authorization" in request.headers:
        raise _OAuthError("invalid_request", "one way of authentication: the client assertion")  # RFC 6749 section 2.3
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LARGEST_FORM:
            raise _OAuthError("invalid_request", f"at most {_LARGEST_FORM} bytes")
    fields = _fields(bytes(raw))
    if "client_secret" in fields:
        raise _OAuthError("invalid_request", "one way of authentication: the client assertion")
    if fields.get("grant_type", _GRANT) != _GRANT:
        raise _OAuthError("unsupported_grant_type", f"grant_type {_GRANT}")
    if "grant_type" not in fields or fields.get("client_assertion_type") != _ASSERTION_TYPE:
        raise _OAuthError("invalid_request", f"grant_type {_GRANT} and client_assertion_type {_ASSERTION_TYPE}")
    if not fields.get("client_assertion"):
        raise _OAuthError("invalid_request", "client_assertion")
    return _Form(_GRANT, fields["client_assertion"], fields.get("client_id"), fields.get("scope"))


def _fields(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise _OAuthError("invalid_request", "a form of at most 20 fields") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise _OAuthError("invalid_request", "each field once")
    return dict(pairs)


def _bucket(request: Request, claimed: str | None, callers: Container[str]) -> tuple[str, str]:
    """Whose limit a token request counts against: the name it gives, if there is such a caller, at the address it comes from.

    By the name alone anybody could use up a vendor's tokens; names that nobody has are one bucket, or they would fill memory.
    """
    address = request.client.host if request.client else ""
    return (claimed if claimed is not None and claimed in callers else "", address)


def _refused(request: Request, error: str, code: Code, findings: list[Finding], status: int) -> Response:
    """An error of RFC 6749 section 5.2, with a problem's members beside its own."""
    extra = {"error": error, "error_description": code.title_en}
    logs.note(codes=[code.slug])
    response = problems.problem(request, code, findings, status=status, headers=dict(_NOT_STORED), extra=extra)
    response.headers["content-type"] = "application/json"
    return response
