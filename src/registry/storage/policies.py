"""The signature policy as rows: versions are added, never changed. Which of them decides is in `registry.core.policy_versions`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert

from registry.core import policy_versions, trust
from registry.storage.database import Reading, Writing, add_all
from registry.storage.tables import signature_policy

#: Any constant will do, so long as nobody else takes the same advisory lock.
_WRITING = 7_140_216_312


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A version of the policy as imported: its own rows, and when they came (the version when the first did)."""

    policy: trust.Policy
    imported_at: datetime
    rows_at: tuple[datetime, ...]

    def as_of(self, at: datetime) -> trust.Policy:
        """The version without the rows that were added to it after a moment."""
        latest = max(at, self.imported_at)
        rows = zip(self.policy.rows, self.rows_at, strict=True)
        return trust.Policy(self.policy.version, tuple(row for row, came in rows if came <= latest))


async def write_alone(tx: Writing) -> None:
    """Until the transaction ends nobody else adds a version: two of one name must not become one."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})


async def versions(tx: Reading) -> list[StoredPolicy]:
    """Every version ever imported with its own rows, the newest first."""
    query = select(signature_policy).order_by(signature_policy.c.imported_at, signature_policy.c.valid_from)
    found: dict[str, list[tuple[datetime, trust.PolicyRow]]] = defaultdict(list)
    for r in await tx.execute(query):
        found[r.version].append((r.imported_at, _policy_row(r)))
    stored = [
        StoredPolicy(trust.Policy(version, tuple(row for _, row in rows)), rows[0][0], tuple(at for at, _ in rows))
        for version, rows in found.items()
    ]
    return sorted(stored, key=lambda v: (v.imported_at, v.policy.version), reverse=True)


async def table(tx: Reading, version: str | None = None, at: datetime | None = None) -> trust.Policy:
    """The table in force (`core.policy_versions`), now or when this version was the newest one imported.

    With `at`, without the rows that were added to a version after that moment. Empty when there is no version of that name:
    an empty policy refuses everything.
    """
    found = await versions(tx)
    names = [v.policy.version for v in found]
    if version is not None:
        found = found[names.index(version) :] if version in names else []
    return policy_versions.in_force([v.policy if at is None else v.as_of(at) for v in found])


def _policy_row(r: Row[Any]) -> trust.PolicyRow:
    return trust.PolicyRow(
        trust.Role(r.role),
        trust.Ownership(r.ownership),
        trust.Hierarchy(r.hierarchy),
        frozenset(trust.Algorithm(a) for a in r.algorithms),
        r.valid_from,
        r.valid_to,
        r.required,
        frozenset(r.policies),
        r.time_stamp,
        r.first_year or None,
        r.last_year,
        r.extract,
        trust.Declares(r.declares) if r.declares else None,
        r.subject_teachers,
    )


async def add(tx: Writing, policy: trust.Policy, now: datetime) -> None:
    """Store the rows of a policy version; `core.policy_versions` says from when on it decides."""
    values = [
        {
            "version": policy.version,
            "role": r.role,
            "ownership": r.ownership,
            "hierarchy": r.hierarchy,
            "algorithms": sorted(r.algorithms),
            "valid_from": r.valid_from,
            "valid_to": r.valid_to,
            "required": r.required,
            "policies": sorted(r.policies),
            "time_stamp": r.time_stamp,
            "first_year": r.first_year or 0,
            "last_year": r.last_year,
            "extract": r.extract,
            "declares": r.declares,
            "subject_teachers": r.subject_teachers,
            "imported_at": now,
        }
        for r in policy.rows
    ]
    await add_all(tx, insert(signature_policy).on_conflict_do_nothing(), values)
