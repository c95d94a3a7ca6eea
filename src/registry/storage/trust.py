"""Anchors, intermediates, revocation lists, signers, schools' ownership and the signature policy, as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from registry.core import trust
from registry.storage.database import Reading, Writing
from registry.storage.tables import (
    ocsp_answer,
    revocation_list,
    school,
    signature_policy,
    signer,
    trust_certificate,
    unit,
)

#: Any constant will do, so long as nobody else takes the same advisory lock.
_WRITING = 7_140_216_302


@dataclass(frozen=True, slots=True)
class StoredList:
    """A revocation list as stored: who issued it, how new it is, its bytes."""

    fingerprint: bytes
    issuer: str
    number: int
    this_update: datetime
    next_update: datetime
    der: bytes


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An OCSP answer as stored: which certificate it speaks about, how new it is, its bytes."""

    fingerprint: bytes
    cert_id: str
    this_update: datetime
    next_update: datetime
    der: bytes


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A trusted certificate as stored; `hierarchy` only for anchors."""

    fingerprint: bytes
    kind: str
    hierarchy: trust.Hierarchy | None
    der: bytes
    subject: str
    not_after: datetime


async def load(tx: Reading, generation: int) -> trust.TrustList:
    """Everything trusted now, as one value."""
    stored = await certificates(tx)
    lists = (await tx.execute(select(revocation_list.c.der).where(revocation_list.c.closed_at.is_(None)))).scalars()
    answers = (await tx.execute(select(ocsp_answer.c.der).where(ocsp_answer.c.closed_at.is_(None)))).scalars()
    return trust.TrustList(
        generation=generation,
        anchors=tuple(trust.Anchor(c.fingerprint, c.der, c.hierarchy) for c in stored if c.hierarchy is not None),
        intermediates=tuple(c.der for c in stored if c.hierarchy is None),
        revocation_lists=tuple(lists),
        signers=await _signers(tx),
        schools=await _schools(tx),
        policy=await _policy(tx),
        ocsp_answers=tuple(answers),
    )


async def certificates(tx: Reading) -> list[StoredCertificate]:
    """The anchors and intermediates in force."""
    c = trust_certificate.c
    rows = await tx.execute(
        select(c.fingerprint, c.kind, c.hierarchy, c.der, c.subject, c.not_after).where(c.closed_at.is_(None))
    )
    return [
        StoredCertificate(
            r.fingerprint, r.kind, trust.Hierarchy(r.hierarchy) if r.hierarchy else None, r.der, r.subject, r.not_after
        )
        for r in rows
    ]


async def revocation_lists(tx: Reading, issuer: str | None = None) -> list[StoredList]:
    """The revocation lists in force, of one issuer or of all."""
    c = revocation_list.c
    query = select(c.fingerprint, c.issuer, c.number, c.this_update, c.next_update, c.der).where(c.closed_at.is_(None))
    rows = await tx.execute(query if issuer is None else query.where(c.issuer == issuer))
    return [StoredList(r.fingerprint, r.issuer, int(r.number), r.this_update, r.next_update, r.der) for r in rows]


async def ocsp_answers(tx: Reading, cert_id: str | None = None) -> list[StoredAnswer]:
    """The OCSP answers in force, about one certificate or about all."""
    c = ocsp_answer.c
    query = select(c.fingerprint, c.cert_id, c.this_update, c.next_update, c.der).where(c.closed_at.is_(None))
    rows = await tx.execute(query if cert_id is None else query.where(c.cert_id == cert_id))
    return [StoredAnswer(*r) for r in rows]


async def _signers(tx: Reading) -> dict[bytes, tuple[trust.Signer, ...]]:
    c = signer.c
    found: dict[bytes, list[trust.Signer]] = defaultdict(list)
    for r in await tx.execute(select(c.certificate, c.der, c.school_code, c.role, c.valid_from, c.valid_to)):
        row = trust.Signer(r.certificate, r.der, r.school_code, trust.Role(r.role), r.valid_from, r.valid_to)
        found[r.certificate].append(row)
    return {certificate: tuple(rows) for certificate, rows in found.items()}


async def _schools(tx: Reading) -> dict[str, trust.School]:
    query = select(school.c.school_code, unit.c.name, school.c.ownership, unit.c.valid_from, unit.c.valid_to)
    rows = await tx.execute(query.join_from(school, unit, school.c.unit_code == unit.c.unit_code))
    return {
        r.school_code: trust.School(r.school_code, r.name, trust.Ownership(r.ownership), r.valid_from, r.valid_to)
        for r in rows
    }


async def _policy(tx: Reading) -> trust.Policy:
    """The newest imported policy version with its rows; an empty policy refuses everything."""
    c = signature_policy.c
    newest = select(c.version).order_by(c.imported_at.desc(), c.version.desc()).limit(1)
    return await policy_of(tx, (await tx.execute(newest)).scalar_one_or_none())


async def policy_of(tx: Reading, version: str | None, at: datetime | None = None) -> trust.Policy:
    """A policy version, without the rows that were added to it after a moment; empty when there is none of that name."""
    query = select(signature_policy).where(signature_policy.c.version == version)
    rows = (await tx.execute(query.order_by(signature_policy.c.imported_at))).all()
    if not rows:
        return trust.Policy("none", ())
    if at is not None:
        rows = [r for r in rows if r.imported_at <= max(at, rows[0].imported_at)]
    return trust.Policy(
        rows[0].version,
        tuple(
            trust.PolicyRow(
                trust.Role(r.role),
                trust.Ownership(r.ownership),
                trust.Hierarchy(r.hierarchy),
                frozenset(trust.Algorithm(a) for a in r.algorithms),
                r.valid_from,
                r.valid_to,
            )
            for r in rows
        ),
    )


async def write_alone(tx: Writing) -> None:
    """Until the transaction ends nobody else adds lists or answers: what is the newest must not change under a comparison."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})


