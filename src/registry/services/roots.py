"""The known national roots: a table that comes along (services/data/known-roots.csv), and what the operator adds to it.

Standing in the table makes nothing trusted. It only decides which anchor is taken without a further word.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

from registry.core import trust
from registry.services.world import World
from registry.storage import sources
from registry.storage.database import Reading


@dataclass(frozen=True, slots=True)
class Admission:
    """Anchors that may be taken, which of them are known roots, and why the others may not."""

    anchors: tuple[trust.Anchor, ...]
    known: frozenset[bytes]
    problems: tuple[str, ...]


@cache
def built_in() -> tuple[trust.KnownRoot, ...]:
    """The roots that come along with the registry."""
    file = resources.files("registry.services") / "data" / "known-roots.csv"
    return tuple(
        trust.KnownRoot(bytes.fromhex(row["sha256"]), trust.Hierarchy(row["hierarchy"]), row["name"])
        for row in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
    )


def foreign(anchors: Iterable[trust.Anchor]) -> tuple[trust.Anchor, ...]:
    """Those that are none of the roots that come along with the registry, or of another hierarchy than theirs."""
    there = {(root.fingerprint, root.hierarchy) for root in built_in()}
    return tuple(anchor for anchor in anchors if (anchor.fingerprint, anchor.hierarchy) not in there)


async def table(tx: Reading) -> dict[bytes, trust.KnownRoot]:
    """Every known root by fingerprint; what comes along can't be overruled."""
    own = {root.fingerprint: root for root in await sources.known_roots(tx)}
    return own | {root.fingerprint: root for root in built_in()}


async def known(world: World) -> list[trust.KnownRoot]:
    """Every known root, by hierarchy and name."""
    async with world.db.snapshot() as tx:
        return sorted((await table(tx)).values(), key=lambda root: (root.hierarchy, root.name))


async def add(world: World, root: trust.KnownRoot, now: datetime) -> bool:
    """Name a root as known; False when it comes along with the registry already."""
    if any(root.fingerprint == there.fingerprint for there in built_in()):
        return False
    async with world.db.transaction() as tx:
        await sources.add_known_root(tx, root, now)
    return True


async def remove(world: World, fingerprint: bytes, now: datetime) -> bool:
    """Call a root of the operator's own known no more; False when there is none. An anchor stays an anchor."""
    async with world.db.transaction() as tx:
        return await sources.remove_known_root(tx, fingerprint, now) > 0


def admit(
    anchors: Iterable[trust.Anchor],
    known_roots: dict[bytes, trust.KnownRoot],
    held: Collection[bytes],
    *,
    unlisted: bool,
) -> Admission:
    """Sort anchors by the table: never under another hierarchy than the table's; outside it only when held or `unlisted`."""
    taken, problems = [], []
    for anchor in anchors:
        root, printed = known_roots.get(anchor.fingerprint), anchor.fingerprint.hex().upper()
        if root is not None and root.hierarchy is not anchor.hierarchy:
            problems.append(f"{printed}: a root of the hierarchy {root.hierarchy}, not {anchor.hierarchy}; not taken")
        elif root is None and not unlisted and anchor.fingerprint not in held:
            problems.append(f"{printed}: not among the known national roots; compare it, then say --unlisted-anchor")
        else:
            taken.append(anchor)
    return Admission(tuple(taken), frozenset(known_roots), tuple(problems))
