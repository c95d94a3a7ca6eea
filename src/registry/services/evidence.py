"""The evidence of a verdict as one archive: gathered from what was kept then, and judged again years later, offline.

Only the material the verdict rests on goes in, as it stood then. Whether the archive gives the same verdict is tried when it
is made, and written into it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from registry.core import codes, trust
from registry.core.callers import Caller
from registry.core.verdict import SignatureFacts, Verdict
from registry.formats import evidence, trust_files_writing
from registry.services import checking, own_looks, report
from registry.services import kept as kept_rows
from registry.services.world import World
from registry.storage import evidence as stored
from registry.storage import policies, transcripts
from registry.storage.database import Reading

log = logging.getLogger(__name__)

#: Findings of these areas rest on what else is in the registry and can't be found again in a document.
_CARRIED = (
    *(
        "declaration-version",
        "declaration-expected",
        "declaration-count",
        "declaration-missing",
        "declaration-exception",
    ),
    "number-supplied",
    "record-",
    "withdrawal-",
    "version-approval",
    "version-not-approved",
)
#: Stands for any school but the document's own: whose signer it is otherwise is nobody's business here.
_ELSEWHERE = "(other)"  # no school code: those are letters, digits, - and _
_LONG_AGO = datetime.fromisoformat("1990-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What one archive is made from."""

    kept: kept_rows.Kept
    media_type: str | None
    sealed: bytes | None
    trust: trust.TrustList


async def hand_out(world: World, submission_id: UUID, caller: Caller, now: datetime) -> bytes:
    """The archive for a caller: there is the whole document in it, so the look is written down first. Raises as `archive` does."""
    async with world.db.snapshot() as tx:
        kept = await kept_rows.load(tx, submission_id, caller)
        year, pupil_id = await transcripts.pupil_of(tx, kept.source) or (None, None)
    await own_looks.write_down(world, caller, "evidence", year, pupil_id, now)
    return await archive(world, submission_id, caller)


async def archive(world: World, submission_id: UUID, caller: Caller | None = None) -> bytes:
    """The evidence of a submission's verdict as a ZIP file; `caller` is None for the operator at the machine itself.

    The same submission gives the same bytes until it is judged again. Raises Refusal: submission-unknown, service-busy.
    """
    async with world.db.snapshot() as tx:
        gathered = await _gather(tx, submission_id, caller, wide=False)
    log.info("evidence read: submission %s, caller %s", submission_id, caller.caller_id if caller else "operator")
    packed, reproduced = await world.judges.run(lambda: _packed(world, gathered))
    if reproduced is False:
        # A verdict can rest on more than it names, such as another CA that signs revocation lists for this one.
        async with world.db.snapshot() as tx:
            gathered = await _gather(tx, submission_id, caller, wide=True)
        packed, reproduced = await world.judges.run(lambda: _packed(world, gathered))
    if reproduced is False:
        log.warning("evidence of submission %s does not give the same verdict", submission_id)
    return packed


async def _gather(tx: Reading, submission_id: UUID, caller: Caller | None, *, wide: bool) -> _Gathered:
    """From one snapshot. `wide` takes everything in force at the time in place of what the verdict names."""
    kept = await kept_rows.load(tx, submission_id, caller)
    document = await stored.received_document(tx, kept.source)
    found, moment = kept.evidence, kept.verdict.judged_at
    authorities = await _authorities(tx, kept, wide=wide or document.sealed is None)
    named = {used.fingerprint for used in found.revocation if used.fingerprint}
    lists, answers = await stored.revocation_lists(tx, named), await stored.ocsp_answers(tx, named)
    if wide or any(not used.fingerprint for used in found.revocation):
        lists += await stored.revocation_lists_at(tx, moment)
        answers += await stored.ocsp_answers_at(tx, moment)
    signers = await _signers(tx, kept)
    made = trust.TrustList(
        found.generation or 0,
        tuple(trust.Anchor(f, a.der, a.hierarchy) for f, a in authorities.items() if a.hierarchy is not None),
        tuple(a.der for a in authorities.values() if a.hierarchy is None),
        tuple(dict.fromkeys(lists)),
        signers,
        await _schools(tx, kept, signers),
        await policies.table(tx, found.policy_version, moment),
        tuple(dict.fromkeys(answers)),
    )
    return _Gathered(kept, document.media_type, document.sealed, made)


async def _authorities(tx: Reading, kept: kept_rows.Kept, *, wide: bool) -> Mapping[bytes, stored.StoredAuthority]:
    """The certificates of every path; where no path was found, all that were in force, since the verdict rests on them all."""
    signatures = kept.evidence.signatures
    named = {fingerprint for s in signatures for fingerprint in s.path}
    named |= {bytes.fromhex(used.issuer) for used in kept.evidence.revocation}
    rows = await stored.authorities(tx, named)
    if wide or any(not s.path for s in signatures):
        rows += await stored.authorities_at(tx, kept.verdict.judged_at)
    anchors = {s.path[-1]: s.hierarchy for s in signatures if s.path}
    return {
        row.fingerprint: replace(row, hierarchy=anchors.get(row.fingerprint, row.hierarchy))
        for row in sorted(rows, key=lambda row: row.fingerprint)
    }


