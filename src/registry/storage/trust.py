"""Anchors, intermediates, revocation lists, signers, and schools' ownership, as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from registry.core import trust
from registry.storage import policies
from registry.storage.database import Reading, Writing, add_all
from registry.storage.tables import (
    ocsp_answer,
    revocation_list,
    school,
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
        policy=await policies.table(tx),
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


async def school_codes(tx: Reading) -> set[str]:
    """The code of every school on the map."""
    return set((await tx.execute(select(school.c.school_code))).scalars())


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
    new = insert(trust_certificate).on_conflict_do_nothing().returning(trust_certificate.c.fingerprint)
    return await add_all(tx, new, values)


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
