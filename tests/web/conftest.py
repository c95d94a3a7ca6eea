"""The pages are served by the same application as the API: its fixtures serve here too. And people who sign in."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.core.people import Person
from registry.demo import schools
from registry.services import campaigns, contacts, people, reminders, sign_in, units
from registry.services.world import World
from tests.api.conftest import Registry, http, log_text, registry
from tests.services.test_reminders import SETTING, Mailbox

__all__ = ["http", "log_text", "registry"]

LONG_AGO = datetime(2026, 11, 23, tzinfo=UTC)
OTHER_DISTRICT = "district:770"
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
FIRST, SECOND = schools.all_schools()[:2]
#: person -> (scopes, names, unit)
PEOPLE = {
    "quan-10": (frozenset({Scope.COMPLETENESS}), False, schools.DISTRICT),
    "quan-10-ten": (frozenset({Scope.COMPLETENESS}), True, schools.DISTRICT),
    "quan-3": (frozenset({Scope.COMPLETENESS}), True, OTHER_DISTRICT),
    "so": (frozenset({Scope.COMPLETENESS, Scope.OPERATE}), True, schools.CITY),
}


async def add_people(world: World) -> None:
    """The city's map with the demo's schools, and the people of PEOPLE."""
    await units.import_builtin(world, "hcmc-2025", LONG_AGO)
    await units.import_units(world, schools.units_csv().encode(), LONG_AGO)
    for person_id, (scopes, names, unit) in PEOPLE.items():
        new = Person(person_id, f"Cán bộ {person_id}", scopes, names, frozenset({unit}))
        await people.register(world, new, None, LONG_AGO)


async def sign_in_by_link(http: httpx.AsyncClient, world: World, person_id: str) -> None:
    """The client has this person's session afterwards."""
    secret = await sign_in.make_link(world, person_id, datetime.now(UTC) - timedelta(seconds=1))
    answer = await http.post("/sign-in", data={"link": secret})
    assert answer.status_code == 303, answer.text


def printed(pdf: bytes) -> str:
    """The words of a PDF, in one line."""
    assert pdf.startswith(b"%PDF-")
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed on this machine")
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    return " ".join(text.decode().split())


@pytest.fixture
async def staffed(registry: Registry) -> Registry:
    """A registry with the map, the people, the plan's campaigns, and two rosters: five pupils, one of them without a number."""
    await add_people(registry.world)
    await campaigns.add_file(registry.world, campaigns.builtin("plan"), LONG_AGO)
    operator = await registry.caller("operator", Scope.OPERATE, units=frozenset({schools.CITY}))
    rows = [f"7900{n},Tên {n},1A,2017,2,07931700000{n}\n" for n in range(4)]
    for school, some in ((FIRST, [*rows[:2], "79009,Tên 9,1B,,,\n"]), (SECOND, rows[2:])):
        answer = await operator.put_roster(school.code, school.school_year, 1, (HEADER + "".join(some)).encode())
        assert answer.status == 200
    return registry


@pytest.fixture
async def hurried(staffed: Registry) -> Registry:
    """The same with a campaign of the first school year whose deadlines are near or past, a contact, and messages to it."""
    now = datetime.now(UTC)
    days = dict(zip(Stage, (-3, -3, 3, 10, 20), strict=True))
    due = {stage.value: (contacts.day_of(now) + timedelta(days=n)).isoformat() for stage, n in days.items()}
    members = {"code": "lop1-gap", "name": "Quận 10: lớp 1 (gấp)", "name_en": "Quận 10: grade 1 (urgent)",
               "school_year": FIRST.school_year, "grades": [1], "units": [schools.DISTRICT], "deadlines": due}  # fmt: skip
    await campaigns.add(staffed.world, None, members, LONG_AGO)
    rows = f"{FIRST.code},Văn thư,02838650001,vt@a.example,2026-01-01\n{FIRST.code},Công nghệ thông tin,02838650002,,2026-01-01\n"
    table = f"school_code,role,phone,email,valid_from\n{rows}"
    await contacts.import_table(staffed.world, None, table.encode(), now, "test")
    await reminders.send(staffed.world, Mailbox().open, SETTING, now)
    return staffed
