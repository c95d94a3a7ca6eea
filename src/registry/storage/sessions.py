"""Sessions as rows, by the digest of their secret; links and begun sign-ins, each of which is used once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from registry.core.people import Stay, Way
from registry.storage.database import Reading, Writing
from registry.storage.tables_sessions import session, sign_in_attempt, sign_in_link

#: How long used and expired links stay, to tell what happened.
_REMEMBERED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose session it is."""

    person_id: str
    way: Way
    stay: Stay


async def begin(tx: Writing, digest: bytes, person_id: str, way: Way, now: datetime) -> None:
    """A new session."""
    row = {"session_digest": digest, "person_id": person_id, "way": way.value, "started_at": now, "seen_at": now}
    await tx.execute(insert(session).values(row))


async def find(tx: Reading, digest: bytes) -> Found | None:
    """The session of this secret, whether or not it still lasts."""
    s = session.c
    wanted = select(s.person_id, s.way, s.started_at, s.seen_at, s.ended_at).where(s.session_digest == digest)
    row = (await tx.execute(wanted)).first()
    return row and Found(row.person_id, Way(row.way), Stay(row.started_at, row.seen_at, row.ended_at))


async def open_of(tx: Reading, person_id: str) -> list[tuple[bytes, Found]]:
    """The sessions of a person that nobody has ended, with their digests, the newest first; whether they last is not asked."""
    s = session.c
    wanted = select(s.session_digest, s.way, s.started_at, s.seen_at).where(
        s.person_id == person_id, s.ended_at.is_(None)
    )
    rows = await tx.execute(wanted.order_by(s.started_at.desc()))
    return [(r.session_digest, Found(person_id, Way(r.way), Stay(r.started_at, r.seen_at))) for r in rows]


async def all_open(tx: Reading, people: Collection[str]) -> list[tuple[bytes, Found]]:
    """The sessions of these people that nobody has ended, with their digests; whether they last is not asked."""
    s = session.c
    wanted = select(s.session_digest, s.person_id, s.way, s.started_at, s.seen_at)
    rows = await tx.execute(wanted.where(s.person_id == func.any(sorted(people)), s.ended_at.is_(None)))
    return [(r.session_digest, Found(r.person_id, Way(r.way), Stay(r.started_at, r.seen_at))) for r in rows]


async def see(tx: Writing, digest: bytes, now: datetime) -> None:
    """The session was used."""
    await tx.execute(update(session).where(session.c.session_digest == digest).values(seen_at=now))


async def end(tx: Writing, digest: bytes, now: datetime) -> None:
    """End one session."""
    still = (session.c.session_digest == digest) & session.c.ended_at.is_(None)
    await tx.execute(update(session).where(still).values(ended_at=now))


async def end_all(tx: Writing, person_id: str, now: datetime) -> int:
    """End every session of a person; returns how many."""
    still = (session.c.person_id == person_id) & session.c.ended_at.is_(None)
    return int((await tx.execute(update(session).where(still).values(ended_at=now))).rowcount)


async def add_link(tx: Writing, digest: bytes, person_id: str, now: datetime, expires_at: datetime) -> None:
    """A one-time link."""
    row = {"link_digest": digest, "person_id": person_id, "made_at": now, "expires_at": expires_at}
    await tx.execute(insert(sign_in_link).values(row))


async def link_person(tx: Reading, digest: bytes, now: datetime) -> str | None:
    """Whom a link is for that can still be used."""
    k = sign_in_link.c
    wanted = select(k.person_id).where(k.link_digest == digest, k.used_at.is_(None), k.expires_at > now)
    found: str | None = (await tx.execute(wanted)).scalar_one_or_none()
    return found


async def use_link(tx: Writing, digest: bytes, now: datetime) -> str | None:
    """Use a link up: whom it is for. Of many at once, one gets an answer."""
    k = sign_in_link.c
    good = (k.link_digest == digest) & k.used_at.is_(None) & (k.expires_at > now)
    used = update(sign_in_link).where(good).values(used_at=now).returning(k.person_id)
    found: str | None = (await tx.execute(used)).scalar_one_or_none()
    return found


async def add_attempt(tx: Writing, digest: bytes, next_path: str, expires_at: datetime) -> None:
    """A browser was sent to the provider."""
    await tx.execute(insert(sign_in_attempt).values(attempt_digest=digest, next_path=next_path, expires_at=expires_at))


async def use_attempt(tx: Writing, digest: bytes, now: datetime) -> str | None:
    """Use a begun sign-in up: where it was to lead. Of many at once, one gets an answer."""
    a = sign_in_attempt.c
    gone = delete(sign_in_attempt).where(a.attempt_digest == digest).returning(a.next_path, a.expires_at)
    row = (await tx.execute(gone)).first()
    return row.next_path if row is not None and row.expires_at > now else None


async def forget(tx: Writing, now: datetime) -> None:
    """Delete begun sign-ins and links that are of no use any more."""
    await tx.execute(delete(sign_in_attempt).where(sign_in_attempt.c.expires_at < now))
    await tx.execute(delete(sign_in_link).where(sign_in_link.c.expires_at < now - _REMEMBERED))
