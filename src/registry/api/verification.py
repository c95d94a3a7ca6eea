"""POST /v1/verifications: is this record genuine and current? Numbers come in a body, never in an address, and never go out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, field_validator

from registry.api import access, bodies, logs, telemetry
from registry.api.edge import Edge
from registry.core import codes, ids
from registry.core.content import ContentField
from registry.core.findings import Finding, Refusal
from registry.core.verification import Answer, ByCode, ByDocument, ByNumber, ByPupil, Question
from registry.services import answer_keys, verification

router = APIRouter(tags=["verification"])

_JSON = "application/json"
#: Beside a document, which may be as large as one that is submitted, in base64.
_MOST_BYTES = 4096
_LARGEST_VERSION = 999_999_999
_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)
_WAYS = ("transcript_code", "sha256", "personal_number", "pupil_code")
#: member -> the ways with which alone it makes sense
_BESIDE = {
    "version": ("transcript_code",),
    "school_year": ("personal_number", "pupil_code"),
    "level": ("personal_number", "pupil_code"),
}
NONCE = r"^[A-Za-z0-9_-]{16,128}$"
NONCE_SHAPE = "16 to 128 letters, digits, - or _, made at random for this question; only with Accept: application/jwt"


BLIND = r"^[A-Za-z0-9_-]{22,128}$"
BLIND_SHAPE = (
    "22 to 128 letters, digits, - or _, made at random for this question and kept: the signed answer says whom it is about as "
    "`personal_number_hmac`, HMAC-SHA-256 of the 12 digits under it; only with personal_number"
)


class QuestionWords(bodies.Strict):
    """One question. Exactly one of transcript_code, sha256, personal_number (with school_year), pupil_code."""

    transcript_code: str | None = Field(None, pattern=r"^[A-Za-z0-9-]{1,36}$", description="1 to 36 letters, digits, -")
    version: int | None = Field(
        None, ge=1, le=_LARGEST_VERSION, description=f"1 to {_LARGEST_VERSION}; without it the current version is meant"
    )
    sha256: str | None = Field(
        None,
        pattern=r"^[0-9A-Fa-f]{64}$",
        description="SHA-256 of the document as received, or of an extract (PDF), 64 hex digits",
    )
    personal_number: str | None = Field(None, pattern=r"^[0-9]{12}$", description="12 digits 0 to 9, as text")
    pupil_code: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]{1,20}$", description="Pupil code (mahocsinh): 1 to 20 letters, digits, -, _"
    )
    school_year: str | None = Field(
        None, pattern=r"^[0-9]{4}-[0-9]{4}$", description="YYYY-YYYY, two consecutive years"
    )
    level: Literal["primary", "lower_secondary", "upper_secondary"] | None = Field(
        None, description="primary, lower_secondary or upper_secondary; without it the newest accepted record is meant"
    )
    fields: list[str] | None = Field(
        None,
        max_length=len(ContentField),
        description="Content fields that the purpose allows, of: " + ", ".join(ContentField),
    )
    purpose: str = Field(min_length=1, max_length=64, description="A purpose granted to the caller")
    reference: str = Field(
        min_length=1, max_length=100, description="Reference of the procedure, 1 to 100 printable characters"
    )

    @field_validator("fields")
    @classmethod
    def _known(cls, names: list[str] | None) -> list[str] | None:
        if names is not None and not set(names) <= set(ContentField):
            raise ValueError
        return names

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


class QuestionBody(QuestionWords):
    """One question. Exactly one of transcript_code, sha256, document, personal_number (with school_year), pupil_code."""

    document: str | None = Field(
        None,
        description="The document as received, or an extract (PDF), in base64 (RFC 4648 section 4); compared by its SHA-256, not kept",
    )
    nonce: str | None = Field(None, pattern=NONCE, description=NONCE_SHAPE)
    blind: str | None = Field(None, pattern=BLIND, description=BLIND_SHAPE + " and Accept: application/jwt")


class UnitBody(BaseModel):
    """A unit that the school was a direct part of when the version was accepted: a commune, and a legacy district if it had one."""

    code: str = Field(description="<kind>:<official code>, as in commune:27169")
    name: str


class SchoolBody(BaseModel):
    """The issuing school and its unit."""

    code: str
    name: str
    units: list[UnitBody]


class SignerBody(BaseModel):
    """One signature, in the order of signing."""

    role: str | None = Field(description="teacher, principal or seal")
    signed_at: datetime | None
    hierarchy: str | None = Field(description="government or public: the hierarchy of the signer's certificate")
    certificate: str | None = Field(description="SHA-256 of the signer's certificate (DER), in hex")


class WithdrawnBody(BaseModel):
    """The signed statement that withdrew the version."""

    at: datetime
    reason: str = Field(description="As the school stated it")


class VerificationBody(BaseModel):
    """The answer. All members are always there; for held and not_known all after `answer` are null."""

    question_id: str = Field(description="Names this question in the registry's record of questions")
    asked_at: str = Field(description="RFC 3339, always with microseconds")
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
    awaits_summer: bool | None = Field(
        None,
        description="The pupil is assessed again in summer: a version will follow; null also where the purpose does not allow "
        "`promoted`",
    )
    accepted_at: datetime | None = None
    fingerprint: str | None = Field(None, description="SHA-256 of the document as received, in hex")
    extract: str | None = Field(None, description="Number of the extract, when its bytes were asked about")
    signers: list[SignerBody] | None = None
    policy: str | None = Field(None, description="Version of the signature policy it was judged under")
    rules: str | None = Field(None, description="Version of the content rules it was judged under")
    content: dict[str, Any] | None = Field(
        None, description="The fields that were asked for, as the signed document says"
    )


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _JSON: {
                "schema": {**QuestionBody.model_json_schema(), "oneOf": [{"required": [way]} for way in (*_WAYS, "document")]},
                "examples": {
                    "code": {"value": {"transcript_code": "0b5d2a34-6a5c-4a63-9a44-0f5b1a4e7f01", "purpose": "admission",
                                       "reference": "TS10-2026-0001"}},
                    "sha256": {"value": {"sha256": "0" * 64, "purpose": "admission", "reference": "TS10-2026-0001"}},
                },
            }
        },
    }
}  # fmt: skip


#: What a signed answer is, for the contract.
SIGNED: dict[str, Any] = {
    "schema": {"type": "string", "description": "Compact JWS, ES256, typ hocbaso-answer+jwt (openapi/verification.md)"}
}
_ALSO_SIGNED: dict[int | str, dict[str, Any]] = {200: {"content": {answer_keys.MEDIA_TYPE: SIGNED}}}


@router.post("/v1/verifications", response_model=VerificationBody, responses=_ALSO_SIGNED, openapi_extra=_BODY)
async def post_verification(request: Request) -> Response:
    """Ask whether a record is genuine and current. Every question is kept with its purpose, before it is answered.

    With `Accept: application/jwt` the answer is signed and bound to the caller and its nonce (openapi/verification.md).
    """
    edge: Edge = request.app.state.edge
    now, signed = datetime.now(UTC), _wants_signed(request)
    caller = await access.authenticate(request, access.VERIFYING, now)
    access.limit(request, caller, "questions")
    raw = await _body(request, edge.settings.max_body_bytes)
    sent = bodies.shaped(QuestionBody, verification.read_json(raw))
    question = _question(sent, signed=signed)
    key = await edge.signer.ready(edge.world, now) if signed else None
    why = verification.Why(sent.purpose, sent.reference, sent.nonce, now + edge.signer.valid)
    fields = frozenset(map(ContentField, sent.fields or ()))
    with telemetry.asking():
        answered = await verification.ask(
            edge.world, caller, verification.Asked(question, why, fields), now, edge.question_limits
        )
    telemetry.count_question(answered.answer.value, pause_begins=answered.pause_begins)
    logs.note(answer=answered.answer.value, question=str(answered.question_id))
    body = rendered(answered)
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if key is None:
        return Response(body.model_dump_json(), media_type=_JSON, headers=headers)
    repeated = {"purpose": sent.purpose, "reference": sent.reference, "about": _about(sent, question)}
    said = {
        "question": repeated | ({"fields": sent.fields} if sent.fields else {}),
        "answer": body.model_dump(mode="json"),
    }
    token = edge.signer.sign(key, caller.caller_id, str(answered.question_id), said, now, nonce=sent.nonce)
    return Response(token, media_type=answer_keys.MEDIA_TYPE, headers=headers)


def _about(sent: QuestionBody, question: Question) -> dict[str, Any]:
    """Whom or what a signed answer is about, in the words it was asked in, so that it can't be passed off as another's. A personal
    number is not repeated: `about_number` stands for it."""
    if isinstance(question, ByDocument):
        return {"sha256": question.fingerprint.hex()}
    named = ("transcript_code", "version", "pupil_code", "school_year", "level")
    about = {name: value for name in named if (value := getattr(sent, name)) is not None}
    return about if sent.personal_number is None else {**about_number(sent.personal_number, sent.blind), **about}


def about_number(number: str, blind: str | None) -> dict[str, str | None]:
    """What stands for a personal number in a signed answer: null, and what the number is under the asker's blind, if it sent one."""
    hidden: dict[str, str | None] = {"personal_number": None}
    return hidden if blind is None else {**hidden, answer_keys.ABOUT_NUMBER: answer_keys.about_number(blind, number)}


