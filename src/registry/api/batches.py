"""/v1/verifications/batches: up to 10,000 questions in one file, answered in the background; state, result, signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from registry.api import access, bodies, claims, logs, telemetry, verification
from registry.api.edge import Edge
from registry.api.verification import SIGNED, moment
from registry.core import codes
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.services import answer_keys, asking, batch_work, batches
from registry.services import claims as claiming
from registry.services import verification as verifying
from registry.services.batches import Batch, Form

router = APIRouter(tags=["verification"])

_PATH = "/v1/verifications/batches"
_NOT_STORED = {"Cache-Control": "no-store"}
_RETRY_SECONDS = 5
_KEY = r"^[A-Za-z0-9_-]{16,128}$"
_Asking = Annotated[Caller, Depends(access.caller(Scope.VERIFY))]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    result: Form | None = Field(None, description="Form of the result; default: that of the questions")


class BatchProblem(BaseModel):
    """Why a batch ended before all was asked."""

    code: str
    title: str


class BatchBody(BaseModel):
    """Where a batch stands. `failed`: a limit or a closed access ended it; what was answered before is in the result."""

    batch_id: str
    state: batches.State
    questions: int
    answered: int
    created_at: str
    started_at: str | None
    ended_at: str | None
    expires_at: str | None = Field(description="Until when the result can be had: three days after it was made")
    error: BatchProblem | None
    result_form: Form
    result_size: int | None = Field(description="Bytes of the result")
    status_url: str
    result_url: str | None = Field(description="When there is a result; its signature is at signature_url")
    signature_url: str | None


_TYPES = {form.value: media_type for form, media_type in batches.MEDIA_TYPES.items()}
_DESCRIPTION = (
    "NDJSON in UTF-8: in each line one object with the members of POST /v1/verifications (without document and nonce), or of "
    "POST /v1/claims (without nonce). XLSX: a header with their names, in Vietnamese or as here, and one row a question."
)
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": _DESCRIPTION,
        "content": {
            _TYPES["ndjson"]: {
                "schema": {
                    "anyOf": [verification.QuestionWords.model_json_schema(), claims.ClaimWords.model_json_schema()]
                }
            },
            _TYPES["xlsx"]: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {"description": "Taken in; `Location` and `status_url` say where it stands"},
    200: {"model": BatchBody, "description": "The same file came before under the same key: this is its batch"},
}


@router.post(_PATH, response_model=BatchBody, status_code=202, responses=_RESPONSES, openapi_extra=_BODY)
async def post_batch(
    request: Request,
    caller: _Asking,
    options: Annotated[_Options, Query()],
    idempotency_key: Annotated[
        str | None,
        Header(pattern=_KEY, description="16 to 128 letters, digits, - or _: sending the file again is harmless"),
    ] = None,
) -> Response:
    """Hand in up to 10,000 questions as one file: all of it is taken, or nothing. Each is asked and kept like a single one."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "batches")
    form = _form(request)
    if edge.batch_room.locked():
        raise Refusal(codes.SERVICE_BUSY, retry_after=1)
    async with edge.batch_room:
        raw = await _body(request)
        file = batches.File(raw, form, options.result or form, idempotency_key)
        taken = await batches.submit(edge.world, caller, file, _read, datetime.now(UTC))
    logs.note(size=len(raw), batch=str(taken.batch.batch_id))
    body = _shown(taken.batch)
    headers = {**_NOT_STORED, "Location": body.status_url, "Retry-After": str(_RETRY_SECONDS)}
    return JSONResponse(body.model_dump(mode="json"), 202 if taken.new else 200, headers=headers)


@router.get(_PATH + "/{batch_id}", response_model=BatchBody)
async def get_batch(request: Request, batch_id: str, caller: _Asking) -> Response:
    """Where a batch of one's own stands."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await batches.find(edge.world, caller, batch_id)
    headers = dict(_NOT_STORED)
    if found.state in {batches.State.QUEUED, batches.State.RUNNING}:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    return JSONResponse(_shown(found).model_dump(mode="json"), headers=headers)


@router.get(
    _PATH + "/{batch_id}/result",
    response_class=StreamingResponse,
    responses={200: {"content": {media_type: {} for media_type in _TYPES.values()}}},
)
async def get_result(request: Request, batch_id: str, caller: _Asking) -> Response:
    """The answers: one line (row) for each question, in its order, with the row that it stood in."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await batches.finished(edge.world, caller, batch_id, datetime.now(UTC))
    assert found.result is not None, "finished"
    headers = {
        **_NOT_STORED,
        "Content-Disposition": f'attachment; filename="batch-{found.batch_id}.{found.form.value}"',
        "Content-Length": str(found.result.size),
        "X-Content-Type-Options": "nosniff",
    }
    parts = batches.result(edge.world, found)
    return StreamingResponse(parts, media_type=batches.MEDIA_TYPES[found.form], headers=headers)


