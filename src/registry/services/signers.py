"""The register of signers: registrations come in as a difference, are shown, and are closed. Nothing is ever removed from it.

Every change leaves a row in the history: what, when, from where, by whom. A holder's number is kept as a keyed index only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from registry.core import codes, signers, trust
from registry.core.callers import Caller
from registry.core.findings import Finding, Refusal
from registry.core.signers import Change, Event, Registration
from registry.formats import shown_names, signer_rows, strict_json
from registry.formats.certificates import TrustIndex
from registry.services.world import World
from registry.storage import generation
from registry.storage import signers as stored
from registry.storage import trust as stored_trust
from registry.storage.database import Reading, Writing

LONGEST_REASON = 200
_BEGIN = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change comes from: a command or route with its file, and the caller (None: by command)."""

    source: str
    caller_id: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a list did to the register; `closed` are rows that somebody has ended, and that stay so."""

    new: int
    changed: int
    unchanged: int
    closed: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A registration, and the holder's common name and organisation without any number."""

    registration: Registration
    holder: str


@dataclass(frozen=True, slots=True)
class Closing:
    """Which registration to end, when and why."""

    certificate: bytes
    school_code: str
    role: trust.Role
    at: datetime
    reason: str


def within(caller: Caller, school_code: str, pointer: str) -> None:
    """Raise Refusal(access-unit) unless the caller answers for the school; an unknown school is the same answer."""
    if school_code not in caller.schools:
        raise Refusal(codes.ACCESS_UNIT, [Finding(codes.ACCESS_UNIT, pointer, "a school of the caller's units")])


def read_json(raw: bytes) -> Any:
    """The JSON value of a body; raises Refusal with the findings of `registry.formats.strict_json`."""
    value, findings = strict_json.parse(raw)
    if findings:
        raise Refusal(findings[0].code, findings)
    return value


async def import_table(
    world: World, raw: bytes, find: signer_rows.Find, now: datetime, origin: Origin, *, dry_run: bool = False
) -> Report:
    """Take a table (`registry.formats.signer_rows`) as a difference, all of it or nothing; `dry_run` changes nothing.

    Raises Refusal: register-row, register-holder, with the findings of every row.
    """
    rows = await asyncio.to_thread(signer_rows.read, raw, find)
    return await import_rows(world, rows, now, origin, dry_run=dry_run)


async def import_sent(
    world: World,
    entries: Sequence[tuple[dict[str, str], str]],
    now: datetime,
    origin: Origin,
    *,
    dry_run: bool = False,
) -> Report:
    """The same for entries of a request: (cells, certificate as PEM or as DER in base64). Findings at "/body/signers/<n>"."""
    within = "/body/signers"
    rows = await asyncio.to_thread(_read_sent, entries, within)
    return await import_rows(world, rows, now, origin, within=within, dry_run=dry_run)


async def import_sheet(
    world: World, raw: bytes, school_code: str, now: datetime, origin: Origin, *, most_rows: int, dry_run: bool = False
) -> Report:
    """The same for a table of one school that stands alone: its cells `certificate` hold PEM, or DER in base64.

    A row of another school is a register-row at "/rows/<n>/school_code".
    """
    rows = await asyncio.to_thread(signer_rows.read, raw, _pem, most_rows=most_rows)
    foreign = [row.number for row in rows.rows if row.signer.school_code != school_code]
    rows.findings += [
        Finding(codes.REGISTER_ROW, f"/rows/{number}/school_code", "the school of the address") for number in foreign
    ]
    rows.rows = [row for row in rows.rows if row.signer.school_code == school_code]
    return await import_rows(world, rows, now, origin, dry_run=dry_run)


async def import_rows(
    world: World, rows: signer_rows.Rows, now: datetime, origin: Origin, *, within: str = "/rows", dry_run: bool = False
) -> Report:
    """The same for rows that have been read; `within` is where their numbers point to."""
    async with world.db.transaction() as tx:
        await stored.write_alone(tx)
        difference, problems = await _compared(world, tx, rows.rows, origin, within)
        findings = [*rows.findings, *problems]
        if findings:
            raise _refusal(findings)
        if not dry_run and (difference.new or difference.changed):
            await _write(tx, difference, now, origin)
            await generation.move(tx)
    return _report(difference)


async def keep_good(
    world: World, tx: Writing, rows: Sequence[signer_rows.Row], now: datetime, origin: Origin
) -> tuple[Report, list[Finding]]:
    """Within the caller's transaction: take the rows that can be taken, and say what is wrong with the others."""
    await stored.write_alone(tx)
    difference, findings = await _compared(world, tx, rows, origin, "/rows")
    await _write(tx, difference, now, origin)
    return _report(difference), findings


async def look(world: World, school_code: str) -> list[Shown]:
    """The registrations at a school, by role and beginning; none for an unknown school."""
    async with world.db.snapshot() as tx:
        found = await stored.of_schools(tx, [school_code])
    index = (await world.known()).index
    return [_shown(registration, index) for registration in found]


