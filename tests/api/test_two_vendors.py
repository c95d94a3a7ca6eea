"""One vendor against another's records, over real HTTP: everything that vendor B can try, and that nothing of A changes or is told.

B has real keys, a real school of its own with real signers, and knows A's transcript code, pupil code, personal number, submission
ids and even the bytes that A sent. What B is told must be, byte for byte, what it is told of things that nobody has.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from registry.core.callers import Scope
from registry.demo import transcripts
from registry.demo.schools import DemoSchool
from registry.demo.signers import DemoSigner
from registry.services import submission, work
from registry.services.world import World
from tests.api.conftest import Registry
from tests.services.test_pupils import other_number
from tests.small_city import PRIVATE, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
JOSE = {"Content-Type": "application/jose+json"}
MINE, OTHER = CITY.document(SECONDARY, 1), CITY.document(SECONDARY, 2)
OWN = CITY.document(PRIVATE, 3)
#: Of the same shape as A's, and nobody's.
NO_CODE, NO_ID = "0b5d2a34-6a5c-4a63-9a44-0f5b1a4e7f01", "0193b1a4-0000-7000-8000-000000000001"
NO_PUPIL, NO_NUMBER = "9999999999", other_number(MINE["sodinhdanh"], 7)
CODE, PUPIL, NUMBER = MINE["madinhdanhhocba"], MINE["mahocsinh"], MINE["sodinhdanh"]


def signed(document: dict[str, Any], school: DemoSchool = PRIVATE, by: Sequence[DemoSigner] | None = None) -> bytes:
    return CITY.signed(document, school, by)


def statement(code: str, school: DemoSchool = PRIVATE, by: DemoSchool = PRIVATE, version: int = 1) -> bytes:
    """A withdrawal in the name of one school, signed by principal and seal of one."""
    said = {
        "loai": "thuhoi", "madinhdanhhocba": code, "phienbanthongtinhocba": str(version), "namhoc": MINE["namhoc"],
        "matruong": school.code, "macaphoc": MINE["macaphoc"], "lydothuhoi": "Sai họ tên", "ngaythuhoi": "2026-11-20",
    }  # fmt: skip
    return CITY.signed_bytes(json.dumps(said, ensure_ascii=False).encode(), CITY.signers_of(by)[1:])


@dataclass
class Stage:
    """A with a record of two versions and things that wait; B, and an operator of B's school."""

    registry: Registry
    a: httpx.AsyncClient
    b: httpx.AsyncClient
    operator: httpx.AsyncClient
    submission_id: str
    raw: bytes
    never_sent: bytes

    async def seen_by_a(self) -> dict[str, Any]:
        """Everything that A reads of its own, as it is."""
        places = ["/v1/changes", f"/v1/transcripts/{CODE}", f"/v1/submissions/{self.submission_id}"]
        places += [f"/v1/transcripts/{CODE}/{part}" for part in ("versions", "document", "extracts")]
        places += [f"/v1/submissions/{self.submission_id}/report", "/v1/shares"]
        return {place: (await self.a.get(place)).content for place in places}

    async def background(self) -> int:
        """What the background work does about held documents, and how many it has to look at once more."""
        world = World.of(self.registry.world.db, self.registry.world.sealer, self.registry.world.judges)
        await asyncio.wait_for(work.rejudge_waiting(world, work.Watch(), asyncio.Event()), 20)
        return len(await submission.waiting(world, 10))


