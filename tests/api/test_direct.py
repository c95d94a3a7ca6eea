"""Routes that are reached without the framework's way to them: the same answers, lines and figures as by that way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

from registry.api import direct, problems, telemetry
from registry.core import codes
from registry.core.findings import Refusal
from tests.api.test_arrival import served

router = APIRouter()


@router.post("/asked")
async def answer(request: Request) -> Response:
    """What it was asked, or what keeps it from answering."""
    raw = await request.body()
    if raw == b"refuse":
        raise Refusal(codes.ACCESS_SCOPE)
    if raw == b"break":
        raise ValueError("a secret")
    return PlainTextResponse(raw)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    app = direct.Application(direct=[router], hosts=["127.0.0.1"], telemetry=telemetry.configuration())
    app.state.edge = SimpleNamespace(settings=SimpleNamespace(issuer="http://registry.test"))
    app.include_router(router)
    problems.install(app)
    with served(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("way", ["/asked", "/asked?by=the+framework"])
@pytest.mark.parametrize(("sent", "status"), [(b"well", 200), (b"refuse", 403), (b"break", 500)])
def test_both_ways_answer_alike(base_url: str, way: str, sent: bytes, status: int) -> None:
    before = counted("/asked", status)
    got = httpx.post(base_url + way, content=sent, headers={"X-Request-Id": "one-of-both-ways"}, trust_env=False)
    assert got.status_code == status
    assert got.headers["x-request-id"] == "one-of-both-ways"
    assert got.text == "well" or got.json()["instance"] == "urn:request:one-of-both-ways"
    assert "secret" not in got.text
    assert counted("/asked", status) == before + 1, "one family of figures, whichever way it went"


def test_a_host_that_is_not_ours_is_turned_away(base_url: str) -> None:
    got = httpx.post(base_url + "/asked", content=b"well", headers={"Host": "elsewhere.test"}, trust_env=False)
    assert (got.status_code, got.json()["code"]) == (400, "request-parameter")


def test_another_method_is_the_frameworks_matter(base_url: str) -> None:
    got = httpx.get(base_url + "/asked", trust_env=False)
    assert (got.status_code, got.json()["code"], got.headers["allow"]) == (405, "request-method", "POST")


def test_a_route_that_needs_more_than_the_request_cant_be_reached_directly() -> None:
    needy = APIRouter()

    @needy.post("/asked", dependencies=[Depends(lambda: None)])
    async def checked(request: Request) -> None: ...

    @needy.post("/named/{name}")
    async def named(request: Request, name: str) -> None: ...

    for route in needy.routes:
        alone = APIRouter(routes=[route])
        with pytest.raises(TypeError, match="more than the request"):
            direct.Application(direct=[alone], hosts=[])


def counted(route: str, status: int) -> int:
    """How many requests the figures of this process have for the route with this status."""
    found = re.findall(
        r"^http_server_request_duration_seconds_count{([^}]*)} (\S+)$",
        telemetry.own_exposition().decode(),
        re.MULTILINE,
    )
    wanted = {f'http_route="{route}"', f'http_response_status_code="{status}"', 'http_request_method="POST"'}
    return sum(int(float(value)) for labels, value in found if wanted <= set(labels.split(",")))