@router.get(
    _PATH + "/{batch_id}/signature",
    response_class=Response,
    responses={200: {"content": {answer_keys.MEDIA_TYPE: SIGNED}}},
)
async def get_signature(request: Request, batch_id: str, caller: _Asking) -> Response:
    """One signed answer over the whole result: the SHA-256 of the questions as received and of the result."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    now = datetime.now(UTC)
    found = await batches.finished(edge.world, caller, batch_id, now)
    assert found.result is not None, "finished"
    key = await edge.signer.ready(edge.world, now)
    batch = {
        "questions": found.questions,
        "answered": found.answered,
        "questions_sha256": found.questions_sha256.hex(),
        "result_sha256": found.result.sha256.hex(),
        "result_type": batches.MEDIA_TYPES[found.form],
    }
    token = edge.signer.sign(key, caller.caller_id, str(found.batch_id), {"batch": batch}, now)
    return Response(token, media_type=answer_keys.MEDIA_TYPE, headers=_NOT_STORED)


@router.delete(_PATH + "/{batch_id}", status_code=204)
async def delete_batch(request: Request, batch_id: str, caller: _Asking) -> Response:
    """Delete a batch of one's own, running or not, with questions and answers. That they were asked stays on record."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    await batches.remove(edge.world, caller, batch_id)
    return Response(status_code=204, headers=_NOT_STORED)


def words() -> batch_work.Words:
    """How the background work reads questions and words answers: as the routes of single questions do."""
    return batch_work.Words(_read, _said, _refused, _count)


def _form(request: Request) -> Form:
    """Raises Refusal(request-media-type)."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    for form, expected in batches.MEDIA_TYPES.items():
        if media_type == expected and "content-encoding" not in request.headers:
            return form
    detail = " or ".join(_TYPES.values())
    raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", detail)])


async def _body(request: Request) -> bytes:
    """Raises Refusal(request-too-large)."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > batches.MOST_BYTES:
            detail = f"at most {batches.MOST_BYTES} bytes"
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", detail)])
    return bytes(raw)


def _read(members: Mapping[str, Any]) -> asking.Asked[Any, Any]:
    """The question of one line. Raises Refusal: request-parameter, verification-question."""
    if "claim" in members:
        return claims.asked(bodies.shaped(claims.ClaimWords, members))
    return verification.asked(bodies.shaped(verification.QuestionWords, members))


def _said(members: Mapping[str, Any], answered: Any) -> Mapping[str, Any]:
    """What the result says of a question that was answered."""
    if isinstance(answered, claiming.Answered):
        ids = {"question_id": str(answered.question_id), "asked_at": moment(answered.asked_at)}
        return {"question": _repeated(members), **ids, "claim": answered.said.value}
    assert isinstance(answered, verifying.Answered), "one of the two"
    return {"question": _repeated(members), "answer": verification.rendered(answered).model_dump(mode="json")}


def _refused(members: Mapping[str, Any], refusal: Refusal) -> Mapping[str, Any]:
    """What it says of one that was not."""
    error: dict[str, Any] = {"code": refusal.code.slug, "title": f"{refusal.code.title_vi} / {refusal.code.title_en}"}
    details = [finding.detail for finding in refusal.findings if finding.detail]
    return {"question": _repeated(members), "error": {**error, "detail": "; ".join(details) or None}}


def _repeated(members: Mapping[str, Any]) -> dict[str, Any]:
    if "claim" in members:
        return claims.repeated(bodies.shaped(claims.ClaimWords, members))
    return {name: members[name] for name in ("purpose", "reference")}


def _count(outcome: Any) -> None:
    if isinstance(outcome, claiming.Answered):
        telemetry.count_claim(outcome.found, pause_begins=outcome.pause_begins)
    elif isinstance(outcome, verifying.Answered):
        telemetry.count_question(outcome.answer.value, pause_begins=outcome.pause_begins)
    elif isinstance(outcome, Refusal):
        telemetry.count_limited(outcome)


def _shown(found: Batch) -> BatchBody:
    url = f"{_PATH}/{found.batch_id}"
    there = found.result is not None and found.state in {batches.State.DONE, batches.State.FAILED}
    code = codes.by_slug(found.code) if found.code is not None else None
    return BatchBody(
        batch_id=str(found.batch_id),
        state=found.state,
        questions=found.questions,
        answered=found.answered,
        created_at=moment(found.created_at),
        started_at=_moment(found.started_at),
        ended_at=_moment(found.ended_at),
        expires_at=_moment(found.expires_at),
        error=None if code is None else BatchProblem(code=code.slug, title=f"{code.title_vi} / {code.title_en}"),
        result_form=found.form,
        result_size=found.result.size if found.result is not None else None,
        status_url=url,
        result_url=f"{url}/result" if there else None,
        signature_url=f"{url}/signature" if there else None,
    )


def _moment(at: datetime | None) -> str | None:
    return None if at is None else moment(at)
