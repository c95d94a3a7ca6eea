"""Reminders as rows: claimed and committed before a message is handed over, so that nobody hands it over twice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from registry.core.campaigns import Stage
from registry.core.reminders import Key, Reminder, Sending
from registry.storage.database import Reading, Writing
from registry.storage.tables_reminders import reminder

_c = reminder.c


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to hand one message over: which row, and in which attempt."""

    reminder_id: UUID
    attempt: int


async def claim(
    tx: Writing, reminder_id: UUID, key: Key, day: date, now: datetime, *, tries: int, pause: timedelta
) -> Claim | None:
    """Take a school's reminder of a stage on a day for oneself, or None: somebody has it, had it, or another campaign's is there.

    One that failed is given out again, to the same campaign, after a pause and so many times.
    """
    row = insert(reminder).values(
        reminder_id=reminder_id,
        school_code=key.school_code,
        stage=key.stage.value,
        day=day,
        campaign_code=key.campaign_code,
        state=Sending.SENDING.value,
        attempts=1,
        at=now,
        recipients=0,
    )
    again = row.on_conflict_do_update(
        index_elements=[_c.school_code, _c.stage, _c.day],
        set_={"state": Sending.SENDING.value, "attempts": _c.attempts + 1, "at": now, "reason": None},
        where=(_c.state == Sending.FAILED.value)
        & (_c.attempts < tries)
        & (_c.at <= now - pause)
        & (_c.campaign_code == key.campaign_code),
    )
    found = (await tx.execute(again.returning(_c.reminder_id, _c.attempts))).one_or_none()
    return None if found is None else Claim(*found)


async def end(tx: Writing, claim: Claim, state: Sending, now: datetime, recipients: int, reason: str | None) -> bool:
    """Say what became of a claimed message; False when the claim was given up meanwhile."""
    mine = (_c.reminder_id == claim.reminder_id) & (_c.attempts == claim.attempt) & (_c.state == Sending.SENDING.value)
    values = {"state": state.value, "at": now, "recipients": recipients, "reason": reason}
    return bool((await tx.execute(update(reminder).where(mine).values(values))).rowcount)


async def give_up(tx: Writing, before: datetime, reason: str) -> int:
    """Claims older than a moment whose holder is gone: whether their message left is not known."""
    lost = (_c.state == Sending.SENDING.value) & (_c.at < before)
    values = {"state": Sending.UNCERTAIN.value, "reason": reason}
    return int((await tx.execute(update(reminder).where(lost).values(values))).rowcount)


async def newest(tx: Reading, schools: Collection[str]) -> dict[Key, Reminder]:
    """The newest reminder of each stage to each of these schools."""
    query = (
        select(reminder)
        .distinct(_c.school_code, _c.campaign_code, _c.stage)
        .where(_c.school_code == func.any(list(schools)))
        .order_by(_c.school_code, _c.campaign_code, _c.stage, _c.day.desc())
    )
    found = [_reminder(row) for row in await tx.execute(query)]
    return {each.key: each for each in found}


async def log(tx: Reading, schools: Collection[str], before: tuple[datetime, UUID] | None, most: int) -> list[Reminder]:
    """Reminders to these schools, the newest first, from before a place in that order."""
    query = select(reminder).where(_c.school_code == func.any(list(schools)))
    if before is not None:
        query = query.where(tuple_(_c.at, _c.reminder_id) < tuple_(*before))
    rows = await tx.execute(query.order_by(_c.at.desc(), _c.reminder_id.desc()).limit(most))
    return [_reminder(row) for row in rows]


def _reminder(row: object) -> Reminder:
    r = row._mapping  # type: ignore[attr-defined]
    key = Key(r["school_code"], r["campaign_code"], Stage(r["stage"]))
    return Reminder(
        r["reminder_id"], key, r["day"], Sending(r["state"]), r["attempts"], r["at"], r["recipients"], r["reason"]
    )
