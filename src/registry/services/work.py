"""Background work on PgQueuer's schedules, over the same PostgreSQL: what is done again and again, and by nobody's request.

A schedule is a row that one worker at a time picks, with a heartbeat, so any number of workers may run; one that is killed
is replaced half a minute later. What is scheduled must be harmless when done twice. New work is one more row of `plan`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import tenacity
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.sm import SchedulerManager
from pgqueuer.domain.models import Schedule

from registry.core import codes
from registry.core.batches import REMEMBERED
from registry.core.findings import Refusal
from registry.core.reminders import RHYTHM
from registry.services import audit, changes, refresh, reminders, standing, submission, trust_health
from registry.services.world import World
from registry.storage import batches, callers, cases, journal, question_limits, sessions, upkeep

log = logging.getLogger(__name__)

_BATCH = 200
_LOG_KEPT = timedelta(days=7)
_LONGEST_PAUSE = 5
#: Until the next turn is due, questions get their places without haste.
_LINKING_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the numbers go: called with each outcome of a document judged again, with how many wait, with what is stale."""

    rejudged: Callable[[str], None] = lambda _outcome: None
    waiting: Callable[[int], None] = lambda _documents: None
    trust: Callable[[trust_health.Health], None] = lambda _health: None
    #: Where the last place of the chain of who looked is noted, if it is.
    heads: audit.Heads | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Work that is due again and again; `when` is a cron expression whose sixth field are seconds."""

    name: str
    when: str
    run: Callable[[World, Watch, asyncio.Event], Awaitable[None]]


async def rejudge_waiting(world: World, watch: Watch, stop: asyncio.Event) -> None:
    """Judge every held document again that was last judged under an older register; ends early when `stop` is set."""
    while found := await submission.waiting(world, _BATCH):
        for submission_id in found:
            if stop.is_set():
                return
            answer = await _rejudge(world, submission_id)
            if answer is not None:
                watch.rejudged(answer.outcome.value)


async def number_changes(world: World, _watch: Watch, stop: asyncio.Event) -> None:
    """Give changes their positions in the feed while nobody reads it."""
    await changes.number_all(world, stop)


async def link_questions(world: World, watch: Watch, stop: asyncio.Event) -> None:
    """Give questions and views their places in the chain of who looked, and note how far it goes."""
    await audit.link_all(world, datetime.now(UTC), stop, at_ease=_LINKING_SECONDS)
    if watch.heads is not None:
        await audit.note(world, watch.heads)


async def count_standings(world: World, _watch: Watch, stop: asyncio.Event) -> None:
    """Count pupils again of whom something changed."""
    await standing.settle_all(world, stop)


async def forget_expired(world: World, _watch: Watch, _stop: asyncio.Event) -> None:
    """Delete used assertions, nonces, begun sign-ins and results of batches that are over, and what PgQueuer logged more than a week
    ago."""
    now = datetime.now(UTC)
    async with world.db.transaction() as tx:
        await callers.forget_spent(tx, now)
        await sessions.forget(tx, now)
        await upkeep.clean_queue_log(tx, now - _LOG_KEPT)
        await batches.expire(tx, now, now - REMEMBERED)
    async with world.db.hot_transaction() as hot:
        await question_limits.forget_nonces(hot, now)


async def count_waiting(world: World, watch: Watch, _stop: asyncio.Event) -> None:
    """Say how many held documents wait."""
    async with world.db.snapshot() as tx:
        watch.waiting(await upkeep.count_waiting(tx))


async def look_at_trust(world: World, watch: Watch, _stop: asyncio.Event) -> None:
    """Say what revocation data is missing, stale or about to be, and how old the sources' last successes are."""
    watch.trust(await trust_health.look(world, datetime.now(UTC), documents=False))


def refreshing(fetch: refresh.Fetch, every: timedelta) -> Task:
    """The task that asks the configured sources of trust material, each once in `every`; one process at a time does it."""

    async def run_once(world: World, _watch: Watch, stop: asyncio.Event) -> None:
        asking = asyncio.ensure_future(refresh.refresh(world, fetch, datetime.now(UTC), every=every))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            asking.cancel()  # without effect on what has ended
        with suppress(asyncio.CancelledError):
            for result in await asking:
                _tell_refresh(result)

    return Task("refresh", "* * * * * */5", run_once)


