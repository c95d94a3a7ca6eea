"""POST /v1/claims: yes, no or cannot say, signed. Numbers come in a body and never go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field, field_validator

from registry.api import access, bodies, logs, telemetry
from registry.api.edge import Edge
from registry.api.verification import BLIND, BLIND_SHAPE, NONCE, SIGNED, about_number
from registry.core import codes, ids
from registry.core.claims import COMPLETED_BY, NEEDS, Claim, ClaimKind
from registry.core.findings import Finding, Refusal
from registry.core.subjects import Subject
from registry.services import answer_keys, claims, verification

router = APIRouter(tags=["verification"])

_WAYS = {"transcript_code": "transcript_code", "personal_number": "number", "pupil_code": "pupil_code"}
_GIVEN = ("school_year", "grade", "level", "subject", "threshold")


class ClaimWords(bodies.Strict):
    """One claim about one pupil. Exactly one of transcript_code, personal_number, pupil_code."""

    transcript_code: str | None = Field(
        None, pattern=r"^[A-Za-z0-9-]{1,36}$", description="Of any record of the pupil: 1 to 36 letters, digits, -"
    )
    personal_number: str | None = Field(None, pattern=r"^[0-9]{12}$", description="12 digits 0 to 9, as text")
    pupil_code: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,20}$", description="1 to 20 letters, digits, -, _")
    claim: Literal["grade_finished", "promoted", "result_at_least", "average_at_least", "level_completed"] = Field(
        description="grade_finished (grade), promoted (school_year), result_at_least (school_year, threshold), "
        "average_at_least (school_year, subject, threshold) or level_completed (level)"
    )
    school_year: str | None = Field(
        None, pattern=r"^[0-9]{4}-[0-9]{4}$", description="YYYY-YYYY, two consecutive years"
    )
    grade: int | None = Field(None, ge=1, le=12, description="1 to 12")
    level: Literal["primary", "lower_secondary"] | None = Field(None, description="primary or lower_secondary")
    subject: str | None = Field(None, description="A subject: " + ", ".join(Subject))
    threshold: str | None = Field(
        None,
        max_length=8,
        description="One that the purpose allows: a result (HT, K...) or an average with one decimal",
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

    @field_validator("subject")
    @classmethod
    def _taught(cls, text: str | None) -> str | None:
        if text is not None and text not in set(Subject):
            raise ValueError
        return text

    @field_validator("reference")
    @classmethod
    def _printable(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError
        return text


class ClaimBody(ClaimWords):
    """One claim about one pupil. Exactly one of transcript_code, personal_number, pupil_code."""

    nonce: str = Field(pattern=NONCE, description="16 to 128 letters, digits, - or _, made at random for this claim")
    blind: str | None = Field(None, pattern=BLIND, description=BLIND_SHAPE)


_RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": {answer_keys.MEDIA_TYPE: SIGNED}}}


@router.post("/v1/claims", response_class=Response, responses=_RESPONSES, openapi_extra=bodies.described(ClaimBody))
async def post_claim(request: Request) -> Response:
    """Claim something about a pupil's results: yes, no or cannot_say in a signed answer, and no data with it.

    Of a pupil's result only one threshold may be asked about; the same question gives the same answer again.
    """
    edge: Edge = request.app.state.edge
    now = datetime.now(UTC)
    caller = await access.authenticate(request, access.VERIFYING, now)
    access.limit(request, caller, "questions")
    sent = await bodies.read(request, ClaimBody, verification.read_json)
    wanted = asked(sent, sent.nonce, now + edge.signer.valid)
    if sent.blind is not None and sent.personal_number is None:
        raise Refusal(codes.REQUEST_PARAMETER, [bodies.finding(ClaimBody, "blind")])
    key = await edge.signer.ready(edge.world, now)
    with telemetry.asking():
        answered = await claims.ask(edge.world, caller, wanted, now, edge.question_limits)
    telemetry.count_claim(answered.found, pause_begins=answered.pause_begins)
    logs.note(question=str(answered.question_id))
    said = {"question": {**repeated(sent), "about": _about(sent)}, "claim": answered.said.value}
    token = edge.signer.sign(key, caller.caller_id, str(answered.question_id), said, now, nonce=sent.nonce)
    return Response(token, media_type=answer_keys.MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def asked(sent: ClaimWords, nonce: str | None = None, nonce_ends: datetime | None = None) -> claims.Asked:
    """The claim that the members make; raises Refusal(verification-question)."""
    way, claim = _way(sent), _claim(sent)
    why = verification.Why(sent.purpose, sent.reference, nonce, nonce_ends)
    return claims.Asked(_WAYS[way], getattr(sent, way), claim, why)


def repeated(sent: ClaimWords) -> dict[str, Any]:
    """What an answer repeats of the claim: all but whom it is about."""
    given = {name: value for name in _GIVEN if (value := getattr(sent, name)) is not None}
    return {"purpose": sent.purpose, "reference": sent.reference, "claim": sent.claim, **given}


def _about(sent: ClaimBody) -> dict[str, str | None]:
    """Of whom it was claimed, in the words it was asked in: a yes can't be shown as somebody else's. No personal number."""
    if sent.personal_number is not None:
        return about_number(sent.personal_number, sent.blind)
    way = _way(sent)
    return {way: getattr(sent, way)}


def _way(sent: ClaimWords) -> str:
    """The one way in which the pupil is named; raises Refusal(verification-question)."""
    given = [way for way in _WAYS if getattr(sent, way) is not None]
    if len(given) != 1:
        detail = "exactly one of " + ", ".join(_WAYS)
        raise Refusal(codes.VERIFICATION_QUESTION, [Finding(codes.VERIFICATION_QUESTION, "/body", detail)])
    return given[0]


def _claim(sent: ClaimWords) -> Claim:
    """The claim with exactly the members that its kind needs; raises Refusal(verification-question)."""
    kind = ClaimKind(sent.claim)
    needs = NEEDS[kind]
    wrong = [
        Finding(
            codes.VERIFICATION_QUESTION, f"/body/{name}", f"{'needed' if name in needs else 'not taken'} with {kind}"
        )
        for name in _GIVEN
        if (getattr(sent, name) is not None) is not (name in needs)
    ]
    if wrong:
        raise Refusal(codes.VERIFICATION_QUESTION, wrong)
    level = ids.Level(sent.level) if sent.level is not None else None
    assert level is None or level in COMPLETED_BY, "the model takes no other"
    return Claim(
        kind,
        ids.SchoolYear.parse(sent.school_year) if sent.school_year is not None else None,
        sent.grade,
        level,
        Subject(sent.subject) if sent.subject is not None else None,
        sent.threshold,
    )
