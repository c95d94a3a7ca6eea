"""What the routes of one process stand on: settings, the world of the use cases, the tokens, the limits. Wired here, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from registry.api import limiting, telemetry
from registry.core.people import Patience
from registry.services import access, answer_keys
from registry.services import limits as question_limits
from registry.services.judges import JudgePool
from registry.services.press import Press
from registry.services.world import Register, World
from registry.settings import Settings
from registry.storage import embedded, key_files, sealing
from registry.storage.database import SERVICE_ROLE, Database


@dataclass(frozen=True, slots=True)
class Edge:
    """Everything a route may touch; reached as `request.app.state.edge`."""

    settings: Settings
    world: World
    tokens: access.Tokens
    limits: limiting.Limits
    metrics: telemetry.Shared
    press: Press
    signer: answer_keys.Signer
    question_limits: question_limits.Limits
    #: Room for files of questions that are being taken in: each may be as large as thirty submissions.
    batch_room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    @property
    def patience(self) -> Patience:
        """How long sessions of people last."""
        settings = self.settings
        return Patience(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours))

    @classmethod
    def of(cls, settings: Settings, world: World, token_key: bytes, press: Press) -> Edge:
        """An edge over a world; `token_key` is the PEM of the access tokens' P-256 key."""
        limits = limiting.Limits(
            submissions=settings.submissions_per_minute,
            questions=settings.questions_per_minute,
            batches=settings.batches_per_minute,
            tokens=settings.tokens_per_minute,
            identifications=settings.identifications_per_minute,
            views=settings.views_per_minute,
            misses=settings.misses_per_minute,
        )
        tokens = access.Tokens(token_key, settings.issuer)
        counted = limits_of(settings, world)
        return cls(
            settings, world, tokens, limits, telemetry.Shared(settings.metrics_dir), press, press.signer, counted
        )


def signer_of(settings: Settings) -> answer_keys.Signer:
    """Who signs answers and papers under these settings."""
    files = answer_keys.Files(settings.answer_keys_path, settings.paper_key_path)
    return answer_keys.Signer(files, settings.issuer, timedelta(hours=settings.answer_hours))


def limits_of(settings: Settings, world: World) -> question_limits.Limits:
    """How much an office may ask, under these settings."""
    return question_limits.Limits(
        settings.questions_per_day, settings.questions_per_pupil_day, settings.threshold_days, world.even_seconds
    )


def press_of(settings: Settings) -> Press:
    """The press under these settings; the first start makes its seal. Raises ValueError for a seal that can't be used."""
    password = settings.paper_seal_password
    return Press.of(
        key_files.ensure_paper_seal(settings.paper_seal_path),
        password.get_secret_value().encode() if password else None,
        signer_of(settings),
        settings.issuer,
    )


def world_of(settings: Settings) -> World:
    """The world under these settings, with nothing opened yet: an absent database is no obstacle here."""
    db = Database(_database_url(settings), pool_size=settings.pool_size)
    sealer = sealing.Sealer(sealing.ensure_key(settings.sealing_key_path))
    judges = JudgePool(settings.judge_threads, settings.judge_queue)
    skew, even = timedelta(seconds=settings.skew_seconds), settings.even_milliseconds / 1000
    return World(db, sealer, Register(sealer), judges, skew, even)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Edge]:
    """The edge of one process, for as long as it serves."""
    world = world_of(settings)
    edge = Edge.of(settings, world, key_files.ensure_token_key(settings.token_key_path), press_of(settings))
    edge.metrics.start()
    try:
        yield edge
    finally:
        edge.metrics.stop()
        world.judges.close()
        edge.press.close()
        await world.db.close()


def _database_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded.Embedded(settings.state_dir / "postgres", settings.pg_bindir).url(user=SERVICE_ROLE)