async def history(world: World, school_code: str) -> list[Event]:
    """What was done to the registrations at a school, in the order of time."""
    async with world.db.snapshot() as tx:
        return await stored.history(tx, school_code)


async def close(world: World, closing: Closing, now: datetime, origin: Origin) -> Registration:
    """End the registration that holds at the moment; signatures made before it stay good.

    Raises Refusal: register-unknown (none holds then), register-row (reason).
    """
    reason = " ".join(closing.reason.split())
    if not reason or len(reason) > LONGEST_REASON or shown_names.without_numbers(reason) != reason:
        expected = f"1 to {LONGEST_REASON} printable characters without anybody's number"
        raise Refusal(codes.REGISTER_ROW, [Finding(codes.REGISTER_ROW, "/reason", expected)])
    async with world.db.transaction() as tx:
        await stored.write_alone(tx)
        place = closing.certificate, closing.school_code, closing.role
        held = [
            r
            for r in await stored.of_certificates(tx, [closing.certificate])
            if r.place == place and r.signer.holds_at(closing.at) and r.signer.valid_from < closing.at
        ]
        if not held:
            raise Refusal(codes.REGISTER_UNKNOWN)
        before = held[0]
        after = replace(before, signer=replace(before.signer, valid_to=closing.at), closed_at=now)
        await stored.change(tx, before, after)
        await stored.record(tx, [_event(Change.CLOSED, after, now, origin, before=before, reason=reason)])
        await generation.move(tx)
    return after


def _pem(text: str) -> bytes:
    """A certificate sent as text, PEM or DER in base64, as a file would hold it."""
    pem = text if _BEGIN in text else f"{_BEGIN}\n{text}\n-----END CERTIFICATE-----"
    return pem.encode("utf-8", "replace")


def _read_sent(entries: Sequence[tuple[dict[str, str], str]], within: str) -> signer_rows.Rows:
    found = signer_rows.Rows()
    for number, (cells, certificate) in enumerate(entries):
        row, findings = signer_rows.read_row(number, cells, _pem(certificate), within)
        found.findings += findings
        if row is not None:
            found.rows.append(row)
    return found


def _shown(registration: Registration, index: TrustIndex) -> Shown:
    """Rows of an earlier version don't have the certificate's names yet: they are read from it."""
    certificate, _ = index.read(registration.signer.der)
    if certificate is None:
        return Shown(registration, "")
    issuer, serial = signer_rows.names(certificate)
    return Shown(replace(registration, issuer=issuer, serial=serial), shown_names.signer(certificate))


async def _compared(
    world: World, tx: Reading, rows: Sequence[signer_rows.Row], origin: Origin, within: str
) -> tuple[signers.Difference, list[Finding]]:
    schools = await stored_trust.school_codes(tx)
    findings = [
        Finding(codes.REGISTER_ROW, f"{within}/{r.number}/school_code", "a school on the map")
        for r in rows
        if r.signer.school_code not in schools
    ]
    declared = [(r.number, _registration(world, r, origin)) for r in rows if r.signer.school_code in schools]
    here = await stored.of_certificates(tx, {each.signer.certificate for _, each in declared})
    difference = signers.compare(here, declared)
    findings += [Finding(codes.REGISTER_ROW, f"{within}/{row}/valid_from", text) for row, text in difference.problems]
    return difference, findings


def _registration(world: World, row: signer_rows.Row, origin: Origin) -> Registration:
    holder = row.holder
    return Registration(
        row.signer,
        *signer_rows.names(row.certificate),
        title=row.title,
        holder_kind=holder.kind if holder else None,
        # The word in front keeps these indexes apart from those of pupils: nobody can be found in both tables.
        holder_index=world.sealer.number_index(f"signer {holder.text}") if holder else None,
        source=origin.source,
    )


async def _write(tx: Writing, difference: signers.Difference, now: datetime, origin: Origin) -> None:
    await stored.add(tx, difference.new, now)
    events = [_event(Change.REGISTERED, each, now, origin) for each in difference.new]
    for before, after in difference.changed:
        await stored.change(tx, before, replace(after, source=origin.source))
        events.append(_event(Change.CHANGED, after, now, origin, before=before))
    await stored.record(tx, events)


def _event(
    change: Change, after: Registration, now: datetime, origin: Origin, *, before: Registration | None = None,
    reason: str | None = None,
) -> Event:  # fmt: skip
    period = (before.signer.valid_from, before.signer.valid_to) if before else None
    its = after.signer
    return Event(
        change, now, its.certificate, its.school_code, its.role, its.valid_from, its.valid_to, period, reason,
        origin.source, origin.caller_id,
    )  # fmt: skip


def _report(difference: signers.Difference) -> Report:
    return Report(len(difference.new), len(difference.changed), difference.unchanged, difference.closed)


def _refusal(findings: Iterable[Finding]) -> Refusal:
    found = list(findings)
    only_holders = all(finding.code is codes.REGISTER_HOLDER for finding in found)
    return Refusal(codes.REGISTER_HOLDER if only_holders else codes.REGISTER_ROW, found[: signer_rows.MOST_FINDINGS])
