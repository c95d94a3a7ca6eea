"""GET /v1/completeness and /v1/completeness/pupils over real HTTP: the shape of the answers, the pages, the refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.client.api import RegistryClient, Result
from registry.core.callers import Scope
from registry.demo import schools
from registry.services import campaigns, name_views, standing, units
from tests.api.conftest import Registry

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, tzinfo=UTC)
FIRST, SECOND = schools.all_schools()[:2]
YEAR = FIRST.school_year
HEADER = "mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n"
NOBODY = {
    "present": 0,
    "awaiting_summer": 0,
    "missing": 0,
    "awaiting_number": 0,
    "held": 0,
    "refused": 0,
    "transferred": 0,
    "unexpected": 0,
}


@pytest.fixture
async def office(registry: Registry) -> RegistryClient:
    """An office of the district; on two of its schools' rosters five pupils stand, one of them without a number."""
    await units.import_builtin(registry.world, "hcmc-2025", NOW)
    await units.import_units(registry.world, schools.units_csv().encode(), NOW)
    operator = await registry.caller("operator", Scope.OPERATE, units=frozenset({schools.CITY}))
    rows = [f"7900{n},Tên {n},1A,2017,2,07931700000{n}\n" for n in range(4)]
    for school, some in ((FIRST, [*rows[:2], "79009,Tên 9,1B,,,\n"]), (SECOND, rows[2:])):
        answer = await operator.put_roster(school.code, YEAR, 1, (HEADER + "".join(some)).encode())
        assert answer.status == 200
    return await registry.caller("office", Scope.COMPLETENESS, units=frozenset({schools.DISTRICT}))


def found(answer: Result) -> tuple[int, list[tuple[str, str]]]:
    return answer.status, [(error["code"], error["pointer"]) for error in answer.body.get("errors", [])]


async def test_a_district_and_its_schools(office: RegistryClient) -> None:
    answer = await office.completeness(schools.DISTRICT, YEAR)
    assert answer.status == 200
    assert list(answer.body) == [
        "key", "unit", "name", "expected", "buckets", "school_year", "campaign", "grades", "as_of", "map", "by", "children", "groups",
        "frozen", "pending", "next",
    ]  # fmt: skip
    assert (answer.body["grades"], answer.body["by"], answer.body["groups"], answer.body["pending"]) == (
        None,
        None,
        [],
        0,
    )
    assert (answer.body["unit"], answer.body["school_year"], answer.body["expected"]) == (schools.DISTRICT, YEAR, 5)
    assert answer.body["buckets"] == NOBODY | {"missing": 4, "awaiting_number": 1}
    children = {child["unit"]: child for child in answer.body["children"]}
    assert len(children) == 22
    assert children[f"school:{FIRST.code}"] == {
        "key": f"school:{FIRST.code}", "unit": f"school:{FIRST.code}", "name": FIRST.name, "expected": 3,
        "buckets": NOBODY | {"missing": 2, "awaiting_number": 1},
    }  # fmt: skip
    assert "%" not in str(answer.body)


async def test_the_city_counts_each_school_once(registry: Registry, office: RegistryClient) -> None:
    city = await registry.caller("city", Scope.COMPLETENESS, units=frozenset({schools.CITY}))
    answer = await city.completeness(schools.CITY, YEAR)
    children = {child["unit"]: child["expected"] for child in answer.body["children"] if child["expected"]}
    assert answer.body["expected"] == 5
    assert children == {"district:771": 5, "commune:27190": 3, "commune:27169": 2}
    for commune, expected in (("27190", 3), ("27169", 2), ("27163", 0)):
        assert (await city.completeness(f"commune:{commune}", YEAR)).body["expected"] == expected