@pytest.fixture
async def stage(registry: Registry) -> AsyncIterator[Stage]:
    await settle(registry.world, CITY)
    made = []
    for name, scope, school in (
        ("vendor-a", Scope.SUBMIT, SECONDARY),
        ("vendor-b", Scope.SUBMIT, PRIVATE),
        ("operator-b", Scope.OPERATE, PRIVATE),
    ):
        client = await registry.caller(name, scope, units=frozenset({f"school:{school.code}"}))
        headers = {"Authorization": f"Bearer {await client.token()}", "X-Request-Id": "the-same-id"}
        made.append(httpx.AsyncClient(base_url=registry.base_url, headers=headers, timeout=30))
    a, b, operator = made
    raw = signed(MINE, SECONDARY)
    first = await a.post("/v1/submissions", content=raw, headers=JOSE)
    second = await a.post("/v1/submissions", content=signed(transcripts.revised(MINE, 2), SECONDARY), headers=JOSE)
    own = await b.post("/v1/submissions", content=signed(OWN), headers=JOSE)
    assert [each.status_code for each in (first, second, own)] == [201] * 3, second.text
    early = await a.post("/v1/withdrawals", content=statement(CODE, SECONDARY, SECONDARY, 9), headers=JOSE)
    assert early.status_code == 202
    yield Stage(registry, a, b, operator, first.json()["submission_id"], raw, signed(OTHER, SECONDARY))
    for each in made:
        await each.aclose()


def same(one: httpx.Response, other: httpx.Response, *, but: Sequence[str] = ()) -> None:
    """Status, headers and body are equal to the byte, but for moments, ids and what the questions themselves differ in."""
    headers = [{k: v for k, v in each.headers.items() if k not in {"date", "location"}} for each in (one, other)]
    assert headers[0] == headers[1]
    if but:
        bodies = [{k: v for k, v in each.json().items() if k not in but} for each in (one, other)]
        assert bodies[0] == bodies[1]
    else:
        assert one.content == other.content
    assert (one.status_code, len(one.content)) == (other.status_code, len(other.content))


@pytest.mark.parametrize("who", ["b", "operator"])
async def test_nothing_of_a_is_read(stage: Stage, who: str) -> None:
    client: httpx.AsyncClient = getattr(stage, who)
    extract = "/extract.pdf"
    for tail in (
        "",
        "?version=1",
        "?version=999999999",
        "/versions",
        "/document",
        "/public-code",
        "/extracts",
        extract,
    ):
        known, unknown = [await client.get(f"/v1/transcripts/{code}{tail}") for code in (CODE, NO_CODE)]
        assert known.status_code == 404, (tail, known.text)
        same(known, unknown)
    for tail in ("", "/report", "/evidence"):
        known, unknown = [await client.get(f"/v1/submissions/{each}{tail}") for each in (stage.submission_id, NO_ID)]
        assert known.status_code == 404, (tail, known.text)
        same(known, unknown)
    for tail in ("", "/export"):
        known, unknown = [await client.get(f"/v1/pupils/{each}/views{tail}") for each in (PUPIL, NO_PUPIL)]
        assert known.status_code == 404
        same(known, unknown)
    share = {
        "school_years": [MINE["namhoc"]], "receiver": "B", "purpose": "admission", "openings": 3,
        "ends_at": (datetime.now(UTC) + timedelta(days=7)).isoformat(),
    }  # fmt: skip
    known, unknown = [await client.post("/v1/shares", json=share | {"pupil_code": each}) for each in (PUPIL, NO_PUPIL)]
    assert known.status_code in {400, 404}
    same(known, unknown)
    feed = (await client.get("/v1/changes")).json()
    assert {each["school_code"] for each in feed["changes"]} == {PRIVATE.code}
    assert CODE not in str(feed)


async def test_identify_knows_nothing_of_as_pupils(stage: Stage) -> None:
    who = {"birth_date": MINE["ngaythangnamsinh"], "sex": "male" if MINE["gioitinh"] == "1" else "female"}
    answers = [
        await stage.b.post("/v1/pupils/identify", json=who | {"personal_number": number} | wrong)
        for number in (NUMBER, NO_NUMBER)
        for wrong in ({}, {"birth_date": "2001"})
    ]
    for each in answers[1:]:
        same(answers[0], each, but=("question_id", "asked_at"))
    assert (answers[0].json()["answer"], answers[0].json()["differs"]) == ("unknown", [])


