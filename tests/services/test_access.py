"""Client assertions: what is wrong with them is one answer, whatever it is; what is right is one token, once."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from registry.core import codes
from registry.core.callers import CallerKind, Scope
from registry.core.findings import Code, Refusal
from registry.core.trust import Algorithm
from registry.demo import pki
from registry.formats import base64url, jws_signing
from registry.services import access, callers
from registry.services.world import World

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://registry.example"
ALGORITHMS = {"p256": Algorithm.ES256, "rsa2048": Algorithm.PS256, "ed25519": Algorithm.EDDSA}


def key(kind: Any = "p256", number: int = 0) -> pki.PrivateKey:
    return _made(kind, number)


@cache
def _made(kind: Any, _number: int) -> pki.PrivateKey:
    return pki.new_key(kind)


@cache
def tokens() -> access.Tokens:
    return access.Tokens(token_key(), ISSUER)


def token_key() -> bytes:
    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public(private: pki.PrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


async def registered(world: World, caller_id: str = "vendor-a", kind: Any = "p256", key_id: str = "k1") -> None:
    first = callers.read_public_key(public(key(kind)), key_id)
    scopes = frozenset({Scope.SUBMIT, Scope.OPERATE})
    new = callers.NewCaller(caller_id, CallerKind.VENDOR, caller_id, scopes, frozenset(), frozenset(), first)
    await callers.register(world, new, NOW - timedelta(days=1))


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims with these changes; a member set to None is left out."""
    good = {"iss": "vendor-a", "sub": "vendor-a", "aud": ISSUER, "iat": SECONDS, "exp": SECONDS + 60, "jti": "a" * 22}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(changes: dict[str, Any] | None = None, kind: Any = "p256", kid: str = "k1", number: int = 0) -> str:
    return jws_signing.sign_compact(claims(**changes or {}), key(kind, number), ALGORITHMS[kind], kid)


def by_hand(header: dict[str, Any], signature: Callable[[bytes], bytes], **changes: Any) -> str:
    """An assertion with any header and any signature."""
    parts = [base64url.encode(json.dumps(part).encode()) for part in (header, claims(**changes))]
    text = ".".join(parts)
    return f"{text}.{base64url.encode(signature(text.encode()))}"


def hs256(text: bytes) -> bytes:
    """The classic confusion: the public key, which everybody has, as the secret."""
    pem = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hmac.digest(pem, text, sha256)


def es256(text: bytes) -> bytes:
    return jws_signing.signer(key(), Algorithm.ES256)(text)


def der_signature(text: bytes) -> bytes:
    private = key()
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private.sign(text, ec.ECDSA(hashes.SHA256()))


async def ask(world: World, assertion: str, scope: str | None = None, **more: Any) -> access.Issued | Code:
    """The token, or the code it was refused with."""
    try:
        return await access.issue_token(world, tokens(), assertion, scope, more.pop("now", NOW), **more)
    except Refusal as refusal:
        return refusal.code


@pytest.mark.parametrize("kind", list(ALGORITHMS))
async def test_a_good_assertion_gives_a_token_that_reads_back(world: World, kind: str) -> None:
    await registered(world, kind=kind)
    issued = await ask(world, signed(kind=kind))
    assert isinstance(issued, access.Issued)
    assert (issued.caller_id, issued.expires_in, issued.scopes) == (
        "vendor-a",
        600,
        frozenset({Scope.SUBMIT, Scope.OPERATE}),
    )
    read = tokens().read(issued.token, NOW + timedelta(seconds=599))
    assert read is not None
    assert (read.caller_id, read.scopes) == ("vendor-a", frozenset({"submit", "operate"}))
    assert tokens().read(issued.token, NOW + timedelta(seconds=600)) is None
    assert access.Tokens(token_key(), ISSUER).read(issued.token, NOW) is None


GOOD: dict[str, dict[str, Any]] = {
    "audience as a list of one": {"aud": [ISSUER]},
    "no iat": {"iat": None},
    "longest": {"exp": SECONDS + 300},
    "a fraction of a second": {"exp": SECONDS + 0.5},
    "iat a little ahead": {"iat": SECONDS + access.SKEW_SECONDS},
    "shortest jti": {"jti": "12345678"},
    "members nobody asked for": {"more": {"a": [1]}},
}