async def test_the_map_of_then_and_of_now_give_the_same_totals(registry: Registry, office: RegistryClient) -> None:
    city = await registry.caller("city", Scope.COMPLETENESS, units=frozenset({schools.CITY}))
    parts = {}
    for on in ("then", "now"):
        for unit, expected in ((schools.CITY, 5), (schools.DISTRICT, 5), ("commune:27190", 3)):
            answer = await city.completeness(unit, YEAR, map=on)
            assert (answer.status, answer.body["map"], answer.body["expected"]) == (200, on, expected)
            parts[unit, on] = {child["unit"].partition(":")[0] for child in answer.body["children"]}
    assert (parts[schools.CITY, "then"], parts[schools.CITY, "now"]) == ({"district"}, {"district", "commune"})
    wrong = await city.completeness(schools.CITY, YEAR, map="tomorrow")
    assert found(wrong) == (400, [("request-parameter", "/query/map")])


async def test_a_page_belongs_to_its_map(office: RegistryClient) -> None:
    page = await office.pupils(schools.DISTRICT, YEAR, "missing", limit="3", map="then")
    assert len(page.body["pupils"]) == 3
    again = await office.pupils(schools.DISTRICT, YEAR, "missing", limit="3", map="now", after=page.body["next"])
    assert found(again) == (400, [("request-parameter", "/query/after")])


async def test_as_of_before_the_roster_came(office: RegistryClient) -> None:
    before = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    answer = await office.completeness(schools.DISTRICT, YEAR, as_of=before)
    assert (answer.status, answer.body["expected"]) == (200, 0)
    assert datetime.fromisoformat(answer.body["as_of"]) == datetime.fromisoformat(before)
    local = await office.completeness(schools.DISTRICT, YEAR, as_of="2026-01-01T07:00:00")
    assert local.body["as_of"] == "2026-01-01T00:00:00Z"


async def test_by_school_grade_class_and_vendor(registry: Registry, office: RegistryClient) -> None:
    await registry.caller("sen", Scope.SUBMIT, units=frozenset({f"school:{FIRST.code}"}))
    await registry.caller("looks-only", Scope.COMPLETENESS, units=frozenset({f"school:{SECOND.code}"}))

    async def by(what: str, unit: str = schools.DISTRICT, **more: str) -> dict[str, Any]:
        answer = await office.completeness(unit, YEAR, by=what, **more)
        assert (answer.status, answer.body["by"]) == (200, what)
        return answer.body

    three, two = NOBODY | {"missing": 2, "awaiting_number": 1}, NOBODY | {"missing": 2}
    children = {child["unit"]: child["buckets"] for child in (await by("school"))["children"]}
    assert children == {f"school:{FIRST.code}": three, f"school:{SECOND.code}": two}
    communes = {child["unit"]: child["expected"] for child in (await by("commune"))["children"]}
    assert communes == {"commune:27190": 3, "commune:27169": 2}
    (grade,) = (await by("grade"))["groups"]
    both = NOBODY | {"missing": 4, "awaiting_number": 1}
    assert grade == {"key": "1", "name": "1", "grade": 1, "expected": 5, "buckets": both}
    classes = (await by("class", f"school:{FIRST.code}"))["groups"]
    assert [(each["key"], each["name"], each["grade"], each["expected"]) for each in classes] == [
        (f"{FIRST.code}/1/1A", "1A", 1, 2), (f"{FIRST.code}/1/1B", "1B", 1, 1)
    ]  # fmt: skip
    vendors = {group["key"]: (group["name"], group["buckets"]) for group in (await by("vendor"))["groups"]}
    assert vendors == {"sen": ("sen", three), "": ("Chưa có phần mềm nào", two)}
    before = (datetime.now(UTC) - timedelta(minutes=90)).isoformat()
    assert (await by("vendor", as_of=before))["groups"] == []


async def test_two_classes_of_one_name_and_pupils_of_none_have_keys_of_their_own(
    registry: Registry, office: RegistryClient
) -> None:
    operator = registry.client("operator")
    for grade in (2, 3):
        rows = f"7920{grade},Tên,A,,,\n7930{grade},Tên,A,,,\n".encode()
        assert (await operator.put_roster(FIRST.code, YEAR, grade, HEADER.encode() + rows)).status == 200
    answer = await office.completeness(f"school:{FIRST.code}", YEAR, by="class")
    groups = {group["key"]: (group["name"], group["grade"], group["expected"]) for group in answer.body["groups"]}
    assert len(groups) == len(answer.body["groups"])
    assert groups[f"{FIRST.code}/2/A"] == ("A", 2, 2)
    assert groups[f"{FIRST.code}/3/A"] == ("A", 3, 2)


