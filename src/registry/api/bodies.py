"""Small JSON bodies, read strictly into a model, and tables as files. What was sent is in no answer and no log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError

from registry.api import logs
from registry.core import codes
from registry.core.findings import Finding, Refusal

M = TypeVar("M", bound=BaseModel)
_JSON = "application/json"
_MOST_BYTES = 4096
_CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Strict(BaseModel):
    """A body whose members are all known, of their own types; each has a description that says what is expected."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def described(model: type[BaseModel]) -> dict[str, Any]:
    """What the contract says about a body that is read by `read`."""
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": model.model_json_schema()}}}}


async def read(request: Request, model: type[M], parse: Callable[[bytes], Any]) -> M:
    """The body as the model says; raises Refusal: request-media-type, request-too-large, request-parameter."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != _JSON or "content-encoding" in request.headers:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", _JSON)])
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BYTES:
            detail = f"at most {_MOST_BYTES} bytes"
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", detail)])
    return shaped(model, parse(bytes(raw)))


def described_table(columns: str) -> dict[str, Any]:
    """What the contract says about a body that is read by `table`."""
    binary = {"type": "string", "format": "binary", "description": columns}
    content = {_CSV: {"schema": {"type": "string", "description": columns}}, XLSX: {"schema": binary}}
    return {"requestBody": {"required": True, "content": content}}


async def table(request: Request, most: int) -> bytes:
    """A CSV or XLSX file of at most so many bytes; raises Refusal: request-media-type, request-too-large."""
    media_type, _, charset = request.headers.get("content-type", "").lower().partition(";")
    kind, said = media_type.strip(), charset.strip().replace('"', "")
    fits = kind == XLSX or (kind == _CSV and said in {"", "charset=utf-8", "charset=utf-16"})
    if not fits or "content-encoding" in request.headers:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", f"{_CSV}, UTF-8; or {XLSX}")])
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > most:
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", f"at most {most} bytes")])
    logs.note(size=len(raw))
    return bytes(raw)


def shaped(model: type[M], value: Any) -> M:
    """The members in their shapes; raises Refusal(request-parameter) with one finding per member, values left out."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong = {str(e["loc"][0]) if e["loc"] and e["type"] != "extra_forbidden" else "" for e in error.errors()}
        found = [finding(model, name) for name in ("", *model.model_fields) if name in wrong]
    raise Refusal(codes.REQUEST_PARAMETER, found)  # outside the block: its context would hold what was sent


def finding(model: type[BaseModel], name: str) -> Finding:
    """That a member is not as it must be; without a name, that there is one too many or none at all."""
    if not name:
        detail = "a JSON object with the members " + ", ".join(model.model_fields)
        return Finding(codes.REQUEST_PARAMETER, "/body", detail)
    return Finding(codes.REQUEST_PARAMETER, f"/body/{name}", model.model_fields[name].description or "")
