"""The signature policy: a version comes in as a table, and what is in force is shown, with the version each row comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from registry.core import codes, policy_versions, trust
from registry.core.findings import Finding, Refusal
from registry.formats import policy_csv
from registry.services.world import World
from registry.storage import generation, policies
from registry.storage.database import Writing

DIFFERS = "a new version name for other rows: a version that was imported never changes"


@dataclass(frozen=True, slots=True)
class Version:
    """A version as imported."""

    policy: trust.Policy
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class InForce:
    """The table that decides, its rows with the version they come from, and every version, the newest first."""

    table: trust.Policy
    rows: tuple[tuple[str, trust.PolicyRow], ...]
    versions: tuple[Version, ...]


def read(text: str) -> trust.Policy:
    """A policy version from CSV text; raises ValueError that names the line or rows."""
    found = policy_csv.read(text)
    wrong = unclear(found)
    if wrong is not None:
        raise ValueError(wrong)
    return found


def unclear(policy: trust.Policy) -> str | None:
    """Why a version is not taken whose rows can all be read, as a sentence for the operator."""
    rows = policy_versions.overlap(policy.rows)
    if rows is None:
        return None
    return f"rows {rows[0]} and {rows[1]} decide about the same signatures, and the stricter would say nothing: end one where the other begins"


def default() -> trust.Policy:
    """The policy that comes with the registry (services/data/signature-policy.csv)."""
    file = resources.files("registry.services") / "data" / "signature-policy.csv"
    return policy_csv.read(file.read_text(encoding="utf-8"))


async def import_version(world: World, policy: trust.Policy, now: datetime) -> bool:
    """Take a version; False when it was there already, row by row. Raises Refusal: register-policy (there with other rows)."""
    async with world.db.transaction() as tx:
        known = await _known(tx, policy.version)
        if not await keep(tx, policy, now):
            raise Refusal(codes.REGISTER_POLICY, [Finding(codes.REGISTER_POLICY, "", DIFFERS)])
        if known is None:
            await generation.move(tx)
    return known is None


async def keep(tx: Writing, policy: trust.Policy, now: datetime) -> bool:
    """Store a version unless it is there; False when it is there with other rows. Within the caller's transaction."""
    known = await _known(tx, policy.version)
    if known is None:
        await policies.add(tx, policy, now)
    return known is None or set(known.rows) == set(policy.rows)


async def look(world: World) -> InForce:
    """What decides now about signatures of every time."""
    async with world.db.snapshot() as tx:
        stored = await policies.versions(tx)
    found = [v.policy for v in stored]
    return InForce(
        policy_versions.in_force(found),
        tuple(policy_versions.origins(found)),
        tuple(Version(v.policy, v.imported_at) for v in stored),
    )


async def _known(tx: Writing, version: str) -> trust.Policy | None:
    """The version as it stays until the transaction ends."""
    await policies.write_alone(tx)
    return next((v.policy for v in await policies.versions(tx) if v.policy.version == version), None)