async def test_every_kind_of_unit_adds_up_to_the_city_with_the_row_of_who_is_in_none(
    registry: Registry, office: RegistryClient
) -> None:
    async def city(name: str) -> RegistryClient:
        """A caller who is new, so that the register is read again."""
        scopes = (Scope.COMPLETENESS, Scope.OPERATE)
        return await registry.caller(name, *scopes, units=frozenset({schools.CITY}))

    away = "kind,code,name,parents,valid_from,valid_to,ownership\nschool,79000077,Trường X,commune:25760,2026-01-01,,public\n"
    assert not (await units.import_units(registry.world, away.encode(), NOW)).problems
    rows = b"77,T\xc3\xaan,1A,,,\n"
    asks = await city("before")
    assert (await asks.put_roster("79000077", YEAR, 1, HEADER.encode() + rows)).status == 200

    async def rows_by(kind: str, **more: str) -> dict[str, tuple[str, int]]:
        body = (await asks.completeness(schools.CITY, YEAR, by=kind, **more)).body
        found = [*body["children"], *body["groups"]]
        assert all(row["name"] for row in found)
        assert sum(row["expected"] for row in found) == body["expected"] == 6, (kind, more)
        for bucket, number in body["buckets"].items():
            assert sum(row["buckets"][bucket] for row in found) == number
        return {row["key"]: (row["name"], row["expected"]) for row in found}

    assert await rows_by("cluster") == {"": ("Không thuộc cụm trường nào", 6)}
    await units.import_builtin(registry.world, "hcmc-clusters-2025", NOW)
    asks = await city("after")
    for on in ("now", "then"):
        clusters = await rows_by("cluster", map=on)
        assert clusters == {"cluster:6": ("Cụm trường 6", 5), "": ("Không thuộc cụm trường nào", 1)}
        for kind in ("district", "ward", "commune", "school", "grade", "vendor"):
            await rows_by(kind, map=on)
    for question in ({"by": "school"}, {"by": "district"}, {"by": "grade"}, {}):
        await pages_are_the_whole(asks, **question)
    assert (await rows_by("district"))[""] == ("Không thuộc quận, huyện cũ nào", 1)


