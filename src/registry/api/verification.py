"""POST /v1/verifications: is this record genuine and current? Numbers come in a body, never in an address, and never go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from registry.api import access, logs, telemetry
from registry.api.edge import Edge
from registry.core import codes, ids
from registry.core.callers import Caller, Scope
from registry.core.findings import Finding, Refusal
from registry.core.verification import Answer, ByCode, ByDocument, ByNumber, Question
from registry.services import verification

router = APIRouter(tags=["verification"])

_JSON = "application/json"
_MOST_BYTES = 4096
_LARGEST_VERSION = 999_999_999
_WAYS = ("transcript_code", "sha256", "personal_number")
#: way -> the members that only make sense with it
_BESIDE = {"version": "transcript_code", "school_year": "personal_number", "level": "personal_number"}


class QuestionBody(BaseModel):
    """One question. Exactly one of transcript_code, sha256, personal_number (the last with school_year)."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    transcript_code: str | None = Field(None, pattern=r"^[A-Za-z0-9-]{1,36}$", description="1 to 36 letters, digits, -")
    version: int | None = Field(
        None, ge=1, le=_LARGEST_VERSION, description=f"1 to {_LARGEST_VERSION}; without it the current version is meant"
    )
    sha256: str | None = Field(
        None, pattern=r"^[0-9A-Fa-f]{64}$", description="SHA-256 of the document as received, 64 hex digits"
    )
    personal_number: str | None = Field(None, pattern=r"^[0-9]{12}$", description="12 digits 0 to 9, as text")
    school_year: str | None = Field(
        None, pattern=r"^[0-9]{4}-[0-9]{4}$", description="YYYY-YYYY, two consecutive years"
    )
    level: Literal["primary", "lower_secondary", "upper_secondary"] | None = Field(
        None, description="primary, lower_secondary or upper_secondary; without it the newest accepted record is meant"
    )
    purpose: str = Field(min_length=1, max_length=64, description="A purpose granted to the caller")
    reference: str = Field(
        min_length=1, max_length=100, description="Reference of the procedure, 1 to 100 printable characters"
    )

    @field_validator("school_year")
    @classmethod
    def _consecutive(cls, text: str | None) -> str | None:
        if text is not None and ids.SchoolYear.parse(text) is None:
            raise ValueError
        return text

    @field_validator("reference")
    @classmethod
    def _printable(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError
        return text


class SchoolBody(BaseModel):
    """The issuing school."""

    code: str
    name: str


class SignerBody(BaseModel):
    """One signature, in the order of signing."""

    role: str | None = Field(description="teacher, principal or seal")
    signed_at: datetime | None
    hierarchy: str | None = Field(description="government or public: the hierarchy of the signer's certificate")


class WithdrawnBody(BaseModel):
    """The signed statement that withdrew the version."""

    at: datetime
    reason: str = Field(description="As the school stated it")


class VerificationBody(BaseModel):
    """The answer. All members are always there; for held and not_known all after `answer` are null."""

    question_id: str = Field(description="Names this question in the registry's record of questions")
    asked_at: datetime
    answer: Answer = Field(
        description="not_known also stands for records of schools outside the caller's units and for refused documents"
    )
    school: SchoolBody | None = None
    school_year: str | None = None
    level: str | None = None
    grade: int | None = None
    transcript_code: str | None = None
    version: int | None = Field(None, description="The version the answer is about")
    current_version: int | None = Field(None, description="The greatest version there is, withdrawn or not")
    replaced_by: int | None = Field(None, description="The version that counts in the place of this one, if any does")
    withdrawn: WithdrawnBody | None = Field(None, description="When and why, for genuine_withdrawn")
    awaits_summer: bool | None = Field(None, description="The pupil is assessed again in summer: a version will follow")
    accepted_at: datetime | None = None
    fingerprint: str | None = Field(None, description="SHA-256 of the document as received, in hex")
    signers: list[SignerBody] | None = None
    policy: str | None = Field(None, description="Version of the signature policy it was judged under")
    rules: str | None = Field(None, description="Version of the content rules it was judged under")


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _JSON: {
                "schema": {**QuestionBody.model_json_schema(), "oneOf": [{"required": [way]} for way in _WAYS]},
                "examples": {
                    "code": {"value": {"transcript_code": "0b5d2a34-6a5c-4a63-9a44-0f5b1a4e7f01", "purpose": "admission",
                                       "reference": "TS10-2026-0001"}},
                    "document": {"value": {"sha256": "0" * 64, "purpose": "admission", "reference": "TS10-2026-0001"}},
                },
            }
        },
    }
}  # fmt: skip


