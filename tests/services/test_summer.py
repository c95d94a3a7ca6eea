"""A pupil who is assessed again in summer: awaited until the version with the results has come."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from registry.core.callers import Caller, CallerKind, Scope
from registry.core.completeness import Bucket
from registry.core.findings import Outcome
from registry.core.ids import SchoolYear
from registry.core.verification import ByCode
from registry.demo import transcripts
from registry.services import completeness, judging, submission, verification
from registry.services.world import World
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
MINE = vendor(PRIMARY, SECONDARY)
HERE = frozenset({PRIMARY.code, SECONDARY.code})
OFFICE = Caller(
    "office", CallerKind.OFFICE, "Office", frozenset({Scope.COMPLETENESS, Scope.VERIFY}), frozenset({"admission", "authenticity"}),
    frozenset({"city:79"}), HERE, {},
)  # fmt: skip
LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY, MINE, OFFICE)
    return world


def primary() -> tuple[dict[str, Any], dict[str, Any]]:
    """CHT and not promoted, then HT after the help of the summer (TT 27/2020 art. 11)."""
    before = CITY.document(result="CHT") | {"duoclenlop": False, "dahthanhctrinhlophoc": False}
    rows = [
        {**row, "mucdatduoc": "H" if row["mucdatduoc"] == "C" else row["mucdatduoc"]} for row in before["dsbangdiem"]
    ]
    for row in rows:
        if row.get("diemkiemtradinhky") in {"1", "2", "3", "4"}:
            row["diemkiemtradinhky"] = "5"
    after = {
        "dsbangdiem": rows,
        "xeploai": "HT",
        "duoclenlop": True,
        "dahthanhctrinhlophoc": True,
        "ndungkhenthuong": None,
    }
    return before, transcripts.revised(before | after, 2, "2")


def secondary() -> tuple[dict[str, Any], dict[str, Any]]:
    """CĐ in learning, then Đ after re-assessment (TT 22/2021 art. 14)."""
    made = (CITY.document(SECONDARY, seed, result="CĐ") for seed in count(1))
    before = next(each for each in made if each["renluyencanam"] != "CĐ" and each.get("sobuoinghi", 0) <= 45)
    rows = [row | ({"diemkttralai": "5"} if failed(row) else {}) for row in before["bangdiem"]]
    after = before | {"bangdiem": rows, "kqhoctaplai": "Đ", "duoclenlop": True}
    return before, transcripts.revised(after, 2, "2")


def failed(row: dict[str, Any]) -> bool:
    return row["diemcanam"] not in ("Đ", "CĐ") and float(row["diemcanam"]) < 5


async def enrol(world: World, document: dict[str, Any]) -> None:
    """The pupil stands on the school's roster, with a number."""
    imported, school, year = uuid.uuid4(), document["matruong"], document["namhoc"]
    async with world.db.hot_transaction() as tx:
        row = "INSERT INTO roster_import VALUES ($1, $2, $3, $4, 'x', NULL, $5, 0, 0, 0)"
        await tx.execute(row, imported, school, year, int(document["makhoi"]), NOW)
        await tx.execute(
            "INSERT INTO roster_pupil (school_year, school_code, pupil_code, joined_at, grade, class_name, pupil_name,"
            " number_index, import_id) VALUES ($1, $2, $3, $4, $5, '1A', 'Tên', $6, $7)",
            year, school, document["mahocsinh"], NOW, int(document["makhoi"]), b"n", imported,
        )  # fmt: skip


@pytest.mark.parametrize(("make", "school"), [(primary, PRIMARY), (secondary, SECONDARY)])
async def test_awaited_until_the_results_of_the_summer_come(settled: World, make: Any, school: Any) -> None:
    before, after = make()
    await enrol(settled, before)
    for document, bucket in ((before, Bucket.AWAITING_SUMMER), (after, Bucket.PRESENT)):
        answer = await submission.submit(settled, MINE, CITY.signed(document, school), judging.JOSE, NOW)
        assert (answer.outcome, answer.findings) == (Outcome.ACCEPTED, ())
        asked = verification.Asked(ByCode(document["madinhdanhhocba"]), verification.Why("admission", "TS-1"))
        told = await verification.ask(settled, OFFICE, asked, NOW)
        assert told.genuine is not None
        assert told.genuine.awaits_summer is (bucket is Bucket.AWAITING_SUMMER)
        genuine = verification.Asked(ByCode(document["madinhdanhhocba"]), verification.Why("authenticity", "TS-1"))
        told = await verification.ask(settled, OFFICE, genuine, NOW)
        assert told.genuine is not None
        assert told.genuine.awaits_summer is None, "a result, and this purpose allows none"
        year = SchoolYear.parse(document["namhoc"])
        assert year is not None
        table = await completeness.report(settled, OFFICE, f"school:{school.code}", year, None, LATER)
        assert [each for each in Bucket if table.line.counts.of(each)] == [bucket]
