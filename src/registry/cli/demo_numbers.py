"""The demo's missing numbers: a file goes to the police and comes back; doubtful rows wait, held documents become accepted."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from registry.cli.demo_answers import Shown
from registry.client import api
from registry.core import names
from registry.core.ids import Sex
from registry.demo import city as cities
from registry.demo import faults, schools

if TYPE_CHECKING:
    from registry.cli.demo_run import Sent

_OFFICE = "office-so-gddt"
_YEAR = "2023-2024"
#: Held documents are judged again by the background work every second; twenty seconds in all.
_MOST_LOOKS, _LOOK_SECONDS = 100, 0.2


async def play(
    clients: Mapping[str, api.RegistryClient], city: cities.City, sent: Sequence[Sent], output: Path
) -> list[Shown]:
    """Out, back with a wrong row, back again with one name typed without its marks, decided; both files go to `output`."""
    office = clients[_OFFICE]
    pupils = _without_number(city)
    status, out = await office.export_numbers(schools.DISTRICT, _YEAR)
    wrong, good = _returned(pupils, first_number="79317000001"), _returned(pupils)
    (output / "thieu-so-dinh-danh.xlsx").write_bytes(out)
    (output / "so-dinh-danh-tra-ve.csv").write_bytes(good)
    refused = await office.return_numbers(schools.DISTRICT, _YEAR, wrong)
    taken = await office.return_numbers(schools.DISTRICT, _YEAR, good)
    decided = await _decided(office, taken, pupils)
    where = [(error["code"], error["pointer"]) for error in refused.body.get("errors", [])]
    counts = f"{taken.body.get('applied')} applied, {len(taken.body.get('doubtful', []))} doubtful"
    return [
        Shown("tệp cho công an / file for the police", f"thieu-so-dinh-danh.xlsx, {len(out)} bytes", status == 200),
        Shown("một dòng mất số 0 / one row without its zero", f"{refused.status} {' '.join(where[0]) if where else ''}",
              where == [("roster-number-zero", "/rows/2/sodinhdanh")]),
        Shown("tệp trả về / the file that came back", counts,
              (taken.body.get("applied"), len(taken.body.get("doubtful", []))) == (len(pupils) - 1, 1)),
        decided,
        await _accepted(clients, sent),
    ]  # fmt: skip


def show(shown: Iterable[Shown], out: Console) -> None:
    """A line for each step."""
    out.print("\nMissing numbers / Thiếu số định danh")
    for each in shown:
        out.print(Text(f"  {each.title}: {each.said}{'' if each.good else ' - NOT as planted'}"), soft_wrap=True)


def _without_number(city: cities.City) -> list[cities.Pupil]:
    mine = [school.code for school in schools.all_schools() if school.school_year == _YEAR]
    return [pupil for code in mine for pupil in city.rosters[code] if not pupil.has_number]


def _returned(pupils: Sequence[cities.Pupil], first_number: str | None = None) -> bytes:
    """What the police write: other capitals, day first; the last name without its marks, as an old system has it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(("Họ và tên", "Ngày sinh", "Giới tính", "Số định danh cá nhân"))
    for position, pupil in enumerate(pupils):
        facts, last = pupil.facts, position == len(pupils) - 1
        name = names.search_key(facts.name).upper() if last else facts.name.upper()
        number = first_number if first_number and position == 0 else facts.number
        writer.writerow((name, facts.birth.strftime("%d/%m/%Y"), "Nữ" if facts.sex is Sex.FEMALE else "Nam", number))
    return text.getvalue().encode("utf-8-sig")


async def _decided(office: api.RegistryClient, taken: api.Result, pupils: Sequence[cities.Pupil]) -> Shown:
    """A person looks at the doubtful one and says whose number it is."""
    cases = [
        each for each in (await office.number_cases()).body["cases"] if each["return_id"] == taken.body.get("return_id")
    ]
    title, code = "một người quyết định / a person decides", pupils[-1].facts.pupil_code
    if len(cases) != 1 or code not in [each["pupil_code"] for each in cases[0]["pupils"]]:
        return Shown(title, f"{len(cases)} cases", good=False)
    answer = await office.decide_number(cases[0]["case_id"], code, "đối chiếu giấy khai sinh")
    return Shown(title, f"{', '.join(cases[0]['doubts'])} -> {answer.status}", answer.status == 200)


async def _accepted(clients: Mapping[str, api.RegistryClient], sent: Sequence[Sent]) -> Shown:
    """What was held for a number alone is accepted by itself; the signed bytes are those that were sent."""
    mine = [
        each for each in sent if each.delivery.fault is faults.NO_NUMBER and each.delivery.school.school_year == _YEAR
    ]
    outcomes: list[str] = []
    for _ in range(_MOST_LOOKS):
        states = [await clients[e.delivery.vendor].state(e.result.body["submission_id"]) for e in mine]
        outcomes = [state.outcome for state in states]
        if set(outcomes) <= {"accepted"}:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    said = f"{outcomes.count('accepted')} of {len(outcomes)} accepted by themselves, signatures untouched"
    return Shown("học bạ chờ số / transcripts that waited", said, bool(outcomes) and set(outcomes) == {"accepted"})
