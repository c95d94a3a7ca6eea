"""Forms with a file (multipart/form-data, RFC 7578): from our own pages, of this session, bounded. The file is never written down here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser

from fastapi import Request

from registry.core import codes
from registry.core.findings import Finding, Refusal
from registry.services.sessions import SignedIn
from registry.web import forms

_TYPE = "multipart/form-data"
_MOST_FIELDS, _AROUND, _LONGEST_HEAD, _LONGEST_BOUNDARY = 20, 65_536, 4_096, 70


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
    boundary = _boundary(sent)
    raw = bytearray()
    most += _AROUND
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > most:
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", f"at most {most} bytes")])
    upload = await asyncio.to_thread(_parsed, bytes(raw), boundary)
    signed_in.check_form(upload.fields.get(forms.TOKEN, ""))
    return upload


def _boundary(content_type: str) -> bytes:
    head = Message()
    head["Content-Type"] = content_type
    found = head.get_boundary("")
    if not 1 <= len(found) <= _LONGEST_BOUNDARY or not found.isascii():
        raise _wrong()
    return found.encode()


def _parsed(raw: bytes, boundary: bytes) -> Upload:
    """The parts by name (RFC 2046 5.1.1), in one pass: a part is bytes, whatever it looks like, and holds no parts of its own."""
    delimiter = b"\r\n--" + boundary
    before, *parts = (b"\r\n" + raw).split(delimiter, _MOST_FIELDS + 2)
    if before or not parts or parts.pop().rstrip(b"\r\n") != b"--" or len(parts) > _MOST_FIELDS:
        raise _wrong()
    fields: dict[str, bytes] = {}
    for part in parts:
        head, end, body = part.partition(b"\r\n\r\n")
        name = _name(head) if end and head.startswith(b"\r\n") and len(head) <= _LONGEST_HEAD else None
        if name is None or name in fields:
            raise _wrong()
        fields[name] = body
    body = fields.pop("file", b"")
    texts = {name: value.decode("utf-8", "replace") for name, value in fields.items()}
    if any("\x00" in text for text in texts.values()):
        raise _wrong()
    return Upload(texts, body)


def _name(head: bytes) -> str | None:
    """The name that a part's headers give it; None without one, or where the part is encoded (RFC 7578 4.7)."""
    message = BytesHeaderParser().parsebytes(head[2:])
    name = message.get_param("name", header="content-disposition")
    return name if isinstance(name, str) and "content-transfer-encoding" not in message else None


def _wrong() -> Refusal:
    return Refusal(
        codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "", "a form with each field once, and a file")]
    )
