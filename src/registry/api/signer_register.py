"""The register of signers over HTTP: GET /v1/signers, POST /v1/signers/{school_code} and .../close. Numbers come in, never go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry.api import access, logs, paging, parameters
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.core.signers import HolderKind, Title
from registry.core.trust import Role
from registry.services import cursors, signers

M = TypeVar("M", bound=BaseModel)
router = APIRouter(tags=["signers"])

_JSON, _CSV = "application/json", "text/csv"
_MOST_BYTES = 4_000_000
_MOST_ROWS = 500
_NOT_STORED = {"Cache-Control": "no-store"}
_PATH_SCHOOL = "/path/school_code"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class RegistrationBody(_Strict):
    """One registration to be made; members as the columns of the table that `registry signer import` takes."""

    certificate: str = Field(max_length=90_000, description="PEM, or DER in base64")
    role: str = Field(max_length=20, description="teacher, principal or seal")
    valid_from: str = Field(max_length=40, description="ISO date or date with time; without time zone: UTC+7")
    valid_to: str | None = Field(None, max_length=40, description="As valid_from; null: no end")
    holder: str | None = Field(
        None,
        max_length=64,
        description="CCCD: and 12 digits, or CMND:, HC:, BHXH:, PID:, PPID: of a person; MST: and a tax code of a seal. "
        "Without it the one in the certificate counts",
    )
    title: str | None = Field(None, max_length=20, description="head, deputy or acting; of a principal")


class RegistrationsBody(_Strict):
    """Registrations of one school."""

    signers: list[RegistrationBody] = Field(min_length=1, max_length=_MOST_ROWS, description="1 to 500 registrations")


class ClosingBody(_Strict):
    """Which registration to end."""

    certificate: str = Field(pattern=r"^[0-9A-Fa-f]{64}$", description="SHA-256 of the DER form, 64 hex digits")
    role: str = Field(pattern=r"^(teacher|principal|seal)$", description="teacher, principal or seal")
    at: str | None = Field(None, max_length=40, description="ISO date or date with time; without it now")
    reason: str = Field(
        min_length=1, max_length=signers.LONGEST_REASON, description="1 to 200 characters, nobody's number"
    )


class DifferenceBody(BaseModel):
    """What the list did, in registrations."""

    new: int
    changed: int = Field(description="Period, title or holder")
    unchanged: int
    closed: int = Field(description="Closed before by somebody, and left so")


class SignerRowBody(BaseModel):
    """A registration. The holder's number is not shown: `holder_known` says whether the register has it."""

    certificate: str = Field(description="SHA-256, hexadecimal")
    issuer: str
    serial: str = Field(description="hexadecimal")
    holder: str = Field(description="Common name and organisation in the certificate, without numbers")
    holder_kind: HolderKind | None
    holder_known: bool
    role: Role
    title: Title | None
    valid_from: datetime
    valid_to: datetime | None
    closed_at: datetime | None = Field(description="When somebody ended it")


class SignersBody(BaseModel):
    """The registrations at a school, past and present, by role and beginning."""

    school_code: str
    signers: list[SignerRowBody]
    next: str | None = Field(description=paging.NEXT)


class _Question(paging.Paged):
    school: str = Field(max_length=20, description="School code", examples=["79771101"])


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(False, description="Say what would change and what is wrong, and change nothing")


def _described(schema: dict[str, Any], **more: str) -> dict[str, Any]:
    content: dict[str, Any] = {_JSON: {"schema": schema}}
    content |= {kind: {"schema": {"type": "string", "description": text}} for kind, text in more.items()}
    return {"requestBody": {"required": True, "content": content}}


_LIST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "signers": {
            "type": "array", "minItems": 1, "maxItems": _MOST_ROWS, "items": RegistrationBody.model_json_schema()
        }
    },
    "required": ["signers"],
    "additionalProperties": False,
}  # fmt: skip
_SHEET = (
    "The same as a table in UTF-8: certificate, school_code, role, valid_from, valid_to; and holder, title where wanted; "
    f"at most {_MOST_ROWS} rows, all of the school of the address"
)
_School = Annotated[str, Path(max_length=20)]
_Operator = Annotated[Caller, Depends(access.caller(Scope.OPERATE))]


@router.get("/v1/signers", response_model=SignersBody)
async def get_signers(
    request: Request,
    caller: Annotated[Caller, Depends(access.caller(Scope.COMPLETENESS, Scope.OPERATE))],
    question: Annotated[_Question, Query()],
) -> Response:
    """The registrations at a school of the caller's units."""
    edge: Edge = request.app.state.edge
    signers.within(caller, question.school, "/query/school")
    found = await signers.look(edge.world, question.school)
    shown, more = cursors.cut(found, _place, paging.behind(request, question), question.limit)
    rows = [_row(each) for each in shown]
    body = SignersBody(school_code=question.school, signers=rows, next=paging.following(request, question, more))
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


