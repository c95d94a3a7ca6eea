"""The register of signers as rows, and the history of every registration. Judging reads the same table in `storage.trust`."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from registry.core import ids, trust
from registry.core.signers import Change, Event, HolderKind, Registration, Title
from registry.storage.database import Reading, Writing, add_all
from registry.storage.tables import signer, signer_change

#: Any constant will do, so long as nobody else takes the same advisory lock.
_WRITING = 7_140_216_303
_ROWS_AT_ONCE = 1000
_c = signer.c


async def write_alone(tx: Writing) -> None:
    """Until the transaction ends nobody else changes registrations: periods must not begin to overlap behind a comparison."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITING})


async def of_certificates(tx: Reading, certificates: Collection[bytes]) -> list[Registration]:
    """Every registration of these certificates."""
    wanted, found = list(certificates), list[Registration]()
    for start in range(0, len(wanted), _ROWS_AT_ONCE):
        some = wanted[start : start + _ROWS_AT_ONCE]
        found += await _load(tx, _c.certificate.in_(some))
    return found


async def of_schools(tx: Reading, school_codes: Collection[str]) -> list[Registration]:
    """Every registration at these schools, by school, role and beginning."""
    return await _load(tx, _c.school_code.in_(list(school_codes)))


async def add(tx: Writing, rows: Sequence[Registration], now: datetime) -> None:
    """Add registrations that are not there yet."""
    values = [
        {
            "certificate": r.signer.certificate,
            "der": r.signer.der,
            "school_code": r.signer.school_code,
            "role": r.signer.role,
            "valid_from": r.signer.valid_from,
            "valid_to": r.signer.valid_to,
            "imported_at": now,
            "issuer": r.issuer,
            "serial": r.serial,
            "title": r.title,
            "holder_kind": r.holder_kind,
            "holder_index": r.holder_index,
            "source": r.source,
        }
        for r in rows
    ]
    await add_all(tx, insert(signer), values)


async def change(tx: Writing, before: Registration, after: Registration) -> None:
    """Give a registration another period, title or holder, or close it."""
    its = before.signer
    same = (_c.certificate == its.certificate) & (_c.school_code == its.school_code) & (_c.role == its.role)
    await tx.execute(
        update(signer)
        .where(same & (_c.valid_from == its.valid_from))
        .values(
            valid_from=after.signer.valid_from,
            valid_to=after.signer.valid_to,
            title=after.title,
            holder_kind=after.holder_kind,
            holder_index=after.holder_index,
            source=after.source,
            closed_at=after.closed_at,
        )
    )


async def record(tx: Writing, events: Iterable[Event]) -> None:
    """Write what was done into the history."""
    values = [
        {
            "change_id": ids.uuid7(e.at, secrets.token_bytes(10)),
            "certificate": e.certificate,
            "school_code": e.school_code,
            "role": e.role,
            "change": e.change,
            "valid_from": e.valid_from,
            "valid_to": e.valid_to,
            "before_from": e.before[0] if e.before else None,
            "before_to": e.before[1] if e.before else None,
            "reason": e.reason,
            "source": e.source,
            "caller_id": e.caller_id,
            "changed_at": e.at,
        }
        for e in events
    ]
    await add_all(tx, insert(signer_change), values)


async def history(tx: Reading, school_code: str) -> list[Event]:
    """What was done to the registrations at a school, in the order of time."""
    c = signer_change.c
    query = select(signer_change).where(c.school_code == school_code).order_by(c.changed_at, c.change_id)
    return [
        Event(
            Change(r.change),
            r.changed_at,
            r.certificate,
            r.school_code,
            trust.Role(r.role),
            r.valid_from,
            r.valid_to,
            (r.before_from, r.before_to) if r.before_from is not None else None,
            r.reason,
            r.source,
            r.caller_id,
        )
        for r in await tx.execute(query)
    ]


async def _load(tx: Reading, condition: object) -> list[Registration]:
    query = select(signer).where(condition)  # type: ignore[arg-type]
    return [
        Registration(
            trust.Signer(r.certificate, r.der, r.school_code, trust.Role(r.role), r.valid_from, r.valid_to),
            r.issuer or "",
            r.serial or "",
            Title(r.title) if r.title else None,
            HolderKind(r.holder_kind) if r.holder_kind else None,
            r.holder_index,
            r.source or "",
            r.closed_at,
        )
        for r in await tx.execute(query.order_by(_c.school_code, _c.role, _c.valid_from, _c.certificate))
    ]
