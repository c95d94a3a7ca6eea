"""What the framework and a broken service answer: the same problem shape, a stable code, and nothing of what was sent or broke."""

from __future__ import annotations

import asyncpg
import httpx
import pytest

from registry.core.callers import Scope
from tests.api.conftest import Registry
from tests.conftest import Urls

pytestmark = pytest.mark.anyio
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "errors"}


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem, once its shape is checked."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() >= MEMBERS
    assert body["type"].endswith(f"/problems/{body['code']}")
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


@pytest.mark.parametrize("path", ["/no/such/079317000123", "/problems/no-such-code"])
async def test_an_unknown_path(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert told(answer) == (404, "request-path")
    assert "079317000123" not in answer.text


async def test_a_method_that_is_not_taken_names_those_that_are(http: httpx.AsyncClient) -> None:
    answer = await http.delete("/v1/submissions")
    assert told(answer) == (405, "request-method")
    assert answer.headers["Allow"] == "POST"


async def test_a_fault_of_ours_says_its_request_and_nothing_else(
    registry: Registry, http: httpx.AsyncClient, database_urls: Urls
) -> None:
    """What no version has foreseen: a table is gone while the service runs."""
    client = await registry.caller("vendor", Scope.SUBMIT)
    headers = {"Authorization": f"Bearer {await client.token()}"}
    assert (await http.get("/v1/changes", headers=headers)).status_code == 200
    await execute(database_urls, "ALTER TABLE change RENAME TO change_gone")
    answer = await http.get("/v1/changes", headers=headers)
    assert told(answer) == (500, "service-fault")
    assert answer.json()["instance"].startswith("urn:request:")
    assert answer.json()["errors"][0]["detail"] == ""
    assert "change" not in answer.text.replace(answer.json()["type"], "")


@pytest.mark.parametrize(
    ("broken", "missing"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "schema"),
        ("UPDATE sealing_key SET key_id = ''::bytea", "sealing-key"),
    ],
)
async def test_a_service_that_can_not_answer_yet_names_what_is_missing(
    http: httpx.AsyncClient, database_urls: Urls, broken: str, missing: str
) -> None:
    assert (await http.get("/readyz")).json() == {"status": "ready"}
    await execute(database_urls, broken)
    answer = await http.get("/readyz")
    assert told(answer) == (503, "service-unready")
    assert answer.json()["missing"] == missing
    assert int(answer.headers["Retry-After"]) > 0
    assert (await http.get("/healthz")).status_code == 200


async def execute(urls: Urls, statement: str) -> None:
    """As the owner of the database, since the service may not."""
    owner = await asyncpg.connect(dsn=urls.owner.replace("+asyncpg", ""))
    try:
        await owner.execute(statement)
    finally:
        await owner.close()
