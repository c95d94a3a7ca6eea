"""Configured addresses of trust material with how asking them went, and the operator's own known roots, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from registry.core import trust
from registry.storage.database import Reading, Writing
from registry.storage.tables import known_root, trust_source


@dataclass(frozen=True, slots=True)
class Source:
    """An address to ask. `kind` is crl, ocsp or certificates; `issuer` (SHA-256 of a CA certificate) only for ocsp."""

    url: str
    kind: str
    issuer: bytes | None = None
    etag: str | None = None
    last_modified: str | None = None
    added_at: datetime | None = None
    tried_at: datetime | None = None
    succeeded_at: datetime | None = None

    @property
    def source_id(self) -> str:
        """Names the source where its address must not be shown: an address may hold a secret."""
        return sha256(f"{self.kind} {self.url} {(self.issuer or b'').hex()}".encode()).hexdigest()[:12]


async def add(tx: Writing, rows: Iterable[Source], now: datetime) -> int:
    """Add addresses, also ones that were removed; returns how many were not there."""
    c, added = trust_source.c, 0
    for row in rows:
        new = insert(trust_source).values(
            source_id=row.source_id, url=row.url, kind=row.kind, issuer=row.issuer, added_at=now
        )
        again = {
            "added_at": now, "closed_at": None, "claimed_until": None, "tried_at": None, "succeeded_at": None,
            "etag": None, "last_modified": None,
        }  # fmt: skip
        put = new.on_conflict_do_update(index_elements=[c.source_id], set_=again, where=c.closed_at.is_not(None))
        added += len((await tx.execute(put.returning(c.source_id))).all())
    return added


async def load(tx: Reading) -> list[Source]:
    """The addresses in force, in the order in which they were added."""
    c = trust_source.c
    columns = (c.url, c.kind, c.issuer, c.etag, c.last_modified, c.added_at, c.tried_at, c.succeeded_at)
    query = select(*columns).where(c.closed_at.is_(None)).order_by(c.added_at, c.url)
    return [Source(*row) for row in await tx.execute(query)]


async def remove(tx: Writing, url: str, kind: str | None, now: datetime) -> int:
    """Ask an address no more, for one kind of material or for all; returns how many rows that changed."""
    c = trust_source.c
    mine = (c.url == url) & c.closed_at.is_(None)
    if kind is not None:
        mine &= c.kind == kind
    return int((await tx.execute(update(trust_source).where(mine).values(closed_at=now))).rowcount)


async def claim(tx: Writing, before: datetime, now: datetime, until: datetime) -> set[str]:
    """Take the sources last tried before a moment, for oneself until another; returns their ids.

    One statement, so that of two processes one gets a source; what a killed process had claimed is free again at `until`.
    """
    c = trust_source.c
    due = c.tried_at.is_(None) | (c.tried_at <= before)
    free = c.claimed_until.is_(None) | (c.claimed_until <= now)
    taken = update(trust_source).where(c.closed_at.is_(None) & due & free).values(claimed_until=until)
    return set((await tx.execute(taken.returning(c.source_id))).scalars())


async def note(tx: Writing, source: Source, now: datetime, *, succeeded: bool) -> None:
    """Keep how asking a source went, and give it back. Its validators (RFC 9110 8.8) only count after a success."""
    values: dict[str, object] = {"claimed_until": None, "tried_at": now}
    if succeeded:
        values |= {"succeeded_at": now, "etag": source.etag, "last_modified": source.last_modified}
    mine = trust_source.c.source_id == source.source_id
    await tx.execute(update(trust_source).where(mine).values(values))


async def give_back(tx: Writing, until: datetime) -> None:
    """Let others ask what was claimed until that moment: asking it was not begun or not ended."""
    await tx.execute(update(trust_source).where(trust_source.c.claimed_until == until).values(claimed_until=None))


async def known_roots(tx: Reading) -> list[trust.KnownRoot]:
    """The roots that the operator has named as known."""
    c = known_root.c
    rows = await tx.execute(select(c.fingerprint, c.hierarchy, c.name).where(c.closed_at.is_(None)).order_by(c.name))
    return [trust.KnownRoot(r.fingerprint, trust.Hierarchy(r.hierarchy), r.name) for r in rows]


async def add_known_root(tx: Writing, root: trust.KnownRoot, now: datetime) -> None:
    """Name a root as known, or correct what was said of it."""
    values = {"hierarchy": root.hierarchy, "name": root.name}
    new = insert(known_root).values(fingerprint=root.fingerprint, added_at=now, **values)
    await tx.execute(new.on_conflict_do_update(index_elements=["fingerprint"], set_={**values, "closed_at": None}))


async def remove_known_root(tx: Writing, fingerprint: bytes, now: datetime) -> int:
    """Call a root known no more; returns how many rows that changed."""
    mine = (known_root.c.fingerprint == fingerprint) & known_root.c.closed_at.is_(None)
    return int((await tx.execute(update(known_root).where(mine).values(closed_at=now))).rowcount)
