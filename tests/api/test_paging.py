"""Every list has the same cursor: whole page by page, and what was never given out for a question is refused by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.campaigns import Stage
from registry.demo import transcripts
from registry.services import campaigns, freezing
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, SECONDARY, settle, small_city

pytestmark = pytest.mark.anyio
CONTRACT = yaml.safe_load((Path(__file__).parents[2] / "openapi/registry.yaml").read_text())
CITY, CODE, YEAR = small_city(), "g1", "2023-2024"
DOCUMENTS = [CITY.document(seed=seed) for seed in (1, 2, 3)]

#: Lists that answer whole, and what bounds each.
BOUNDED = {
    "/v1/submissions/{submission_id}": "findings of one document",
    "/v1/submissions/{submission_id}/report": "signatures and verdicts of one document",
    "/v1/transcripts/{code}/versions": "versions of one record",
    "/v1/completeness/trend": "days of a span that the question names, at most 366",
    "/v1/campaigns/{code}": "deadlines of one campaign, each move by a person's hand",
    "/v1/campaigns/{code}/progress": "the five stages",
    "/.well-known/jwks.json": "the registry's keys",
    "/.well-known/extract-keys.json": "the registry's keys",
}
#: A feed of positions, with refusals of its own (`test_hostile_records`).
FEED = "/v1/changes"
ASKED = {
    "unit": "city:79", "school_year": YEAR, "school": PRIMARY.code, "bucket": "missing", "map": "now",
    "code": CODE, "pupil_code": DOCUMENTS[0]["mahocsinh"],
}  # fmt: skip


def answered(path: str) -> dict[str, Any]:
    """The members of the JSON answer of a GET route, by name; none where it has no such answer."""
    content = CONTRACT["paths"][path]["get"]["responses"].get("200", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    members: dict[str, Any] = CONTRACT["components"]["schemas"].get(name, {}).get("properties", {})
    return members


def asked(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = CONTRACT["paths"][path]["get"].get("parameters", [])
    return found


def named(parameter: dict[str, Any]) -> bool:
    """Whether the question has to name it: a school year may stand for a campaign, so the contract says it of neither."""
    return bool(parameter.get("required")) or parameter["name"] == "school_year"


LISTS = [
    path
    for path, ways in CONTRACT["paths"].items()
    if "get" in ways and any(member.get("type") == "array" for member in answered(path).values())
]
PAGED = [path for path in LISTS if path not in BOUNDED]


def test_every_list_has_a_cursor_or_says_what_bounds_it() -> None:
    assert len(PAGED) > 20, "the contract is read wrongly"
    for path in PAGED:
        named = {each["name"] for each in asked(path)}
        assert {"after", "limit"} <= named, path
        assert "next" in answered(path), path
    for path in BOUNDED:
        assert path in LISTS
        assert "next" not in answered(path), path


@pytest.fixture
async def office(registry: Registry) -> RegistryClient:
    """Three pupils with a transcript each, two campaigns; one of them frozen."""
    await settle(registry.world, CITY)
    now = datetime.now(UTC)
    for code in (CODE, "g2"):
        due = dict.fromkeys(Stage, "2040-08-15")
        members = {"code": code, "name": "A", "name_en": "A", "school_year": YEAR, "grades": [1], "deadlines": due}
        await campaigns.add(registry.world, None, {**members, "units": ["city:79"]}, now)
    vendor = await registry.caller("vendor-a", Scope.SUBMIT, units=frozenset({f"school:{PRIMARY.code}"}))
    for document in DOCUMENTS:
        assert (await vendor.submit(CITY.signed(document))).status == 201
    await freezing.freeze(registry.world, None, CODE, "Hết hạn", now)
    return await registry.caller("office", Scope.OPERATE, Scope.COMPLETENESS, units=frozenset({"city:79"}))


async def ask(client: RegistryClient, path: str, **params: str) -> tuple[int, Any]:
    answer = await client._ask("GET", path, params=params)
    return answer.status, answer.body


async def one_by_one(client: RegistryClient, path: str, member: str, **params: str) -> list[Any]:
    """All rows, one on each page; each cursor is good for its own question alone."""
    rows: list[Any] = []
    while True:
        status, body = await ask(client, path, limit="1", **params)
        assert (status, len(body[member])) == (200, 1), body
        rows += body[member]
        if body["next"] is None:
            return rows
        params["after"] = body["next"]


async def test_a_cursor_that_was_never_given_out_is_refused(registry: Registry, office: RegistryClient) -> None:
    _, first = await ask(office, "/v1/units", limit="1")
    _, other = await ask(office, "/v1/units", limit="1", kind="school")
    for path in (path for path in PAGED if path != FEED):
        needed = {each["name"]: ASKED[each["name"]] for each in asked(path) if named(each)}
        place = path
        for name in [name for name in needed if f"{{{name}}}" in path]:
            place = place.replace(f"{{{name}}}", needed.pop(name))
        if path.startswith("/v1/transcripts/"):
            place = path.replace("{code}", DOCUMENTS[0]["madinhdanhhocba"])
        good, body = await ask(office, place, limit="1", **needed)
        assert good == 200, (path, body.get("errors"))
        foreign = other["next"] if path == "/v1/units" else first["next"]
        for never in (str(uuid4()), "1", "city:79", f"{PRIMARY.code} 1", "AAAA", foreign, foreign[:-2], f"{foreign}AA"):
            status, body = await ask(office, place, after=never, **needed)
            assert (status, body.get("code")) == (400, "request-parameter"), (path, never, body)
            assert [error["pointer"] for error in body["errors"]] == ["/query/after"], (path, never)


async def test_whole_page_by_page(registry: Registry, office: RegistryClient) -> None:
    assert [each["code"] for each in await one_by_one(office, "/v1/campaigns", "campaigns")] == [CODE, "g2"]
    rows = await one_by_one(office, "/v1/signers", "signers", school=PRIMARY.code)
    assert rows == (await ask(office, "/v1/signers", school=PRIMARY.code))[1]["signers"]
    assert [each["role"] for each in rows] == sorted(each["role"] for each in rows)
    assert len({each["certificate"] for each in rows}) == len(rows) >= 3
    vendor = registry.client("vendor-a")
    for document in DOCUMENTS:
        assert (await vendor.submit(CITY.signed(transcripts.revised(document, 2)))).status == 202
    waiting = await one_by_one(office, "/v1/approvals", "approvals")
    assert waiting == (await ask(office, "/v1/approvals"))[1]["approvals"]
    assert {each["transcript_code"] for each in waiting} == {each["madinhdanhhocba"] for each in DOCUMENTS}
    assert [each["received_at"] for each in waiting] == sorted(each["received_at"] for each in waiting)
    merged = []
    second = await registry.caller("vendor-b", Scope.SUBMIT, units=frozenset({f"school:{SECONDARY.code}"}))
    for seed, document in enumerate(DOCUMENTS, 1):
        late = CITY.document(SECONDARY, seed=seed)
        assert (await second.submit(CITY.signed(late, SECONDARY))).status == 201
        codes = {"from_pupil_code": document["mahocsinh"], "into_pupil_code": late["mahocsinh"], "reason": "Một em"}
        made = await office._ask("POST", "/v1/pupils/merges", json=codes)
        assert made.status == 200, made.body
        merged.append(made.body["merge_id"])
    assert [each["merge_id"] for each in await one_by_one(office, "/v1/pupils/merges", "merges")] == merged[::-1]
    assert [each["merge_id"] for each in (await ask(office, "/v1/pupils/merges"))[1]["merges"]] == merged[::-1]
    new = {
        "pupil_code": DOCUMENTS[0]["mahocsinh"], "school_years": [YEAR], "receiver": "Trường THCS B",
        "purpose": "transfer", "openings": 3, "ends_at": (datetime.now(UTC) + timedelta(days=7)).isoformat(),
    }  # fmt: skip
    links = [(await office._ask("POST", "/v1/shares", json=new)).body["share_id"] for _ in range(3)]
    assert [each["share_id"] for each in await one_by_one(office, "/v1/shares", "shares")] == links[::-1]
    for _ in range(3):
        made = await office._ask("POST", "/v1/numbers/exports", params={"unit": "city:79", "school_year": YEAR})
        assert made.status == 200
    numbers = [each["export_number"] for each in await one_by_one(office, "/v1/numbers/exports", "exports")]
    assert numbers == [3, 2, 1]
    papers = f"/v1/transcripts/{DOCUMENTS[0]['madinhdanhhocba']}"
    async with httpx.AsyncClient(base_url=registry.base_url, timeout=60) as http:
        headers = {"Authorization": f"Bearer {await office.token()}"}
        for _ in range(2):
            assert (await http.get(f"{papers}/extract.pdf", headers=headers)).status_code == 200
    issued = await one_by_one(office, f"{papers}/extracts", "extracts")
    assert [each["number"].rpartition("/")[2] for each in issued] == ["000001", "000002"]
    looks = await one_by_one(office, f"/v1/pupils/{DOCUMENTS[0]['mahocsinh']}/views", "views")
    assert len({each["question_id"] for each in looks}) == len(looks) >= 2