@router.post(
    "/v1/signers/{school_code}", response_model=DifferenceBody, openapi_extra=_described(_LIST, **{_CSV: _SHEET})
)
async def post_signers(
    request: Request, school_code: _School, caller: _Operator, options: Annotated[_Options, Query()]
) -> Response:
    """Register signers of a school, as a difference: who is not named stays, the same again changes nothing."""
    edge: Edge = request.app.state.edge
    signers.within(caller, school_code, _PATH_SCHOOL)
    kind, raw = await _body(request, _JSON, _CSV)
    now, origin = datetime.now(UTC), signers.Origin("POST /v1/signers", caller.caller_id)
    if kind == _CSV:
        report = await signers.import_sheet(
            edge.world, raw, school_code, now, origin, most_rows=_MOST_ROWS, dry_run=options.dry_run
        )
    else:
        sent = _read(RegistrationsBody, signers.read_json(raw))
        entries = [(_cells(each, school_code), each.certificate) for each in sent.signers]
        report = await signers.import_sent(edge.world, entries, now, origin, dry_run=options.dry_run)
    logs.note(new=report.new, changed=report.changed)
    body = DifferenceBody(new=report.new, changed=report.changed, unchanged=report.unchanged, closed=report.closed)
    return JSONResponse(body.model_dump(), headers=_NOT_STORED)


@router.post(
    "/v1/signers/{school_code}/close",
    response_model=SignersBody,
    openapi_extra=_described(ClosingBody.model_json_schema()),
)
async def post_closing(request: Request, school_code: _School, caller: _Operator) -> Response:
    """End a registration at a moment; what was signed before it stays good. Answers with all of the school's registrations."""
    edge: Edge = request.app.state.edge
    signers.within(caller, school_code, _PATH_SCHOOL)
    _, raw = await _body(request, _JSON)
    sent = _read(ClosingBody, signers.read_json(raw))
    now = datetime.now(UTC)
    at = now if sent.at is None else parameters.moment(_moment(sent.at)) or now
    closing = signers.Closing(bytes.fromhex(sent.certificate), school_code, Role(sent.role), at, sent.reason)
    await signers.close(edge.world, closing, now, signers.Origin("POST /v1/signers/close", caller.caller_id))
    rows = await signers.look(edge.world, school_code)
    body = SignersBody(school_code=school_code, signers=[_row(shown) for shown in rows], next=None)
    return JSONResponse(body.model_dump(mode="json"), headers=_NOT_STORED)


async def _body(request: Request, *kinds: str) -> tuple[str, bytes]:
    """Media type and raw body; raises Refusal: request-media-type, request-too-large."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in kinds or "content-encoding" in request.headers:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", " or ".join(kinds))])
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BYTES:
            detail = f"at most {_MOST_BYTES} bytes"
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", detail)])
    return media_type, bytes(raw)


def _read(model: type[M], value: Any) -> M:
    """The members in their shapes; raises Refusal(request-parameter) with one finding per member, values left out."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = list(dict.fromkeys(_finding(model, e["loc"], e["type"]) for e in error.errors()))[:50]
    raise Refusal(codes.REQUEST_PARAMETER, found)  # outside the block: its context would hold what was sent


def _finding(model: type[BaseModel], place: tuple[int | str, ...], kind: str) -> Finding:
    """A member nobody knows is not named: its name may be anything that was sent."""
    known = place[:-1] if kind == "extra_forbidden" else place
    inner = RegistrationBody if len(known) > 1 or (known and kind == "extra_forbidden") else model
    field = inner.model_fields.get(str(known[-1])) if known else None
    detail = (
        field.description if field is not None else "a JSON object with the members " + ", ".join(inner.model_fields)
    )
    return Finding(codes.REQUEST_PARAMETER, "/".join(("/body", *map(str, known))), detail or "")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        finding = Finding(codes.REQUEST_PARAMETER, "/body/at", ClosingBody.model_fields["at"].description or "")
    raise Refusal(codes.REQUEST_PARAMETER, [finding])


def _cells(sent: RegistrationBody, school_code: str) -> dict[str, str]:
    return {
        "school_code": school_code,
        "role": sent.role,
        "valid_from": sent.valid_from,
        "valid_to": sent.valid_to or "",
        "holder": sent.holder or "",
        "title": sent.title or "",
    }


def _place(shown: signers.Shown) -> cursors.Place:
    its = shown.registration.signer
    return its.role.value, its.valid_from.isoformat(), its.certificate.hex()


def _row(shown: signers.Shown) -> SignerRowBody:
    registration = shown.registration
    its = registration.signer
    return SignerRowBody(
        certificate=its.certificate.hex(),
        issuer=registration.issuer,
        serial=registration.serial,
        holder=shown.holder,
        holder_kind=registration.holder_kind,
        holder_known=registration.holder_index is not None,
        role=its.role,
        title=registration.title,
        valid_from=its.valid_from,
        valid_to=its.valid_to,
        closed_at=registration.closed_at,
    )
