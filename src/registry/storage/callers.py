"""Callers as rows: vendors and offices, their public keys and units, and the assertions they have used up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from registry.core.callers import Caller, CallerKey, CallerKind, Scope
from registry.storage.database import Reading, Writing, add_all
from registry.storage.tables import caller, caller_key, caller_unit, spent_assertion, unit

#: Spent assertions are remembered for longer than they last, since the clocks of two machines may differ.
_REMEMBERED = timedelta(minutes=10)


async def load(tx: Reading) -> list[Caller]:
    """Every open caller with its open keys and units; `schools` is left empty, it follows from the map."""
    c = caller.c
    rows = await tx.execute(
        select(c.caller_id, c.kind, c.name, c.scopes, c.purposes, c.counts_with)
        .where(c.closed_at.is_(None))
        .order_by(c.caller_id)
    )
    keys, units = await _keys(tx), await _units(tx)
    together = await _together(tx)
    return [
        Caller(
            r.caller_id,
            CallerKind(r.kind),
            r.name,
            frozenset(Scope(scope) for scope in r.scopes),
            frozenset(r.purposes),
            frozenset(units[r.caller_id]),
            frozenset(),
            keys[r.caller_id],
            r.counts_with,
            frozenset(together.get(r.counts_with or r.caller_id, ())),
        )
        for r in rows
    ]


async def _keys(tx: Reading) -> dict[str, dict[str, CallerKey]]:
    k = caller_key.c
    found: dict[str, dict[str, CallerKey]] = defaultdict(dict)
    for r in await tx.execute(select(k.caller_id, k.key_id, k.public_key).where(k.closed_at.is_(None))):
        found[r.caller_id][r.key_id] = CallerKey(r.key_id, r.public_key)
    return found


async def _together(tx: Reading) -> dict[str, set[str]]:
    """Callers that count with others, the closed ones too, by whom they are counted as."""
    c = caller.c
    found: dict[str, set[str]] = defaultdict(set)
    for r in await tx.execute(select(c.caller_id, c.counts_with).where(c.counts_with.is_not(None))):
        found[r.counts_with] |= {r.caller_id, r.counts_with}
    return found


async def _units(tx: Reading) -> dict[str, set[str]]:
    u = caller_unit.c
    found: dict[str, set[str]] = defaultdict(set)
    for r in await tx.execute(select(u.caller_id, u.unit_code).where(u.closed_at.is_(None))):
        found[r.caller_id].add(r.unit_code)
    return found


async def vendors_at(tx: Reading, moment: datetime) -> list[Caller]:
    """Who was allowed to submit at a moment, by id, each with the units it had then; without keys and schools."""
    c, u = caller.c, caller_unit.c
    rows = await tx.execute(
        select(c.caller_id, c.name, u.unit_code)
        .join_from(caller, caller_unit, u.caller_id == c.caller_id)
        .where(c.kind == CallerKind.VENDOR.value, c.scopes.any(Scope.SUBMIT.value))
        .where(u.added_at <= moment, u.closed_at.is_(None) | (u.closed_at > moment))
        .where(c.created_at <= moment, c.closed_at.is_(None) | (c.closed_at > moment))
        .order_by(c.caller_id)
    )
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        found[row.caller_id, row.name].add(row.unit_code)
    scopes = frozenset({Scope.SUBMIT})
    return [
        Caller(caller_id, CallerKind.VENDOR, name, scopes, frozenset(), frozenset(codes), frozenset(), {})
        for (caller_id, name), codes in found.items()
    ]


async def unknown_units(tx: Reading, codes: Iterable[str]) -> list[str]:
    """Those of the unit codes that the map does not have, sorted."""
    wanted = set(codes)
    known = await tx.execute(select(unit.c.unit_code).where(unit.c.unit_code.in_(wanted)))
    return sorted(wanted - set(known.scalars()))


async def add_caller(tx: Writing, new: Caller, now: datetime) -> bool:
    """Add a caller without keys and units; False when the id was ever used, open or closed."""
    row = {
        "caller_id": new.caller_id,
        "kind": new.kind,
        "name": new.name,
        "scopes": sorted(new.scopes),
        "purposes": sorted(new.purposes),
        "created_at": now,
    }
    added = insert(caller).values(row).on_conflict_do_nothing().returning(caller.c.caller_id)
    return (await tx.execute(added)).first() is not None


async def add_key(tx: Writing, caller_id: str, key: CallerKey, now: datetime) -> bool:
    """Add a public key of an existing caller; False when that caller ever had a key of this id."""
    row = {"caller_id": caller_id, "key_id": key.key_id, "public_key": key.public_key, "added_at": now}
    added = insert(caller_key).values(row).on_conflict_do_nothing().returning(caller_key.c.key_id)
    return (await tx.execute(added)).first() is not None


async def add_units(tx: Writing, caller_id: str, codes: Iterable[str], now: datetime) -> int:
    """Let an existing caller speak for existing units; returns how many it did not have yet."""
    values = [{"caller_id": caller_id, "unit_code": code, "added_at": now} for code in sorted(set(codes))]
    reopened = insert(caller_unit).on_conflict_do_update(
        index_elements=[caller_unit.c.caller_id, caller_unit.c.unit_code],
        set_={"closed_at": None},
        where=caller_unit.c.closed_at.is_not(None),
    )
    return await add_all(tx, reopened.returning(caller_unit.c.unit_code), values)


async def count_with(tx: Writing, caller_id: str, other: str) -> bool:
    """Let a caller, and all that count with it, share the limits of another one; False when either is not open.

    Both rows are locked, in one order: of two that are to count with each other at once, one does.
    """
    c = caller.c
    both = select(c.caller_id, c.counts_with).where(c.caller_id.in_([caller_id, other]), c.closed_at.is_(None))
    rows = await tx.execute(both.order_by(c.caller_id).with_for_update())
    counts_with = {row.caller_id: row.counts_with for row in rows}
    head = counts_with.get(other) or other
    if len(counts_with) < 2 or head == caller_id:
        return False
    await tx.execute(update(caller).where(c.caller_id == caller_id).values(counts_with=head))
    await tx.execute(update(caller).where(c.counts_with == caller_id).values(counts_with=head))
    return True


async def close_caller(tx: Writing, caller_id: str, at: datetime) -> bool:
    """Close a caller for ever; False when there is no open one of this id."""
    return await _close(tx, caller, at, caller_id=caller_id)


async def close_key(tx: Writing, caller_id: str, key_id: str, at: datetime) -> bool:
    """Close one key of a caller for ever; False when there is no open one of this id."""
    return await _close(tx, caller_key, at, caller_id=caller_id, key_id=key_id)


async def close_unit(tx: Writing, caller_id: str, unit_code: str, at: datetime) -> bool:
    """Take a unit from a caller; False when it did not have it."""
    return await _close(tx, caller_unit, at, caller_id=caller_id, unit_code=unit_code)


async def _close(tx: Writing, table: Table, at: datetime, **keys: str) -> bool:
    closing = update(table).where(table.c.closed_at.is_(None)).values(closed_at=at)
    for name, value in keys.items():
        closing = closing.where(table.c[name] == value)
    return bool((await tx.execute(closing)).rowcount)


async def spend(tx: Writing, caller_id: str, jti_digest: bytes, expires_at: datetime) -> bool:
    """Use up an assertion's `jti`; False when it was used before (RFC 7523 section 3, item 7). Of many at once, one wins."""
    row = {"caller_id": caller_id, "jti_digest": jti_digest, "expires_at": expires_at}
    spent = insert(spent_assertion).values(row).on_conflict_do_nothing().returning(spent_assertion.c.caller_id)
    return (await tx.execute(spent)).first() is not None


async def forget_spent(tx: Writing, now: datetime) -> int:
    """Delete used assertions that have been expired for a while; returns how many."""
    gone = delete(spent_assertion).where(spent_assertion.c.expires_at < now - _REMEMBERED)
    return int((await tx.execute(gone)).rowcount)
