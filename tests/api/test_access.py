"""Who may call what, over real HTTP: a table of caller x route; and the token endpoint's errors."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from registry.core.callers import Scope
from registry.core.trust import Algorithm
from registry.demo import pki
from registry.formats import base64url, jws_signing, tokens
from registry.services import callers
from tests.api.conftest import Registry, key_of

pytestmark = pytest.mark.anyio

ISSUER = "http://registry.test"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NOBODY = UUID(int=0)

#: Every route that asks who is calling, with the scopes that open it.
ROUTES: dict[str, tuple[str, str, frozenset[Scope]]] = {
    "submit": ("POST", "/v1/submissions", frozenset({Scope.SUBMIT})),
    "state": ("GET", f"/v1/submissions/{NOBODY}", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "completeness": ("GET", "/v1/completeness?unit=city:79&school_year=2024-2025", frozenset({Scope.COMPLETENESS})),
    "freeze": ("POST", "/v1/campaigns/none/freeze", frozenset({Scope.OPERATE})),
    "frozen": ("GET", "/v1/campaigns/none/freeze", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "export": ("GET", "/v1/campaigns/none/freeze/export", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "readiness": (
        "GET",
        "/v1/readiness?unit=city:79&school_year=2024-2025",
        frozenset({Scope.COMPLETENESS, Scope.OPERATE}),
    ),
    "contacts": ("GET", "/v1/contacts?unit=city:79", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "reminders": ("GET", "/v1/reminders?unit=city:79", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "messages": ("GET", "/v1/reminders/messages?unit=city:79", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "calls": ("GET", "/v1/calls?unit=city:79", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "call": ("POST", "/v1/calls", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "contact list": ("POST", "/v1/contacts", frozenset({Scope.OPERATE})),
    "expiring": ("GET", "/v1/signers/expiring?unit=city:79", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "roster": ("PUT", "/v1/rosters/79771501/2024-2025/6", frozenset({Scope.OPERATE})),
    "rosters": ("PUT", "/v1/rosters/2024-2025", frozenset({Scope.OPERATE})),
    "missing numbers": (
        "GET",
        "/v1/numbers/missing?unit=city:79&school_year=2024-2025",
        frozenset({Scope.COMPLETENESS, Scope.OPERATE}),
    ),
    "number export": (
        "POST",
        "/v1/numbers/exports?unit=city:79&school_year=2024-2025",
        frozenset({Scope.OPERATE}),
    ),
    "number exports": ("GET", "/v1/numbers/exports", frozenset({Scope.OPERATE})),
    "number return": ("POST", "/v1/numbers/returns?unit=city:79&school_year=2024-2025", frozenset({Scope.OPERATE})),
    "number returns": ("GET", "/v1/numbers/returns", frozenset({Scope.OPERATE})),
    "number undo": ("POST", f"/v1/numbers/returns/{NOBODY}/undo", frozenset({Scope.OPERATE})),
    "number cases": ("GET", "/v1/numbers/cases", frozenset({Scope.OPERATE})),
    "number decision": ("POST", f"/v1/numbers/cases/{NOBODY}/decision", frozenset({Scope.OPERATE})),
    "verification": ("POST", "/v1/verifications", frozenset({Scope.VERIFY})),
    "claim": ("POST", "/v1/claims", frozenset({Scope.VERIFY})),
    "judgement": ("POST", "/v1/judgements", frozenset({Scope.SUBMIT})),
    "withdrawal": ("POST", "/v1/withdrawals", frozenset({Scope.SUBMIT})),
    "declaration": ("POST", "/v1/declarations", frozenset({Scope.SUBMIT})),
    "declared": (
        "GET",
        "/v1/declarations?unit=city:79&school_year=2024-2025",
        frozenset({Scope.COMPLETENESS, Scope.OPERATE}),
    ),
    "changes": ("GET", "/v1/changes", frozenset({Scope.SUBMIT, Scope.COMPLETENESS, Scope.OPERATE})),
    "transcript": ("GET", "/v1/transcripts/no-such", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "versions": ("GET", "/v1/transcripts/no-such/versions", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "document": ("GET", "/v1/transcripts/no-such/document", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "public code": ("GET", "/v1/transcripts/no-such/public-code", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "extract": (
        "GET",
        "/v1/transcripts/no-such/extract.pdf",
        frozenset({Scope.SUBMIT, Scope.OPERATE, Scope.VERIFY}),
    ),
    "extracts": ("GET", "/v1/transcripts/no-such/extracts", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "share": ("POST", "/v1/shares", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "shares": ("GET", "/v1/shares", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "share revocation": ("POST", f"/v1/shares/{NOBODY}/revocation", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "approvals": ("GET", "/v1/approvals", frozenset({Scope.OPERATE})),
    "identify": ("POST", "/v1/pupils/identify", frozenset({Scope.SUBMIT})),
    "renumbering": ("POST", "/v1/pupils/renumberings", frozenset({Scope.OPERATE})),
    "merge": ("POST", "/v1/pupils/merges", frozenset({Scope.OPERATE})),
    "merges": ("GET", "/v1/pupils/merges", frozenset({Scope.OPERATE})),
    "undo": ("POST", f"/v1/pupils/merges/{NOBODY}/undo", frozenset({Scope.OPERATE})),
    "campaigns": ("GET", "/v1/campaigns", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "progress": ("GET", "/v1/campaigns/no-such/progress?unit=city:79", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "grades": ("GET", "/v1/campaigns/no-such/grades", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "freeze words": ("GET", "/v1/campaigns/no-such/freeze/requests", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "units": ("GET", "/v1/units", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "unnamed": ("GET", "/v1/completeness/unnamed?unit=city:79", frozenset({Scope.COMPLETENESS})),
    "campaign": ("GET", "/v1/campaigns/no-such", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "new campaign": ("POST", "/v1/campaigns", frozenset({Scope.OPERATE})),
    "deadline": ("POST", "/v1/campaigns/no-such/deadlines", frozenset({Scope.OPERATE})),
    "views": ("GET", "/v1/pupils/no-such/views", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "views export": ("GET", "/v1/pupils/no-such/views/export", frozenset({Scope.SUBMIT, Scope.OPERATE})),
    "cases": ("GET", "/v1/cases", frozenset({Scope.OPERATE})),
    "sessions": ("GET", "/v1/sessions", frozenset({Scope.OPERATE})),
    "session end": ("DELETE", f"/v1/sessions/{'0' * 32}", frozenset({Scope.OPERATE})),
    "name views": ("GET", "/v1/name-views", frozenset({Scope.COMPLETENESS, Scope.OPERATE})),
    "decision": ("POST", f"/v1/cases/{NOBODY}/decision", frozenset({Scope.OPERATE})),
}


@dataclass(frozen=True)
class Made:
    """A registry and good tokens of one caller per scope."""

    registry: Registry
    tokens: dict[Scope, str]

    @property
    def pem(self) -> bytes:
        return self.registry.settings.token_key_path.read_bytes()

    def issue(self, pem: bytes, *, issuer: str = ISSUER, ago: int = 0, caller: str = "c-submit") -> str:
        """A token made with this key as the registry makes its own."""
        key = tokens.TokenKey.from_pem(pem)
        return tokens.issue(key, issuer, caller, [*Scope], int(time.time()) - ago, "a" * 22)

    def by_hand(self, header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
        """The claims of a good token under another header and signature."""
        good = self.tokens[Scope.SUBMIT].split(".")
        text = f"{base64url.encode(json.dumps(header, separators=(',', ':'), sort_keys=True).encode())}.{good[1]}"
        return f"{text}.{base64url.encode(sign(text.encode()))}"

    def hs256(self, text: bytes) -> bytes:
        public = load_pem_private_key(self.pem, None).public_key()
        return hmac.digest(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), text, sha256)

    @property
    def header(self) -> dict[str, Any]:
        header = json.loads(base64url.decode(self.tokens[Scope.SUBMIT].split(".")[0]) or b"")
        assert isinstance(header, dict)
        return header


@pytest.fixture
async def made(registry: Registry) -> Made:
    clients = {scope: await registry.caller(f"c-{scope}", scope, issuer=ISSUER) for scope in Scope}
    return Made(registry, {scope: await client.token() for scope, client in clients.items()})


def foreign_key() -> bytes:
    return pki.new_key("p256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


#: What stands in the Authorization header when it is no good token; the answer is 401 at every route.
BEARERS: dict[str, Callable[[Made], str | None]] = {
    "none at all": lambda made: None,
    "empty": lambda made: "Bearer",
    "no scheme": lambda made: made.tokens[Scope.SUBMIT],
    "Basic": lambda made: "Basic " + made.tokens[Scope.SUBMIT],
    "a word": lambda made: "Bearer token",
    "ES256 of another key": lambda made: "Bearer " + made.issue(foreign_key()),
    "expired": lambda made: "Bearer " + made.issue(made.pem, ago=601),
    "from the future": lambda made: "Bearer " + made.issue(made.pem, ago=-60),
    "for another audience": lambda made: "Bearer " + made.issue(made.pem, issuer="http://elsewhere.test"),
    "of nobody": lambda made: "Bearer " + made.issue(made.pem, caller="nobody"),
    "alg none": lambda made: "Bearer " + made.by_hand({**made.header, "alg": "none"}, lambda _: b""),
    "HS256 with the public key": lambda made: "Bearer " + made.by_hand({**made.header, "alg": "HS256"}, made.hs256),
    "HS256 under the right header": lambda made: "Bearer " + made.by_hand(made.header, lambda t: made.hs256(t) * 2),
    "a key that comes along": lambda made: "Bearer " + made.by_hand({**made.header, "jwk": {}}, lambda _: bytes(64)),
    "a client assertion": lambda made: "Bearer " + assertion("c-submit"),
    "a space too many": lambda made: f"Bearer {made.tokens[Scope.SUBMIT]} x",
}


async def test_without_a_good_token_every_route_answers_401(made: Made, http: httpx.AsyncClient) -> None:
    for name, bearer in BEARERS.items():
        sent = bearer(made)
        headers = {} if sent is None else {"Authorization": sent}
        for route, (method, path, _) in ROUTES.items():
            answer = await http.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "access-token"), (name, route)
            assert answer.headers["www-authenticate"].startswith("Bearer"), (name, route)


async def test_every_scope_opens_its_own_routes_and_no_other(made: Made, http: httpx.AsyncClient) -> None:
    for scope, token in made.tokens.items():
        for route, (method, path, opens) in ROUTES.items():
            answer = await http.request(method, path, headers={"Authorization": f"Bearer {token}"})
            if scope in opens:
                assert answer.status_code not in {401, 500}, (scope, route)
                assert answer.json().get("code") != "access-scope", (scope, route)
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "access-scope"), (scope, route)


async def test_two_authorization_headers_are_none(made: Made, http: httpx.AsyncClient) -> None:
    good = ("Authorization", f"Bearer {made.tokens[Scope.SUBMIT]}")
    answer = await http.get(ROUTES["state"][1], headers=[good, good])
    assert answer.status_code == 401


async def test_a_closed_caller_s_token_ends_within_a_second(made: Made, http: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {made.tokens[Scope.SUBMIT]}"}
    assert (await http.get(ROUTES["state"][1], headers=headers)).status_code == 404
    await callers.close(made.registry.world, "c-submit", datetime.now(UTC))
    await asyncio.sleep(1.1)
    assert (await http.get(ROUTES["state"][1], headers=headers)).status_code == 401


async def test_a_token_for_fewer_scopes_opens_fewer_routes(registry: Registry, http: httpx.AsyncClient) -> None:
    await registry.caller("c-both", Scope.SUBMIT, Scope.OPERATE)
    answer = await http.post("/oauth/token", data={**form(assertion("c-both")), "scope": "operate"})
    assert answer.json()["scope"] == "operate"
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await http.post("/v1/submissions", headers=headers)).status_code == 403
    assert (await http.get(ROUTES["state"][1], headers=headers)).status_code == 404


# --- the token endpoint --------------------------------------------------------------------------------------------------


def assertion(caller_id: str, **changes: Any) -> str:
    now = int(time.time())
    good = {"iss": caller_id, "sub": caller_id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": f"{time.time_ns()}"}
    return jws_signing.sign_compact({**good, **changes}, key_of(caller_id), Algorithm.ES256, "k1")


def form(sent: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": sent}


async def test_a_token_is_not_to_be_stored(registry: Registry, http: httpx.AsyncClient) -> None:
    await registry.caller("c-submit", Scope.SUBMIT)
    answer = await http.post("/oauth/token", data=form(assertion("c-submit")))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 600)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
#: name -> (what is sent instead, status, error)
REQUESTS: dict[str, tuple[Callable[[], dict[str, Any]], int, str]] = {
    "no assertion": (
        lambda: {"data": {"grant_type": "client_credentials", "client_assertion_type": TYPE}},
        400,
        "invalid_request",
    ),
    "no grant": (lambda: {"data": {**form(assertion("c-submit")), "grant_type": ""}}, 400, "unsupported_grant_type"),
    "another grant": (
        lambda: {"data": {**form(assertion("c-submit")), "grant_type": "password"}},
        400,
        "unsupported_grant_type",
    ),
    "another type": (
        lambda: {"data": {**form(assertion("c-submit")), "client_assertion_type": "x"}},
        400,
        "invalid_request",
    ),
    "a secret": (lambda: {"data": {**form(assertion("c-submit")), "client_secret": "x"}}, 400, "invalid_request"),
    "JSON": (lambda: {"json": form(assertion("c-submit"))}, 400, "invalid_request"),
    "a field twice": (lambda: {"content": "grant_type=a&grant_type=a", "headers": FORM}, 400, "invalid_request"),
    "too long": (lambda: {"data": {"client_assertion": "a" * 20_000}}, 400, "invalid_request"),
    "no letters": (lambda: {"content": b"\xff\xfe", "headers": FORM}, 400, "invalid_request"),
    "a word as assertion": (lambda: {"data": form("word")}, 401, "invalid_client"),
    "of nobody": (lambda: {"data": form(assertion("nobody"))}, 401, "invalid_client"),
    "expired": (lambda: {"data": form(assertion("c-submit", exp=int(time.time()) - 1))}, 401, "invalid_client"),
    "wrong audience": (lambda: {"data": form(assertion("c-submit", aud="x"))}, 401, "invalid_client"),
    "another client_id": (lambda: {"data": {**form(assertion("c-submit")), "client_id": "c"}}, 401, "invalid_client"),
    "a scope it has not": (lambda: {"data": {**form(assertion("c-submit")), "scope": "operate"}}, 400, "invalid_scope"),
}


async def test_errors_of_the_token_endpoint(registry: Registry, http: httpx.AsyncClient) -> None:
    await registry.caller("c-submit", Scope.SUBMIT)
    for name, (request, status, error) in REQUESTS.items():
        answer = await http.post("/oauth/token", **request())
        assert (answer.status_code, answer.json()["error"]) == (status, error), name
        assert answer.headers["cache-control"] == "no-store", name


async def test_unknown_callers_and_wrong_signatures_get_the_same_words(
    registry: Registry, http: httpx.AsyncClient
) -> None:
    await registry.caller("c-submit", Scope.SUBMIT)
    now = int(time.time())
    claims = {"iss": "c-submit", "sub": "c-submit", "aud": ISSUER, "exp": now + 60, "jti": "a" * 22}
    forged = jws_signing.sign_compact(claims, pki.new_key("p256"), Algorithm.ES256, "k1")
    bodies = [(await http.post("/oauth/token", data=form(sent))).json() for sent in (assertion("nobody"), forged)]
    for body in bodies:
        body.pop("instance")
    assert bodies[0] == bodies[1]


async def test_of_twenty_uses_of_one_assertion_at_once_one_wins(registry: Registry, http: httpx.AsyncClient) -> None:
    await registry.caller("c-submit", Scope.SUBMIT)
    once = form(assertion("c-submit"))
    answers = await asyncio.gather(*(http.post("/oauth/token", data=once) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200, *[401] * 19]
    assert (await http.post("/oauth/token", data=once)).status_code == 401


async def test_what_the_service_says_about_itself(http: httpx.AsyncClient) -> None:
    said = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert said["issuer"] == ISSUER
    assert said["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert said["token_endpoint_auth_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]
