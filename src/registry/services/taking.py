"""Revocation lists and OCSP answers on their way in: only what a held CA has signed, only what is newer than what is there.

`check` is pure and may take a while (a list has up to 10 MB), so it runs outside the transaction in which `keep` writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from registry.formats import asking, crls, material
from registry.formats.certificates import Certificate
from registry.storage import trust as stored
from registry.storage.database import Writing

#: A list dated far ahead would keep every honest one out as older.
_AHEAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is worth keeping, and why the rest is not (sentences for the operator that name CAs, never persons)."""

    lists: tuple[stored.StoredList, ...] = ()
    answers: tuple[stored.StoredAnswer, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(slots=True)
class Taken:
    """How much was new, how much was there already, and why the rest was not taken."""

    lists: int = 0
    answers: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)


class _NotTakenError(Exception):
    """Why a list or answer is not taken. Does not leave this module."""


def check(lists: Iterable[bytes], answers: Iterable[bytes], issuers: Sequence[Certificate], now: datetime) -> Checked:
    """Read lists and answers (DER) and find the held CA certificate behind each. Never raises."""
    found_lists, found_answers, refused = [], [], []
    for der in lists:
        try:
            found_lists.append(_checked_list(der, issuers, now))
        except _NotTakenError as reason:
            refused.append(str(reason))
    for der in answers:
        try:
            found_answers.append(_checked_answer(der, issuers, now))
        except _NotTakenError as reason:
            refused.append(str(reason))
    return Checked(tuple(found_lists), tuple(found_answers), tuple(refused))


async def keep(tx: Writing, checked: Checked, now: datetime) -> Taken:
    """Store what is newer; an older list or answer is a roll-back and is not taken."""
    await stored.write_alone(tx)
    taken = Taken(refused=list(checked.refused))
    for new in checked.lists:
        held = await stored.revocation_lists(tx, new.issuer)
        if any(old.fingerprint == new.fingerprint for old in held):
            taken.unchanged += 1
        elif (older := next(_rolled_back(new, held), None)) is not None:
            taken.refused.append(f"{new.issuer}: list {new.number} is older than the stored {older}; not taken")
        else:
            await stored.replace_list(tx, new, now)
            taken.lists += 1
    for answer in checked.answers:
        await _keep_answer(tx, answer, taken, now)
    return taken


async def _keep_answer(tx: Writing, new: stored.StoredAnswer, taken: Taken, now: datetime) -> None:
    held = await stored.ocsp_answers(tx, new.cert_id)
    if any(old.fingerprint == new.fingerprint for old in held):
        taken.unchanged += 1
    elif any((new.this_update, new.next_update) < (old.this_update, old.next_update) for old in held):
        taken.refused.append("an OCSP answer is older than the stored one; not taken")
    else:
        await stored.replace_answer(tx, new, now)
        taken.answers += 1


def _rolled_back(new: stored.StoredList, held: Iterable[stored.StoredList]) -> Iterator[int]:
    """Numbers of the stored lists that are newer than this one."""
    for old in held:
        if material.is_rollback(_facts(new), _facts(old)):
            yield old.number


def _facts(row: stored.StoredList) -> material.CrlFacts:
    return material.CrlFacts(row.issuer, row.number, row.this_update, row.next_update)


def _checked_list(der: bytes, issuers: Sequence[Certificate], now: datetime) -> stored.StoredList:
    unsigned = material.crl_facts(der)
    if unsigned is None:
        raise _NotTakenError("a revocation list can't be read, or lacks its number or nextUpdate")
    signer = crls.signer_of(der, issuers)
    if isinstance(signer, str):
        raise _NotTakenError(f"{unsigned.issuer}: {signer}")
    facts = material.crl_facts(der, signer) or unsigned
    if facts.this_update > now + _AHEAD:
        raise _NotTakenError(f"{facts.issuer}: the list only begins at {facts.this_update:%Y-%m-%dT%H:%M:%SZ}")
    return stored.StoredList(
        sha256(der).digest(), facts.issuer, facts.number, facts.this_update, facts.next_update, der
    )


def _checked_answer(der: bytes, issuers: Sequence[Certificate], now: datetime) -> stored.StoredAnswer:
    facts = material.ocsp_facts(der)
    if facts is None:
        raise _NotTakenError("an OCSP answer can't be read, is no success, or lacks nextUpdate")
    signer = asking.answer_signer(der, issuers)
    if isinstance(signer, str):
        raise _NotTakenError(f"OCSP answer: {signer}")
    if facts.status == "unknown":
        raise _NotTakenError("OCSP answer: the responder does not know the certificate")
    if facts.this_update > now + _AHEAD:
        raise _NotTakenError(f"the OCSP answer only begins at {facts.this_update:%Y-%m-%dT%H:%M:%SZ}")
    return stored.StoredAnswer(sha256(der).digest(), facts.cert_id, facts.this_update, facts.next_update, der)