@pytest.mark.parametrize("name", GOOD)
async def test_what_an_assertion_may_say(world: World, name: str) -> None:
    await registered(world)
    assert isinstance(await ask(world, signed(GOOD[name])), access.Issued)


BAD: dict[str, dict[str, Any]] = {
    "no audience": {"aud": None},
    "another audience": {"aud": "https://elsewhere.example"},
    "audience with a slash": {"aud": ISSUER + "/"},
    "the token endpoint as audience": {"aud": ISSUER + "/oauth/token"},
    "audiences of others beside": {"aud": [ISSUER, "https://elsewhere.example"]},
    "audience twice": {"aud": [ISSUER, ISSUER]},
    "an unknown caller": {"iss": "vendor-x", "sub": "vendor-x"},
    "no issuer": {"iss": None},
    "a subject of another": {"sub": "vendor-x"},
    "no subject": {"sub": None},
    "an issuer that is no text": {"iss": 1, "sub": 1},
    "expired": {"exp": SECONDS},
    "lasts too long": {"exp": SECONDS + 301},
    "no end": {"exp": None},
    "an end that is a text": {"exp": str(SECONDS + 60)},
    "an end that is true": {"exp": True},
    "issued in the future": {"iat": SECONDS + access.SKEW_SECONDS + 1},
    "not yet good": {"nbf": SECONDS + access.SKEW_SECONDS + 1},
    "iat that is a text": {"iat": "now"},
    "no jti": {"jti": None},
    "a short jti": {"jti": "1234567"},
    "a long jti": {"jti": "a" * 129},
    "a jti that is a number": {"jti": 12345678},
}


@pytest.mark.parametrize("name", BAD)
async def test_what_is_wrong_in_the_claims(world: World, name: str) -> None:
    await registered(world)
    assert await ask(world, signed(BAD[name])) is codes.ACCESS_ASSERTION


FORGED: dict[str, Callable[[], str]] = {
    "alg none": lambda: by_hand({"alg": "none", "kid": "k1"}, lambda _: b""),
    "alg none with a signature": lambda: by_hand({"alg": "none", "kid": "k1"}, es256),
    "HS256 with the public key as secret": lambda: by_hand({"alg": "HS256", "kid": "k1"}, hs256),
    "HS256 named as ES256": lambda: by_hand({"alg": "ES256", "kid": "k1"}, lambda text: hs256(text) * 2),
    "another key": lambda: signed(number=1),
    "a key of another kind under the same name": lambda: signed(kind="ed25519"),
    "RS256, which documents may use and assertions not": lambda: by_hand({"alg": "RS256", "kid": "k1"}, es256),
    "no kid": lambda: by_hand({"alg": "ES256"}, es256),
    "an unknown kid": lambda: signed(kid="k2"),
    "a key that comes along": lambda: by_hand({"alg": "ES256", "kid": "k1", "jwk": {"kty": "EC"}}, es256),
    "an address of keys": lambda: by_hand({"alg": "ES256", "kid": "k1", "jku": "https://e.example"}, es256),
    "crit": lambda: by_hand({"alg": "ES256", "kid": "k1", "crit": ["b64"], "b64": False}, es256),
    "a signature of zeros": lambda: by_hand({"alg": "ES256", "kid": "k1"}, lambda _: bytes(64)),
    "a DER signature": lambda: by_hand({"alg": "ES256", "kid": "k1"}, der_signature),
    "two parts": lambda: signed().rpartition(".")[0],
    "a padded signature": lambda: signed() + "=",
    "a changed claim": lambda: _with_claims(signed(), {"exp": SECONDS + 61}),
    "no text at all": lambda: "",
    "letters of elsewhere": lambda: "ế.ế.ế",
    "very long": lambda: "a" * 100_000,
}


def _with_claims(assertion: str, changes: dict[str, Any]) -> str:
    header, _, signature = assertion.split(".")
    return f"{header}.{base64url.encode(json.dumps(claims(**changes)).encode())}.{signature}"


@pytest.mark.parametrize("name", FORGED)
async def test_what_was_not_signed_by_the_registered_key(world: World, name: str) -> None:
    await registered(world)
    assert await ask(world, FORGED[name]()) is codes.ACCESS_ASSERTION


