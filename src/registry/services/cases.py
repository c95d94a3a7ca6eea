"""Held documents that wait for a person: which they are, and what happens once a person has decided.

A decision is about exactly the bytes that are held and the pupil they run into; the next document in the same doubt waits again,
unless what was accepted meanwhile has ended the doubt.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from registry.core import codes, ids
from registry.core.callers import Caller
from registry.core.findings import Finding, Outcome, Refusal
from registry.core.pupils import POSSIBLE, Decided, Decision
from registry.services import pupils, submission
from registry.services.world import World
from registry.storage import cases as stored
from registry.storage import generation, journal
from registry.storage import pupils as stored_pupils
from registry.storage.cases import Waiting as Waiting  # what the edges show
from registry.storage.database import Writing
from registry.storage.pupils import Merge

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the document after the decision; held when another doubt is left or it could not be judged at once."""

    submission_id: UUID
    outcome: Outcome
    codes: tuple[str, ...]


async def waiting(world: World, caller: Caller | None, after: UUID | None, limit: int) -> list[Waiting]:
    """The cases of the caller's schools (None: of all), oldest first, behind a submission id; at most `limit` + 1."""
    if not 1 <= limit <= MOST_ROWS:
        finding = Finding(codes.REQUEST_PARAMETER, "/query/limit", f"1 to {MOST_ROWS}")
        raise Refusal(codes.REQUEST_PARAMETER, [finding])
    async with world.db.snapshot() as tx:
        return await stored.waiting_for_person(tx, caller.schools if caller else None, after, limit + 1)


async def decide(
    world: World, caller: Caller | None, submission_id: UUID, decision: Decision, reason: str, now: datetime
) -> Judged:
    """Keep a person's decision and judge the held document again under it.

    Raises Refusal: request-parameter (reason), case-unknown, case-decision (does not fit the kind, or another one was taken).
    """
    pupils.check_reason(reason, "/body/reason")
    async with world.db.transaction() as tx:
        await stored_pupils.write_alone(tx)
        case = await stored.of_submission(tx, submission_id)
        if case is None or (caller is not None and case.school_code not in caller.schools):
            raise Refusal(codes.CASE_UNKNOWN)
        members = await stored_pupils.group(tx, case.against)
        try:
            await pupils.permitted(world, tx, caller, members, now)
        except Refusal:
            raise Refusal(codes.CASE_UNKNOWN) from None
        wanted = Decided(case.kind, case.against, decision, _second_place(case, decision, now))
        _check(case, decision)
        counted = await stored.add_decision(tx, case, wanted, reason, caller.caller_id if caller else None, now)
        if counted.decision is not decision:
            raise _misfit("it has been decided otherwise already")
        if counted is wanted and wanted.placed_as is not None:
            await _open_second_place(tx, case, wanted.placed_as, reason, caller, now)
        if decision is Decision.NUMBER_MOVES:
            await _move_number(world, tx, case, members, caller, now)
    return await _judged(world, case, now)


def possible(case: Waiting) -> tuple[Decision, ...]:
    """What can be decided about a case: two pupils that are both known become one by a merge alone."""
    impossible = {Decision.SAME_PUPIL} if case.two_known else set()
    if (
        case.number_index is None
    ):  # a foreign pupil's document: nationality and entry document are in the number's place
        impossible.add(Decision.NUMBER_MOVES)
    return tuple(each for each in POSSIBLE[case.kind] if each not in impossible)


def _check(case: Waiting, decision: Decision) -> None:
    allowed = possible(case)
    if decision not in allowed:
        detail = "one of: " + ", ".join(allowed)
        if case.two_known:
            detail += "; if it is one pupil, merge the two pupils, which ends the case"
        raise _misfit(detail)


def _second_place(case: Waiting, decision: Decision, now: datetime) -> UUID | None:
    """The id under which the new school's record stands beside the old school's."""
    beside = decision is Decision.TRANSFER and not case.continues
    return ids.uuid7(now, secrets.token_bytes(10)) if beside else None


async def _open_second_place(
    tx: Writing, case: Waiting, place: UUID, reason: str, caller: Caller | None, now: datetime
) -> None:
    await stored_pupils.add_pupil(tx, place, now)
    merge_id = ids.uuid7(now, secrets.token_bytes(10))
    caller_id = caller.caller_id if caller else None
    await stored_pupils.add_merge(tx, Merge(merge_id, "transfer", place, case.against, reason, caller_id, now))


async def _move_number(
    world: World, tx: Writing, case: Waiting, members: Collection[UUID], caller: Caller | None, now: datetime
) -> None:
    """The number is that of the pupil with the document's code from now on; who had it keeps everything else, and is told.

    Signed documents keep what they say. Both pupils must be the caller's.
    """
    assert case.number_index is not None, "else it is not possible"
    assert case.pupil_code is not None, "only a readable document is in doubt"
    held, schools = await stored_pupils.number(tx, case.number_index), await stored_pupils.schools_of(tx, members)
    if held is None or held.pupil_id not in members:
        return  # somebody moved it already
    owner = await stored_pupils.of_code(tx, case.pupil_code)
    if owner is not None:
        others = await stored_pupils.group(tx, owner)
        try:
            await pupils.permitted(world, tx, caller, [*members, *others], now)
        except Refusal:
            raise Refusal(codes.CASE_UNKNOWN) from None
    else:
        owner = ids.uuid7(now, secrets.token_bytes(10))
        await stored_pupils.add_pupil(tx, owner, now, case.pupil_code)
    await stored_pupils.move_number(tx, case.number_index, owner)
    if not held.closed:
        await stored_pupils.tell_of_number(tx, held.pupil_id, now, schools)
    await generation.move(tx)


async def _judged(world: World, case: Waiting, now: datetime) -> Judged:
    """At once, so that the person sees what follows; the background work does it when that fails."""
    try:
        answer = await submission.rejudge(world, case.submission_id, max(now, case.judged_at))
    except Refusal:
        return Judged(case.submission_id, Outcome.HELD, ())
    if answer is not None:
        return Judged(case.submission_id, answer.outcome, tuple(each.code.slug for each in answer.findings))
    async with world.db.snapshot() as tx:  # the background work was faster
        state = await journal.state(tx, case.submission_id)
    assert state is not None, "its case was decided"
    return Judged(case.submission_id, Outcome(state.outcome), tuple(row["code"] for row in state.findings))


def _misfit(detail: str) -> Refusal:
    return Refusal(codes.CASE_DECISION, [Finding(codes.CASE_DECISION, "/body/decision", detail)])
