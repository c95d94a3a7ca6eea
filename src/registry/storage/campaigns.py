"""Campaigns as rows, each with every deadline it ever had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from registry.core.campaigns import Campaign, Deadline, Plan, Stage
from registry.storage.database import Reading, Writing
from registry.storage.tables_campaigns import campaign, campaign_deadline


async def lock(tx: Writing, code: str) -> None:
    """Make other changes of this campaign wait until this transaction ends."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"campaign {code}"})


async def load(tx: Reading, code: str | None = None) -> list[Plan]:
    """Every campaign, or the one of this code, by school year and code."""
    c, d = campaign.c, campaign_deadline.c
    rows = select(campaign).order_by(c.school_year, c.campaign_code)
    moves = select(campaign_deadline).order_by(d.set_at)
    if code is not None:
        rows, moves = rows.where(c.campaign_code == code), moves.where(d.campaign_code == code)
    history: dict[str, list[Deadline]] = defaultdict(list)
    for r in await tx.execute(moves):
        history[r.campaign_code].append(Deadline(Stage(r.stage), r.due_on, r.set_at, r.caller_id, r.reason))
    return [
        Plan(
            Campaign(r.campaign_code, r.name, r.name_en, r.school_year, tuple(r.grades), tuple(r.units)),
            r.created_at,
            r.caller_id,
            tuple(history[r.campaign_code]),
        )
        for r in await tx.execute(rows)
    ]


async def add(tx: Writing, plan: Plan) -> bool:
    """Add a campaign with its deadlines; False when its code is taken, and nothing is added then."""
    new = plan.campaign
    row = insert(campaign).values(
        campaign_code=new.code,
        name=new.name,
        name_en=new.name_en,
        school_year=new.school_year,
        grades=list(new.grades),
        units=list(new.units),
        created_at=plan.created_at,
        caller_id=plan.caller_id,
    )
    done = await tx.execute(row.on_conflict_do_nothing().returning(campaign.c.campaign_code))
    if done.one_or_none() is None:
        return False
    await add_deadlines(tx, new.code, plan.history)
    return True


async def add_deadlines(tx: Writing, code: str, deadlines: Iterable[Deadline]) -> None:
    """Let these deadlines hold from their `set_at` on."""
    rows = [
        {
            "campaign_code": code,
            "stage": each.stage.value,
            "set_at": each.set_at,
            "due_on": each.due_on,
            "caller_id": each.caller_id,
            "reason": each.reason,
        }
        for each in deadlines
    ]
    await tx.execute(insert(campaign_deadline), rows)
