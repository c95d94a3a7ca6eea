"""What a planned rule set would refuse of what is on record, per vendor and school: vendors hear of it before it binds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from registry.core.rules_forecast import Planned
from registry.formats import documents
from registry.services import judging
from registry.services.world import World
from registry.storage import forecast

_PAGE = 500


@dataclass(slots=True)
class Impact:
    """Of one vendor's records of one school: how many there are, how many would be refused, and by which codes."""

    records: int = 0
    refused: int = 0
    codes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Refused:
    """One record that would be refused, by which codes."""

    vendor: str
    school_code: str
    transcript_code: str
    version: int
    codes: tuple[str, ...]


@dataclass(slots=True)
class Forecast:
    """Impacts by (vendor, school), how many records could not be read, and how many an older circular assessed."""

    impacts: dict[tuple[str, str], Impact] = field(default_factory=dict)
    unreadable: int = 0
    history: int = 0

    @property
    def refused(self) -> int:
        """How many records would be refused."""
        return sum(impact.refused for impact in self.impacts.values())

    @property
    def records(self) -> int:
        """How many records were looked at."""
        return sum(impact.records for impact in self.impacts.values())


async def size(world: World, planned: Planned) -> int:
    """How many records there are to look at."""
    async with world.db.snapshot() as tx:
        return await forecast.count(tx, planned.grades)


async def forecast_of(
    world: World, planned: Planned, step: Callable[[int], None], tell: Callable[[Refused], None]
) -> Forecast:
    """Look at every record that counts; `step` hears how many more were looked at, `tell` each that would be refused.

    Holds one page in memory. Years of older circulars are left out.
    """
    told, after = Forecast(), forecast.BEGINNING
    while True:
        async with world.db.snapshot() as tx:
            page = await forecast.page(tx, planned.grades, after, _PAGE)
        if not page:
            return told
        for refused in await asyncio.to_thread(_look, world, planned, page, told):
            tell(refused)
        after = page[-1].key
        step(len(page))


def _look(world: World, planned: Planned, page: list[forecast.Current], told: Forecast) -> list[Refused]:
    found = []
    for record in page:
        try:
            raw = world.sealer.open_document(record.sealed, record.fingerprint)
            transcript = documents.read(judging.payload_members(raw, record.media_type)).transcript
        except ValueError:
            transcript = None
        if transcript is not None and not planned.concerns(transcript):
            told.history += 1
            continue
        impact = told.impacts.setdefault((record.caller_id, record.school_code), Impact())
        impact.records += 1
        if transcript is None:
            told.unreadable += 1
            continue
        codes = planned.refused_by(transcript)
        impact.codes.update(codes)
        if codes:
            impact.refused += 1
            found.append(Refused(record.caller_id, record.school_code, record.transcript_code, record.version, codes))
    return found
