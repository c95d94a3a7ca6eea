"""A signed document without a number, of a pupil who has got one since: the number that stands in for the missing one.

It came back from the police, or the school's list brought it after the document was there.

The document is not touched and says what it said; who gave the number, when and from which file or list is on record.
"""

from __future__ import annotations

from datetime import datetime

from registry.core import numbers
from registry.core.pupils import Person, differences
from registry.core.verdict import Verdict
from registry.services import persons
from registry.services.world import World
from registry.storage import numbers as stored
from registry.storage.database import Hot
from registry.storage.numbers import Supplied as Supplied  # what a submission carries


async def find(tx: Hot, world: World, verdict: Verdict, received_at: datetime) -> Supplied | None:
    """The number for a document that waits for nothing else; None where none has come or it can't be this pupil's."""
    transcript = verdict.transcript
    if transcript is None or not numbers.waits_for_number(verdict.findings):
        return None
    found = await stored.supplied(tx, *_place(verdict), received_at)
    if found is None:
        return None
    told = persons.of(transcript)
    fits = told.fits(world.sealer.open_number(found.sealed)) and not differences(Person(found.birth, found.sex), told)
    return found if fits else None


async def rely_on(tx: Hot, verdict: Verdict, received_at: datetime, supply: Supplied) -> None:
    """In the transaction that accepts the document: nobody takes the number back meanwhile, else the race is lost."""
    await stored.rely_on(tx, *_place(verdict), received_at, supply.index)


def _place(verdict: Verdict) -> tuple[str, str, str]:
    """School year, school and pupil, as the document says."""
    transcript = verdict.transcript
    assert transcript is not None, "found for a readable transcript"
    return str(transcript.school_year), transcript.school_code, transcript.pupil_code
