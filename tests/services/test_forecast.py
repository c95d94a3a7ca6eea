"""A planned rule set tried on what is on record: counted per vendor and school, withdrawn and superseded ones left out."""

from __future__ import annotations

from typing import Any

import pytest

from registry.core import rules_forecast
from registry.core.findings import Outcome
from registry.demo import transcripts
from registry.demo.city import sign_document
from registry.services import forecast, judging, submission
from registry.services.world import World
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
ONE, TWO = vendor(PRIMARY, SECONDARY), vendor(PRIMARY, caller_id="vendor-b")


@pytest.fixture
async def settled(world: World) -> World:
    await settle(world, CITY, ONE, TWO)
    return world


async def send(world: World, caller: Any, document: dict[str, Any], school: Any = PRIMARY, form: str = "json") -> None:
    raw = sign_document(document, CITY.signers_of(school), form)
    media_type = judging.XML if form == "xml" else judging.JOSE
    answer = await submission.submit(world, caller, raw, media_type, NOW)
    assert answer.outcome is Outcome.ACCEPTED, answer.findings


async def test_what_a_stricter_rule_set_would_refuse(settled: World) -> None:
    good = [CITY.document(seed=seed, result="HT") for seed in range(1, 5)]
    titled = [document | {"ndungkhenthuong": "Học sinh Xuất sắc"} for document in good]  # only a warning now
    await send(settled, ONE, titled[0])
    await send(settled, ONE, good[1])
    await send(settled, TWO, titled[2], form="xml")
    await send(settled, ONE, titled[3])
    await send(settled, ONE, transcripts.revised(good[3], 2))
    await send(settled, ONE, CITY.document(SECONDARY, result="K"), SECONDARY)
    planned = rules_forecast.planned({"circular": "27/2020", "effects": {"rule-award": "refuse"}})
    history = CITY.document(seed=9) | {
        "thongtu": "30/2014",
        "namhoc": "2018-2019",
        "ndungkhenthuong": "Học sinh Xuất sắc",
    }
    await send(settled, ONE, history | {"xeploai": "HT"})
    seen: list[int] = []
    listed: list[forecast.Refused] = []
    told = await forecast.forecast_of(settled, planned, seen.append, listed.append)
    assert sum(seen) == await forecast.size(settled, planned) == 5
    assert (told.records, told.history, told.unreadable) == (4, 1, 0), "what an older circular assessed stays as it is"
    found = {key: (i.records, i.refused, dict(i.codes)) for key, i in told.impacts.items()}
    assert found == {
        ("vendor-a", PRIMARY.code): (3, 1, {"rule-award": 1}),
        ("vendor-b", PRIMARY.code): (1, 1, {"rule-award": 1}),
    }
    assert {(r.vendor, r.school_code, r.transcript_code, r.version, r.codes) for r in listed} == {
        (vendor_id, PRIMARY.code, document["madinhdanhhocba"], 1, ("rule-award",))
        for vendor_id, document in (("vendor-a", titled[0]), ("vendor-b", titled[2]))
    }
    as_it_is = rules_forecast.of_circular("27/2020")
    assert as_it_is is not None
    assert (await forecast.forecast_of(settled, as_it_is, seen.append, listed.append)).refused == 0


@pytest.mark.parametrize(
    ("content", "member"),
    [
        ({}, "circular"),
        ({"circular": "1/1999"}, "circular"),
        ({"circular": "27/2020", "grades": [6]}, "grades"),
        ({"circular": "27/2020", "grades": []}, "grades"),
        ({"circular": "27/2020", "effects": {"rule-retake": "refuse"}}, "effects.rule-retake"),
        ({"circular": "27/2020", "effects": {"rule-award": "maybe"}}, "effects.rule-award"),
        ({"circular": "27/2020", "effects": ["rule-award"]}, "effects"),
        ({"circular": "27/2020", "effect": {}}, "effect"),
    ],
)
def test_a_wrong_plan_names_the_member(content: dict[str, object], member: str) -> None:
    with pytest.raises(ValueError, match=f"^{member}:"):
        rules_forecast.planned(content)


def test_a_rule_can_be_dropped() -> None:
    planned = rules_forecast.planned({"circular": "22/2021", "grades": [9], "effects": {"rule-promotion": "off"}})
    assert planned.grades == {9}
    assert planned.effects == {"rule-promotion": None}
