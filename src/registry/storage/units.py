"""The map as rows: units, what belongs to what between dates, and the schools among them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from registry.core import trust, units
from registry.storage.database import Reading, Writing, add_all
from registry.storage.tables import school, unit, unit_part
from registry.storage.tables_units import unit_succession

#: Any constant will do, so long as nobody else takes the same advisory lock.
_WRITING = 7_140_216_313


async def write_alone(tx: Writing) -> None:
    """Until the transaction ends nobody else changes the map: no two may contradict each other behind a comparison."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})


async def load_map(tx: Reading) -> units.Map:
    """Every unit, membership and succession, at all times."""
    u, p = unit.c, unit_part.c
    found = await tx.execute(select(u.unit_code, u.kind, u.name, u.valid_from, u.valid_to))
    parts = await tx.execute(select(p.parent, p.child, p.valid_from, p.valid_to))
    s = unit_succession.c
    successions = await tx.execute(select(s.predecessor, s.successor, s.partly))
    return units.Map.of(
        [units.Unit(r.unit_code, r.kind, r.name, r.valid_from, r.valid_to) for r in found],
        [units.Part(r.parent, r.child, r.valid_from, r.valid_to) for r in parts],
        [units.Succession(r.predecessor, r.successor, r.partly) for r in successions],
    )


async def add_units(tx: Writing, rows: Sequence[units.Unit]) -> int:
    """Add units that are not there yet; returns how many were new."""
    values = [
        {"unit_code": r.code, "kind": r.kind, "name": r.name, "valid_from": r.valid_from, "valid_to": r.valid_to}
        for r in rows
    ]
    return await add_all(tx, insert(unit).on_conflict_do_nothing().returning(unit.c.unit_code), values)


async def add_parts(tx: Writing, rows: Sequence[units.Part]) -> int:
    """Add memberships that are not there yet; returns how many were new."""
    values = [{"parent": r.parent, "child": r.child, "valid_from": r.valid_from, "valid_to": r.valid_to} for r in rows]
    return await add_all(tx, insert(unit_part).on_conflict_do_nothing().returning(unit_part.c.child), values)


async def add_successions(tx: Writing, rows: Sequence[units.Succession]) -> int:
    """Add successions that are not there yet; returns how many were new."""
    values = [{"predecessor": r.predecessor, "successor": r.successor, "partly": r.partly} for r in rows]
    new = insert(unit_succession).on_conflict_do_nothing().returning(unit_succession.c.successor)
    return await add_all(tx, new, values)


async def end(tx: Writing, ended: Sequence[units.Unit], parts: Sequence[units.Part]) -> int:
    """Give units and memberships that are there their end; returns how many of both there were."""
    p = unit_part.c
    for row in ended:
        await tx.execute(update(unit).where(unit.c.unit_code == row.code).values(valid_to=row.valid_to))
    for part in parts:
        which = (p.parent == part.parent) & (p.child == part.child) & (p.valid_from == part.valid_from)
        await tx.execute(update(unit_part).where(which).values(valid_to=part.valid_to))
    return len(ended) + len(parts)


async def add_schools(tx: Writing, rows: Sequence[tuple[str, trust.Ownership]]) -> int:
    """Add schools (code, ownership) whose units are there already; returns how many were new."""
    values = [{"school_code": code, "unit_code": f"school:{code}", "ownership": ownership} for code, ownership in rows]
    return await add_all(tx, insert(school).on_conflict_do_nothing().returning(school.c.school_code), values)
