"""Trust material comes in by command: anchors, intermediates, revocation lists, signers, policy. And what is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from registry.core import trust
from registry.formats import material, signer_rows, trust_files
from registry.formats.certificates import Certificate
from registry.services import policies, roots, signers, taking, trust_health
from registry.services.world import World
from registry.storage import generation
from registry.storage import trust as stored
from registry.storage.database import Writing

_SIGNERS = "signers.csv"


@dataclass(slots=True)
class Imported:
    """How many of each kind were new, and what could not be taken (sentences for the operator)."""

    anchors: int = 0
    intermediates: int = 0
    revocation_lists: int = 0
    ocsp_answers: int = 0
    signers: int = 0
    policy: str | None = None
    problems: list[str] = field(default_factory=list)
    fingerprints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListStatus:
    """A revocation list in force and until when it is fresh."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime
    fresh: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What is trusted now and how fresh it is."""

    generation: int
    anchors: list[stored.StoredCertificate]
    intermediates: list[stored.StoredCertificate]
    lists: list[ListStatus]
    signers: int
    schools: int
    policy: trust.Policy
    problems: tuple[str, ...]
    health: trust_health.Health


def from_files(files: Mapping[str, bytes]) -> tuple[trust.TrustList, list[str]]:
    """A trust list from a folder's files, for judging without a database, and what could not be read."""
    found = trust_files.read(files)
    return found.trust_list(policies.default()), found.problems


async def import_files(
    world: World, files: Mapping[str, bytes], now: datetime, *, unlisted_anchors: bool = False
) -> Imported:
    """Take a folder in the layout of `registry.formats.trust_files`; what is already there is left as it is.

    One transaction: a problem with one file leaves the others in and is reported. An anchor outside the table of known
    national roots is taken only with `unlisted_anchors`. A revocation list or OCSP answer is taken when a CA that is held, or
    comes along, has signed it and it is not older than the stored one.
    """
    found = trust_files.read({name: raw for name, raw in files.items() if name != _SIGNERS})
    rows = signer_rows.read(files[_SIGNERS], files.get) if _SIGNERS in files else signer_rows.Rows()
    report = Imported(problems=list(found.problems))
    async with world.db.snapshot() as tx:
        held = await stored.certificates(tx)
        admitted = roots.admit(
            found.anchors, await roots.table(tx), {c.fingerprint for c in held}, unlisted=unlisted_anchors
        )
    report.problems += admitted.problems
    certificates = _certificates(found, admitted, report)
    issuers = readable(c.der for c in (*held, *certificates))
    checked = await asyncio.to_thread(taking.check, found.revocation_lists, found.ocsp_answers, issuers, now)
    async with world.db.transaction() as tx:
        report.anchors = await stored.add_certificates(tx, [c for c in certificates if c.hierarchy], now)
        report.intermediates = await stored.add_certificates(tx, [c for c in certificates if not c.hierarchy], now)
        taken = await taking.keep(tx, checked, now)
        report.revocation_lists, report.ocsp_answers = taken.lists, taken.answers
        report.problems += taken.refused
        await _keep_signers(world, tx, rows, report, now)
        await _keep_policy(tx, found.policy, report, now)
        await generation.move(tx)
    return report


async def status(world: World, now: datetime, ending: timedelta = timedelta(hours=24)) -> Status:
    """Anchors, intermediates, lists with their freshness, counts, the policy, what the path builder can't use, what is missing."""
    known = await world.known()
    async with world.db.snapshot() as tx:
        certificates = await stored.certificates(tx)
        lists = await stored.revocation_lists(tx)
    return Status(
        known.generation,
        [c for c in certificates if c.hierarchy is not None],
        [c for c in certificates if c.hierarchy is None],
        [
            ListStatus(r.issuer, r.number, r.this_update, r.next_update, r.this_update <= now <= r.next_update)
            for r in lists
        ],
        len(known.index.trust.signers),
        len(known.index.trust.schools),
        known.index.trust.policy,
        tuple(known.index.problems),
        await trust_health.look(world, now, ending),
    )


def readable(ders: Iterable[bytes]) -> list[Certificate]:
    """The certificates of these that can be read."""
    return [certificate for certificate, _ in map(Certificate.read, ders) if certificate is not None]


def _certificates(
    found: trust_files.TrustFiles, admitted: roots.Admission, report: Imported
) -> list[stored.StoredCertificate]:
    """Admitted anchors and intermediates as rows; each anchor's fingerprint goes into the report."""
    hierarchies = {a.fingerprint: a.hierarchy for a in admitted.anchors}
    anchors = list(_stored((a.der for a in admitted.anchors), hierarchies, report))
    for anchor in anchors:
        standing = "known national root" if anchor.fingerprint in admitted.known else "NOT a known national root"
        printed = anchor.fingerprint.hex().upper()
        report.fingerprints.append(f"{anchor.hierarchy}: {printed}  {anchor.subject} ({standing})")
    return [*anchors, *_stored(found.intermediates, {}, report)]


def _stored(
    ders: Iterable[bytes], hierarchies: Mapping[bytes, trust.Hierarchy], report: Imported
) -> Iterable[stored.StoredCertificate]:
    for der in ders:
        facts = material.certificate_facts(der)
        if facts is None:
            report.problems.append("a certificate can't be read")
            continue
        hierarchy = hierarchies.get(facts.fingerprint)
        kind = "anchor" if hierarchy else "intermediate"
        if hierarchy is not None and not facts.self_issued:
            report.problems.append(f"{facts.subject}: an anchor must be a self-issued root")
            continue
        yield stored.StoredCertificate(facts.fingerprint, kind, hierarchy, der, facts.subject, facts.not_after)


async def _keep_signers(world: World, tx: Writing, rows: signer_rows.Rows, report: Imported, now: datetime) -> None:
    """The rows that can be taken; what is wrong with the others is reported by line and column."""
    taken, findings = await signers.keep_good(world, tx, rows.rows, now, signers.Origin("registry trust import"))
    report.signers = taken.new
    for finding in (*rows.findings, *findings):
        line, _, column = finding.pointer.removeprefix("/rows/").partition("/")
        place = f", line {line}" if line else ""
        report.problems.append(f"{_SIGNERS}{place}{f', {column}' if column else ''}: {finding.detail}")


async def _keep_policy(tx: Writing, policy: trust.Policy | None, report: Imported, now: datetime) -> None:
    if policy is None:
        return
    wrong = policies.unclear(policy)
    if wrong is not None:
        report.problems.append(f"policy.csv: {wrong}")
    elif await policies.keep(tx, policy, now):
        report.policy = policy.version
    else:
        report.problems.append(f"policy.csv: {policies.DIFFERS}")
