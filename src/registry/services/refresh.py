"""Fetching trust material from configured addresses: revocation lists, OCSP answers, certificate bundles.

Only addresses of the `trust_source` table are asked, never one out of a submitted file or a certificate. How bytes come from
an address is the caller's business (`Fetch`); what is worth keeping is `registry.services.taking`'s. Nothing becomes an anchor here.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from registry.core.findings import Refusal
from registry.formats import asking, material, shown_names
from registry.formats.certificates import Certificate
from registry.services import taking, trust
from registry.services.world import World
from registry.storage import generation, sources
from registry.storage import trust as stored
from registry.storage.sources import Source

#: Fetches at the same time, seconds one run may take in all, and OCSP questions to one responder in one run.
CONCURRENT, OVERALL_SECONDS, MOST_QUESTIONS = 4, 300.0, 500
#: What a run needs at its end to store what came, and after how many refusals a responder is asked no more.
_TO_STORE_SECONDS, _MOST_REASONS = 15.0, 20
#: A bundle is certificates of one hierarchy, not a library of them.
_MOST_CERTIFICATES = 50
#: A process that was killed while it asked holds its sources no longer than this.
_CLAIM = timedelta(seconds=2 * OVERALL_SECONDS)


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to an address. `body` (DER of an OCSP request) makes it a POST; the validators are of the last success."""

    url: str
    body: bytes | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave; `raw` is None when nothing has changed since the last success."""

    raw: bytes | None
    etag: str | None = None
    last_modified: str | None = None


class FetchError(Exception):
    """Why nothing came; the text names the limit or status, never the address or content."""


Fetch = Callable[[Ask], Awaitable[Fetched]]


@dataclass(slots=True)
class Result:
    """How asking one source went: octet strings fetched, how many of what they held was new, the same, or refused and why."""

    source: Source
    fetched: int = 0
    new: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    failed: str | None = None

    @property
    def succeeded(self) -> bool:
        """Something came that is in force now."""
        return self.failed is None and self.new + self.unchanged > 0


async def refresh(world: World, fetch: Fetch, now: datetime, *, every: timedelta = timedelta(0)) -> list[Result]:
    """Ask every source that was last tried at least `every` ago and that no other process is asking; never raises FetchError.

    One result for each source in force; without `every` also for those somebody else is asking.
    """
    async with world.db.snapshot() as tx:
        configured = await sources.load(tx)
    if not configured:
        return []
    until = now + _CLAIM + timedelta(microseconds=secrets.randbelow(1_000_000))  # tells this run's claims from others'
    async with world.db.transaction() as tx:
        mine = await sources.claim(tx, now - every, now, until)
    chosen = [source for source in configured if source.source_id in mine]
    try:
        results = await _ask_all(world, fetch, chosen, now)
    finally:
        if mine:
            async with world.db.transaction() as tx:
                await sources.give_back(tx, until)
    if not every:
        busy = [source for source in configured if source.source_id not in mine]
        results += [Result(source, failed="another process is asking it now") for source in busy]
    return results


async def _ask_all(world: World, fetch: Fetch, chosen: Sequence[Source], now: datetime) -> list[Result]:
    """Each source in a task of its own; what has not ended in time is given up. Cancelled with the caller."""
    deadline = asyncio.get_running_loop().time() + OVERALL_SECONDS
    slots = asyncio.Semaphore(CONCURRENT)

    async def limited(ask: Ask) -> Fetched:
        async with slots:
            return await fetch(ask)

    try:
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(_Run(world, limited, source, now, deadline).ask()) for source in chosen]
    except* Refusal as refusals:  # the database is away, for every source alike
        raise refusals.exceptions[0] from None
    return [run.result() for run in runs]


@dataclass(frozen=True, slots=True)
class _Run:
    """Asking one source once."""

    world: World
    fetch: Fetch
    source: Source
    now: datetime
    deadline: float

    async def ask(self) -> Result:
        result = Result(self.source)
        work: dict[str, Callable[[Result], Coroutine[Any, Any, Source]]] = {
            "crl": self._lists,
            "certificates": self._certificates,
            "ocsp": self._answers,
        }
        noted = self.source
        try:
            async with asyncio.timeout_at(self.deadline):
                noted = await work[self.source.kind](result)
        except FetchError as error:
            result.failed = str(error)
        except TimeoutError:
            result.failed = f"not ended within {OVERALL_SECONDS:.0f} s"
        async with self.world.db.transaction() as tx:
            await sources.note(tx, noted, datetime.now(UTC), succeeded=result.succeeded)
        return result

    async def _lists(self, result: Result) -> Source:
        fetched = await self._fetched(result)
        if fetched.raw is None:
            result.unchanged = 1
            return self.source
        found = material.read_material(fetched.raw)
        result.refused += found.problems
        if not found.revocation_lists and not found.problems:
            result.refused.append("no revocation list")
        issuers = await self._held()
        await self._keep(result, await asyncio.to_thread(taking.check, found.revocation_lists, (), issuers, self.now))
        return self._validated(fetched, result)

    async def _certificates(self, result: Result) -> Source:
        fetched = await self._fetched(result)
        if fetched.raw is None:
            result.unchanged = 1
            return self.source
        found = material.read_material(fetched.raw)
        result.refused += found.problems
        if len(found.certificates) > _MOST_CERTIFICATES:
            raise FetchError(f"more than {_MOST_CERTIFICATES} certificates")
        offered = trust.readable(found.certificates)
        held = await self._held()
        there = {certificate.fingerprint for certificate in held}
        result.unchanged = sum(certificate.fingerprint in there for certificate in offered)
        offered = [certificate for certificate in offered if certificate.fingerprint not in there]
        proven = await asyncio.to_thread(_proven, offered, held)
        names = [shown_names.subject(c) for c in offered if c not in proven]
        result.refused += [f"{name}: not a CA certificate that a held CA has signed" for name in names]
        await self._add(result, proven)
        return self._validated(fetched, result)

    async def _answers(self, result: Result) -> Source:
        held = await self._held()
        issuer = next((c for c in held if c.fingerprint == self.source.issuer), None)
        if issuer is None:
            raise FetchError("the CA whose certificates to ask about is not in the trust list")
        wanted = await self._wanted(issuer, held)
        came: list[bytes] = []
        try:
            async with asyncio.timeout_at(self.deadline - _TO_STORE_SECONDS), asyncio.TaskGroup() as group:
                for certificate in wanted:
                    group.create_task(self._answer(result, certificate, issuer, came))
        except TimeoutError:
            result.refused.append(f"{len(wanted) - result.fetched} certificates were not asked about in time")
        await self._keep(result, await asyncio.to_thread(taking.check, (), came, [issuer], self.now))
        return self.source

    async def _wanted(self, issuer: Certificate, held: Sequence[Certificate]) -> list[Certificate]:
        """Certificates of this CA that somebody signs with or that are CAs themselves; those with the oldest answer first."""
        known = await self.world.known()
        async with self.world.db.snapshot() as tx:
            answers = {answer.cert_id: answer.this_update for answer in await stored.ocsp_answers(tx)}
        registered = [
            rows[0].der
            for rows in known.index.trust.signers.values()
            if any(row.valid_to is None or row.valid_to > self.now for row in rows)
        ]

        def choose() -> list[Certificate]:
            candidates = [*trust.readable(registered), *(c for c in held if not c.self_issued)]
            mine = [c for c in candidates if issuer.may_have_issued(c) and c.not_after > self.now]
            never = datetime.min.replace(tzinfo=UTC)
            ages = {c: max(answers.get(i, never) for i in asking.cert_ids(c, issuer)) for c in mine}
            return sorted(mine, key=ages.__getitem__)[:MOST_QUESTIONS]

        return await asyncio.to_thread(choose)

    async def _answer(self, result: Result, certificate: Certificate, issuer: Certificate, came: list[bytes]) -> None:
        """Put the answer about one certificate to those that came; one failure does not spoil the others, many end it."""
        if len(result.refused) >= _MOST_REASONS:
            return
        try:
            fetched = await self.fetch(Ask(self.source.url, asking.request(certificate, issuer)))
        except FetchError as error:
            result.refused.append(f"no answer: {error}")
            return
        result.fetched += 1
        facts = material.ocsp_facts(fetched.raw or b"")
        if facts is not None and facts.cert_id not in asking.cert_ids(certificate, issuer):
            result.refused.append("an OCSP answer about another certificate than the one asked about")
            return
        came.append(fetched.raw or b"")

    async def _fetched(self, result: Result) -> Fetched:
        source = self.source
        fetched = await self.fetch(Ask(source.url, None, source.etag, source.last_modified))
        result.fetched = int(fetched.raw is not None)
        return fetched

    async def _held(self) -> list[Certificate]:
        async with self.world.db.snapshot() as tx:
            return trust.readable([c.der for c in await stored.certificates(tx)])

    async def _keep(self, result: Result, checked: taking.Checked) -> None:
        async with self.world.db.transaction() as tx:
            taken = await taking.keep(tx, checked, self.now)
            if taken.lists + taken.answers:
                await generation.move(tx)
        result.new, result.unchanged = taken.lists + taken.answers, taken.unchanged
        result.refused += taken.refused

    async def _add(self, result: Result, proven: Sequence[Certificate]) -> None:
        rows = [
            stored.StoredCertificate(c.fingerprint, "intermediate", None, c.der, shown_names.subject(c), c.not_after)
            for c in proven
        ]
        async with self.world.db.transaction() as tx:
            result.new = await stored.add_certificates(tx, rows, self.now)
            if result.new:
                await generation.move(tx)

    def _validated(self, fetched: Fetched, result: Result) -> Source:
        """The source with the validators to send next time; none when something was refused, which may be taken then."""
        if result.refused:
            return replace(self.source, etag=None, last_modified=None)
        return replace(self.source, etag=fetched.etag, last_modified=fetched.last_modified)


def _proven(offered: Sequence[Certificate], held: Sequence[Certificate]) -> list[Certificate]:
    """Those CA certificates of a bundle that a held CA has signed, or one of the bundle that is proven itself; no roots."""
    proven: list[Certificate] = []
    left = [c for c in offered if c.is_ca and not c.self_issued]
    while found := [
        c for c in left if any(i.may_have_issued(c) and i.has_signed(c) for i in (*held, *proven) if i.is_ca)
    ]:
        proven += found
        left = [c for c in left if c not in found]
    return proven
