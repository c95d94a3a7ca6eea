"""Signed answers as a receiver checks them: every way in which one can be wrong, and an independent library's opinion."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from joserfc import jws as joserfc_jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from registry.core import codes
from registry.core.answer_keys import AnswerKey, Period, periods, signing_at
from registry.core.findings import Code
from registry.core.trust import Algorithm
from registry.formats import answers, base64url, jwks, jws_signing
from registry.storage import key_files

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NONCE = "n" * 22
CLAIMS: dict[str, Any] = {
    "iss": "http://registry.test", "aud": "office", "jti": "q-1", "nonce": NONCE, "answer": {"answer": "held"},
    "iat": int(NOW.timestamp()), "exp": int((NOW + timedelta(hours=1)).timestamp()),
}  # fmt: skip
EXPECTED = answers.Expected("http://registry.test", "office", NONCE)


def private() -> answers.PrivateKey:
    return answers.PrivateKey.from_pem(key_files.new_p256())


KEY, NEXT, FOREIGN = private(), private(), private()


def public(key: answers.PrivateKey, begins: datetime = NOW - timedelta(days=1)) -> AnswerKey:
    return AnswerKey(key.key_id, key.public_key, begins)


def key_set(*keys: AnswerKey) -> tuple[Period, ...]:
    """As a receiver has it: written to JSON and read again."""
    found = jwks.read_key_set(json.dumps(jwks.key_set(keys)).encode())
    assert found is not None
    return found


def by_hand(header: dict[str, Any], claims: dict[str, Any] = CLAIMS) -> str:
    parts = (base64url.encode(json.dumps(part).encode()) for part in (header, claims))
    text = ".".join(parts)
    sign = jws_signing.signer(KEY.key, Algorithm.ES256)
    return f"{text}.{base64url.encode(sign(text.encode()))}"


def altered(token: str, part: int) -> str:
    parts = token.split(".")
    raw = bytearray(base64url.decode(parts[part]) or b"")
    raw[len(raw) // 2] ^= 1
    return ".".join([*parts[:part], base64url.encode(bytes(raw)), *parts[part + 1 :]])


HEADER = {"alg": "ES256", "kid": KEY.key_id, "typ": answers.TYPE}
GOOD = answers.sign(KEY, CLAIMS)
WRONG: dict[str, tuple[Callable[[], str], Code]] = {
    "a word": (lambda: "word", codes.ANSWER_MALFORMED),
    "empty": (lambda: "", codes.ANSWER_MALFORMED),
    "no ASCII": (lambda: "ế.ế.ế", codes.ANSWER_MALFORMED),
    "far too long": (lambda: GOOD + "A" * answers.LARGEST, codes.ANSWER_MALFORMED),
    "another kind of token": (lambda: answers.sign(KEY, CLAIMS, "at+jwt"), codes.ANSWER_MALFORMED),
    "no kind": (lambda: by_hand({"alg": "ES256", "kid": KEY.key_id}), codes.ANSWER_MALFORMED),
    "alg none": (lambda: by_hand({**HEADER, "alg": "none"}), codes.ANSWER_MALFORMED),
    "HS256": (lambda: by_hand({**HEADER, "alg": "HS256"}), codes.ANSWER_MALFORMED),
    "a key that comes along": (lambda: by_hand({**HEADER, "jwk": {}}), codes.ANSWER_MALFORMED),
    "no issue time": (lambda: by_hand(HEADER, {n: v for n, v in CLAIMS.items() if n != "iat"}), codes.ANSWER_MALFORMED),
    "times as text": (lambda: by_hand(HEADER, {**CLAIMS, "exp": "1"}), codes.ANSWER_MALFORMED),
    "times as truth": (lambda: by_hand(HEADER, {**CLAIMS, "exp": True}), codes.ANSWER_MALFORMED),
    "a foreign key": (lambda: answers.sign(FOREIGN, CLAIMS), codes.ANSWER_KEY_UNKNOWN),
    "a foreign key under our name": (
        lambda: jws_signing.sign_compact(CLAIMS, FOREIGN.key, Algorithm.ES256, KEY.key_id, answers.TYPE),
        codes.ANSWER_SIGNATURE,
    ),
    "altered": (lambda: altered(GOOD, 2), codes.ANSWER_SIGNATURE),
    "an altered word": (lambda: GOOD.replace(GOOD.split(".")[1], base64url.encode(json.dumps({**CLAIMS, "aud": "x"}).encode())), codes.ANSWER_SIGNATURE),
    "another issuer": (lambda: answers.sign(KEY, {**CLAIMS, "iss": "http://elsewhere.test"}), codes.ANSWER_ISSUER),
    "another office": (lambda: answers.sign(KEY, {**CLAIMS, "aud": "other"}), codes.ANSWER_AUDIENCE),
    "another nonce": (lambda: answers.sign(KEY, {**CLAIMS, "nonce": "m" * 22}), codes.ANSWER_NONCE),
    "no nonce": (lambda: answers.sign(KEY, {n: v for n, v in CLAIMS.items() if n != "nonce"}), codes.ANSWER_NONCE),
    "expired": (lambda: answers.sign(KEY, {**CLAIMS, "exp": CLAIMS["iat"]}), codes.ANSWER_EXPIRED),
    "from the future": (lambda: answers.sign(KEY, {**CLAIMS, "iat": CLAIMS["iat"] + 61}), codes.ANSWER_EARLY),
    "before its key": (lambda: answers.sign(KEY, {**CLAIMS, "iat": CLAIMS["iat"] - 86_401}), codes.ANSWER_KEY_PERIOD),
}  # fmt: skip


def test_a_good_answer_is_good() -> None:
    checked = answers.check(GOOD, key_set(public(KEY)), EXPECTED, NOW)
    assert checked.good
    assert checked.claims == CLAIMS
    assert answers.check(f"\n{GOOD}\n", key_set(public(KEY)), answers.Expected(), NOW).good


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_told_by_its_code(name: str) -> None:
    make, code = WRONG[name]
    checked = answers.check(make(), key_set(public(KEY)), EXPECTED, NOW)
    assert [finding.code for finding in checked.findings] == [code]


def test_everything_wrong_is_told_at_once() -> None:
    checked = answers.check(answers.sign(KEY, {**CLAIMS, "exp": 1}), key_set(public(KEY)),
                            answers.Expected("x", "x", "x"), NOW)  # fmt: skip
    assert [finding.code for finding in checked.findings] == [
        codes.ANSWER_EXPIRED, codes.ANSWER_ISSUER, codes.ANSWER_AUDIENCE, codes.ANSWER_NONCE,
    ]  # fmt: skip


def test_an_older_key_is_good_for_its_own_period_only() -> None:
    keys = key_set(public(KEY), public(NEXT, NOW + timedelta(minutes=10)))
    assert answers.check(GOOD, keys, EXPECTED, NOW + timedelta(minutes=30)).good
    late = answers.sign(KEY, {**CLAIMS, "iat": CLAIMS["iat"] + 1200})
    found = answers.check(late, keys, EXPECTED, NOW + timedelta(minutes=30)).findings
    assert [finding.code for finding in found] == [codes.ANSWER_KEY_PERIOD]
    early = answers.sign(NEXT, CLAIMS)
    assert [f.code for f in answers.check(early, keys, EXPECTED, NOW).findings] == [codes.ANSWER_KEY_PERIOD]


def test_which_key_signs_when() -> None:
    first, second = public(KEY), public(NEXT, NOW + timedelta(days=1))
    assert signing_at([second, first], NOW) == first
    assert signing_at([first, second], NOW + timedelta(days=1)) == second
    assert signing_at([second], NOW) is None
    assert periods([second, first]) == (Period(first, second.signs_from), Period(second, None))


def test_a_key_set_that_is_none_has_no_keys() -> None:
    good = jwks.key_set([public(KEY)])["keys"][0]
    for raw in (b"", b"[]", b'{"keys":1}', b'{"keys":[],"keys":[]}'):
        assert jwks.read_key_set(raw) is None
    strange: list[Any] = [1, {}, {**good, "kid": "x"}, {**good, "y": good["x"]}, {**good, "kty": "RSA"},
                          {**good, "use": "enc"}, {**good, "nbf": "1"}, {**good, "exp": 10**15}, {**good, "x": "*"}]  # fmt: skip
    for each in strange:
        assert jwks.read_key_set(json.dumps({"keys": [each]}).encode()) == (), each


def test_an_independent_library_agrees() -> None:
    """joserfc, given nothing but the published set."""
    published = KeySet.import_key_set(json.loads(json.dumps(jwks.key_set([public(KEY), public(NEXT, NOW)]))))
    found = joserfc_jws.deserialize_compact(GOOD, published, algorithms=["ES256"])
    assert json.loads(found.payload) == CLAIMS
    assert found.headers() == HEADER
    with pytest.raises(BadSignatureError):
        joserfc_jws.deserialize_compact(altered(GOOD, 2), published, algorithms=["ES256"])


def test_no_altered_character_is_overlooked() -> None:
    """Also not where base64 would allow another spelling of the same bytes."""
    keys = key_set(public(KEY))
    for at in range(len(GOOD)):
        for other in "AQz_":
            if GOOD[at] != other:
                altered_one = GOOD[:at] + other + GOOD[at + 1 :]
                assert not answers.check(altered_one, keys, answers.Expected(), NOW).good, at
    for tail in ("=", "==", "A", ".", ".x", "\n\nx"):
        assert not answers.check(GOOD + tail, keys, answers.Expected(), NOW).good, tail


@hypothesis.given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda raw: raw.decode("latin-1"))))
def test_whatever_comes_is_an_answer_to_nobody(text: str) -> None:
    for token in (text, f"{GOOD.split('.')[0]}.{text}", f"{text}.{GOOD.partition('.')[2]}"):
        assert not answers.check(token, key_set(public(KEY)), answers.Expected(), NOW).good


@hypothesis.given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                               lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
                                   ["keys", "kty", "crv", "x", "y", "kid", "use", "nbf", "exp"]), inner, max_size=6)))  # fmt: skip
def test_a_key_set_of_anything_has_no_key(value: Any) -> None:
    assert not jwks.read_key_set(json.dumps({"keys": [value]}).encode())
    assert not jwks.read_key_set(json.dumps(value).encode())
