"""Signing in over real HTTP: links, a real OpenID provider that lies in one way at a time, sessions and their end, forms."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from pydantic import SecretStr

from registry.core.people import Patience, Way
from registry.services import people, sessions, sign_in
from tests import openid_provider
from tests.api.conftest import Registry, served
from tests.openid_provider import CLIENT, SECRET, OpenIdProvider
from tests.web.conftest import add_people, sign_in_by_link

pytestmark = pytest.mark.anyio
PATIENCE = Patience(timedelta(minutes=60), timedelta(hours=12))


def code_of(answer: httpx.Response) -> str:
    found = re.search(r"<code>([a-z-]+)</code></p>", answer.text)
    return found.group(1) if found else ""


def form_token(page: str) -> str:
    found = re.search(r'name="form" value="([0-9a-f]{64})"', page)
    assert found
    return found.group(1)


@pytest.fixture
async def peopled(registry: Registry) -> Registry:
    await add_people(registry.world)
    return registry


# --- links ---------------------------------------------------------------------------------------------------------------


async def test_a_link_works_once_and_a_look_at_it_uses_nothing_up(peopled: Registry, http: httpx.AsyncClient) -> None:
    assert (await http.get("/me")).status_code == 401
    secret = await sign_in.make_link(peopled.world, "so", datetime.now(UTC))
    for _ in range(2):
        assert "Cán bộ so" in (await http.get("/sign-in", params={"link": secret})).text
    answer = await http.post("/sign-in", data={"link": secret})
    assert (answer.status_code, answer.headers["location"]) == (303, "/overview")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "Cán bộ so" in (await http.get("/me")).text
    again = await http.post("/sign-in", data={"link": secret})
    assert (again.status_code, code_of(again)) == (401, "session-link")
    assert code_of(await http.get("/sign-in", params={"link": secret})) == "session-link"


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "A" * 5000])
async def test_no_link(peopled: Registry, http: httpx.AsyncClient, secret: str) -> None:
    answer = await http.post("/sign-in", data={"link": secret})
    assert (answer.status_code, code_of(answer)) == (401, "session-link")


async def test_nul_is_in_no_link(peopled: Registry, http: httpx.AsyncClient) -> None:
    answer = await http.post("/sign-in", data={"link": "\x00" * 43})
    assert (answer.status_code, code_of(answer)) == (400, "request-parameter")


async def test_an_old_link_and_one_of_a_closed_person(peopled: Registry, http: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    old = await sign_in.make_link(peopled.world, "so", now - sign_in.LINK_LASTS)
    closed = await sign_in.make_link(peopled.world, "quan-3", now)
    await people.close(peopled.world, "quan-3", now)
    for secret in (old, closed):
        assert code_of(await http.post("/sign-in", data={"link": secret})) == "session-link"


async def test_a_link_is_for_this_machine(peopled: Registry, http: httpx.AsyncClient) -> None:
    secret = await sign_in.make_link(peopled.world, "so", datetime.now(UTC))
    away = await http.post("/sign-in", data={"link": secret}, headers={"Host": "hocba.example"})
    assert (away.status_code, code_of(away)) == (403, "session-insecure")
    settings = peopled.settings.model_copy(update={"issuer": "https://hocba.example"})
    with served(settings) as base_url:
        async with httpx.AsyncClient(base_url=base_url, headers={"Host": "hocba.example"}) as proxied:
            answer = await proxied.post("/sign-in", data={"link": secret})
            assert code_of(answer) == "session-link"
    with served(settings.model_copy(update={"sign_in_links": True})) as base_url:
        async with httpx.AsyncClient(base_url=base_url, headers={"Host": "hocba.example"}) as proxied:
            answer = await proxied.post("/sign-in", data={"link": secret})
            assert answer.headers["set-cookie"].startswith("__Host-session=")
            assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\r\nb"])
async def test_no_way_leads_elsewhere(peopled: Registry, http: httpx.AsyncClient, path: str) -> None:
    secret = await sign_in.make_link(peopled.world, "so", datetime.now(UTC))
    answer = await http.post("/sign-in", data={"link": secret, "next": path})
    assert (answer.status_code, answer.headers["location"]) == (303, "/overview")


# --- sessions ------------------------------------------------------------------------------------------------------------


async def test_a_session_ends_by_itself_and_by_sign_out(peopled: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, peopled.world, "so")
    first = http.cookies["session-plain"]
    await sign_in_by_link(http, peopled.world, "so")
    second = http.cookies["session-plain"]
    assert first != second, "a new secret with each sign-in"
    http.cookies.set("session-plain", first, domain="127.0.0.1")
    assert (await http.get("/me")).status_code == 401, "and the browser's earlier session has ended"
    http.cookies.clear()
    http.cookies.set("session-plain", second, domain="127.0.0.1")
    token = form_token((await http.get("/me")).text)
    assert (await http.post("/sign-out", data={"form": token})).status_code == 303
    http.cookies.set("session-plain", second, domain="127.0.0.1")
    assert code_of(await http.get("/me")) == "session-none"


async def test_idle_and_absolute_times(peopled: Registry) -> None:
    from registry.core.findings import Refusal
    from registry.core.people import Patience, Way

    world, now = peopled.world, datetime.now(UTC)
    patience = Patience(timedelta(minutes=30), timedelta(hours=10))
    async with world.db.transaction() as tx:
        secret = await sessions.begin(tx, "so", Way.LINK, now)
    for minutes in range(0, 600, 25):
        await sessions.find(world, secret, patience, now + timedelta(minutes=minutes))
    with pytest.raises(Refusal, match="session-none"):
        await sessions.find(world, secret, patience, now + timedelta(hours=10))
    async with world.db.transaction() as tx:
        idle = await sessions.begin(tx, "so", Way.LINK, now)
    with pytest.raises(Refusal, match="session-none"):
        await sessions.find(world, idle, patience, now + timedelta(minutes=30))


async def test_what_an_operator_changes_holds_at_once(peopled: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, peopled.world, "so")
    await people.close(peopled.world, "so", datetime.now(UTC))
    assert (await http.get("/me")).status_code == 401


FOREIGN: list[tuple[dict[str, str], dict[str, str]]] = [
    ({"form": "0" * 64}, {}),
    ({}, {}),
    ({"form": "é"}, {}),
    ({"form": "GOOD"}, {"Origin": "https://evil.example"}),
    ({"form": "GOOD"}, {"Origin": "null"}),
    ({"form": "GOOD"}, {"Sec-Fetch-Site": "cross-site"}),
]


async def test_forms_from_elsewhere_change_nothing(peopled: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, peopled.world, "so")
    token = form_token((await http.get("/me")).text)
    for fields, headers in FOREIGN:
        sent = {name: token if value == "GOOD" else value for name, value in fields.items()}
        answer = await http.post("/sign-out", data=sent or {"x": "y"}, headers=headers)
        assert (answer.status_code, code_of(answer)) == (403, "session-form")
    assert (await http.get("/me")).status_code == 200


# --- the provider --------------------------------------------------------------------------------------------------------


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider.running() as opened:
        yield opened


@pytest.fixture
async def browser(peopled: Registry, provider: OpenIdProvider) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of a registry under this provider; `can-bo-1` is the login of `so`."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    login = people.Login(provider.issuer, "can-bo-1")
    await people.add_login(peopled.world, "so", login, datetime.now(UTC))
    changes: dict[str, Any] = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SecretStr(SECRET),
        "issuer": f"http://127.0.0.1:{port}",
    }
    with served(peopled.settings.model_copy(update=changes), port) as base_url:
        async with httpx.AsyncClient(base_url=base_url, timeout=30) as opened:
            yield opened


async def go(browser: httpx.AsyncClient, next_path: str = "/me") -> httpx.Response:
    """To the provider and back; the answer of the callback."""
    start = await browser.get("/sign-in/provider", params={"next": next_path})
    assert start.status_code == 303, start.text
    there = await browser.get(start.headers["location"])
    return await browser.get(there.headers["location"])


async def test_to_the_provider_and_back(browser: httpx.AsyncClient) -> None:
    answer = await go(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert "Cán bộ so" in (await browser.get("/me")).text


async def test_an_unknown_account_does_not_get_in(browser: httpx.AsyncClient, provider: OpenIdProvider) -> None:
    provider.subject = "nobody-here"
    answer = await go(browser)
    assert (answer.status_code, code_of(answer)) == (403, "session-unknown")
    assert (await browser.get("/me")).status_code == 401


_OTHER = ECKey.generate_key("P-256", {"kid": "e1"})
LIES: dict[str, Callable[[OpenIdProvider], dict[str, Any]]] = {
    "another nonce": lambda _: {"nonce": "0" * 64},
    "no nonce": lambda _: {"nonce": None},
    "another audience": lambda _: {"aud": "somebody-else"},
    "two audiences without azp": lambda _: {"aud": [CLIENT, "somebody-else"]},
    "another azp": lambda _: {"aud": [CLIENT, "x"], "azp": "x"},
    "another issuer": lambda _: {"iss": "https://evil.example"},
    "expired": lambda _: {"exp": 1_700_000_000},
    "no end": lambda _: {"exp": None},
    "an end that is a word": lambda _: {"exp": "later"},
    "an old one": lambda _: {"iat": 1_700_000_000},
    "not yet valid": lambda _: {"nbf": 9_000_000_000},
    "no subject": lambda _: {"sub": None},
    "alg none": lambda p: {"alg": "none", "key": p.keys[0]},
    "alg HS256 with the public key": lambda p: {"alg": "HS256", "key": p.keys[0]},
    "a key of somebody else": lambda _: {"key": _OTHER},
    "an algorithm that is not configured": lambda _: {"alg": "PS256", "key": openid_provider.rsa_key(2048)},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_tokens_that_are_not_taken(
    browser: httpx.AsyncClient, provider: OpenIdProvider, lie: Callable[[OpenIdProvider], dict[str, Any]]
) -> None:
    provider.lie = lie(provider)
    answer = await go(browser)
    assert (answer.status_code, code_of(answer)) == (401, "session-answer")
    assert (await browser.get("/me")).status_code == 401


async def test_state_and_code_work_once_and_for_this_browser(browser: httpx.AsyncClient) -> None:
    start = await browser.get("/sign-in/provider")
    there = await browser.get(start.headers["location"])
    address, cookies = there.headers["location"], dict(browser.cookies)
    async with httpx.AsyncClient(base_url=browser.base_url) as other:
        assert code_of(await other.get(address)) == "session-answer"
        begun = await other.get("/sign-in/provider")
        assert begun.status_code == 303
        assert code_of(await other.get(address)) == "session-answer", "another browser's state"
    assert (await browser.get(address)).status_code == 303
    browser.cookies.clear()
    for name, value in cookies.items():
        browser.cookies.set(name, value, domain="127.0.0.1")
    assert code_of(await browser.get(address)) == "session-answer", "used before"


async def test_an_answer_without_a_good_code(browser: httpx.AsyncClient) -> None:
    for change in (
        {"code": "stolen"},
        {"code": ""},
        {"error": "access_denied", "code": ""},
        {"iss": "https://x.example"},
    ):
        start = await browser.get("/sign-in/provider")
        there = httpx.URL((await browser.get(start.headers["location"])).headers["location"])
        assert code_of(await browser.get(there.copy_merge_params(change))) == "session-answer"


async def test_the_provider_changes_its_key(browser: httpx.AsyncClient, provider: OpenIdProvider) -> None:
    await go(browser)
    provider.keys.append(ECKey.generate_key("P-256", {"kid": "e2", "use": "sig"}))
    assert (await go(browser)).status_code == 401, "the set was asked for just now"
    assert provider.asked.count("/keys") == 1


async def test_a_provider_that_is_away_or_is_another(peopled: Registry, provider: OpenIdProvider) -> None:
    for issuer in (f"{provider.issuer}/", "http://127.0.0.1:9", "http://provider.example"):
        changes = {"oidc_issuer": issuer, "oidc_client_id": CLIENT}
        with served(peopled.settings.model_copy(update=changes)) as base_url:
            async with httpx.AsyncClient(base_url=base_url, timeout=30) as browser:
                answer = await browser.get("/sign-in/provider")
                assert (answer.status_code, code_of(answer)) == (503, "session-provider")


async def test_nothing_secret_is_logged(peopled: Registry, http: httpx.AsyncClient, log_text: Any) -> None:
    secret = await sign_in.make_link(peopled.world, "so", datetime.now(UTC))
    await http.get("/sign-in", params={"link": secret})
    await http.post("/sign-in", data={"link": secret})
    await http.get("/me")
    assert "person:so" in log_text.getvalue()
    assert secret not in log_text.getvalue()
    assert http.cookies["session-plain"] not in log_text.getvalue()


async def test_everybody_sees_and_ends_the_own_sessions(peopled: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, peopled.world, "so")
    first = http.cookies["session-plain"]
    http.cookies.clear()
    await sign_in_by_link(http, peopled.world, "quan-3")
    foreign = http.cookies["session-plain"]
    http.cookies.clear()
    await sign_in_by_link(http, peopled.world, "so")
    page = (await http.get("/me")).text
    others = re.findall(r'name="session" value="([0-9a-f]{32})"', page)
    assert (len(others), page.count("phiên này")) == (1, 1), "the own ones only, and this one apart"
    token = form_token(page)
    assert code_of(await http.post("/me/sessions", data={"form": "x", "session": others[0]})) == "session-form"
    theirs = await sessions.own(peopled.world, foreign, "quan-3", PATIENCE, datetime.now(UTC))
    for name in (theirs[0].name, "", "x", others[0], others[0]):
        answer = await http.post("/me/sessions", data={"form": token, "session": name})
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert (await http.get("/me")).status_code == 200
    for secret, status in ((first, 401), (foreign, 200)):
        http.cookies.clear()
        http.cookies.set("session-plain", secret, domain="127.0.0.1")
        assert (await http.get("/me")).status_code == status


async def test_ending_another_session_needs_a_fresh_sign_in(peopled: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, peopled.world, "so")
    other = http.cookies["session-plain"]
    signed_in_at = datetime.now(UTC) - sessions.FRESH
    async with peopled.world.db.transaction() as tx:
        earlier = await sessions.begin(tx, "so", Way.LINK, signed_in_at)
    http.cookies.clear()
    http.cookies.set("session-plain", earlier, domain="127.0.0.1")
    page = (await http.get("/me")).text
    assert 'name="session"' not in page
    (one, _) = await sessions.own(peopled.world, earlier, "so", PATIENCE, datetime.now(UTC))
    answer = await http.post("/me/sessions", data={"form": form_token(page), "session": one.name})
    assert (answer.status_code, code_of(answer)) == (403, "session-stale")
    http.cookies.clear()
    http.cookies.set("session-plain", other, domain="127.0.0.1")
    assert (await http.get("/me")).status_code == 200, "the other one goes on"


async def test_own_tables_as_files(peopled: Registry, http: httpx.AsyncClient) -> None:
    await sign_in_by_link(http, peopled.world, "so")

    async def table(name: str) -> list[list[str]]:
        answer = await http.get("/me", params={"table": name, "format": "csv", "lang": "en"})
        return list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))

    found, (here,) = (await table("sessions"))[0], (await table("sessions"))[1:]
    assert (found[0], here[-1]) == ("Signed in at", "x")
    assert [row[-1] for row in await table("views")] == ["Pupils"]
    assert (await http.get("/me", params={"format": "xlsx"})).content.startswith(b"PK")
