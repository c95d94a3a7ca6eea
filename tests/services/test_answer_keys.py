"""Which machine may sign: the first key, several machines, and rotation, on a real database."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from registry.core import codes
from registry.core.answer_keys import AnswerKey, Use
from registry.core.findings import Refusal
from registry.formats import answers
from registry.services import answer_keys
from registry.services.world import World
from registry.storage import answer_keys as stored
from registry.storage import generation, key_files
from registry.storage.database import Database
from registry.storage.sealing import Sealer
from tests.conftest import Urls
from tests.small_city import NOW

pytestmark = pytest.mark.anyio


def files(folder: Path) -> answer_keys.Files:
    return answer_keys.Files(folder, folder / "paper.pem")


def signer(folder: Path) -> answer_keys.Signer:
    return answer_keys.Signer(files(folder), "http://registry.test", timedelta(hours=1))


async def test_the_first_that_signs_makes_the_key(world: World, tmp_path: Path) -> None:
    here = signer(tmp_path)
    key = await here.ready(world, NOW)
    token = here.sign(key, "office", "q-1", {"answer": {}}, NOW, nonce="n")
    keys = await answer_keys.listed(world)
    assert [period.key.key_id for period in keys] == [key.key_id]
    assert answer_keys.check(token, keys, answer_keys.Receiver("http://registry.test", "office", "n"), NOW).good
    assert [path.name for path in tmp_path.iterdir()] == ["answers-1.pem"]
    assert (tmp_path / "answers-1.pem").stat().st_mode & 0o777 == 0o600


async def test_who_came_a_moment_before_the_first_key_signs_with_it(world: World, tmp_path: Path) -> None:
    """Of two that ask at once the later one may make the key; and no two machines have the same clock."""
    key = await signer(tmp_path).ready(world, NOW)
    earlier, again = NOW - timedelta(seconds=3), signer(tmp_path)
    assert (await again.ready(world, earlier)).key_id == key.key_id
    token = again.sign(key, "office", "q-1", {"answer": {}}, earlier, nonce="n")
    keys = await answer_keys.listed(world)
    assert answer_keys.check(token, keys, answer_keys.Receiver("http://registry.test", "office", "n"), NOW).good


async def test_the_register_moves_while_the_first_key_waits_to_be_written(world: World, tmp_path: Path) -> None:
    seen = (await world.known()).generation
    async with world.db.transaction() as tx:
        await stored._registered(tx, Use.ANSWER)  # nobody else registers until this ends
        signing = asyncio.create_task(signer(tmp_path).ready(world, NOW))
        while not (tmp_path / "answers-1.pem").exists():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        async with world.db.transaction() as other:
            await generation.move(other)
        assert (await world.register.newer_than(world.db, seen)).generation == seen + 1
    key = await asyncio.wait_for(signing, 30)
    assert [period.key.key_id for period in await answer_keys.listed(world)] == [key.key_id]


async def test_of_two_machines_at_once_one_signs_and_the_other_refuses(
    world: World, database_urls: Urls, sealer: Sealer, tmp_path: Path
) -> None:
    other = World.of(Database(database_urls.service), sealer)
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        folder.mkdir(mode=0o700)
    try:
        pairs = list(zip((world, other), map(signer, folders), strict=True))
        found = await asyncio.gather(*(each.ready(at, NOW) for at, each in pairs), return_exceptions=True)
        refused = [each for each in found if isinstance(each, Refusal)]
        assert [each.code for each in refused] == [codes.ANSWER_KEY]
        assert len(await answer_keys.listed(world)) == 1
        # the operator copies the file: then both sign with the one key
        winner, loser = (0, 1) if found[1] is refused[0] else (1, 0)
        (folders[loser] / "answers-2.pem").write_bytes((folders[winner] / "answers-1.pem").read_bytes())
        (folders[loser] / "answers-2.pem").chmod(0o600)
        again = signer(folders[loser])
        assert (await again.ready(other, NOW)).key_id == (await pairs[winner][1].ready(world, NOW)).key_id
    finally:
        other.judges.close()
        await other.db.close()


async def test_workers_of_one_machine_share_the_first_key(world: World, tmp_path: Path) -> None:
    found = await asyncio.gather(*(signer(tmp_path).ready(world, NOW) for _ in range(8)))
    assert len({key.key_id for key in found}) == 1


async def test_rotation_keeps_old_answers_good(world: World, tmp_path: Path) -> None:
    here = signer(tmp_path)
    old = await here.ready(world, NOW)
    before = here.sign(old, "office", "q-1", {}, NOW)
    coming = await answer_keys.rotate(world, files(tmp_path), NOW + timedelta(minutes=5), NOW)
    await world.register.newer_than(world.db, (await world.known()).generation)
    assert (await here.ready(world, NOW)).key_id == old.key_id, "published, but not yet the one that signs"
    later = NOW + timedelta(minutes=6)
    assert (await signer(tmp_path).ready(world, later)).key_id == coming.key_id
    keys = await answer_keys.listed(world)
    assert answer_keys.check(before, keys, answer_keys.Receiver(), later).good
    assert answer_keys.holds(files(tmp_path)) == {old.key_id, coming.key_id}
    for moment in (NOW - timedelta(hours=1), NOW + timedelta(minutes=5)):
        with pytest.raises(answer_keys.NotTakenError):
            await answer_keys.rotate(world, files(tmp_path), moment, NOW)


async def test_a_machine_without_the_file_refuses_and_makes_none(world: World, tmp_path: Path) -> None:
    here = signer(tmp_path)
    await here.ready(world, NOW)
    (tmp_path / "answers-1.pem").unlink()
    with pytest.raises(Refusal) as refused:
        await signer(tmp_path).ready(world, NOW)
    assert refused.value.code is codes.ANSWER_KEY
    assert list(tmp_path.iterdir()) == []


async def test_papers_have_keys_of_their_own_that_rotate_by_themselves(world: World, tmp_path: Path) -> None:
    here = signer(tmp_path)
    answer, paper = await here.ready(world, NOW), await here.ready(world, NOW, Use.PAPER)
    assert answer.key_id != paper.key_id
    coming = await answer_keys.rotate(world, files(tmp_path), NOW + timedelta(minutes=5), NOW, Use.PAPER)
    await world.register.newer_than(world.db, (await world.known()).generation)
    later = NOW + timedelta(minutes=6)
    assert (await here.ready(world, later, Use.PAPER)).key_id == coming.key_id
    assert (await here.ready(world, later)).key_id == answer.key_id
    published = {key.key_id for key in await here.published(world, later, Use.PAPER)}
    assert published == {paper.key_id, coming.key_id}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers-1.pem", "paper.pem", "papers-2.pem"]


async def test_the_key_of_papers_that_was_there_before_goes_on_signing(world: World, tmp_path: Path) -> None:
    pem = key_files.ensure(tmp_path / "paper.pem", key_files.new_p256)
    found = await signer(tmp_path).ready(world, NOW, Use.PAPER)
    assert found.key_id == answers.PrivateKey.from_pem(pem).key_id


async def test_keys_of_the_past_are_published_and_never_sign(world: World, tmp_path: Path) -> None:
    """A registry that had changed its file before keys were registered: the old public half was kept as it was published."""
    here = signer(tmp_path)
    signing = await here.ready(world, NOW, Use.PAPER)
    lost = [answers.PrivateKey.from_pem(key_files.new_p256()) for _ in range(2)]
    old = json.dumps(answer_keys.key_set(AnswerKey(key.key_id, key.public_key, NOW, Use.PAPER) for key in lost))
    assert await answer_keys.keep(world, old.encode(), NOW, Use.PAPER) == 2
    assert await answer_keys.keep(world, old.encode(), NOW, Use.PAPER) == 0
    await world.register.newer_than(world.db, (await world.known()).generation)
    assert (await here.ready(world, NOW, Use.PAPER)).key_id == signing.key_id
    published = {key.key_id for key in await here.published(world, NOW, Use.PAPER)}
    assert published == {signing.key_id, *(key.key_id for key in lost)}
    with pytest.raises(ValueError, match="JWK Set"):
        await answer_keys.keep(world, b"[]", NOW, Use.PAPER)


async def test_the_version_before_this_one_meets_no_key_of_papers(world: World, tmp_path: Path) -> None:
    """It reads `answer_key` alone, and what it registers there is known here."""
    here = signer(tmp_path)
    answer, _ = await here.ready(world, NOW), await here.ready(world, NOW, Use.PAPER)
    async with world.db.hot() as connection:
        assert [row["key_id"] for row in await connection.fetch("SELECT key_id FROM answer_key")] == [answer.key_id]
    assert {key.key.use for key in await answer_keys.listed(world)} == {Use.ANSWER, Use.PAPER}
