"""What a use case needs from outside, bundled once at start-up, and the register kept in memory.

The register (trust list, map, callers) is read from the database in one snapshot and kept until its generation moves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from registry.core import callers as caller_values
from registry.core import codes, units
from registry.core.answer_keys import AnswerKey
from registry.core.findings import Refusal
from registry.core.purposes import Purpose
from registry.formats import certificates
from registry.formats import purposes as purpose_rows
from registry.services.judges import JudgePool
from registry.services.noting import Notes
from registry.storage import answer_keys, callers, generation, purposes, trust
from registry.storage import units as stored_units
from registry.storage.database import Database
from registry.storage.sealing import Sealer

#: How long a read may rest on the register without asking for its generation again; writes always compare.
_TRUSTED_SECONDS = 1.0
#: After so long it is asked for while requests go on: those that came in the moment of asking waited for it, all at once.
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """The register at one generation."""

    generation: int
    index: certificates.TrustIndex
    map: units.Map
    callers: Mapping[str, caller_values.Caller]
    answer_keys: tuple[AnswerKey, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    submitting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by school code, as `callers.submitting`

    def caller(self, caller_id: str) -> caller_values.Caller:
        """The registered caller; raises Refusal(access-token) when it is unknown or closed."""
        found = self.callers.get(caller_id)
        if found is None:
            raise Refusal(codes.ACCESS_TOKEN)
        return found


class Register:
    """Keeps the newest `Known`; safe for many concurrent requests of one event loop."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._known: Known | None = None
        self._checked = 0.0
        self._lock = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None

    async def known(self, db: Database) -> Known:
        """The register, at most a second behind the database."""
        age = time.monotonic() - self._checked
        if self._known is not None and age < _TRUSTED_SECONDS:
            if age >= _LOOK_SECONDS and (self._looking is None or self._looking.done()):
                self._looking = asyncio.create_task(self._look(db))
            return self._known
        async with self._lock:
            if self._known is None or time.monotonic() - self._checked >= _TRUSTED_SECONDS:
                await self._refresh(db)
            assert self._known is not None
            return self._known

    async def newer_than(self, db: Database, generation_seen: int) -> Known:
        """The register after a write found that its generation had moved."""
        async with self._lock:
            if self._known is None or self._known.generation <= generation_seen:
                await self._refresh(db)
            assert self._known is not None
            return self._known

    async def _look(self, db: Database) -> None:
        """Ask before anybody has to wait for it; what keeps it from being asked, those hear who will have to."""
        async with self._lock:
            with suppress(Refusal):
                await self._refresh(db)

    async def _refresh(self, db: Database) -> None:
        asked = time.monotonic()
        async with db.snapshot() as tx:
            now_at = await generation.current(tx)
            if self._known is None:
                await generation.check_sealing_key(tx, self._sealer.key_id)
            elif self._known.generation == now_at:
                self._checked = asked
                return
            trust_list = await trust.load(tx, now_at)
            here, rows = await stored_units.load_map(tx), await callers.load(tx)
            keys = await answer_keys.load(tx)
            allowed = tuple(purpose_rows.of_members(*row) for row in await purposes.load(tx))
        index = await asyncio.to_thread(certificates.TrustIndex.build, trust_list)
        moment = datetime.now(UTC)
        expanded = {row.caller_id: _expand(row, here, moment) for row in rows}
        submitting = caller_values.submitting(expanded.values())
        self._known = Known(now_at, index, here, expanded, keys, allowed, submitting)
        self._checked = asked


def _expand(caller: caller_values.Caller, here: units.Map, moment: datetime) -> caller_values.Caller:
    """Fill in the schools that the caller's units come to on the present map."""
    return replace(caller, schools=here.schools_of_all(caller.units, moment))


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside that a use case touches: the database, the sealing key, the register, the judges' threads.

    `skew` is how far ahead of this clock a signing time may lie; `even_seconds` the step of `pace.even_out` for what is not there.
    """

    db: Database
    sealer: Sealer
    register: Register
    judges: JudgePool
    skew: timedelta = timedelta(minutes=5)
    even_seconds: float = 0.01
    notes: Notes = field(default_factory=Notes)

    @classmethod
    def of(cls, db: Database, sealer: Sealer, judges: JudgePool | None = None) -> World:
        """A world with a register of its own."""
        return cls(db, sealer, Register(sealer), judges or JudgePool())

    async def known(self) -> Known:
        """The register, at most a second behind the database."""
        return await self.register.known(self.db)

    async def caller(self, caller_id: str) -> caller_values.Caller:
        """The registered caller, also one of the last second; raises Refusal(access-token) when it is unknown or closed."""
        known = await self.known()
        if caller_id not in known.callers:
            known = await self.register.newer_than(self.db, known.generation)
        return known.caller(caller_id)
