"""An office asks whether a record is genuine: find, check the stored bytes, write the question down, then answer.

Nothing here may leave without its question: both are one transaction, which is committed before `ask` returns.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.core import codes, ids
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.verification import (
    Answer,
    ByCode,
    ByDocument,
    ByNumber,
    Decision,
    Question,
    Sighting,
    Stored,
    decide,
)
from registry.formats import strict_json
from registry.services.world import World
from registry.storage import questions
from registry.storage.database import Hot
from registry.storage.sealing import SealBrokenError

log = logging.getLogger(__name__)

_KINDS: Mapping[type[Question], str] = {ByCode: "transcript_code", ByDocument: "document", ByNumber: "number"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with why it is asked: a purpose granted to the caller, and the reference of the procedure."""

    question: Question
    purpose: str
    reference: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed in which role, when, and under which hierarchy of certificates; no name of a person."""

    role: str | None
    signed_at: datetime | None
    hierarchy: str | None


@dataclass(frozen=True, slots=True)
class Genuine:
    """What is told of a version that is vouched for."""

    version: Stored
    school_name: str
    signatures: tuple[Signature, ...]
    policy: str | None
    rules: str | None
    withdrawn: questions.Withdrawn | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer whose question is written down. `genuine` is None for held and not_known."""

    question_id: UUID
    asked_at: datetime
    answer: Answer
    genuine: Genuine | None


def read_json(raw: bytes) -> Any:
    """The JSON value of a question's body, read strictly; raises Refusal(request-parameter) with json-* findings."""
    value, findings = strict_json.parse(raw, pointer="/body", max_depth=2)
    if findings:
        raise Refusal(codes.REQUEST_PARAMETER, findings)
    return value


async def ask(world: World, caller: Caller, asked: Asked, now: datetime) -> Answered:
    """Answer a question about a record of one of the caller's schools; any other record is not_known.

    The question is committed before this returns. Stored bytes that no longer have their fingerprint are never genuine:
    the answer is held, and the log says which submission to look at. Raises Refusal: access-purpose, request-parameter
    (a reference that repeats the personal number), service-busy, service-database.
    """
    _permit(caller, asked)
    names = (await world.known()).map.units
    asking = _Asking(world, caller, asked, ids.uuid7(now, secrets.token_bytes(10)), now)
    try:
        decision, proof = await asking.in_one_transaction()
    except _BrokenStoredError as broken:
        log.error("stored document does not have its fingerprint: submission %s", broken.submission_id)
        decision, proof = await asking.in_one_transaction(vouching=False)
    genuine = None
    if decision.version is not None:
        unit = names.get(f"school:{decision.version.school_code}")
        genuine = _genuine(decision.version, unit.name if unit else "", proof)
    return Answered(asking.question_id, now, decision.answer, genuine)


class _BrokenStoredError(Exception):
    """A version whose stored bytes are gone or changed: the transaction is rolled back and asked again without vouching."""

    def __init__(self, submission_id: UUID) -> None:
        super().__init__("stored bytes are gone or changed")
        self.submission_id = submission_id


@dataclass(frozen=True, slots=True)
class _Asking:
    """One question on its way through the database."""

    world: World
    caller: Caller
    asked: Asked
    question_id: UUID
    now: datetime

    async def in_one_transaction(self, *, vouching: bool = True) -> tuple[Decision, questions.Proof]:
        """Find, decide, write down; raises _BrokenStoredError, with nothing written, when the bytes don't bear it out."""
        async with self.world.db.hot_transaction() as tx:
            sighting = await _find(tx, self.world, self.asked.question)
            decision = decide(sighting, self.caller.schools)
            if not vouching and decision.version is not None:
                decision = Decision(Answer.HELD)
            proof = await questions.write(tx, self._row(sighting, decision), decision.version)
            if decision.version is not None and not _bears_out(self.world, decision.version, proof):
                raise _BrokenStoredError(decision.version.submission_id)
        return decision, proof

    def _row(self, sighting: Sighting, decision: Decision) -> questions.Row:
        """What is kept names the pupil also when the caller was told nothing: the pupil's own schools may see who tried."""
        return questions.Row(
            self.question_id,
            self.now,
            self.caller.caller_id,
            self.asked.purpose,
            self.asked.reference,
            _KINDS[type(self.asked.question)],
            _school_year(self.asked.question, sighting, decision),
            decision.version.pupil_id if decision.version else sighting.pupil_id,
            decision.answer.value,
        )


def _permit(caller: Caller, asked: Asked) -> None:
    if asked.purpose not in caller.purposes:
        detail = "one of: " + ", ".join(sorted(caller.purposes)) if caller.purposes else "no purpose is granted"
        raise Refusal(codes.ACCESS_PURPOSE, [Finding(codes.ACCESS_PURPOSE, "/body/purpose", detail)])
    if isinstance(asked.question, ByNumber) and asked.question.number in asked.reference:
        # The reference is kept as text for years; a personal number is kept sealed only.
        finding = Finding(
            codes.REQUEST_PARAMETER, "/body/reference", "names the procedure, without the personal number"
        )
        raise Refusal(codes.REQUEST_PARAMETER, [finding])


async def _find(tx: Hot, world: World, question: Question) -> Sighting:
    match question:
        case ByCode(code, version):
            return await questions.find_by_code(tx, code, version)
        case ByDocument(fingerprint):
            return await questions.find_by_fingerprint(tx, fingerprint)
        case ByNumber(number, year, level):
            index = world.sealer.number_index(number)
            return await questions.find_by_number(tx, index, str(year), level.value if level else None)


def _school_year(question: Question, sighting: Sighting, decision: Decision) -> str | None:
    if isinstance(question, ByNumber):
        return str(question.school_year)
    version = decision.version or next(iter(sighting.versions), None)
    return version.school_year if version else None


def _bears_out(world: World, version: Stored, proof: questions.Proof) -> bool:
    """Whether the stored bytes open and still have the stored fingerprint."""
    if proof.sealed is None:
        return False
    try:
        world.sealer.open_document(proof.sealed, version.fingerprint)
    except (SealBrokenError, ValueError):  # ValueError: cut shorter than a nonce
        return False
    return True


def _genuine(version: Stored, school_name: str, proof: questions.Proof) -> Genuine:
    signatures = tuple(_signature(row) for row in proof.signatures)
    return Genuine(version, school_name, signatures, proof.policy, proof.rules, proof.withdrawn)


def _signature(row: dict[str, Any]) -> Signature:
    signed_at = row.get("signed_at")
    return Signature(row.get("role"), datetime.fromisoformat(signed_at) if signed_at else None, row.get("hierarchy"))
