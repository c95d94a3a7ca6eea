"""Numbers that came back and wait for a person: whose they are, and what the person decides. Two pupils never get one number."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from registry.core import codes, ids
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.ids import BirthDate, Sex
from registry.services import pupils
from registry.services.world import World
from registry.storage import number_returns as stored
from registry.storage import numbers as rosters
from registry.storage.database import Writing
from registry.storage.number_returns import Candidate as Candidate  # what the edges show
from registry.storage.number_returns import NumberCase as NumberCase
from registry.storage.numbers import Act, Given

MOST_CASES = 200


async def waiting(
    world: World, caller: Caller | None, school_year: str | None, after: UUID | None, limit: int
) -> list[NumberCase]:
    """Numbers that wait for a person, all of whose pupils are of the caller's schools; oldest first, at most `limit` + 1."""
    if not 1 <= limit <= MOST_CASES:
        raise Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, "/query/limit", f"1 to {MOST_CASES}")])
    async with world.db.snapshot() as tx:
        return await stored.cases(tx, _schools(caller), school_year=school_year, after=after, most=limit + 1)


async def count(world: World, caller: Caller | None, school_year: str | None) -> int:
    """How many cases of a school year (None: of all) wait whose pupils are of the caller's schools."""
    async with world.db.snapshot() as tx:
        return await stored.count_cases(tx, _schools(caller), school_year)


def names_of(found: Iterable[NumberCase]) -> Mapping[str, int]:
    """school -> how many names of its pupils are seen with these cases."""
    return Counter(each.school_code for case in found for each in case.candidates if each.name is not None)


async def decide(
    world: World, caller: Caller | None, case_id: UUID, pupil_code: str | None, reason: str, now: datetime
) -> NumberCase:
    """A person says whose a number is (None: nobody's of them); then it is applied. The same again changes nothing.

    Raises Refusal: request-parameter (reason), number-case-unknown, number-case-decided, number-case-pupil, number-taken, or
    number-place, -sex, -year where the number contradicts the pupil's roster; service-busy as `take`.
    """
    pupils.check_reason(reason, "/body/reason")
    async with world.db.transaction() as tx:
        await rosters.alone(tx)
        case = next(iter(await stored.cases(tx, _schools(caller), case_id=case_id, undecided=False)), None)
        if case is None:
            raise Refusal(codes.NUMBER_CASE_UNKNOWN)
        if case.decided_at is not None:
            if case.decided_pupil != pupil_code:
                raise Refusal(codes.NUMBER_CASE_DECIDED)
            return case
        await stored.add_decision(tx, case_id, pupil_code, reason, _id(caller), now)
        if pupil_code is not None:
            await _give_decided(tx, world, caller, case, pupil_code, now)
    return case


async def _give_decided(
    tx: Writing, world: World, caller: Caller | None, case: NumberCase, pupil_code: str, now: datetime
) -> None:
    chosen = [each for each in case.candidates if each.pupil_code == pupil_code and each.grade is not None]
    if not chosen:
        raise Refusal(codes.NUMBER_CASE_PUPIL)
    number = world.sealer.open_number(case.number_sealed)
    for each in chosen:
        sex, birth = Sex(each.sex) if each.sex else None, BirthDate.parse(each.birth or "")
        if found := ids.number_findings(number, sex=sex, birth=birth, pointer="/body/pupil_code"):
            raise Refusal(found[0].code, found)
    owners = (await rosters.owners(tx, [case.number_index])).get(case.number_index, frozenset())
    if owners - {pupil_code}:
        raise Refusal(codes.NUMBER_TAKEN)
    given = [
        Given(
            each.school_code, pupil_code, each.number_index, case.number_index, case.number_sealed, ids.uuid7(now, secrets.token_bytes(10)),
            case.case_id,
        )
        for each in chosen
        if each.number_index != case.number_index
    ]  # fmt: skip
    if given:
        source = f"numbers {case.return_id}"
        await rosters.give(tx, Act(case.school_year, case.return_id, _id(caller), now, source), given)


def _schools(caller: Caller | None) -> frozenset[str] | None:
    return None if caller is None else caller.schools


def _id(caller: Caller | None) -> str | None:
    return caller.caller_id if caller is not None else None
