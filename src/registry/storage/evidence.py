"""What verdicts rested on, read back: all verdicts of a submission, its bytes, and trust material also when closed since.

Rows of trust material are never deleted, only closed, so what a verdict named is always found again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from registry.core import trust
from registry.storage.database import Reading
from registry.storage.tables import (
    document,
    ocsp_answer,
    revocation_list,
    school,
    signer,
    submission,
    trust_certificate,
    unit,
    verdict,
)


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """One verdict as journaled."""

    judged_at: datetime
    outcome: str
    findings: list[dict[str, Any]]
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredAuthority:
    """A certificate of the trust list, in force or closed; `hierarchy` only for anchors."""

    fingerprint: bytes
    hierarchy: trust.Hierarchy | None
    der: bytes


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What is known of a submission's bytes; `sealed` is None when they were refused and so not stored."""

    media_type: str | None
    sealed: bytes | None


async def verdicts(tx: Reading, submission_id: UUID) -> list[StoredVerdict]:
    """Every verdict of a submission, the newest first."""
    c = verdict.c
    query = select(c.judged_at, c.outcome, c.findings, c.evidence).where(c.submission_id == submission_id)
    return [StoredVerdict(*row) for row in await tx.execute(query.order_by(c.judged_at.desc()))]


async def received_document(tx: Reading, submission_id: UUID) -> StoredDocument:
    """The sealed bytes of a submission, as far as they are stored."""
    s, d = submission.c, document.c
    same = (d.school_year == s.school_year) & (d.fingerprint == s.fingerprint)
    query = select(s.media_type, d.sealed).select_from(submission.outerjoin(document, same))
    row = (await tx.execute(query.where(s.submission_id == submission_id))).one_or_none()
    return StoredDocument(row.media_type, row.sealed) if row else StoredDocument(None, None)


async def authorities(tx: Reading, fingerprints: Collection[bytes]) -> list[StoredAuthority]:
    """Those of the trust list's certificates that have these fingerprints."""
    return await _authorities(tx, trust_certificate.c.fingerprint.in_(list(fingerprints)))


async def authorities_at(tx: Reading, moment: datetime) -> list[StoredAuthority]:
    """The anchors and intermediates that were in force at a moment."""
    return await _authorities(tx, _in_force(trust_certificate, moment))


async def revocation_lists(tx: Reading, fingerprints: Collection[bytes]) -> list[bytes]:
    """The DER forms of the lists that have these fingerprints."""
    return await _ders(tx, revocation_list, revocation_list.c.fingerprint.in_(list(fingerprints)))


async def revocation_lists_at(tx: Reading, moment: datetime) -> list[bytes]:
    """The DER forms of the lists that were in force at a moment."""
    return await _ders(tx, revocation_list, _in_force(revocation_list, moment))


async def ocsp_answers(tx: Reading, fingerprints: Collection[bytes]) -> list[bytes]:
    """The DER forms of the stored OCSP answers that have these fingerprints."""
    return await _ders(tx, ocsp_answer, ocsp_answer.c.fingerprint.in_(list(fingerprints)))


async def ocsp_answers_at(tx: Reading, moment: datetime) -> list[bytes]:
    """The DER forms of the OCSP answers that were in force at a moment."""
    return await _ders(tx, ocsp_answer, _in_force(ocsp_answer, moment))


async def signers(tx: Reading, certificates: Collection[bytes]) -> list[trust.Signer]:
    """Every registration of these certificates as it stands now."""
    c = signer.c
    query = select(c.certificate, c.der, c.school_code, c.role, c.valid_from, c.valid_to)
    rows = await tx.execute(query.where(c.certificate.in_(list(certificates))).order_by(c.school_code, c.valid_from))
    return [
        trust.Signer(r.certificate, r.der, r.school_code, trust.Role(r.role), r.valid_from, r.valid_to) for r in rows
    ]


async def claimed_school(tx: Reading, submission_id: UUID) -> tuple[str, trust.Ownership] | None:
    """Code and kind, as they are now, of the school that a submission's document names."""
    query = select(school.c.school_code, school.c.ownership).join(
        submission, submission.c.school_code == school.c.school_code
    )
    row = (await tx.execute(query.where(submission.c.submission_id == submission_id))).one_or_none()
    return (row.school_code, trust.Ownership(row.ownership)) if row else None


async def school_name(tx: Reading, school_code: str) -> str:
    """The name a school goes by now; "" when there is none of that code."""
    query = select(unit.c.name).where(unit.c.unit_code == f"school:{school_code}")
    return (await tx.execute(query)).scalar_one_or_none() or ""


def _in_force(table: Table, moment: datetime) -> Any:
    c = table.c
    return (c.imported_at <= moment) & (c.closed_at.is_(None) | (c.closed_at > moment))


async def _ders(tx: Reading, table: Table, wanted: Any) -> list[bytes]:
    return list((await tx.execute(select(table.c.der).where(wanted).order_by(table.c.fingerprint))).scalars())


async def _authorities(tx: Reading, wanted: Any) -> list[StoredAuthority]:
    c = trust_certificate.c
    rows = await tx.execute(select(c.fingerprint, c.hierarchy, c.der).where(wanted).order_by(c.fingerprint))
    return [StoredAuthority(r.fingerprint, trust.Hierarchy(r.hierarchy) if r.hierarchy else None, r.der) for r in rows]