async def pages_are_the_whole(asks: RegistryClient, **question: str) -> None:
    """Row by row the same as at once, as of one moment whatever comes in between; and no other question goes on from there."""
    whole = (await asks.completeness(schools.CITY, YEAR, **question)).body
    size = str(max(1, (len(whole["children"]) + len(whole["groups"])) // 2))
    children: list[Any] = []
    groups: list[Any] = []
    moments: set[str] = set()
    after: dict[str, str] = {}
    while True:
        body = (await asks.completeness(schools.CITY, YEAR, limit=size, **question, **after)).body
        assert 1 <= len(body["children"]) + len(body["groups"]) <= int(size)
        assert (body["expected"], body["buckets"]) == (whole["expected"], whole["buckets"])
        children, groups, moments = children + body["children"], groups + body["groups"], moments | {body["as_of"]}
        if body["next"] is None:
            break
        after = {"after": body["next"]}
        other = await asks.completeness(schools.CITY, YEAR, limit=size, by="ward", **after)
        assert found(other) == (400, [("request-parameter", "/query/after")])
    assert (children, groups, len(moments)) == (whole["children"], whole["groups"], 1)


async def test_a_page_of_counts_keeps_to_the_moment_of_the_first(registry: Registry, office: RegistryClient) -> None:
    first = (await office.completeness(schools.DISTRICT, YEAR, by="school", limit="1")).body
    operator = registry.client("operator")
    rows = "".join(f"7990{n},Tên {n},1C,,,\n" for n in range(4))
    assert (await operator.put_roster(SECOND.code, YEAR, 2, (HEADER + rows).encode())).status == 200
    assert (await office.completeness(schools.DISTRICT, YEAR)).body["expected"] == 9
    second = (await office.completeness(schools.DISTRICT, YEAR, by="school", limit="1", after=first["next"])).body
    assert (first["expected"], second["expected"], second["as_of"], second["next"]) == (5, 5, first["as_of"], None)
    assert [row["expected"] for row in (*first["children"], *second["children"])] == [3, 2]
    for wrong in ({"after": "AAAA"}, {"limit": "0"}, {"limit": "501"}, {"after": first["next"], "as_of": "2026-01-01"}):
        answer = await office.completeness(schools.DISTRICT, YEAR, by="school", **wrong)
        assert (answer.status, answer.body["code"]) == (400, "request-parameter"), wrong


async def test_a_campaign_counts_its_own_grades_and_schools(registry: Registry, office: RegistryClient) -> None:
    await campaigns.add_file(registry.world, campaigns.builtin("plan"), NOW)
    operator = registry.client("operator")
    pupil = (HEADER + "79500,Tên,2A,,,\n").encode()
    assert (await operator.put_roster(FIRST.code, YEAR, 2, pupil)).status == 200

    async def ask(**more: Any) -> tuple[Any, ...]:
        params = {"unit": schools.DISTRICT, **more}
        answer = await office._ask("GET", "/v1/completeness", params=params)
        if answer.status != 200:
            return found(answer)
        return answer.body["expected"], answer.body["grades"], answer.body["campaign"]

    plan = "q10-lop1-2023-2024"
    assert await ask(school_year=YEAR) == (6, None, None)
    assert await ask(school_year=YEAR, grade="2") == (1, [2], None)
    assert await ask(school_year=YEAR, grade=["2", "1"]) == (6, [1, 2], None)
    assert await ask(campaign=plan) == await ask(campaign=plan, school_year=YEAR) == (5, [1], plan)
    wrong = [
        ({}, "/query/school_year"),
        ({"campaign": plan, "school_year": "2024-2025"}, "/query/school_year"),
        ({"campaign": plan, "grade": "2"}, "/query/grade"),
        ({"school_year": YEAR, "grade": "13"}, "/query/grade/0"),
        ({"school_year": YEAR, "by": "planet"}, "/query/by"),
    ]
    for question, pointer in wrong:
        assert await ask(**question) == (400, [("request-parameter", pointer)]), question
    assert await ask(school_year=YEAR, by="class") == (400, [("completeness-by-class", "/query/unit")])
    assert await ask(campaign="none") == (404, [("campaign-unknown", "")])
    listed = await office._ask(
        "GET",
        "/v1/completeness/pupils",
        params={"unit": schools.DISTRICT, "campaign": plan, "bucket": "awaiting_number"},
    )
    assert [row["pupil_code"] for row in listed.body["pupils"]] == ["79009"]


async def test_day_by_day(registry: Registry, office: RegistryClient) -> None:
    today = (datetime.now(UTC) + timedelta(hours=7)).date()

    async def trend(**more: str) -> Result:
        params = {"unit": schools.DISTRICT, "school_year": YEAR, **more}
        return await office._ask("GET", "/v1/completeness/trend", params=params)

    assert (await trend()).body["pending"] == 5
    await standing.settle_all(registry.world)
    answer = await trend()
    assert (answer.status, answer.body["pending"], len(answer.body["days"])) == (200, 0, 30)
    assert answer.body["days"][-1] == {
        "day": str(today), "expected": 5, "buckets": NOBODY | {"missing": 4, "awaiting_number": 1}
    }  # fmt: skip
    assert answer.body["days"][-2] == {"day": str(today - timedelta(days=1)), "expected": 0, "buckets": NOBODY}
    one = await trend(since=str(today), until=str(today), grade="2")
    assert [day["expected"] for day in one.body["days"]] == [0]
    for wrong in (
        {"until": str(today + timedelta(days=1))},
        {"since": str(today)} | {"until": str(today - timedelta(days=1))},
        {"since": "0001-01-01"},
    ):
        assert found(await trend(**wrong)) == (400, [("request-parameter", "/query/until")])
    assert found(await trend(unit="city:79")) == (403, [("access-unit", "/query/unit")])


async def test_the_missing_page_by_page(office: RegistryClient) -> None:
    rows: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        page = await office.pupils(schools.DISTRICT, YEAR, "missing", limit="3", **more)
        assert page.status == 200
        rows += page.body["pupils"]
        if page.body["next"] is None:
            break
        more = {"after": page.body["next"]}
    assert [row["pupil_code"] for row in rows] == ["79000", "79001", "79002", "79003"]
    assert rows[0] == {
        "school_code": FIRST.code, "pupil_code": "79000", "name": "Tên 0", "class_name": "1A", "grade": 1,
        "bucket": "missing", "codes": [], "last_attempt_at": None, "accepted_at": None, "after_freeze": None,
    }  # fmt: skip
    assert "079317" not in str(rows)
    waiting = await office.pupils(f"school:{FIRST.code}", YEAR, "awaiting_number")
    assert [row["pupil_code"] for row in waiting.body["pupils"]] == ["79009"]


async def test_names_that_leave_are_written_down(registry: Registry, office: RegistryClient) -> None:
    unit = f"school:{FIRST.code}"
    for bucket in ("missing", "awaiting_number", "present"):
        assert (await office.pupils(unit, YEAR, bucket)).status == 200
    assert (await office.pupils("district:770", YEAR, "missing")).status == 403
    views = await name_views.newest(registry.world, None, 10)
    seen = [(v.viewer, v.person_id, v.screen, v.unit_code, v.school_year, v.names) for v in views]
    assert seen == [("office", None, "api-pupils", unit, YEAR, n) for n in (1, 2)]


UNANSWERED: list[tuple[dict[str, str], tuple[int, list[tuple[str, str]]]]] = [
    ({"unit": "city:79"}, (403, [("access-unit", "/query/unit")])),
    ({"unit": "district:770"}, (403, [("access-unit", "/query/unit")])),
    ({"unit": "district:nowhere"}, (403, [("access-unit", "/query/unit")])),
    ({"unit": "\x00"}, (403, [("access-unit", "/query/unit")])),
    ({"unit": ""}, (403, [("access-unit", "/query/unit")])),
    ({"unit": "x" * 41}, (400, [("request-parameter", "/query/unit")])),
    ({"school_year": "2023-2025"}, (400, [("request-parameter", "/query/school_year")])),
    ({"as_of": "yesterday"}, (400, [("request-parameter", "/query/as_of")])),
    ({"as_of": "2999-01-01T00:00:00Z"}, (400, [("request-parameter", "/query/as_of")])),
    ({"as_of": "0001-01-01T00:00:00+14:00"}, (400, [("request-parameter", "/query/as_of")])),
    ({"as_of": "0001-01-01T00:00:00"}, (400, [("request-parameter", "/query/as_of")])),
    ({"as_of": "9999-12-31T23:59:59-14:00"}, (400, [("request-parameter", "/query/as_of")])),
    ({"asof": "2026-01-01"}, (400, [("request-parameter", "/query")])),
]


async def test_questions_that_are_not_answered(office: RegistryClient) -> None:
    for change, expected in UNANSWERED:
        params = {"unit": schools.DISTRICT, "school_year": YEAR, **change}
        assert found(await office._ask("GET", "/v1/completeness", params=params)) == expected
        assert (
            found(await office._ask("GET", "/v1/completeness/pupils", params={**params, "bucket": "missing"}))
            == expected
        )


NO_LIST: list[tuple[dict[str, str], str]] = [
    ({"bucket": "lost"}, "/query/bucket"),
    ({"limit": "0"}, "/query/limit"),
    ({"limit": "501"}, "/query/limit"),
    ({"after": "x"}, "/query/after"),
    ({"after": "AAAA"}, "/query/after"),
    ({"after": "\x00é"}, "/query/after"),
    ({"after": "A" * 301}, "/query/after"),
]


async def test_lists_that_are_not_given(office: RegistryClient) -> None:
    for change, pointer in NO_LIST:
        params = {"unit": schools.DISTRICT, "school_year": YEAR, "bucket": "missing", **change}
        answer = await office._ask("GET", "/v1/completeness/pupils", params=params)
        assert found(answer) == (400, [("request-parameter", pointer)])
