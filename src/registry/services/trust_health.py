"""What is missing or about to be: the CAs on whose lists registered signers depend, and the sources that bring them.

Here are numbers and names of CAs only, never a signer's: they go into metrics and logs.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from weakref import WeakKeyDictionary

from registry.formats import paths, statuses
from registry.formats.certificates import Certificate, TrustIndex
from registry.formats.points import ALL_REASONS
from registry.services.world import World
from registry.storage import sources, upkeep

_EVER = datetime.min.replace(tzinfo=UTC)


class State(StrEnum):
    """How it stands with the lists of one CA."""

    FRESH = "fresh"
    ENDING = "ending"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Need:
    """A CA on the path of registered certificates. `ends_at`: when the first list they need goes stale; `waiting`: held
    documents with a signature under this CA that wait for revocation data."""

    fingerprint: bytes
    subject: str
    certificates: int
    state: State
    ends_at: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class SourceAge:
    """How long ago a source last gave something usable, or was added when it never did."""

    source_id: str
    kind: str
    seconds: float
    ever: bool


@dataclass(frozen=True, slots=True)
class Health:
    """All of it. `unknown_issuers`: registered certificates whose CA is not held."""

    needs: tuple[Need, ...]
    unknown_issuers: int
    sources: tuple[SourceAge, ...]

    def count(self, *states: State) -> int:
        """How many CAs are in one of these states."""
        return sum(need.state in states for need in self.needs)

    def seconds_left(self, now: datetime) -> float | None:
        """Until the first list that is needed goes stale, negative when one has; None when no list is needed or there."""
        ends = [need.ends_at for need in self.needs if need.ends_at is not None]
        return (min(ends) - now).total_seconds() if ends else None


@dataclass(frozen=True, slots=True)
class _Dependents:
    """One CA with what its certificates rest on: how many on data that ends then, None for those without any."""

    authority: Certificate
    ends: Mapping[datetime | None, int]


#: Which lists are needed changes with the register only; comparing them with the clock is all that is left to do.
_computed: WeakKeyDictionary[TrustIndex, tuple[tuple[_Dependents, ...], int]] = WeakKeyDictionary()


async def look(
    world: World, now: datetime, ending: timedelta = timedelta(hours=24), *, documents: bool = True
) -> Health:
    """What registered signers depend on now; a list that ends within `ending` is said to be ending.

    Without `documents` the held ones are not counted, which takes its time when many wait.
    """
    index = (await world.known()).index
    if index not in _computed:
        _computed[index] = await asyncio.to_thread(_dependents, index, now)
    dependents, unknown = _computed[index]
    async with world.db.snapshot() as tx:
        waiting = await upkeep.waiting_on_revocation(tx) if documents else {}
        configured = await sources.load(tx)
    needs = [_need(each, waiting, now, ending) for each in dependents]
    order = list(State)
    needs.sort(key=lambda need: (-order.index(need.state), -need.waiting, need.subject))
    return Health(tuple(needs), unknown, tuple(_ages(configured, now)))


def _need(each: _Dependents, waiting: Mapping[bytes, int], now: datetime, ending: timedelta) -> Need:
    ends = [end for end in each.ends if end is not None]
    first = min(ends, default=None)
    state = State.FRESH
    if None in each.ends:
        state = State.MISSING
    elif first is not None and first < now:
        state = State.STALE
    elif first is not None and first < now + ending:
        state = State.ENDING
    authority = each.authority
    held = waiting.get(authority.fingerprint, 0) if state in {State.MISSING, State.STALE} else 0
    subject = authority.parsed.subject.rfc4514_string()
    return Need(authority.fingerprint, subject, sum(each.ends.values()), state, first, held)


def _ages(configured: Iterable[sources.Source], now: datetime) -> Iterable[SourceAge]:
    for source in configured:
        since = source.succeeded_at or source.added_at or now
        yield SourceAge(source.source_id, source.kind, (now - since).total_seconds(), source.succeeded_at is not None)


def _dependents(index: TrustIndex, now: datetime) -> tuple[tuple[_Dependents, ...], int]:
    """Every CA above a certificate registered now, and how many such certificates have no CA here."""
    found: defaultdict[bytes, Counter[datetime | None]] = defaultdict(Counter)
    authorities: dict[bytes, Certificate] = {}
    climbed: set[bytes] = set()
    unknown = 0
    for rows in index.trust.signers.values():
        if not any(row.valid_to is None or row.valid_to > now for row in rows):
            continue
        certificate, _ = Certificate.read(rows[0].der)
        issuer = issuer_of(certificate, index) if certificate is not None else None
        unknown += issuer is None
        while certificate is not None and issuer is not None and certificate.fingerprint not in climbed:
            climbed.add(certificate.fingerprint)
            authorities[issuer.fingerprint] = issuer
            found[issuer.fingerprint][_good_until(certificate, issuer, index, now)] += 1
            certificate = None if issuer.self_issued else issuer
            issuer = issuer_of(certificate, index) if certificate is not None else None
    return tuple(_Dependents(authorities[fingerprint], ends) for fingerprint, ends in found.items()), unknown


def issuer_of(certificate: Certificate, index: TrustIndex) -> Certificate | None:
    """The held CA that issued a certificate, by name and key identifier; of renewed ones that which lasts longest."""
    anchors = (anchor for _, anchor in index.anchors_named(certificate.issuer))
    candidates = (*anchors, *index.intermediates_named(certificate.issuer))
    return max((c for c in candidates if c.may_have_issued(certificate)), key=lambda c: c.not_after, default=None)


def authorities_of(certificate: Certificate, index: TrustIndex) -> tuple[Certificate, ...]:
    """The held CAs above a certificate, its issuer first, as far up as they are held."""
    above: list[Certificate] = []
    while len(above) <= paths.MAX_DEPTH and (not above or not above[-1].self_issued):
        issuer = issuer_of(above[-1] if above else certificate, index)
        if issuer is None:
            break
        above.append(issuer)
    return tuple(above)


def evidence_about(
    certificate: Certificate, above: Sequence[Certificate], index: TrustIndex, now: datetime
) -> list[statuses.Evidence]:
    """What is held about the revocation of a certificate below these CAs: every list, delta and answer that counts."""
    return statuses.Question(index, above[-1], now).of(certificate, above[0]) if above else []


def _good_until(certificate: Certificate, issuer: Certificate, index: TrustIndex, now: datetime) -> datetime | None:
    """Until when revocation data about a certificate is fresh, whatever the reason; None when there is none of the kind.

    Nearly always one list of the CA's own decides; only where none does, everything held is asked.
    """
    own = [
        max(complete.next_update, delta.next_update if delta is not None and delta.this_update <= now else _EVER)
        for complete, delta, reasons in index.revocation.covering(certificate)
        if complete.signers[0].key == issuer.key and reasons == ALL_REASONS
    ]
    if own and not index.ocsp.about(certificate):
        return max(own)
    evidence = evidence_about(certificate, authorities_of(certificate, index), index, now)
    ends = [max((e.fresh_to for e in evidence if reason in e.reasons), default=_EVER) for reason in ALL_REASONS]
    return None if _EVER in ends else min(ends)
