"""A vendor asks whether a number, a birth date and a sex belong together, before it lets anybody sign. No name goes out.

Every question is written down before its answer, without the number; what is another school's is as unknown as what nobody has,
also by the clock.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from registry.core import ids
from registry.core.audit import Look
from registry.core.callers import Caller
from registry.core.ids import BirthDate, Sex
from registry.core.pupils import Identity, Person, differences
from registry.services import pace, persons
from registry.services.world import World
from registry.storage import pupils, questions
from registry.storage.pupils import Sighting


@dataclass(frozen=True, slots=True)
class Asked:
    """Who a pupil is said to be."""

    number: str = field(repr=False)
    birth: BirthDate = field(repr=False)
    sex: Sex


@dataclass(frozen=True, slots=True)
class Identified:
    """The answer; `differs` names fields (birth_date, sex) and is empty for known and unknown."""

    question_id: UUID
    asked_at: datetime
    answer: Identity
    differs: tuple[str, ...]


async def identify(world: World, caller: Caller, asked: Asked, now: datetime) -> Identified:
    """Whether the registry knows the pupil so, among those on record or on a roster at the caller's schools.

    The question is committed before this returns. Raises Refusal: service-busy, service-database.
    """
    began = pace.started()
    index = world.sealer.number_index(asked.number)
    question_id = ids.uuid7(now, secrets.token_bytes(10))
    async with world.db.hot_transaction() as tx:
        found = await pupils.identify(tx, index, caller.schools)
        differs = differences(_known(world, found, asked.number, index), Person(asked.birth, asked.sex))
        answer = Identity.UNKNOWN if not found.within else Identity.DIFFERS if differs else Identity.KNOWN
        row = Look(question_id, now, caller.caller_id, "identify", "", "identify", None, found.pupil_id, answer.value)
        await questions.write(tx, row)
    if answer is Identity.UNKNOWN:
        await pace.even_out(began, world.even_seconds)
    return Identified(question_id, now, answer, differs if answer is Identity.DIFFERS else ())


def _known(world: World, found: Sighting, number: str, index: bytes) -> Person:
    """What signed documents said; else the caller's own rosters; else what the number says by itself."""
    person = persons.opened(world.sealer, found.person, index)
    if person is not None:
        return person
    said = Person.of_number(number)
    birth = BirthDate.parse(found.birth_date) if found.birth_date else None
    return Person(birth or said.birth, Sex(found.sex) if found.sex else said.sex)
