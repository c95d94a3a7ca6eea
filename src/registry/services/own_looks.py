"""Looks at the records of one's own schools: they need no procedure, and are written down before anything is shown."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from registry.core import ids
from registry.core.audit import Look
from registry.core.callers import Caller
from registry.services.world import World
from registry.storage import questions

_PURPOSE = "own_school"


async def write_down(
    world: World, caller: Caller, kind: str, school_year: str | None, pupil_id: UUID | None, now: datetime
) -> None:
    """Write down what kind of look it is and whom it is about; committed when this returns."""
    look_id = ids.uuid7(now, secrets.token_bytes(10))
    row = Look(look_id, now, caller.caller_id, _PURPOSE, "", kind, school_year, pupil_id, "shown")
    async with world.db.hot_transaction() as tx:
        await questions.write(tx, row)