async def add_certificates(tx: Writing, rows: Iterable[StoredCertificate], now: datetime) -> int:
    """Add anchors and intermediates that are not there yet; returns how many were new."""
    values = [
        {
            "fingerprint": r.fingerprint,
            "kind": r.kind,
            "hierarchy": r.hierarchy,
            "der": r.der,
            "subject": r.subject,
            "not_after": r.not_after,
            "imported_at": now,
        }
        for r in rows
    ]
    if not values:
        return 0
    added = insert(trust_certificate).values(values).on_conflict_do_nothing().returning(trust_certificate.c.fingerprint)
    return len((await tx.execute(added)).all())


async def replace_list(tx: Writing, new: StoredList, now: datetime) -> None:
    """Store a revocation list and close the older ones of its issuer."""
    c = revocation_list.c
    await tx.execute(
        insert(revocation_list)
        .values(
            fingerprint=new.fingerprint,
            issuer=new.issuer,
            number=new.number,
            this_update=new.this_update,
            next_update=new.next_update,
            der=new.der,
            imported_at=now,
        )
        .on_conflict_do_nothing()
    )
    older = (c.issuer == new.issuer) & (c.fingerprint != new.fingerprint) & c.closed_at.is_(None)
    await tx.execute(update(revocation_list).where(older).values(closed_at=now))


async def replace_answer(tx: Writing, new: StoredAnswer, now: datetime) -> None:
    """Store an OCSP answer and close the older one about the same certificate."""
    c = ocsp_answer.c
    older = (c.cert_id == new.cert_id) & (c.fingerprint != new.fingerprint) & c.closed_at.is_(None)
    await tx.execute(update(ocsp_answer).where(older).values(closed_at=now))
    await tx.execute(
        insert(ocsp_answer)
        .values(
            fingerprint=new.fingerprint,
            cert_id=new.cert_id,
            this_update=new.this_update,
            next_update=new.next_update,
            der=new.der,
            imported_at=now,
        )
        .on_conflict_do_nothing()
    )


async def add_signers(tx: Writing, rows: Sequence[trust.Signer], now: datetime) -> int:
    """Register signers that are not registered yet for the same school, role and start; returns how many were new."""
    if not rows:
        return 0
    values = [
        {
            "certificate": r.certificate,
            "der": r.der,
            "school_code": r.school_code,
            "role": r.role,
            "valid_from": r.valid_from,
            "valid_to": r.valid_to,
            "imported_at": now,
        }
        for r in rows
    ]
    added = 0
    for start in range(0, len(values), 1000):
        statement = insert(signer).values(values[start : start + 1000]).on_conflict_do_nothing()
        added += len((await tx.execute(statement.returning(signer.c.certificate))).all())
    return added


async def close_signer(tx: Writing, certificate: bytes, school_code: str, role: trust.Role, at: datetime) -> int:
    """End a registration at a moment; returns how many rows that changed."""
    c = signer.c
    mine = (c.certificate == certificate) & (c.school_code == school_code) & (c.role == role) & c.valid_to.is_(None)
    return int((await tx.execute(update(signer).where(mine).values(valid_to=at))).rowcount)


async def add_policy(tx: Writing, policy: trust.Policy, now: datetime) -> None:
    """Store a policy version; the newest stored version is the one in force."""
    values = [
        {
            "version": policy.version,
            "role": r.role,
            "ownership": r.ownership,
            "hierarchy": r.hierarchy,
            "algorithms": sorted(r.algorithms),
            "valid_from": r.valid_from,
            "valid_to": r.valid_to,
            "imported_at": now,
        }
        for r in policy.rows
    ]
    await tx.execute(insert(signature_policy).values(values).on_conflict_do_nothing())
