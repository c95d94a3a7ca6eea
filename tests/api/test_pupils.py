"""Pupils and cases over real HTTP: what is answered, what is turned away, how often, and what no log says."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import httpx
import pytest

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.demo import transcripts
from registry.services import judging, submission
from tests.api.conftest import Registry
from tests.services.test_pupils import other_number
from tests.small_city import NOW, PRIMARY, SECONDARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
VENDOR = vendor(PRIMARY, SECONDARY)
IDENTIFY, RENUMBER, MERGE, CASES = "/v1/pupils/identify", "/v1/pupils/renumberings", "/v1/pupils/merges", "/v1/cases"
NOBODY = "00000000-0000-0000-0000-000000000000"
CODE = "0b5d2a34-6a5c-4a63-9a44-0f5b1a4e7f01"
DOCUMENT = small_city().document()
OLD, NEW = DOCUMENT["sodinhdanh"], other_number(DOCUMENT["sodinhdanh"])
WHO = {
    "personal_number": OLD,
    "birth_date": DOCUMENT["ngaythangnamsinh"],
    "sex": "male" if DOCUMENT["gioitinh"] == "1" else "female",
}


@pytest.fixture
async def operator(registry: Registry) -> RegistryClient:
    await settle(registry.world, small_city(), VENDOR)
    await send(registry, DOCUMENT)
    return await registry.caller("operator", Scope.OPERATE, units=frozenset({"city:79"}))


async def send(registry: Registry, document: dict[str, Any], school: Any = PRIMARY, second: int = 0) -> None:
    raw = small_city().signed(document, school)
    await submission.submit(registry.world, VENDOR, raw, judging.JOSE, NOW + timedelta(seconds=second))


async def ask(client: RegistryClient, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    answer = await (client._ask(method, path) if body is None else client._ask(method, path, json=body))
    return answer.status, answer.body


async def test_identify_has_one_shape(registry: Registry, operator: RegistryClient, log_text: io.StringIO) -> None:
    mine = await registry.caller("mine", Scope.SUBMIT, units=frozenset({f"school:{PRIMARY.code}"}))
    other = await registry.caller("other", Scope.SUBMIT, units=frozenset({f"school:{SECONDARY.code}"}))
    for client, body, expected in (
        (mine, WHO, ("known", [])),
        (mine, WHO | {"birth_date": "2001-01-01"}, ("differs", ["birth_date"])),
        (mine, WHO | {"personal_number": NEW}, ("unknown", [])),
        (other, WHO, ("unknown", [])),
    ):
        result = await client.identify(**body)
        status, found = result.status, result.body
        assert (status, list(found)) == (200, ["question_id", "asked_at", "answer", "differs"])
        assert (found["answer"], found["differs"]) == expected
        assert DOCUMENT["hovaten"] not in str(found)
    said = log_text.getvalue()
    assert '"known"' in said
    assert OLD not in said
    assert DOCUMENT["ngaythangnamsinh"] not in said


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"personal_number": "12"}, "/body/personal_number"),
        ({"personal_number": 12}, "/body/personal_number"),
        ({"birth_date": "2015-02-30"}, "/body/birth_date"),
        ({"sex": "1"}, "/body/sex"),
        ({"name": "Nguyễn"}, "/body"),
    ],
)
async def test_identify_says_what_is_wrong_and_repeats_nothing(
    registry: Registry, operator: RegistryClient, change: dict[str, Any], pointer: str
) -> None:
    mine = await registry.caller("mine", Scope.SUBMIT, units=frozenset({f"school:{PRIMARY.code}"}))
    status, body = await ask(mine, "POST", IDENTIFY, WHO | change)
    assert (status, body["code"], [e["pointer"] for e in body["errors"]]) == (400, "request-parameter", [pointer])
    assert OLD not in str(body)


async def test_identify_has_a_limit_of_its_own(
    registry: Registry, operator: RegistryClient, http: httpx.AsyncClient
) -> None:
    mine = await registry.caller("mine", Scope.SUBMIT, units=frozenset({f"school:{PRIMARY.code}"}))
    headers = {"Authorization": f"Bearer {await mine.token()}"}
    answers = [await http.post(IDENTIFY, json=WHO, headers=headers) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert answers[-1].json()["code"] == "request-rate"
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await http.get("/v1/changes", headers=headers)).status_code == 200


async def test_renumbering(registry: Registry, operator: RegistryClient, log_text: io.StringIO) -> None:
    asked = {"old_number": OLD, "new_number": NEW, "reference": "QĐ 12/2026"}
    done = {"pupil_code": DOCUMENT["mahocsinh"], "schools": [PRIMARY.code], "repeated": False}
    assert await ask(operator, "POST", RENUMBER, asked) == (200, done)
    assert await ask(operator, "POST", RENUMBER, asked) == (200, done | {"repeated": True})
    two = small_city().document(seed=2)
    await send(registry, two)
    for change, status, code in (
        ({"new_number": two["sodinhdanh"], "old_number": NEW}, 409, "pupil-number-taken"),
        ({"new_number": other_number(OLD, 5)}, 409, "pupil-renumbered"),
        ({"old_number": other_number(OLD, 9)}, 404, "pupil-unknown"),
        ({"new_number": "999" + OLD[3:]}, 422, "number-place"),
        ({"reference": f"số {OLD}"}, 400, "request-parameter"),
    ):
        found = await ask(operator, "POST", RENUMBER, asked | change)
        assert (found[0], found[1]["code"]) == (status, code)
        assert OLD not in str(found)
    said = log_text.getvalue()
    assert OLD not in said
    assert NEW not in said
    elsewhere = await registry.caller("elsewhere", Scope.OPERATE, units=frozenset({f"school:{SECONDARY.code}"}))
    assert (await ask(elsewhere, "POST", RENUMBER, asked))[1]["code"] == "pupil-unknown"


async def test_merge_and_undo(registry: Registry, operator: RegistryClient) -> None:
    late, same_year = small_city().document(SECONDARY), small_city().document(seed=2)
    await send(registry, late, SECONDARY)
    await send(registry, same_year)
    asked = {"from_pupil_code": DOCUMENT["mahocsinh"], "into_pupil_code": late["mahocsinh"], "reason": "Một em"}
    status, body = await ask(operator, "POST", MERGE, asked | {"into_pupil_code": same_year["mahocsinh"]})
    assert (status, body["code"]) == (409, "pupil-collision")
    assert body["errors"][0]["detail"] == f"{DOCUMENT['namhoc']} primary"
    status, made = await ask(operator, "POST", MERGE, asked)
    assert (status, made["undone_at"], made["caller_id"]) == (200, None, "operator")
    assert (await ask(operator, "POST", MERGE, asked))[1]["code"] == "pupil-merged"
    undo = f"{MERGE}/{made['merge_id']}/undo"
    status, undone = await ask(operator, "POST", undo, {"reason": "Nhầm"})
    assert (status, undone["undone_reason"], undone["undone_by"]) == (200, "Nhầm", "operator")
    assert await ask(operator, "GET", MERGE) == (200, {"merges": [undone], "next": None})
    assert (await ask(operator, "POST", undo, {"reason": "Nhầm"}))[0] == 409
    assert (await ask(operator, "POST", f"{MERGE}/{NOBODY}/undo", {"reason": "Nhầm"}))[0] == 404


async def test_cases_are_listed_and_decided(registry: Registry, operator: RegistryClient) -> None:
    for version, code in ((1, "7700000001"), (2, "7700000002")):
        mixed = DOCUMENT | {"mahocsinh": code, "madinhdanhhocba": CODE, **transcripts.revised({}, version)}
        await send(registry, mixed, PRIMARY, version)
    status, page = await ask(operator, "GET", f"{CASES}?limit=1")
    assert status == 200
    (first,) = page["cases"]
    assert (first["kind"], first["pupil_code"], first["possible"]) == (
        "number-two-pupils", "7700000001", ["same-pupil", "other-pupil", "number-moves"],
    )  # fmt: skip
    unknown = f"{CASES}?after={first['submission_id']}"
    assert (await ask(operator, "GET", unknown))[1]["errors"][0]["pointer"] == "/query/after"
    status, rest = await ask(operator, "GET", f"{CASES}?after={page['next']}")
    assert ([each["pupil_code"] for each in rest["cases"]], rest["next"]) == (["7700000002"], None)
    for hidden in (OLD, DOCUMENT["hovaten"], DOCUMENT["ngaythangnamsinh"]):
        assert hidden not in str((page, rest))
    place = f"{CASES}/{first['submission_id']}/decision"
    status, body = await ask(operator, "POST", place, {"decision": "transfer", "reason": "x"})
    assert (status, body["code"]) == (409, "case-decision")
    status, body = await ask(operator, "POST", place, {"decision": "other-pupil", "reason": "Hai em"})
    assert (status, body["outcome"], body["codes"]) == (200, "refused", ["record-decided"])
    assert (await ask(operator, "POST", place, {"decision": "other-pupil", "reason": "Hai em"}))[0] == 404
    assert (await ask(operator, "POST", place, {"decision": "perhaps", "reason": "x"}))[0] == 400