async def test_a_good_assertion_with_the_same_claims_is_taken_so_the_tables_above_can_fail(world: World) -> None:
    await registered(world)
    assert isinstance(await ask(world, by_hand({"alg": "ES256", "kid": "k1"}, es256)), access.Issued)


async def test_an_assertion_is_used_up_even_by_a_question_for_too_much(world: World) -> None:
    await registered(world)
    assert await ask(world, signed(), scope="verify") is codes.ACCESS_SCOPE
    assert await ask(world, signed()) is codes.ACCESS_ASSERTION


async def test_of_twenty_at_once_one_wins(world: World) -> None:
    await registered(world)
    answers = await asyncio.gather(*(ask(world, signed()) for _ in range(20)))
    assert sum(isinstance(answer, access.Issued) for answer in answers) == 1
    assert sum(answer is codes.ACCESS_ASSERTION for answer in answers) == 19


async def test_the_same_jti_of_another_caller_is_another_assertion(world: World) -> None:
    await registered(world)
    await registered(world, "vendor-b")
    other = {"iss": "vendor-b", "sub": "vendor-b"}
    assert isinstance(await ask(world, signed()), access.Issued)
    assert isinstance(await ask(world, signed(other)), access.Issued)


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (None, {Scope.SUBMIT, Scope.OPERATE}),
        ("submit", {Scope.SUBMIT}),
        ("operate submit", {Scope.SUBMIT, Scope.OPERATE}),
        ("submit submit", {Scope.SUBMIT}),
        ("verify", codes.ACCESS_SCOPE),
        ("submit verify", codes.ACCESS_SCOPE),
        ("", codes.ACCESS_SCOPE),
        ("submit  operate", codes.ACCESS_SCOPE),
        ("Submit", codes.ACCESS_SCOPE),
    ],
)
async def test_scopes_asked_for(world: World, scope: str | None, granted: object) -> None:
    await registered(world)
    answer = await ask(world, signed(), scope)
    assert (answer.scopes if isinstance(answer, access.Issued) else answer) == granted


async def test_client_id_must_be_the_caller(world: World) -> None:
    await registered(world)
    assert await ask(world, signed(), client_id="vendor-b") is codes.ACCESS_ASSERTION
    assert isinstance(await ask(world, signed({"jti": "another-one"}), client_id="vendor-a"), access.Issued)


async def test_a_closed_key_and_a_closed_caller_get_nothing(world: World) -> None:
    await registered(world)
    second = callers.read_public_key(public(key("ed25519")), "k2")
    await callers.add_key(world, "vendor-a", second, NOW)
    await callers.close_key(world, "vendor-a", "k1", NOW)
    assert await ask(world, signed()) is codes.ACCESS_ASSERTION
    assert isinstance(await ask(world, signed(kind="ed25519", kid="k2")), access.Issued)
    await callers.close(world, "vendor-a", NOW)
    await world.register.newer_than(world.db, (await world.known()).generation)
    assert await ask(world, signed({"jti": "another-one"}, kind="ed25519", kid="k2")) is codes.ACCESS_ASSERTION


async def test_a_caller_and_a_key_of_this_very_second_are_known(world: World) -> None:
    await world.known()
    await registered(world)
    assert isinstance(await ask(world, signed()), access.Issued)
    await callers.add_key(world, "vendor-a", callers.read_public_key(public(key("ed25519")), "k2"), NOW)
    assert isinstance(await ask(world, signed({"jti": "another-one"}, kind="ed25519", kid="k2")), access.Issued)


@pytest.mark.parametrize(
    ("assertion", "name"),
    [(signed, "vendor-a"), (lambda: "", None), (lambda: "a.b.c", None), (lambda: signed({"iss": 7}), None)],
)
def test_the_claimed_name_is_what_it_says(assertion: Callable[[], str], name: str | None) -> None:
    assert access.claimed_caller(assertion()) == name


async def test_the_log_tells_the_reason_and_the_answer_does_not(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await registered(world)
    with pytest.raises(Refusal) as refused:
        await access.issue_token(world, tokens(), signed(BAD["expired"]), None, NOW)
    assert "exp" in caplog.text
    assert refused.value.findings == ()
