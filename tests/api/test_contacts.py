"""/v1/contacts over real HTTP, and `registry contact`: who may see and change them, dry run, problems by row, history kept."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from registry.cli import contacts as command
from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.demo import schools
from registry.services import units
from registry.storage.tables_reminders import school_contact
from tests.api.conftest import Registry
from tests.conftest import Urls

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, tzinfo=UTC)
FIRST, SECOND = schools.all_schools()[:2]
HEADER = "school_code,role,phone,email,valid_from,valid_to\n"
ROWS = f"{FIRST.code},Văn thư,02838650001,vt@a.example,2026-01-01,\n{SECOND.code},Văn thư,,vt@b.example,2026-01-01,\n"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def operator(registry: Registry) -> RegistryClient:
    await units.import_builtin(registry.world, "hcmc-2025", NOW)
    await units.import_units(registry.world, schools.units_csv().encode(), NOW)
    both = (Scope.OPERATE, Scope.COMPLETENESS)
    return await registry.caller("operator", *both, units=frozenset({schools.DISTRICT}))


async def post(registry: Registry, client: RegistryClient, text: str, **more: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=registry.base_url) as http:
        headers = {**CSV, "Authorization": f"Bearer {await client.token()}"}
        return await http.post("/v1/contacts", params=more, content=text.encode(), headers=headers)


async def get(registry: Registry, client: RegistryClient, **question: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=registry.base_url) as http:
        headers = {"Authorization": f"Bearer {await client.token()}"}
        return await http.get("/v1/contacts", params=question, headers=headers)


async def test_a_list_is_taken_as_a_difference(registry: Registry, operator: RegistryClient) -> None:
    tried = await post(registry, operator, HEADER + ROWS, dry_run="true")
    assert (tried.status_code, tried.json()) == (200, {"new": 2, "changed": 0, "unchanged": 0})
    assert (await get(registry, operator, unit=schools.DISTRICT)).json()["contacts"] == []
    assert (await post(registry, operator, HEADER + ROWS)).json() == {"new": 2, "changed": 0, "unchanged": 0}
    assert (await post(registry, operator, HEADER + ROWS)).json() == {"new": 0, "changed": 0, "unchanged": 2}
    one = ROWS.splitlines()[0].replace("vt@a", "moi@a")
    assert (await post(registry, operator, HEADER + one)).json() == {"new": 0, "changed": 1, "unchanged": 0}
    page = (await get(registry, operator, unit=f"school:{FIRST.code}")).json()
    assert page["contacts"] == [
        {
            "school_code": FIRST.code, "school_name": FIRST.name, "role": "Văn thư", "phone": "02838650001",
            "email": "moi@a.example", "valid_from": "2026-01-01", "valid_to": None,
        }
    ]  # fmt: skip
    async with registry.world.db.snapshot() as tx:
        assert (await tx.execute(select(func.count()).select_from(school_contact))).scalar_one() == 3


async def test_page_by_page_and_who_has_none(registry: Registry, operator: RegistryClient) -> None:
    await post(registry, operator, HEADER + ROWS)
    seen, without = list[str](), list[str]()
    more: dict[str, str] = {}
    while more.get("after", "") is not None:
        page = (await get(registry, operator, unit=schools.DISTRICT, limit="5", **more)).json()
        seen += [row["school_code"] for row in page["contacts"]]
        without += page["without"]
        more = {"after": page["next"]}
    assert seen == [FIRST.code, SECOND.code]
    assert sorted(seen + without) == sorted(s.code for s in schools.all_schools())


async def test_whom_they_concern(registry: Registry, operator: RegistryClient) -> None:
    await post(registry, operator, HEADER + ROWS)
    other = await registry.caller(
        "other", Scope.COMPLETENESS, Scope.OPERATE, units=frozenset({f"school:{SECOND.code}", "district:770"})
    )
    for unit in (schools.DISTRICT, f"school:{FIRST.code}", "district:nowhere"):
        answer = await get(registry, other, unit=unit)
        assert (answer.status_code, answer.json()["code"]) == (403, "access-unit")
    refused = await post(registry, other, HEADER + ROWS)
    assert refused.status_code == 422
    assert [(e["code"], e["pointer"]) for e in refused.json()["errors"]] == [("contact-row", "/rows/2/school_code")]
    vendor = await registry.caller("vendor", Scope.SUBMIT, units=frozenset({f"school:{FIRST.code}"}))
    assert (await get(registry, vendor, unit=f"school:{FIRST.code}")).json()["code"] == "access-scope"
    assert (await post(registry, vendor, HEADER + ROWS)).json()["code"] == "access-scope"


async def test_one_wrong_row_and_nothing_is_taken(registry: Registry, operator: RegistryClient) -> None:
    wrong = f"{ROWS}nobody,Văn thư,0283865,a@b,2026-13-01,\n{FIRST.code},Văn thư,02838650009,,2026-02-01,\n"
    answer = await post(registry, operator, HEADER + wrong)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [
        "/rows/4/phone", "/rows/4/email", "/rows/4/valid_from", "/rows/2/valid_from", "/rows/5/valid_from"
    ]  # fmt: skip
    assert (await post(registry, operator, "a;b\n")).json()["code"] == "contact-shape"
    assert (await get(registry, operator, unit=schools.DISTRICT)).json()["contacts"] == []


async def test_the_command(registry: Registry, operator: RegistryClient, database_urls: Urls, tmp_path: Path) -> None:
    env = {"DATABASE_URL": database_urls.owner, "REGISTRY_STATE_DIR": str(registry.settings.state_dir)}

    async def run(*arguments: str) -> tuple[int, Any, str]:
        done = await asyncio.to_thread(CliRunner(env=env).invoke, command.app, list(arguments))
        return done.exit_code, json.loads(done.stdout) if "--json" in arguments else done.stdout, done.stderr

    file = tmp_path / "contacts.csv"
    file.write_text(HEADER + ROWS, encoding="utf-8")
    assert (await run("import", str(file), "--dry-run", "--json"))[1] == {
        "new": 2, "changed": 0, "unchanged": 0, "dry_run": True
    }  # fmt: skip
    assert "2 new" in (await run("import", str(file)))[1]
    listed = (await run("list", "--unit", schools.DISTRICT, "--json"))[1]
    assert [row["email"] for row in listed["contacts"]] == ["vt@a.example", "vt@b.example"]
    assert len(listed["without"]) == 20
    assert FIRST.code in (await run("list"))[1]
    file.write_text(HEADER + ROWS.replace(FIRST.code, "0"), encoding="utf-8")
    code, body, _ = await run("import", str(file), "--json")
    assert (code, [e["pointer"] for e in body["errors"]]) == (1, ["/rows/2/school_code"])
    code, _, said = await run("import", str(file))
    assert (code, "/rows/2/school_code: contact-row" in said.replace("\n", " ")) == (1, True)
    assert (await run("list", "--unit", "district:nowhere"))[0] == 1
