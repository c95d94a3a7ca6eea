"""A vendor asks who a pupil is: known, unknown, differs; on a real database, each question written down first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from registry.core.callers import Caller
from registry.core.ids import BirthDate, Sex
from registry.core.pupils import Identity
from registry.demo import transcripts
from registry.services import identifying, pupils
from registry.services.identifying import Asked
from registry.services.pupils import Renumbering
from registry.services.world import World
from tests.services.test_pupils import LATER, OFFICE, VENDOR, other_number, send
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
MINE, ELSEWHERE = vendor(PRIMARY), vendor(SECONDARY)


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def settled(world: World, city: SmallCity) -> World:
    await settle(world, city, VENDOR, OFFICE)
    return world


def who(document: dict[str, Any], **changes: Any) -> Asked:
    birth = BirthDate.parse(document["ngaythangnamsinh"])
    assert birth is not None
    sex = Sex.MALE if document["gioitinh"] == "1" else Sex.FEMALE
    return Asked(**({"number": document["sodinhdanh"], "birth": birth, "sex": sex} | changes))


def another_day(document: dict[str, Any]) -> BirthDate:
    born = date.fromisoformat(document["ngaythangnamsinh"])
    return BirthDate(born.year, born.month, born.day % 28 + 1)


def another_sex(document: dict[str, Any]) -> Sex:
    return Sex.FEMALE if document["gioitinh"] == "1" else Sex.MALE


async def identify(world: World, asked: Asked, caller: Caller = MINE) -> tuple[Identity, tuple[str, ...]]:
    found = await identifying.identify(world, caller, asked, NOW)
    return found.answer, found.differs


async def test_known_differs_unknown(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, document)
    day, sex = another_day(document), another_sex(document)
    assert await identify(settled, who(document)) == (Identity.KNOWN, ())
    assert await identify(settled, who(document, birth=BirthDate(day.year))) == (Identity.KNOWN, ())
    assert await identify(settled, who(document, birth=day)) == (Identity.DIFFERS, ("birth_date",))
    assert await identify(settled, who(document, sex=sex)) == (Identity.DIFFERS, ("sex",))
    assert await identify(settled, who(document, birth=day, sex=sex)) == (Identity.DIFFERS, ("birth_date", "sex"))
    unknown = (Identity.UNKNOWN, ())
    assert await identify(settled, who(document, number=other_number(document["sodinhdanh"]))) == unknown
    for asked in (who(document), who(document, birth=day, sex=sex)):
        assert await identify(settled, asked, ELSEWHERE) == unknown


async def test_every_question_is_kept_without_the_number(settled: World, city: SmallCity) -> None:
    document = city.document()
    await send(settled, document)
    for caller in (MINE, ELSEWHERE):
        await identify(settled, who(document), caller)
    async with settled.db.hot_transaction() as tx:
        rows = await tx.fetch("SELECT q::text AS all, kind, answer, pupil_id FROM question q ORDER BY question_id")
        pupil = await tx.fetchval("SELECT pupil_id FROM pupil")
    assert sorted((row["kind"], row["answer"]) for row in rows) == [("identify", "known"), ("identify", "unknown")]
    assert {row["pupil_id"] for row in rows} == {pupil}, "also a question that got no answer names whom it was about"
    assert all(document["sodinhdanh"] not in row["all"] for row in rows)


async def test_the_newest_document_counts_in_any_order(settled: World, city: SmallCity) -> None:
    """A birth day put right in a later version is what is known from then on, whichever comes first."""
    document = city.document()
    right = document | {"ngaythangnamsinh": str(another_day(document)), **transcripts.revised({}, 2)}
    for first in (right, document):
        await send(settled, first)
    assert await identify(settled, who(right)) == (Identity.KNOWN, ())
    assert await identify(settled, who(document)) == (Identity.DIFFERS, ("birth_date",))


async def test_a_pupil_on_a_roster_alone(settled: World, city: SmallCity) -> None:
    document = city.document()
    await on_roster(settled, document, birth_date=document["ngaythangnamsinh"], sex=who(document).sex.value)
    assert await identify(settled, who(document)) == (Identity.KNOWN, ())
    assert await identify(settled, who(document, birth=another_day(document))) == (Identity.DIFFERS, ("birth_date",))
    assert await identify(settled, who(document), ELSEWHERE) == (Identity.UNKNOWN, ())


async def test_a_roster_without_birth_date_leaves_what_the_number_says(settled: World, city: SmallCity) -> None:
    document = city.document()
    await on_roster(settled, document, birth_date=None, sex=None)
    assert await identify(settled, who(document, birth=another_day(document))) == (Identity.KNOWN, ())
    assert await identify(settled, who(document, birth=BirthDate(2001))) == (Identity.DIFFERS, ("birth_date",))
    assert await identify(settled, who(document, sex=another_sex(document))) == (Identity.DIFFERS, ("sex",))


async def on_roster(world: World, document: dict[str, Any], birth_date: str | None, sex: str | None) -> None:
    async with world.db.hot_transaction() as tx:
        imported = await tx.fetchval(
            "INSERT INTO roster_import VALUES (gen_random_uuid(), $1, $2, 1, 'test', NULL, $3, 1, 0, 0) RETURNING import_id",
            PRIMARY.code, PRIMARY.school_year, NOW,
        )  # fmt: skip
        await tx.execute(
            "INSERT INTO roster_pupil (school_year, school_code, pupil_code, joined_at, grade, class_name, pupil_name, sex,"
            " birth_date, number_index, import_id) VALUES ($1, $2, $3, $4, 1, '1A', 'A', $5, $6, $7, $8)",
            PRIMARY.school_year, PRIMARY.code, document["mahocsinh"], NOW, sex, birth_date,
            world.sealer.number_index(document["sodinhdanh"]), imported,
        )  # fmt: skip


async def test_old_and_new_number_after_a_renumbering(settled: World, city: SmallCity) -> None:
    document = city.document()
    new = other_number(document["sodinhdanh"])
    await send(settled, document)
    await pupils.renumber(settled, None, Renumbering(document["sodinhdanh"], new, "QĐ 1"), LATER)
    for number in (document["sodinhdanh"], new):
        assert await identify(settled, who(document, number=number)) == (Identity.KNOWN, ())
        assert await identify(settled, who(document, number=number, birth=another_day(document))) == (
            Identity.DIFFERS, ("birth_date",),
        )  # fmt: skip


async def test_a_number_given_for_another_sex_says_so_itself(settled: World, city: SmallCity) -> None:
    """TT 59/2021 art. 6: the sex was determined anew. What old documents said of it no longer belongs to the new number."""
    document = city.document()
    old = document["sodinhdanh"]
    new = f"{old[:3]}{int(old[3]) ^ 1}{old[4:]}"
    await send(settled, document)
    await pupils.renumber(settled, None, Renumbering(old, new, "QĐ 1"), LATER)
    assert await identify(settled, who(document, number=new, sex=another_sex(document))) == (Identity.KNOWN, ())
    assert await identify(settled, who(document, number=new)) == (Identity.DIFFERS, ("sex",))
