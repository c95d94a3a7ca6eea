"""Forms that change something: from our own pages, of this session, small (OWASP ASVS 5.0 V3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request

from registry.core import codes
from registry.core.findings import Finding, Refusal
from registry.services.sessions import SignedIn

#: The hidden field with the session's token.
TOKEN = "form"  # noqa: S105 - a field's name
_TYPE = "application/x-www-form-urlencoded"
_LARGEST, _MOST_FIELDS = 65_536, 100


async def read(request: Request, signed_in: SignedIn | None) -> Mapping[str, str]:
    """The fields of a form, each once; `signed_in` None: a form for people without a session.

    Raises Refusal: session-form (from elsewhere, or another session's), request-media-type, request-too-large,
    request-parameter.
    """
    check_origin(request)
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != _TYPE:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", _TYPE)])
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LARGEST:
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", f"at most {_LARGEST} bytes")])
    fields = _fields(bytes(raw))
    if signed_in is not None:
        signed_in.check_form(fields.get(TOKEN, ""))
    return fields


def check_origin(request: Request) -> None:
    """Browsers send Origin with every POST; it must be this service's, as its settings or the request's own host say.

    Raises Refusal(session-form).
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    configured = urlsplit(request.app.state.edge.settings.issuer)
    own = {f"{configured.scheme}://{configured.netloc}", f"{request.url.scheme}://{request.url.netloc}"}
    if (origin is not None and origin not in own) or site not in {"same-origin", "none"}:
        raise Refusal(codes.SESSION_FORM)


def _fields(raw: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        pairs = [("", ""), ("", "")]
    if len({name for name, _ in pairs}) != len(pairs) or any("\x00" in value for _, value in pairs):
        expected = "a form with each field once, of text"  # a database takes no NUL
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "", expected)])
    return dict(pairs)
