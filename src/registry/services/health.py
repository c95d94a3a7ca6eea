"""Is this process ready to answer? Each reason why not is a word for the operator; nothing secret is in it."""

from __future__ import annotations

import asyncio
import logging
from functools import cache

from registry.core.findings import Refusal
from registry.services.world import World
from registry.storage import generation, upkeep
from registry.storage.sealing import SealBrokenError

log = logging.getLogger(__name__)

#: What can be missing, in the order in which it is looked for.
DATABASE, SCHEMA, SEALING_KEY, REGISTER = "database", "schema", "sealing-key", "register"


async def missing(world: World) -> str | None:
    """What this process lacks to answer, or None: the database, its schema, the key that opens it, the register."""
    try:
        async with world.db.snapshot() as tx:
            revision = await upkeep.revision(tx)
            if not await asyncio.to_thread(_is_current, revision):
                return SCHEMA
            await generation.check_sealing_key(tx, world.sealer.key_id)
    except Refusal:
        return DATABASE
    except SealBrokenError:
        return SEALING_KEY
    except Exception as error:  # a server that answers, and not with our database: no role, no rights, another owner
        log.error("readiness could not be found out", exc_info=error)
        return DATABASE
    try:
        await world.known()
    except Refusal:
        return REGISTER
    return None


@cache
def _is_current(revision: str | None) -> bool:
    """True for this version's schema and for a newer one: while versions change, both work on it (README, migrations)."""
    return revision is not None and revision not in upkeep.older_revisions()
