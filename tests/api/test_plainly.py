"""Every parameter of every route of the contract: sent twice, under another name, or written in another way, it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from registry.api.app import create_app
from registry.core.callers import Scope
from registry.settings import Settings
from tests.api.conftest import Registry

pytestmark = pytest.mark.anyio
#: Something that a parameter of the path can be, by its name; of another name, a fresh id.
_IN_PATH = {"code": "TX-1", "school_code": "79760101", "school_year": "2024-2025", "grade": "4", "pupil_code": "7976010100001", "slug": "record-code"}  # fmt: skip
_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def operations() -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Method, path and parameters of everything in the contract."""
    paths = create_app(Settings()).openapi()["paths"]
    return [
        (method.upper(), path.format_map(_Filled()), operation.get("parameters", []))
        for path, item in paths.items()
        for method, operation in item.items()
    ]


class _Filled(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return _IN_PATH.get(name, _ID)


def kinds(parameter: dict[str, Any]) -> set[str]:
    """The JSON types and formats that the contract gives a parameter, inside a list too."""
    schema = parameter["schema"]
    found = [schema, *schema.get("anyOf", ())]
    found += [each["items"] for each in found if "items" in each]
    return {each[name] for each in found for name in ("type", "format") if name in each}


def in_query(parameters: list[dict[str, Any]]) -> dict[str, set[str]]:
    return {each["name"]: kinds(each) for each in parameters if each["in"] == "query"}


def cases() -> Iterator[tuple[str, str, dict[str, Any], list[str] | None]]:
    """Method, path, query and the pointers of what is wrong; None when nothing of it is for this check."""
    for method, path, parameters in operations():
        declared = in_query(parameters)
        if path.startswith("/v1/"):
            yield method, path, {"079317000123": "x"}, ["/query"]
        for name, types in declared.items():
            yield method, path, {name: "a\0b"}, [f"/query/{name}"]
            many = "array" in types
            yield method, path, {name: ["4", "5"]}, None if many else [f"/query/{name}"]
            if "integer" in types:
                for text in ("1.0", "+1", " 1", "1_0", "01", "١", ""):
                    yield method, path, {name: text}, [f"/query/{name}"]
            if types & {"date", "date-time"}:
                for text in ("0", "1700000000", "1e9"):
                    yield method, path, {name: text}, [f"/query/{name}"]


def told(answer: httpx.Response) -> list[str]:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "request-parameter"), answer.url
    assert {each["code"] for each in body["errors"]} == {"request-parameter"}
    assert "079317000123" not in answer.text
    return [each["pointer"] for each in body["errors"]]


async def test_every_route_refuses_what_is_not_written_plainly(http: httpx.AsyncClient) -> None:
    """Before anybody asks who is calling: what is wrong with the question is the same for all."""
    tried = 0
    for method, path, query, pointers in cases():
        answer = await http.request(method, path, params=query)
        tried += 1
        if pointers is None:
            assert answer.status_code == 401, (method, path, query)
        else:
            wanted = [each for each in pointers if each == "/query"] or pointers
            found = told(answer)
            assert found[: len(wanted)] == wanted, (method, path, query)
    assert tried > 100


async def test_a_number_in_the_path_is_written_plainly_too(http: httpx.AsyncClient) -> None:
    for text in ("4.0", "+4", "04"):
        answer = await http.put(f"/v1/rosters/79760101/2024-2025/{text}")
        assert told(answer) == ["/path/grade"]


async def test_what_is_written_plainly_goes_on_to_the_route(registry: Registry, http: httpx.AsyncClient) -> None:
    client = await registry.caller("vendor", Scope.SUBMIT)
    headers = {"Authorization": f"Bearer {await client.token()}"}
    for version, wanted in (("1", 404), ("0", 400), ("-1", 400)):
        answer = await http.get("/v1/transcripts/TX-1", params={"version": version}, headers=headers)
        assert answer.status_code == wanted
    assert (await http.get("/v1/changes?after=0&limit=10", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/healthz?probe=1", "/problems/record-code?from=mail&from=chat", "/?lang=en&lang=vi"])
async def test_outside_of_the_contract_nobody_counts_parameters(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code < 400
