"""A signed document without a number, of a pupil whose number has come back: the number that stands in for the missing one.

The document is not touched and says what it said; who gave the number, when and from which file is on record.
"""

from __future__ import annotations

from registry.core import numbers
from registry.core.pupils import Person, differences
from registry.core.verdict import Verdict
from registry.services import persons
from registry.services.world import World
from registry.storage import numbers as stored
from registry.storage.database import Hot
from registry.storage.numbers import Supplied as Supplied  # what a submission carries


async def find(tx: Hot, world: World, verdict: Verdict) -> Supplied | None:
    """The number for a document that waits for nothing else; None where none came back or it can't be this pupil's."""
    transcript = verdict.transcript
    if transcript is None or not numbers.waits_for_number(verdict.findings):
        return None
    found = await stored.supplied(tx, str(transcript.school_year), transcript.school_code, transcript.pupil_code)
    if found is None:
        return None
    told = persons.of(transcript)
    fits = told.fits(world.sealer.open_number(found.sealed)) and not differences(Person(found.birth, found.sex), told)
    return found if fits else None


async def rely_on(tx: Hot, verdict: Verdict, supply: Supplied) -> None:
    """In the transaction that accepts the document: nobody takes the number back meanwhile, else the race is lost."""
    transcript = verdict.transcript
    assert transcript is not None, "found for a readable transcript"
    place = str(transcript.school_year), transcript.school_code, transcript.pupil_code
    await stored.rely_on(tx, *place, supply.index)
