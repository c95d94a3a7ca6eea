"""Questions written down together: each one is there, a nonce counts once, and whoever waits in vain hears of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from registry.core import codes
from registry.core.audit import Look
from registry.core.findings import Refusal
from registry.services import audit
from registry.services.noting import Notes
from registry.services.world import World
from registry.storage import questions
from registry.storage.database import Database
from registry.storage.questions import Nonce, NonceSpentError, Note, Threshold, ThresholdTakenError
from tests.interleaving import waiting
from tests.small_city import NOW

pytestmark = pytest.mark.anyio


def look(question_id: UUID | None = None) -> Look:
    return Look(question_id or uuid4(), NOW, "office", "admission", "r", "pupil_code", "2024-2025", None, "not_known")


async def test_many_at_once_are_all_written_and_chained(world: World) -> None:
    notes, asked = Notes(), [uuid4() for _ in range(300)]
    assert not any(await asyncio.gather(*(notes.write(world.db, Note(look(each))) for each in asked)))
    async with world.db.hot() as connection:
        written = await connection.fetch("SELECT question_id, xmin::text FROM question")
    assert {row["question_id"] for row in written} == set(asked)
    assert len({row["xmin"] for row in written}) < 30, "by few statements"
    assert (await audit.check(world, NOW)).places == 300


async def test_of_one_nonce_many_times_at_once_one_is_written(world: World) -> None:
    notes, nonce = Notes(), Nonce(b"n" * 32, NOW + timedelta(days=1))
    other = Nonce(b"o" * 32, NOW + timedelta(days=1))
    found = await asyncio.gather(*(notes.write(world.db, Note(look(), each)) for each in (nonce, other) * 20))
    assert [type(each) for each in found if each] == [NonceSpentError] * 38
    assert isinstance(await notes.write(world.db, Note(look(), nonce)), NonceSpentError)
    async with world.db.hot() as connection:
        assert await connection.fetchval("SELECT count(*) FROM question") == 2


async def test_a_claim_that_lost_its_threshold_to_another_process_keeps_its_nonce(world: World) -> None:
    pupil_id = uuid4()

    def claim(threshold: str, nonce: bytes) -> Note:
        row = replace(look(), pupil_id=pupil_id)
        counts_from = NOW - timedelta(days=365)
        taken = Threshold((pupil_id,), "office", ("office",), "mathematics", threshold, counts_from)
        return Note(row, Nonce(nonce * 32, NOW + timedelta(days=1)), taken)

    async with world.db.hot_transaction() as other:
        assert await questions.write_all(other, [claim("5.0", b"f")]) == [None]
        late = asyncio.create_task(Notes().write(world.db, claim("8.0", b"l")))
        await waiting(world, 1)
    assert isinstance(await late, ThresholdTakenError)
    async with world.db.hot() as connection:
        spent = await connection.fetch("SELECT nonce_hash FROM answer_nonce")
    assert [bytes(row["nonce_hash"]) for row in spent] == [b"f" * 32]


async def test_without_a_database_everybody_hears_of_it(tmp_path: object) -> None:
    db, notes = Database(f"postgresql://nobody@/none?host={tmp_path}"), Notes()
    found = await asyncio.gather(*(notes.write(db, Note(look())) for _ in range(5)), return_exceptions=True)
    assert [each.code for each in found if isinstance(each, Refusal)] == [codes.SERVICE_DATABASE] * 5