def reminding(opener: reminders.Opener, setting: reminders.Setting) -> Task:
    """The task that writes to the schools that are due, within the hours of the rhythm; any number of processes may have it."""

    async def run_once(world: World, _watch: Watch, stop: asyncio.Event) -> None:
        now = datetime.now(UTC)
        if RHYTHM.writes_at(now):
            report = await reminders.send(world, opener, setting, now, stop=stop)
            counts = (report.sent, report.failed, report.uncertain, report.without_contact)
            level = logging.WARNING if report.failed or report.uncertain else logging.INFO
            log.log(level, "reminders: sent %d, failed %d, uncertain %d, without contact %d", *counts)

    return Task("reminders", "*/5 * * * *", run_once)


def _tell_refresh(result: refresh.Result) -> None:
    """One line for the log, without the address, which may hold a secret, and without anything that came from there."""
    reason = result.failed or ("" if result.succeeded else f"{len(result.refused)} refused")
    level = logging.INFO if result.succeeded else logging.WARNING
    counts = (result.new, result.unchanged, len(result.refused))
    log.log(level, "trust source %s: new %d, unchanged %d, refused %d %s", result.source.source_id, *counts, reason)


plan = (
    Task("rejudge", "* * * * * *", rejudge_waiting),
    Task("changes", "* * * * * */5", number_changes),
    Task("audit", f"* * * * * */{_LINKING_SECONDS}", link_questions),
    Task("standing", "* * * * * */2", count_standings),
    Task("count-waiting", "* * * * * */10", count_waiting),
    Task("trust", "* * * * * */10", look_at_trust),
    Task("expiry", "*/5 * * * *", forget_expired),
)


async def run(world: World, watch: Watch, stop: asyncio.Event, tasks: tuple[Task, ...] = plan) -> None:
    """Do the background work until `stop` is set; what has begun is ended in order. An absent database is waited for."""
    trying = tenacity.AsyncRetrying(
        stop=tenacity.stop_when_event_set(stop),  # type: ignore[arg-type]  # asks is_set() and nothing else
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_PAUSE),
        sleep=lambda seconds: _pause(stop, seconds),
        retry=tenacity.retry_if_exception_type(Exception),
        before_sleep=_tell,
    )
    try:
        await trying(_work, world, watch, stop, tasks)
    except tenacity.RetryError:
        log.info("background work ended while the database was away")


async def _work(world: World, watch: Watch, stop: asyncio.Event, tasks: tuple[Task, ...]) -> None:
    """Run the schedules on one connection until `stop` is set or the connection is lost, which raises."""
    async with upkeep.queue_connection(world.db) as connection:
        scheduler = SchedulerManager(Queries(AsyncpgDriver(connection)))
        scheduler.shutdown = stop
        for task in tasks:
            scheduler.schedule(task.name, task.when, accepts_context=False)(_entered(task, world, watch, stop))
        log.info("background work has begun")
        await scheduler.run()


def _entered(task: Task, world: World, watch: Watch, stop: asyncio.Event) -> Callable[[Schedule], Awaitable[None]]:
    """The task as PgQueuer calls it. The database's absence ends a turn; the next one is due in any case."""

    async def turn(_schedule: Schedule) -> None:
        try:
            await task.run(world, watch, stop)
        except Refusal as refusal:
            log.warning("%s was given up for now: %s", task.name, refusal.code.slug)
        except Exception as error:
            log.error("%s failed", task.name, exc_info=error)

    return turn


async def _rejudge(world: World, submission_id: UUID) -> submission.Answer | None:
    """One document; what can't be judged (its caller was closed, its bytes no longer open) waits for the next change."""
    now = datetime.now(UTC)
    try:
        return await submission.rejudge(world, submission_id, now)
    except Refusal as refusal:
        if refusal.code in {codes.SERVICE_DATABASE, codes.SERVICE_BUSY}:
            raise
        log.warning("a held document was not judged again: %s", refusal.code.slug)
    except Exception as error:
        log.error("a held document was not judged again", exc_info=error)
    await _set_aside(world, submission_id, now)
    return None


async def _set_aside(world: World, submission_id: UUID, now: datetime) -> None:
    """Count a document as judged under the present register, or the ones behind it would never have their turn."""
    known = await world.known()
    async with world.db.snapshot() as tx:
        held = await journal.held_document(tx, submission_id)
    if held is not None:
        async with world.db.hot_transaction() as hot:
            await cases.set_aside(hot, held.fingerprint, known.generation, now)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not longer than until `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _tell(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    log.warning("background work was interrupted (%s), trying again", type(error).__name__)
