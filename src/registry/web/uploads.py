"""Forms with a file (multipart/form-data, RFC 7578): from our own pages, of this session, bounded. The file is never written down here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

from fastapi import Request

from registry.core import codes
from registry.core.findings import Finding, Refusal
from registry.services.sessions import SignedIn
from registry.web import forms

_TYPE = "multipart/form-data"
_MOST_FIELDS, _AROUND = 20, 65_536


@dataclass(frozen=True, slots=True)
class Upload:
    """The fields of a form, and its one file."""

    fields: Mapping[str, str]
    body: bytes = field(repr=False)


async def read(request: Request, signed_in: SignedIn, most: int) -> Upload:
    """A form with one file, in a field called `file`, of at most `most` bytes.

    Raises Refusal: session-form (from elsewhere, or another session's), request-media-type, request-too-large,
    request-parameter.
    """
    forms.check_origin(request)
    sent = request.headers.get("content-type", "")
    if sent.split(";")[0].strip().lower() != _TYPE or "content-encoding" in request.headers:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", _TYPE)])
    raw = bytearray(b"Content-Type: " + sent.encode("latin-1", "replace") + b"\r\n\r\n")
    most += len(raw) + _AROUND
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > most:
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", f"at most {most} bytes")])
    upload = await asyncio.to_thread(_parsed, bytes(raw))
    signed_in.check_form(upload.fields.get(forms.TOKEN, ""))
    return upload


def _parsed(raw: bytes) -> Upload:
    """The parts by name; the standard library reads what mail and forms have in common."""
    message = message_from_bytes(raw)
    parts = message.get_payload() if message.is_multipart() else []
    fields: dict[str, bytes] = {}
    if message.defects or not isinstance(parts, list) or len(parts) > _MOST_FIELDS:
        raise _wrong()
    for part in parts:
        name = part.get_param("name", header="content-disposition") if isinstance(part, Message) else None
        body = part.get_payload(decode=True) if isinstance(part, Message) else None
        if not isinstance(name, str) or not isinstance(body, bytes) or name in fields:
            raise _wrong()
        fields[name] = body
    body = fields.pop("file", b"")
    return Upload({name: value.decode("utf-8", "replace") for name, value in fields.items()}, body)


def _wrong() -> Refusal:
    return Refusal(
        codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "", "a form with each field once, and a file")]
    )