@router.post("/v1/verifications", response_model=VerificationBody, openapi_extra=_BODY)
async def post_verification(
    request: Request, caller: Annotated[Caller, Depends(access.caller(Scope.VERIFY))]
) -> Response:
    """Ask whether a record is genuine and current. Every question is kept with its purpose, before it is answered."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    sent = _read(verification.read_json(await _body(request)))
    asked = verification.Asked(_question(sent), sent.purpose, sent.reference)
    answered = await verification.ask(edge.world, caller, asked, datetime.now(UTC))
    telemetry.count_question(answered.answer.value)
    logs.note(answer=answered.answer.value, question=str(answered.question_id))
    return JSONResponse(_rendered(answered).model_dump(mode="json"), headers={"Cache-Control": "no-store"})


async def _body(request: Request) -> bytes:
    """The raw body; raises Refusal: request-media-type, request-too-large."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != _JSON or "content-encoding" in request.headers:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", _JSON)])
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MOST_BYTES:
            detail = f"at most {_MOST_BYTES} bytes"
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", detail)])
    return bytes(raw)


def _read(value: Any) -> QuestionBody:
    """The members in their shapes; raises Refusal(request-parameter) with one finding per member, values left out."""
    try:
        return QuestionBody.model_validate(value)
    except ValidationError as error:
        wrong = {str(e["loc"][0]) if e["loc"] and e["type"] != "extra_forbidden" else "" for e in error.errors()}
        found = [_finding(name) for name in ("", *QuestionBody.model_fields) if name in wrong]
    raise Refusal(codes.REQUEST_PARAMETER, found)  # outside the block: its context would hold what was sent


def _finding(name: str) -> Finding:
    if not name:
        detail = "a JSON object with the members " + ", ".join(QuestionBody.model_fields)
        return Finding(codes.REQUEST_PARAMETER, "/body", detail)
    return Finding(codes.REQUEST_PARAMETER, f"/body/{name}", QuestionBody.model_fields[name].description or "")


def _question(sent: QuestionBody) -> Question:
    """The one way that is asked in; raises Refusal(verification-question)."""
    given = {name for name in (*_WAYS, *_BESIDE) if getattr(sent, name) is not None}
    unclear = []
    if len(given.intersection(_WAYS)) != 1:
        unclear.append(Finding(codes.VERIFICATION_QUESTION, "/body", "exactly one of " + ", ".join(_WAYS)))
    for name, way in _BESIDE.items():
        if name in given and way not in given:
            unclear.append(Finding(codes.VERIFICATION_QUESTION, f"/body/{name}", f"only with {way}"))
    if sent.personal_number is not None and sent.school_year is None:
        unclear.append(Finding(codes.VERIFICATION_QUESTION, "/body/school_year", "needed with personal_number"))
    if unclear:
        raise Refusal(codes.VERIFICATION_QUESTION, unclear)
    if sent.transcript_code is not None:
        return ByCode(sent.transcript_code, sent.version)
    if sent.sha256 is not None:
        return ByDocument(bytes.fromhex(sent.sha256))
    year = ids.SchoolYear.parse(sent.school_year or "")
    assert sent.personal_number is not None, "one of the three ways, checked above"
    assert year is not None, "checked with its member"
    return ByNumber(sent.personal_number, year, ids.Level(sent.level) if sent.level else None)


def _rendered(answered: verification.Answered) -> VerificationBody:
    body = VerificationBody(question_id=str(answered.question_id), asked_at=answered.asked_at, answer=answered.answer)
    return body if answered.genuine is None else body.model_copy(update=_told(answered.genuine))


def _told(genuine: verification.Genuine) -> dict[str, Any]:
    """What the answer says of a genuine version."""
    version = genuine.version
    return {
        "school": SchoolBody(code=version.school_code, name=genuine.school_name),
        "school_year": version.school_year,
        "level": version.level,
        "grade": version.grade,
        "transcript_code": version.transcript_code,
        "version": version.version,
        "current_version": version.current_version,
        "replaced_by": version.replaced_by,
        "withdrawn": WithdrawnBody(at=genuine.withdrawn.at, reason=genuine.withdrawn.reason)
        if genuine.withdrawn
        else None,
        "awaits_summer": version.awaits_summer,
        "accepted_at": version.accepted_at,
        "fingerprint": version.fingerprint.hex(),
        "signers": [
            SignerBody(role=signature.role, signed_at=signature.signed_at, hierarchy=signature.hierarchy)
            for signature in genuine.signatures
        ],
        "policy": genuine.policy,
        "rules": genuine.rules,
    }