async def test_no_version_of_as_record_comes_from_b(stage: Stage) -> None:
    """In A's name it is out of scope; in B's own, with A's codes and numbers, it waits for a person, and A sees none of it."""
    before = await stage.seen_by_a()
    newer = transcripts.revised(MINE, 3)
    in_as_name = [signed(newer, SECONDARY, by=CITY.signers_of(school)) for school in (PRIVATE, SECONDARY)]
    for raw in in_as_name:
        answer = await stage.b.post("/v1/submissions", content=raw, headers=JOSE)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-school")
    taken = {
        name: MINE[name] for name in ("madinhdanhhocba", "mahocsinh", "sodinhdanh", "ngaythangnamsinh", "gioitinh")
    }
    for more in ({}, {"madinhdanhhocba": NO_CODE}, {"mahocsinh": "7700000001"}):
        for version in (1, 3, 999_999_999):
            own = transcripts.revised(CITY.document(PRIVATE, 9) | taken | more, version)
            answer = await stage.b.post("/v1/submissions", content=signed(own), headers=JOSE)
            assert answer.status_code == 202, answer.text
            assert [each["code"] for each in answer.json()["errors"]] == ["record-decision"]
    assert await stage.background() == 0
    assert await stage.seen_by_a() == before


async def test_bytes_of_a_are_worth_nothing_to_b(stage: Stage) -> None:
    """A document that A had accepted, and one that A never sent: B hears the same, and A loses nothing by it."""
    before = await stage.seen_by_a()
    for path in ("/v1/submissions", "/v1/judgements"):
        known, unknown = [await stage.b.post(path, content=raw, headers=JOSE) for raw in (stage.raw, stage.never_sent)]
        assert "scope-school" in known.text
        same(known, unknown, but=("submission_id", "instance"))
    assert await stage.seen_by_a() == before
    after = await stage.a.post("/v1/submissions", content=stage.never_sent, headers=JOSE)
    assert after.status_code == 201
    again = await stage.a.post("/v1/submissions", content=stage.raw, headers=JOSE)
    assert (again.status_code, again.json()["receipt"]["submission_id"]) == (200, stage.submission_id)


async def test_a_dry_run_tells_b_no_more_than_a_submission_would(stage: Stage) -> None:
    fresh = CITY.document(PRIVATE, 9)
    for taken in ({"madinhdanhhocba": CODE}, {"mahocsinh": PUPIL}, {"sodinhdanh": NUMBER} | _person()):
        bare = json.dumps(fresh | taken, ensure_ascii=False).encode()
        unknown = json.dumps(fresh | taken | {"madinhdanhhocba": NO_CODE, "mahocsinh": NO_PUPIL}, ensure_ascii=False)
        kinds = {"Content-Type": "application/json"}
        known, other = [
            await stage.b.post("/v1/judgements", content=raw, headers=kinds) for raw in (bare, unknown.encode())
        ]
        assert known.json()["outcome"] == other.json()["outcome"] == "accepted", known.text
        same(known, other, but=("judged_at",))


def _person() -> dict[str, Any]:
    return {name: MINE[name] for name in ("ngaythangnamsinh", "gioitinh")}


async def test_b_withdraws_nothing_of_as(stage: Stage) -> None:
    """A's code in a statement of B's own school, and one that nobody has: both wait, for ever, and cost the registry nothing."""
    before = await stage.seen_by_a()
    known, unknown = [
        await stage.b.post("/v1/withdrawals", content=statement(code), headers=JOSE) for code in (CODE, NO_CODE)
    ]
    assert (known.status_code, [each["code"] for each in known.json()["errors"]]) == (202, ["withdrawal-unknown"])
    same(known, unknown, but=("submission_id", "received_at", "judged_at"))
    for by, sender in ((SECONDARY, stage.b), (PRIVATE, stage.b), (PRIVATE, stage.a)):
        refused = await sender.post("/v1/withdrawals", content=statement(CODE, SECONDARY, by), headers=JOSE)
        assert refused.status_code == (403 if sender is stage.b else 422), refused.text
    assert await stage.background() == 0
    states = [await stage.b.get(each.headers["location"]) for each in (known, unknown)]
    same(*states, but=("submission_id", "received_at", "judged_at"))
    looked_at = [each.json()["received_at"] != each.json()["judged_at"] for each in states]
    assert looked_at[0] == looked_at[1]
    assert await stage.seen_by_a() == before