async def _signers(tx: Reading, kept: kept_rows.Kept) -> dict[bytes, tuple[trust.Signer, ...]]:
    """The registrations as they stood: those at the document's school, or else that there are some elsewhere."""
    used = [s.certificate for s in kept.evidence.signatures if s.certificate is not None]
    now: dict[bytes, list[trust.Signer]] = {}
    for row in await stored.signers(tx, used):
        now.setdefault(row.certificate, []).append(row)
    school = kept.evidence.school[0] if kept.evidence.school else None
    return {c: tuple(_here(_as_of_then(rows, kept), school)) for c, rows in now.items() if _as_of_then(rows, kept)}


def _as_of_then(rows: list[trust.Signer], kept: kept_rows.Kept) -> list[trust.Signer]:
    then = kept.evidence.registrations
    if then is None:
        return rows
    first = rows[0]
    return [
        replace(first, school_code=r.school_code, role=r.role, valid_from=r.valid_from, valid_to=r.valid_to)
        for r in then.get(first.certificate, ())
    ]


def _here(rows: Iterable[trust.Signer], school: str | None) -> Iterable[trust.Signer]:
    rows = list(rows)
    here = [row for row in rows if row.school_code == school]
    return here or dict.fromkeys(replace(row, school_code=_ELSEWHERE) for row in rows)


async def _schools(
    tx: Reading, kept: kept_rows.Kept, signers: Mapping[bytes, tuple[trust.Signer, ...]]
) -> dict[str, trust.School]:
    """The document's school, unless the vendor has nothing to do with it and so must not learn that it exists."""
    if kept.evidence.school is None:
        return {}
    code, ownership = kept.evidence.school
    known = any(row.school_code == code for rows in signers.values() for row in rows)
    if not (known or _in_scope(kept)):
        return {}
    return {code: trust.School(code, await stored.school_name(tx, code), ownership, _LONG_AGO)}


def _packed(world: World, gathered: _Gathered) -> tuple[bytes, bool | None]:
    """The ZIP file, and whether it gives the verdict it is about (None: not to be known without the document)."""
    kept, raw = gathered.kept, None
    if gathered.sealed is not None and kept.state.fingerprint is not None:
        raw = world.sealer.open_document(gathered.sealed, kept.state.fingerprint)
    text = json.dumps(report.as_json(kept_rows.as_report(kept)), ensure_ascii=False, indent=1) + "\n"
    files = trust_files_writing.write(gathered.trust)
    made = evidence.Archive(_manifest(world, gathered), text.encode("utf-8"), files, raw)
    reproduced = None if raw is None else _same(checking.reopened(made).judge(raw), kept)
    return evidence.pack(replace(made, manifest=replace(made.manifest, reproduced=reproduced))), reproduced


def _manifest(world: World, gathered: _Gathered) -> evidence.Manifest:
    kept = gathered.kept
    carried = [f for f in kept.findings if f.code.slug.startswith(_CARRIED)]
    return evidence.Manifest(
        submission_id=str(kept.state.submission_id),
        sha256=kept.state.fingerprint.hex() if kept.state.fingerprint else None,
        media_type=gathered.media_type,
        received_at=kept.received_at,
        judged_at=kept.verdict.judged_at,
        skew=kept.evidence.skew if kept.evidence.skew is not None else world.skew,
        outcome=kept.verdict.outcome,
        generation=kept.evidence.generation,
        policy_version=kept.evidence.policy_version,
        rules_version=kept.evidence.rules_version,
        school_in_scope=_in_scope(kept),
        kind=kept.state.kind,
        carried=tuple(evidence.CarriedFinding(f.code.slug, f.pointer, f.detail) for f in carried),
    )


def _in_scope(kept: kept_rows.Kept) -> bool:
    return all(f.code is not codes.SCOPE_SCHOOL for f in kept.findings)


def _same(verdict: Verdict, kept: kept_rows.Kept) -> bool:
    """Outcome, findings, and what each signature is and rests on; rows of the first version tell less."""
    full = kept.evidence.registrations is not None
    return (
        verdict.outcome.value == kept.verdict.outcome
        and verdict.findings == kept.findings
        and [_identity(s, full) for s in verdict.signatures] == [_identity(s, full) for s in kept.evidence.signatures]
    )


def _identity(facts: SignatureFacts, full: bool) -> tuple[object, ...]:
    identity = (facts.role, facts.signed_at, facts.algorithm, facts.certificate, facts.hierarchy, facts.path)
    return (*identity, facts.proven_at, facts.proof, facts.stamps, facts.revocation) if full else identity
