"""An office asks whether a record is genuine: find, check the stored bytes, write the question down, then answer.

Nothing here may leave without its question: both are one transaction, which is committed before `ask` returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.core import claims, codes, content, ids
from registry.core.callers import Caller
from registry.core.content import ContentField
from registry.core.findings import Finding, Refusal
from registry.core.purposes import Purpose
from registry.core.units import Map, Unit
from registry.core.verification import (
    Answer,
    ByCode,
    ByDocument,
    ByNumber,
    ByPupil,
    Decision,
    Question,
    Sighting,
    Stored,
    decide,
)
from registry.formats import base64url, strict_json
from registry.services import asking
from registry.services.asking import Asker
from registry.services.asking import Why as Why  # what the edges ask with
from registry.services.limits import Limits as Limits
from registry.services.world import World
from registry.storage import questions
from registry.storage.questions import Wanted, Way

_KINDS: Mapping[type[Question], str] = {
    ByCode: "transcript_code",
    ByDocument: "document",
    ByNumber: "number",
    ByPupil: "pupil_code",
}


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed in which role, when, with which certificate (SHA-256, hex) of which hierarchy; no name of a person."""

    role: str | None
    signed_at: datetime | None
    hierarchy: str | None
    certificate: str | None


@dataclass(frozen=True, slots=True)
class Genuine:
    """What is told of a version that is vouched for. `units`: what its school was a direct part of when it was accepted.

    `awaits_summer` is a result: None for a purpose that allows nothing of it.
    """

    version: Stored
    school_name: str
    units: tuple[Unit, ...]
    awaits_summer: bool | None
    signatures: tuple[Signature, ...]
    policy: str | None
    rules: str | None
    withdrawn: questions.Withdrawn | None = None
    content: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer whose question is written down. `genuine` is None for held and not_known."""

    question_id: UUID
    asked_at: datetime
    answer: Answer
    genuine: Genuine | None
    pause_begins: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, why it is asked, and which fields of the record are asked for (`registry.services.asking.Asked`)."""

    question: Question
    why: Why
    fields: frozenset[ContentField] = frozenset()

    @property
    def numbers(self) -> tuple[str, ...]:
        """The personal number asked by."""
        return (self.question.number,) if isinstance(self.question, ByNumber) else ()

    def permit(self, purpose: Purpose) -> None:
        """Raises Refusal(verification-field) for a field that the purpose does not allow."""
        if not self.fields <= purpose.fields:
            detail = "of: " + ", ".join(sorted(purpose.fields)) if purpose.fields else "none for this purpose"
            raise Refusal(codes.VERIFICATION_FIELD, [Finding(codes.VERIFICATION_FIELD, "/body/fields", detail)])

    def wanted(self, asker: Asker) -> Wanted:
        """The versions that are asked about, or where documents that may be them are held."""
        counting = asker.counting
        match self.question:
            case ByCode(code, version):
                return Wanted(Way.CODE, code, counting, version)
            case ByDocument(fingerprint):
                return Wanted(Way.FINGERPRINT, fingerprint, counting)
            case ByNumber(number, year, level):
                return Wanted(
                    Way.NUMBER, asker.world.sealer.number_index(number), counting, years=(str(year),), level=level
                )
            case ByPupil(code, year, level):
                years = (str(year),) if year is not None else claims.recent_years(asker.now.year)
                return Wanted(Way.PUPIL, code, counting, years=years, level=level)

    def decide(self, asker: Asker, found: questions.Found, *, vouching: bool) -> asking.Decided[Decision]:
        """One answer of the closed list. The row names the pupil also when the caller is told nothing: the pupil's own schools
        may see who tried."""
        decision = decide(found.sighting, asker.caller.schools, asker.purpose.grades)
        if not vouching and decision.version is not None:
            decision = Decision(Answer.HELD)
        pupil_id = decision.version.pupil_id if decision.version else found.sighting.pupil_id
        row = asker.look(
            _KINDS[type(self.question)],
            _school_year(self.question, found.sighting, decision),
            pupil_id,
            decision.answer.value,
            " ".join(sorted(self.fields)) or None,
        )
        return asking.Decided(decision, decision.version, row, decision.answer is not Answer.NOT_KNOWN)

    async def answered(self, asker: Asker, told: asking.Told[Decision]) -> Answered:
        """What is said of the version, with the fields that were asked for."""
        behind, genuine = told.written.behind, None
        if behind is not None:
            here = (await asker.world.known()).map
            said = content.read(await behind.transcript(asker.world), self.fields) if self.fields else None
            genuine = _genuine(behind.version, here, asker.purpose, behind.proof, said)
        return Answered(asker.question_id, asker.now, told.decided.what.answer, genuine, told.written.pause_begins)


def read_json(raw: bytes) -> Any:
    """The JSON value of a question's body, read strictly; raises Refusal(request-parameter) with json-* findings."""
    value, findings = strict_json.parse(raw, pointer="/body", max_depth=2)
    if findings:
        raise Refusal(codes.REQUEST_PARAMETER, findings)
    return value


def fingerprint_of(document: str) -> bytes | None:
    """The SHA-256 of a document that came in base64; None when it is no base64. Nothing of it is kept or read."""
    raw = base64url.decode_standard(document)
    return None if raw is None else ids.fingerprint(raw)


async def ask(world: World, caller: Caller, asked: Asked, now: datetime, counted: Limits | None = None) -> Answered:
    """Answer a question about a record of one of the caller's schools; any other record is not_known.

    The question is committed before this returns. Stored bytes that no longer have their fingerprint are never genuine:
    the answer is held, and the log says which submission to look at. Raises Refusal: access-purpose, verification-field,
    request-parameter (a reference that repeats the personal number), verification-nonce, -day, -pupil, -enumeration,
    service-busy, service-database.
    """
    return await asking.ask(world, caller, asked, now, counted or Limits())


def _school_year(question: Question, sighting: Sighting, decision: Decision) -> str | None:
    if isinstance(question, ByNumber | ByPupil) and question.school_year is not None:
        return str(question.school_year)
    version = decision.version or next(iter(sighting.versions), None)
    return version.school_year if version else None


def _genuine(
    version: Stored, here: Map, purpose: Purpose, proof: questions.Proof, said: Mapping[str, Any] | None
) -> Genuine:
    if proof.school_code is not None and proof.grade is not None:
        version = replace(version, school_code=proof.school_code, grade=proof.grade)
    code = f"school:{version.school_code}"
    school = here.units.get(code)
    return Genuine(
        version,
        school.name if school else "",
        here.parents_of(code, version.accepted_at),
        version.awaits_summer if ContentField.PROMOTED in purpose.fields else None,
        tuple(_signature(row) for row in proof.signatures),
        proof.policy,
        proof.rules,
        proof.withdrawn,
        said,
    )


def _signature(row: dict[str, Any]) -> Signature:
    signed_at = row.get("signed_at")
    at = datetime.fromisoformat(signed_at) if signed_at else None
    return Signature(row.get("role"), at, row.get("hierarchy"), row.get("certificate"))
