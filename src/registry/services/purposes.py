"""The operator's purposes come in by command; each question looks up what its purpose allows now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.core.purposes import BUILTIN, Purpose
from registry.formats import purposes as formats
from registry.formats.purposes import Problem
from registry.services.world import World
from registry.storage import generation
from registry.storage import purposes as stored


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows were new, and how many were there before; with problems, nothing was stored."""

    new: int = 0
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()


async def import_file(world: World, raw: bytes, now: datetime) -> Imported:
    """Take the purposes of a TOML file. A row that is there with other content is a problem: rows never change."""
    read, problems = formats.read_toml(raw)
    if problems:
        return Imported(problems=problems)
    async with world.db.transaction() as tx:
        held = {(code, begins): content for code, begins, content in await stored.load(tx)}
        other = tuple(
            Problem(f"/purpose/{index}", "a later valid_from: what counts from that moment is settled already")
            for index, each in enumerate(read)
            if held.get((each.code, each.valid_from), formats.members(each)) != formats.members(each)
        )
        if other:
            return Imported(problems=other)
        added = [await stored.add(tx, (each.code, each.valid_from, formats.members(each)), now) for each in read]
        if any(added):
            await generation.move(tx)
    return Imported(sum(added), len(added) - sum(added))


async def listed(world: World) -> tuple[Purpose, ...]:
    """Every row there is, those that come with the registry first."""
    return (*BUILTIN, *(await world.known()).purposes)
