"""People as rows: who may sign in, for which units, under which logins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from registry.core.callers import Scope
from registry.core.people import Person
from registry.storage.database import Reading, Writing, add_all
from registry.storage.tables_sessions import person, person_login, person_unit


async def load(tx: Reading, person_id: str | None = None) -> list[Person]:
    """Every open person with its units, by id; or the one of this id."""
    p, u = person.c, person_unit.c
    wanted = select(p.person_id, p.name, p.scopes, p.sees_names).where(p.closed_at.is_(None)).order_by(p.person_id)
    theirs = select(u.person_id, u.unit_code).where(u.closed_at.is_(None))
    if person_id is not None:
        wanted, theirs = wanted.where(p.person_id == person_id), theirs.where(u.person_id == person_id)
    units: dict[str, set[str]] = defaultdict(set)
    for row in await tx.execute(theirs):
        units[row.person_id].add(row.unit_code)
    return [
        Person(r.person_id, r.name, frozenset(map(Scope, r.scopes)), r.sees_names, frozenset(units[r.person_id]))
        for r in await tx.execute(wanted)
    ]


async def find(tx: Reading, person_id: str) -> Person | None:
    """The open person of this id."""
    return next(iter(await load(tx, person_id)), None)


async def find_login(tx: Reading, issuer: str, login: str) -> str | None:
    """Whose login this is: the id of an open person."""
    wanted = (
        select(person.c.person_id)
        .join(person_login, person_login.c.person_id == person.c.person_id)
        .where(
            person_login.c.issuer == issuer,
            person_login.c.login == login,
            person_login.c.closed_at.is_(None),
            person.c.closed_at.is_(None),
        )
    )
    found: str | None = (await tx.execute(wanted)).scalar_one_or_none()
    return found


async def logins(tx: Reading) -> dict[str, list[str]]:
    """The open logins by person."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = select(person_login.c.person_id, person_login.c.login).where(person_login.c.closed_at.is_(None))
    for row in await tx.execute(rows.order_by(person_login.c.login)):
        found[row.person_id].append(row.login)
    return found


async def add(tx: Writing, new: Person, now: datetime) -> bool:
    """Add a person without units; False when the id was ever used, open or closed."""
    row = {
        "person_id": new.person_id,
        "name": new.name,
        "scopes": sorted(new.scopes),
        "sees_names": new.sees_names,
        "created_at": now,
    }
    added = insert(person).values(row).on_conflict_do_nothing().returning(person.c.person_id)
    return (await tx.execute(added)).first() is not None


async def add_units(tx: Writing, person_id: str, codes: Iterable[str], now: datetime) -> None:
    """Let a person look after existing units."""
    values = [{"person_id": person_id, "unit_code": code, "added_at": now} for code in sorted(set(codes))]
    keys = [person_unit.c.person_id, person_unit.c.unit_code]
    opened = insert(person_unit).on_conflict_do_update(index_elements=keys, set_={"closed_at": None})
    await add_all(tx, opened, values)


async def add_login(tx: Writing, person_id: str, issuer: str, login: str, now: datetime) -> bool:
    """Give a person a login, or open its own again; False when it is or was another person's."""
    keys = [person_login.c.issuer, person_login.c.login]
    row = insert(person_login).values(issuer=issuer, login=login, person_id=person_id, added_at=now)
    own = row.on_conflict_do_update(
        index_elements=keys, set_={"closed_at": None}, where=person_login.c.person_id == person_id
    )
    return (await tx.execute(own.returning(person_login.c.login))).first() is not None


async def change(tx: Writing, person_id: str, scopes: Iterable[Scope], *, sees_names: bool) -> bool:
    """Other rights for an open person; False when there is none."""
    open_one = (person.c.person_id == person_id) & person.c.closed_at.is_(None)
    changed = update(person).where(open_one).values(scopes=sorted(scopes), sees_names=sees_names)
    return bool((await tx.execute(changed)).rowcount)


async def close(tx: Writing, person_id: str, at: datetime) -> bool:
    """Close a person for ever; False when there is no open one of this id."""
    open_one = (person.c.person_id == person_id) & person.c.closed_at.is_(None)
    return bool((await tx.execute(update(person).where(open_one).values(closed_at=at))).rowcount)