async def test_b_can_do_nothing_that_operators_do(stage: Stage) -> None:
    for method, place, body in _of_operators(stage.submission_id):
        answer = await stage.b.request(method, place, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "access-scope"), place


def _of_operators(submission_id: str) -> list[tuple[str, str, dict[str, Any] | None]]:
    return [
        ("GET", "/v1/cases", None),
        ("POST", f"/v1/cases/{submission_id}/decision", {"decision": "other-pupil", "reason": "x"}),
        ("GET", "/v1/approvals", None),
        ("POST", f"/v1/approvals/{submission_id}", {"decision": "approve", "reason": "x"}),
        ("POST", "/v1/pupils/renumberings", {"old_number": NUMBER, "new_number": NO_NUMBER, "reference": "x"}),
        ("GET", "/v1/pupils/merges", None),
        ("POST", "/v1/pupils/merges", {"from_pupil_code": PUPIL, "into_pupil_code": OWN["mahocsinh"], "reason": "x"}),
        ("POST", f"/v1/pupils/merges/{NO_ID}/undo", {"reason": "x"}),
    ]


async def test_an_operator_of_bs_school_can_do_nothing_about_a(stage: Stage) -> None:
    """Nor about what of A's waits: a document of A in conflict with itself, which A's operator would decide."""
    before = await stage.seen_by_a()
    doubtful = transcripts.revised(MINE, 4) | {"mahocsinh": "7700000002"}
    held = await stage.a.post("/v1/submissions", content=signed(doubtful, SECONDARY), headers=JOSE)
    assert [each["code"] for each in held.json()["errors"]] == ["record-decision"]
    a_case = held.json()["submission_id"]
    assert (await stage.operator.get("/v1/cases")).json() == {"cases": [], "next": None}
    assert (await stage.operator.get("/v1/approvals")).json()["approvals"] == []
    assert (await stage.operator.get("/v1/pupils/merges")).json() == {"merges": [], "next": None}
    pairs: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        (f"/v1/{kind}/{a_case}{tail}", f"/v1/{kind}/{NO_ID}{tail}", body, body)
        for kind, tail, body in (
            ("cases", "/decision", {"decision": "other-pupil", "reason": "x"}),
            ("approvals", "", {"decision": "approve", "reason": "x"}),
        )
    ]
    renumber, merge = "/v1/pupils/renumberings", "/v1/pupils/merges"
    new = {"new_number": other_number(NUMBER, 3), "reference": "x"}
    pairs.append((renumber, renumber, {"old_number": NUMBER} | new, {"old_number": NO_NUMBER} | new))
    for one, other in ((PUPIL, NO_PUPIL), (OTHER["mahocsinh"], NO_PUPIL)):
        for name, own in (("from_pupil_code", "into_pupil_code"), ("into_pupil_code", "from_pupil_code")):
            rest = {own: OWN["mahocsinh"], "reason": "x"}
            pairs.append((merge, merge, {name: one} | rest, {name: other} | rest))
    for known_place, unknown_place, known_body, unknown_body in pairs:
        known = await stage.operator.post(known_place, json=known_body)
        unknown = await stage.operator.post(unknown_place, json=unknown_body)
        assert known.status_code == 404, (known_place, known.text)
        same(known, unknown)
    # an own pupil can't take the number of A's, and hears no more than that it is taken
    taken = await stage.operator.post(renumber, json={"old_number": OWN["sodinhdanh"]} | new | {"new_number": NUMBER})
    assert taken.status_code in {404, 409, 422}
    for hidden in (CODE, PUPIL, NUMBER, MINE["hovaten"], SECONDARY.code):
        assert hidden not in taken.text
    assert await stage.seen_by_a() == before