def _wants_signed(request: Request) -> bool:
    """Whether application/jwt is named as acceptable, and not less so than JSON (RFC 9110 section 12.5.1)."""
    qualities = {_JSON: 0.0, answer_keys.MEDIA_TYPE: 0.0}
    for part in ",".join(request.headers.getlist("accept")).lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        if media_type in qualities:
            weights = [weight for weight in parameters if weight.startswith("q=")]
            quality = _QUALITY.fullmatch(weights[0][2:]) if weights else None
            qualities[media_type] = float(quality[0]) if quality else 0.0 if weights else 1.0
    return 0.0 < qualities[answer_keys.MEDIA_TYPE] >= qualities[_JSON]


async def _body(request: Request, largest_document: int) -> bytes:
    """The raw body; raises Refusal: request-media-type, request-too-large."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != _JSON or "content-encoding" in request.headers:
        raise Refusal(codes.REQUEST_MEDIA_TYPE, [Finding(codes.REQUEST_MEDIA_TYPE, "", _JSON)])
    raw, most = bytearray(), _MOST_BYTES + (largest_document + 2) // 3 * 4
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > most:
            raise Refusal(codes.REQUEST_TOO_LARGE, [Finding(codes.REQUEST_TOO_LARGE, "", f"at most {most} bytes")])
    return bytes(raw)


def _question(sent: QuestionBody, *, signed: bool) -> Question:
    """The one way that is asked in; raises Refusal: verification-question, request-parameter (document, nonce, blind)."""
    ways = (*_WAYS, "document")
    _one_way(sent, ways)
    if signed is not (sent.nonce is not None):
        raise Refusal(codes.REQUEST_PARAMETER, [bodies.finding(QuestionBody, "nonce")])
    if sent.blind is not None and not (signed and sent.personal_number is not None):
        raise Refusal(codes.REQUEST_PARAMETER, [bodies.finding(QuestionBody, "blind")])
    if sent.document is None:
        return _of_words(sent)
    fingerprint = verification.fingerprint_of(sent.document)
    if fingerprint is None:
        raise Refusal(codes.REQUEST_PARAMETER, [bodies.finding(QuestionBody, "document")])
    return ByDocument(fingerprint)


def asked(sent: QuestionWords) -> verification.Asked:
    """The question that the members make, without a document; raises Refusal(verification-question)."""
    _one_way(sent, _WAYS)
    why = verification.Why(sent.purpose, sent.reference)
    return verification.Asked(_of_words(sent), why, frozenset(map(ContentField, sent.fields or ())))


def _of_words(sent: QuestionWords) -> Question:
    year = ids.SchoolYear.parse(sent.school_year) if sent.school_year is not None else None
    level = ids.Level(sent.level) if sent.level else None
    if sent.transcript_code is not None:
        return ByCode(sent.transcript_code, sent.version)
    if sent.sha256 is not None:
        return ByDocument(bytes.fromhex(sent.sha256))
    if sent.pupil_code is not None:
        return ByPupil(sent.pupil_code, year, level)
    assert sent.personal_number is not None, "one of the ways, checked above"
    assert year is not None, "checked with its member"
    return ByNumber(sent.personal_number, year, level)


def _one_way(sent: QuestionWords, all_ways: Sequence[str]) -> None:
    given = {name for name in (*all_ways, *_BESIDE) if getattr(sent, name) is not None}
    unclear = []
    if len(given.intersection(all_ways)) != 1:
        unclear.append(Finding(codes.VERIFICATION_QUESTION, "/body", "exactly one of " + ", ".join(all_ways)))
    for name, ways in _BESIDE.items():
        if name in given and given.isdisjoint(ways):
            unclear.append(Finding(codes.VERIFICATION_QUESTION, f"/body/{name}", "only with " + " or ".join(ways)))
    if sent.personal_number is not None and sent.school_year is None:
        unclear.append(Finding(codes.VERIFICATION_QUESTION, "/body/school_year", "needed with personal_number"))
    if unclear:
        raise Refusal(codes.VERIFICATION_QUESTION, unclear)


def rendered(answered: verification.Answered) -> VerificationBody:
    """The answer as it goes out."""
    body = VerificationBody(
        question_id=str(answered.question_id), asked_at=moment(answered.asked_at), answer=answered.answer
    )
    return body if answered.genuine is None else body.model_copy(update=_told(answered.genuine))


def moment(at: datetime) -> str:
    """Of one length whatever the moment: an answer's length says nothing."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _told(genuine: verification.Genuine) -> dict[str, Any]:
    """What the answer says of a genuine version."""
    version = genuine.version
    return {
        "school": SchoolBody(
            code=version.school_code,
            name=genuine.school_name,
            units=[UnitBody(code=unit.code, name=unit.name) for unit in genuine.units],
        ),
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
        "awaits_summer": genuine.awaits_summer,
        "accepted_at": version.accepted_at,
        "fingerprint": version.fingerprint.hex(),
        "extract": version.extract,
        "signers": [
            SignerBody(role=each.role, signed_at=each.signed_at, hierarchy=each.hierarchy, certificate=each.certificate)
            for each in genuine.signatures
        ],
        "policy": genuine.policy,
        "rules": genuine.rules,
        "content": genuine.content,
    }
