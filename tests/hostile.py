"""Bodies an attacker, a broken exporter or a careless intermediary would send; each with a code that must be in the answer.

Everything that can be signed is signed with real keys and real certificates, so that one thing is wrong and no more.
"""

from __future__ import annotations

import csv
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.demo import pki, transcripts
from registry.demo.signers import CERTIFICATES_FROM, CERTIFICATES_TO
from registry.formats import base64url, jws
from tests.small_city import PRIMARY, SmallCity

#: The largest body that is read at all.
LIMIT = 262_144
Header = dict[str, Any]
Document = dict[str, Any]


@dataclass(frozen=True)
class Body:
    """One hostile body; `code` must be among the answer's."""

    name: str
    raw: bytes
    code: str

    def names(self, code: str) -> bool:
        """Whether a code is the one expected; one that ends in a hyphen stands for its area."""
        return code == self.code or (self.code.endswith("-") and code.startswith(self.code))


class Forger:
    """Signs whatever it is told to, with the three real signers of a school."""

    def __init__(self, city: SmallCity) -> None:
        self.city = city
        self.keys = [signer.signing_key for signer in city.signers_of(PRIMARY)]
        self.document: Document = city.document(PRIMARY, seed=77)
        self.payload = transcripts.to_bytes(self.document)
        issued = datetime.fromisoformat(self.document["ngaykyphathanh"])
        self.start = int(issued.replace(hour=3, tzinfo=UTC).timestamp())

    def header(self, index: int, previous: str | None) -> Header:
        """A good header."""
        key = self.keys[index]
        made: Header = {"alg": key.algorithm.value, "cty": "json", "iat": self.start + index}
        made["x5c"] = [b64encode(der).decode() for der in key.certificates]
        return made if previous is None else made | {"prev": previous, "crit": ["prev"]}

    def parts(
        self,
        payload: bytes | None = None,
        change: Callable[[int, Header], Header | bytes] | None = None,
        value: Callable[[int, bytes], bytes] | None = None,
    ) -> dict[str, Any]:
        """A chain of three, each header changed (or given as raw bytes) before it is signed, each value after."""
        text = base64url.encode(self.payload if payload is None else payload)
        found: list[dict[str, Any]] = []
        for index, key in enumerate(self.keys):
            previous = jws.link(found[-1]["protected"], text, found[-1]["signature"]) if found else None
            header = self.header(index, previous)
            made = change(index, header) if change else header
            protected = base64url.encode(made if isinstance(made, bytes) else _json(made))
            signature = key.sign(f"{protected}.{text}".encode())
            signature = value(index, signature) if value else signature
            found.append({"protected": protected, "signature": base64url.encode(signature)})
        return {"payload": text, "signatures": found}

    def body(self, *args: Any, **options: Any) -> bytes:
        """The same as bytes."""
        return _json(self.parts(*args, **options))

    def with_header(self, position: int, **members: Any) -> bytes:
        """One header with members added, or taken away where the value is `...`."""

        def change(index: int, header: Header) -> Header:
            if index != position:
                return header
            return {name: value for name, value in (header | members).items() if value is not ...}

        return self.body(change=change)


def bodies(city: SmallCity) -> list[Body]:
    """Every hostile body, with distinct names and distinct bytes."""
    forger = Forger(city)
    found = [body for family in _FAMILIES for body in family(forger)]
    assert len({body.name for body in found}) == len(found)
    return list({body.raw: body for body in found}.values())


def pointers() -> dict[str, set[str]]:
    """Where the code of each body must point, by the body's name: to every place of `hostile_pointers.csv` and to no other."""
    with Path(__file__).with_name("hostile_pointers.csv").open(encoding="utf-8", newline="") as table:
        return {name: set(places) for name, *places in list(csv.reader(table))[1:]}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


# --- texts that are not JSON -------------------------------------------------------------------------------------------------

_TEXTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "json-syntax"),
    "blank": (b"   \n\t", "json-syntax"),
    "null": (b"null", "SHAPE"),
    "true": (b"true", "SHAPE"),
    "number": (b"17", "SHAPE"),
    "string": (b'"a"', "SHAPE"),
    "list": (b"[]", "SHAPE"),
    "list of objects": (b"[{},{}]", "SHAPE"),
    "single quotes": (b"{'a':1}", "json-syntax"),
    "bare name": (b"{a:1}", "json-syntax"),
    "comment": (b'{"a":1/* x */}', "json-syntax"),
    "line comment": (b'{"a":1} // x', "json-syntax"),
    "comma after last member": (b'{"a":1,}', "json-syntax"),
    "comma after last element": (b'{"a":[1,]}', "json-syntax"),
    "two values": (b"{}{}", "json-syntax"),
    "leading zero": (b'{"a":01}', "json-syntax"),
    "plus": (b'{"a":+1}', "json-syntax"),
    "point first": (b'{"a":.5}', "json-syntax"),
    "point last": (b'{"a":5.}', "json-syntax"),
    "hex": (b'{"a":0x1F}', "json-syntax"),
    "no colon": (b'{"a" 1}', "json-syntax"),
    "upper case literal": (b'{"a":TRUE}', "json-syntax"),
    "undefined": (b'{"a":undefined}', "json-syntax"),
    "NaN": (b'{"a":NaN}', "json-number"),
    "Infinity": (b'{"a":Infinity}', "json-number"),
    "-Infinity": (b'{"a":-Infinity}', "json-number"),
    "1e999": (b'{"a":1e999}', "json-number"),
    "-1e999": (b'{"a":-1e999}', "json-number"),
    "1e-999": (b'{"a":1e-999}', "json-number"),
    "exponent beyond all": (b'{"a":1e99999999999999999999}', "json-number"),
    "2^53": (b'{"a":9007199254740992}', "json-number"),
    "-2^53": (b'{"a":-9007199254740992}', "json-number"),
    "5000 digits": (b'{"a":' + b"7" * 5000 + b"}", "json-number"),
    "duplicate": (b'{"a":1,"a":1}', "json-duplicate"),
    "duplicate by escape": (b'{"a":1,"\\u0061":2}', "json-duplicate"),
    "duplicate deep": (b'{"a":[{"b":{"c":1,"c":2}}]}', "json-duplicate"),
    "NUL escaped": (b'{"a":"\\u0000"}', "json-character"),
    "NUL in a name": (b'{"a\\u0000":1}', "json-character"),
    "NUL raw": (b'{"a":"\x00"}', "json-syntax"),
    "newline raw": (b'{"a":"x\ny"}', "json-syntax"),
    "tab raw": (b'{"a":"x\ty"}', "json-syntax"),
    "high surrogate": (b'{"a":"\\ud800"}', "json-character"),
    "low surrogate": (b'{"a":"\\udfff"}', "json-character"),
    "surrogates turned": (b'{"a":"\\udc00\\ud800"}', "json-character"),
    "surrogate in a name": (b'{"\\ud801":"a"}', "json-character"),
    "surrogate in UTF-8": (b'{"a":"\xed\xa0\x80"}', "json-encoding"),
    "overlong UTF-8": (b'{"a":"\xc0\xaf"}', "json-encoding"),
    "UTF-8 cut": (b'{"a":"\xe1\xba"}', "json-encoding"),
    "beyond Unicode": (b'{"a":"\xf4\x90\x80\x80"}', "json-encoding"),
    "Latin-1": ('{"a":"é"}'.encode("latin-1"), "json-encoding"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "json-encoding"),
    "UTF-16 without mark": ('{"a":1}'.encode("utf-16-le"), "json-syntax"),
    "byte order mark": (b"\xef\xbb\xbf{}", "json-encoding"),
    "escape unknown": (b'{"a":"\\x41"}', "json-syntax"),
    "escape short": (b'{"a":"\\u12"}', "json-syntax"),
    "no-break space": ('{\u00a0"a":1}'.encode(), "json-syntax"),
    "depth 25": (b'{"a":' + b"[" * 24 + b"]" * 24 + b"}", "json-depth"),
    "depth 900": (b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", "json-depth"),
    "depth 90000": (b"[" * 90_000 + b"]" * 90_000, "json-limit"),
    "depth of objects": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "json-limit"),
    "depth never closed": (b"[" * 100_000, "json-limit"),
    "xml": (b"<?xml version='1.0'?><a/>", "json-syntax"),
    "binary": (bytes(range(256)), "json-encoding"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(50), "json-encoding"),
}


def _envelope_texts(_: Forger) -> Iterator[Body]:
    for name, (raw, code) in _TEXTS.items():
        yield Body(f"envelope: {name}", raw, "envelope-shape" if code == "SHAPE" else code)


def _payload_texts(forger: Forger) -> Iterator[Body]:
    for name, (raw, code) in _TEXTS.items():
        if len(raw) < 100_000:
            yield Body(f"payload: {name}", forger.body(raw), "field-type" if code == "SHAPE" else code)


def _header_texts(forger: Forger) -> Iterator[Body]:
    for name, (raw, code) in _TEXTS.items():
        if len(raw) < 20_000:
            broken = forger.body(change=lambda index, header, raw=raw: raw if index == 1 else header)
            yield Body(f"header: {name}", broken, "header-member" if code == "SHAPE" else code)


def _truncated(forger: Forger) -> Iterator[Body]:
    good = forger.body()
    for step in range(1, 41):
        yield Body(f"cut at {step}/41", good[: len(good) * step // 41], "json-syntax")


# --- algorithms and keys ------------------------------------------------------------------------------------------------------

_ALGORITHMS: list[Any] = [
    "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS384", "RS512", "ES384", "ES512", "ES256K", "PS384",
    "PS512", "RSA1_5", "dir", " ES256", "ES256 ", "es256", "EdDSA\u0000", 1, 0, None, True, ["ES256"], {"alg": "ES256"},
]  # fmt: skip


def _algorithm_confusion(forger: Forger) -> Iterator[Body]:
    for position in range(3):
        for algorithm in _ALGORITHMS:
            code = "json-character" if algorithm == "EdDSA\u0000" else "header-algorithm"
            yield Body(f"alg {algorithm!r} at {position}", forger.with_header(position, alg=algorithm), code)
        yield Body(f"no alg at {position}", forger.with_header(position, alg=...), "header-algorithm")
        for algorithm in {"PS256", "ES256", "EdDSA"} - {forger.keys[position].algorithm.value}:
            body = forger.with_header(position, alg=algorithm)
            yield Body(f"alg {algorithm} with another key at {position}", body, "header-algorithm-key")
        yield Body(f"HMAC with the public key at {position}", _hmac_body(forger, position), "header-algorithm")
        yield Body(f"no signature with none at {position}", _none_body(forger, position), "header-algorithm")


def _hmac_body(forger: Forger, position: int) -> bytes:
    """The oldest trick: the public key's bytes as the secret of an HMAC."""
    signer = forger.city.signers_of(PRIMARY)[position]
    secret = signer.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = forger.parts(change=lambda index, header: header | ({"alg": "HS256"} if index == position else {}))
    chosen = parts["signatures"][position]
    value = hmac.new(secret, f"{chosen['protected']}.{parts['payload']}".encode(), sha256).digest()
    chosen["signature"] = base64url.encode(value)
    return _json(parts)


def _none_body(forger: Forger, position: int) -> bytes:
    parts = forger.parts(change=lambda index, header: header | ({"alg": "none"} if index == position else {}))
    parts["signatures"][position]["signature"] = ""
    return _json(parts)


def _key_injection(forger: Forger) -> Iterator[Body]:
    brought: dict[str, Any] = {
        "jwk": {"kty": "oct", "k": "c2VjcmV0"},
        "jku": "https://keys.example/jwks.json",
        "x5u": "file:///etc/passwd",
    }
    for name, value in brought.items():
        for position in range(3):
            body = forger.with_header(position, **{name: value})
            yield Body(f"{name} protected at {position}", body, "header-key-injection")
            parts = forger.parts()
            parts["signatures"][position]["header"] = {name: value}
            yield Body(f"{name} unprotected at {position}", _json(parts), "header-key-injection")


def _critical_games(forger: Forger) -> Iterator[Body]:
    games: dict[str, Any] = {
        "empty": [], "text": "prev", "number": 1, "null": None, "object": {"prev": 1}, "numbers": [1, 2], "mixed": ["prev", 1],
        "twice": ["prev", "prev"], "b64": ["prev", "b64"], "alg": ["prev", "alg"], "x5c": ["prev", "x5c"], "exp": ["prev", "exp"],
        "crit": ["prev", "crit"], "absent": ["prev", "sigT"], "upper": ["prev", "PREV"], "blank": ["prev", ""],
        "nested": [["prev"]],
    }  # fmt: skip
    for name, value in games.items():
        yield Body(f"crit {name}", forger.with_header(1, crit=value), "header-crit")
        yield Body(f"crit {name} at first", forger.with_header(0, crit=value), "header-crit")
    yield Body("b64 false", forger.with_header(1, b64=False, crit=["prev", "b64"]), "header-crit")
    yield Body("b64 without crit", forger.with_header(0, b64=False), "header-crit")
    parts = forger.parts()
    parts["signatures"][1]["header"] = {"crit": ["prev"]}
    yield Body("crit unprotected", _json(parts), "header-unprotected")


# --- base64 and shape -----------------------------------------------------------------------------------------------------------


def _aliases(forger: Forger) -> Iterator[Body]:
    respelled: dict[str, Callable[[str], str]] = {
        "padding": lambda text: text + "=",
        "much padding": lambda text: text + "====",
        "newline": lambda text: text[:40] + "\n" + text[40:],
        "blank": lambda text: " " + text,
        "carriage return at the end": lambda text: text + "\r\n",
        "plus": lambda text: text[:40] + "+" + text[41:],
        "slash": lambda text: text[:40] + "/" + text[41:],
        "unused bits": _unused_bits,
        "length": lambda text: text[: len(text) // 4 * 4 - 3],
        "percent": lambda text: text[:8] + "%2D" + text[11:],
        "full-width letter": lambda text: "\uff21" + text[1:],
        "NUL": lambda text: text + "\x00",
        "surrogate": lambda text: text + "\ud800",
    }
    for name, respell in respelled.items():
        code = "json-character" if name in ("NUL", "surrogate") else "envelope-base64"
        parts = forger.parts(forger.payload + b" " * (-len(forger.payload) % 3 + 1))
        parts["payload"] = respell(parts["payload"])
        yield Body(f"base64 {name} in payload", json.dumps(parts).encode(), code)
        for member in ("protected", "signature"):
            parts = forger.parts(value=lambda _, value: value)
            texts = next(one for one in parts["signatures"] if member == "protected" or len(one[member]) % 4)
            texts[member] = respell(texts[member] if len(texts[member]) % 4 else texts[member][:-1])
            yield Body(f"base64 {name} in {member}", json.dumps(parts).encode(), code)


def _unused_bits(text: str) -> str:
    """The same octets in another spelling: the last character's unused bits are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def _shapes(forger: Forger) -> Iterator[Body]:
    good = forger.parts()
    one = good["signatures"][0]
    shapes: dict[str, tuple[Any, str]] = {
        "no payload": ({"signatures": good["signatures"]}, "envelope-shape"),
        "no signatures": ({"payload": good["payload"]}, "envelope-shape"),
        "payload null": (good | {"payload": None}, "envelope-shape"),
        "payload an object": (good | {"payload": forger.document}, "envelope-shape"),
        "payload empty": (good | {"payload": ""}, "json-syntax"),
        "signatures null": (good | {"signatures": None}, "envelope-shape"),
        "signatures an object": (good | {"signatures": one}, "envelope-shape"),
        "signatures a text": (good | {"signatures": "x"}, "envelope-shape"),
        "signatures empty": (good | {"signatures": []}, "envelope-signatures"),
        "seventeen signatures": (good | {"signatures": [one] * 17}, "envelope-signatures"),
        "hundred signatures": (good | {"signatures": [{}] * 100}, "envelope-signatures"),
        "sixteen empty signatures": (good | {"signatures": [{}] * 16}, "envelope-shape"),
        "signatures of lists": (good | {"signatures": [[]] * 3}, "envelope-shape"),
        "signatures of texts": (good | {"signatures": ["a", "b", "c"]}, "envelope-shape"),
        "signatures of nulls": (good | {"signatures": [None] * 3}, "envelope-shape"),
        "flattened": ({"payload": good["payload"], **one}, "signer-role-missing"),
        "flattened beside signatures": (good | one, "envelope-form"),
        "flattened with a foreign member": ({"payload": good["payload"], "extra": 1, **one}, "envelope-member"),
        "attached and detached": (good | {"document": good["payload"]}, "envelope-form"),
        "attached sent as detached": ({"document": good["payload"], "signatures": good["signatures"]}, "header-sigd"),
        "foreign member": (good | {"extra": 1}, "envelope-member"),
        "upper case": (good | {"Payload": good["payload"]}, "envelope-member"),
        "prototype": (good | {"__proto__": {"admin": True}}, "envelope-member"),
        "member with digits": (good | {"079123456789": 1}, "envelope-member"),
        "fifty thousand members": (good | {f"m{n}": 0 for n in range(9_000)}, "envelope-member"),
        "signature with a foreign member": (good | {"signatures": [one | {"kid": "1"}]}, "envelope-member"),
        "protected null": (good | {"signatures": [one | {"protected": None}]}, "envelope-shape"),
        "protected an object": (good | {"signatures": [one | {"protected": {"alg": "none"}}]}, "envelope-shape"),
        "signature null": (good | {"signatures": [one | {"signature": None}]}, "envelope-shape"),
        "signature a list": (good | {"signatures": [one | {"signature": [1]}]}, "envelope-shape"),
        "header null": (good | {"signatures": [one | {"header": None}]}, "header-unprotected"),
        "header empty": (good | {"signatures": [one | {"header": {}}]}, "header-unprotected"),
        "header with alg": (good | {"signatures": [one | {"header": {"alg": "none"}}]}, "header-unprotected"),
        "etsiU empty": (good | {"signatures": [one | {"header": {"etsiU": []}}]}, "header-unprotected"),
        "etsiU mixed": (good | {"signatures": [one | {"header": {"etsiU": ["YQ", {}]}}]}, "header-unprotected"),
        "etsiU no base64": (good | {"signatures": [one | {"header": {"etsiU": ["a b"]}}]}, "header-unprotected"),
        "etsiU with others": (
            good | {"signatures": [one | {"header": {"etsiU": ["e30"], "x": 1}}]},
            "header-unprotected",
        ),
        "etsiU no JSON": (good | {"signatures": [one | {"header": {"etsiU": ["YQ"]}}]}, "json-syntax"),
        "etsiU two members": (
            good | {"signatures": [one | {"header": {"etsiU": [{"sigTst": {}, "cSig": {}}]}}]},
            "header-unprotected",
        ),
        "sigTst empty": (good | {"signatures": [one | {"header": {"etsiU": [{"sigTst": {}}]}}]}, "time-stamp-invalid"),
    }
    for name, (value, code) in shapes.items():
        yield Body(f"shape: {name}", _json(value), code)
    compact = f"{one['protected']}.{good['payload']}.{one['signature']}"
    yield Body("shape: compact", compact.encode(), "json-syntax")


# --- the chain ---------------------------------------------------------------------------------------------------------------------


def _chains(forger: Forger) -> Iterator[Body]:
    good = forger.parts()
    first, second, third = good["signatures"]
    orders: dict[str, tuple[list[Any], str]] = {
        "last dropped": ([first, second], "signer-role-missing"),
        "first dropped": ([second, third], "header-prev"),
        "middle dropped": ([first, third], "header-prev-mismatch"),
        "last two swapped": ([first, third, second], "header-prev-mismatch"),
        "first two swapped": ([second, first, third], "header-prev"),
        "turned": ([third, second, first], "header-prev"),
        "first twice": ([first, first, second, third], "header-prev"),
        "last twice": ([first, second, third, third], "header-prev-mismatch"),
        "only the seal": ([third], "header-prev"),
        "only the teacher": ([first], "signer-role-missing"),
    }
    for name, (signatures, code) in orders.items():
        yield Body(f"chain: {name}", _json(good | {"signatures": signatures}), code)
    yield Body(
        "prev on the first", forger.with_header(0, prev=base64url.encode(bytes(32)), crit=["prev"]), "header-prev"
    )
    for position in (1, 2):
        yield Body(f"no prev at {position}", forger.with_header(position, prev=..., crit=...), "header-prev")
        yield Body(f"prev not critical at {position}", forger.with_header(position, crit=...), "header-prev")
        for name, value in {"null": None, "number": 1, "list": ["a"]}.items():
            yield Body(f"prev {name} at {position}", forger.with_header(position, prev=value), "header-member")
        for name, text in {
            "zeros": base64url.encode(bytes(32)),
            "empty": "",
            "short": "YQ",
            "no base64": "a b",
        }.items():
            yield Body(f"prev {name} at {position}", forger.with_header(position, prev=text), "header-prev-mismatch")
    other = Forger(forger.city).parts(transcripts.to_bytes(forger.document | {"hovaten": "Tên Khác"}))
    mixed = good | {"signatures": [other["signatures"][0], second, third]}
    yield Body("first signature of another document", _json(mixed), "header-prev-mismatch")
    yield Body("payload of another document", _json(good | {"payload": other["payload"]}), "signature-invalid")


def _values(forger: Forger) -> Iterator[Body]:
    """Signature values that belong to nothing; each later signature binds the bad one, so only one thing is wrong."""
    spoiled: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda value: b"",
        "zeros": lambda value: bytes(len(value)),
        "ones": lambda value: b"\xff" * len(value),
        "one bit": lambda value: value[:-1] + bytes([value[-1] ^ 1]),
        "first bit": lambda value: bytes([value[0] ^ 0x80]) + value[1:],
        "short": lambda value: value[:-1],
        "long": lambda value: value + b"\x00",
        "long in front": lambda value: b"\x00" + value,
        "DER": lambda value: encode_dss_signature(
            int.from_bytes(value[:32], "big"), int.from_bytes(value[32:64], "big")
        ),
        "r zero": lambda value: bytes(len(value) // 2) + value[len(value) // 2 :],
        "s zero": lambda value: value[: len(value) // 2] + bytes(len(value) - len(value) // 2),
        "halves swapped": lambda value: value[len(value) // 2 :] + value[: len(value) // 2],
        "ten thousand octets": lambda value: value * (10_000 // len(value)),
    }
    for position in range(3):
        for name, spoil in spoiled.items():
            body = forger.body(value=lambda index, value, p=position, s=spoil: s(value) if index == p else value)
            yield Body(f"value {name} at {position}", body, "signature-invalid")


def _times(forger: Forger) -> Iterator[Body]:
    for name, value in {
        "negative": -1, "fraction": 1.5, "float": 1.7e9, "text": "1717000000", "null": None, "true": True, "list": [1],
        "year 10000": 253_402_300_800, "largest integer": 2**53 - 1,
    }.items():  # fmt: skip
        yield Body(f"iat {name}", forger.with_header(0, iat=value), "header-time")
    yield Body("no time", forger.with_header(0, iat=...), "header-time")
    yield Body("both times", forger.with_header(0, sigT="2024-05-30T02:00:00Z"), "header-time")
    for text in ("2024-05-30", "2024-05-30T02:00:00", "2024-05-30T02:00:00+07:00", "2024-13-30T02:00:00Z", "2024-02-30T02:00:00Z",
                 "2024-05-30T02:00:00.1Z", "2024-05-30T25:00:00Z", "2024-05-30 02:00:00Z", ""):  # fmt: skip
        yield Body(f"sigT {text}", forger.with_header(0, iat=..., sigT=text), "header-time")
    yield Body("in the future", forger.with_header(2, iat=4_000_000_000), "time-future")
    yield Body("principal before teacher", forger.with_header(1, iat=forger.start - 60), "time-order")


# --- certificates --------------------------------------------------------------------------------------------------------------------


def _certificates(forger: Forger) -> Iterator[Body]:
    leaf, issuer = forger.keys[0].certificates[:2]
    spelled = [b64encode(der).decode() for der in (leaf, issuer)]
    same_name = [b64encode(der).decode() for der in _same_name_authorities()]
    chains: dict[str, tuple[Any, str]] = {
        "empty": ([], "header-certificate"),
        "a text": (spelled[0], "header-certificate"),
        "null": (None, "header-certificate"),
        "an object": ({"0": spelled[0]}, "header-certificate"),
        "of numbers": ([1, 2], "certificate-malformed"),
        "of nulls": ([None], "certificate-malformed"),
        "empty text": ([""], "certificate-malformed"),
        "base64url": ([spelled[0].replace("+", "-").replace("/", "_").rstrip("=")], "certificate-malformed"),
        "with newlines": (
            ["\n".join(spelled[0][i : i + 64] for i in range(0, len(spelled[0]), 64))],
            "certificate-malformed",
        ),
        "PEM": (["-----BEGIN CERTIFICATE-----" + spelled[0]], "certificate-malformed"),
        "garbage": ([b64encode(b"garbage" * 20).decode()], "certificate-malformed"),
        "cut": ([b64encode(leaf[:-1]).decode()], "certificate-malformed"),
        "octets after it": ([b64encode(leaf + b"\x00").decode()], "certificate-malformed"),
        "length of 4 GB": ([b64encode(b"\x30\x84\xff\xff\xff\xff" + leaf[6:]).decode()], "certificate-malformed"),
        "nothing but brackets": ([b64encode(b"\x30\x80" * 4000).decode()], "certificate-malformed"),
        "seven": ([spelled[0]] + [spelled[1]] * 6, "certificate-size"),
        "hundred": ([spelled[0]] * 100, "certificate-size"),
        "20 kB": ([b64encode(bytes(20_000)).decode()], "certificate-size"),
        "150 kB": ([b64encode(bytes(110_000)).decode()], "certificate-size"),
        "issuer first": (spelled[::-1], "header-algorithm-key"),
        "of another signer": ([b64encode(forger.keys[2].certificates[0]).decode()], "header-algorithm-key"),
        "self-signed": ([b64encode(_self_signed()).decode()], "signature-invalid"),
        "key of 16384 bits": ([b64encode(_large_key(2**16_383 + 9, 65_537)).decode()], "signature-key"),
        "key of 1024 bits": ([b64encode(_large_key(2**1023 + 9, 65_537)).decode()], "signature-key"),
        "exponent of 2000 bits": ([b64encode(_large_key(2**2047 + 9, 2**2000 + 1)).decode()], "signature-key"),
    }
    for name, (value, code) in chains.items():
        yield Body(f"x5c {name}", forger.with_header(0, x5c=value), code)
    unfit = forger.with_header(0, x5c=[b64encode(_self_signed()).decode(), *same_name[:5]])
    yield Body("x5c five CAs of one name over a foreign leaf", unfit, "signature-invalid")
    yield Body("x5c eight CAs of one name", forger.with_header(0, x5c=[spelled[0], *same_name]), "certificate-size")
    yield Body("no certificate", forger.with_header(0, x5c=...), "header-certificate")
    for name, value in {
        "zeros": base64url.encode(bytes(32)),
        "hex": leaf.hex()[:64],
        "null": None,
        "number": 5,
    }.items():
        code = "certificate-mismatch" if name == "zeros" else "header-certificate"
        yield Body(f"x5t#S256 {name}", forger.with_header(0, **{"x5t#S256": value}), code)
    alone = {"x5c": ..., "x5t#S256": base64url.encode(sha256(b"nobody").digest())}
    yield Body("x5t#S256 of nobody", forger.with_header(0, **alone), "signer-unregistered")
    for name in ("x5t", "x5t#o", "sigX5ts", "sigPId"):
        yield Body(f"{name}", forger.with_header(0, **{name: "YQ"}), "header-certificate")
    for name, member in {"kid a list": ("kid", ["a"]), "kid long": ("kid", "k" * 300), "typ": ("typ", "JWT"),
                         "srCms": ("srCms", "x"), "srAts": ("srAts", []), "foreign": ("exp", 1),
                         "nonce": ("nonce", "a")}.items():  # fmt: skip
        yield Body(f"header {name}", forger.with_header(0, **{member[0]: member[1]}), "header-member")
    odd = {"missing": ("cty", ...), "xml": ("cty", "xml"), "list": ("cty", ["json"]), "long s": ("cty", "j\u017fon")}
    for name, member in odd.items():
        yield Body(f"cty {name}", forger.with_header(0, **{member[0]: member[1]}), "header-content")


@cache
def _same_name_authorities() -> list[bytes]:
    """Eight CA certificates of one name with different keys: food for a path builder without bounds."""
    made: list[bytes] = []
    for _ in range(8):
        root = pki.Authority.make_root(
            pki.name("CA Trùng Tên"), CERTIFICATES_FROM, CERTIFICATES_TO, key=pki.new_key("p256")
        )
        made.append(root.der)
    return made


@cache
def _self_signed() -> bytes:
    key = pki.new_key("p256")
    return pki.Authority.make_root(pki.name("Tự ký"), CERTIFICATES_FROM, CERTIFICATES_TO, key=key).der


@cache
def _large_key(modulus: int, exponent: int) -> bytes:
    """A certificate over an RSA key that nobody has, made to cost time."""
    issuer = pki.Authority.make_root(pki.name("CA Bất kỳ"), CERTIFICATES_FROM, CERTIFICATES_TO, key=pki.new_key("p256"))
    key = _public_numbers(modulus, exponent)
    leaf = issuer.issue_leaf(pki.name("Khóa lớn"), key, CERTIFICATES_FROM, CERTIFICATES_TO)
    return leaf.public_bytes(Encoding.DER)


def _public_numbers(modulus: int, exponent: int) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


# --- the transcript -----------------------------------------------------------------------------------------------------------------


def _fields(forger: Forger) -> Iterator[Body]:
    """Every field of the document with a value of a kind it can't have."""
    wrong: list[Any] = [{"$ne": None}, "x" * 5_000, [["a"]]]
    for position, name in enumerate(forger.document):
        value = wrong[position % len(wrong)]
        changed = forger.document | {name: value}
        yield Body(f"field {name}", forger.body(_json(changed)), "field-")


def _unknown_fields(forger: Forger) -> Iterator[Body]:
    for name in ("HoVaTen", "hovaten ", "hoVaTen", "__proto__", "constructor", "", "a" * 5_000, "..", "'; drop table record; --",
                 "{{7*7}}", "${jndi:ldap://x}", "\u202e", "hovaten\u200b", "ｈｏｖａｔｅｎ", "079204000001"):  # fmt: skip
        yield Body(f"unknown field {name[:20]!r}", forger.body(_json(forger.document | {name: 1})), "field-unknown")
    many = forger.document | {f"field{n}": n for n in range(3_000)}
    yield Body("three thousand unknown fields", forger.body(_json(many)), "field-unknown")
    rows = next(name for name, value in forger.document.items() if type(value) is list and value)
    yield Body(
        "thousand rows", forger.body(_json(forger.document | {rows: forger.document[rows][:1] * 1_000})), "field-length"
    )
    yield Body("rows of nulls", forger.body(_json(forger.document | {rows: [None] * 20})), "field-type")


def _numbers(forger: Forger) -> Iterator[Body]:
    for name, number in {
        "eleven digits": "07920400001", "letters": "O79204000001", "Arabic digits": "٠٧٩٢٠٤٠٠٠٠٠١", "blank": " 79204000001",
        "newline": "079204000001\n", "sql": "0792040000'1", "thirteen": "0792040000011",
    }.items():  # fmt: skip
        yield Body(f"number {name}", forger.body(_json(forger.document | {"sodinhdanh": number})), "number-")
    yield Body("number as a number", forger.body(_json(forger.document | {"sodinhdanh": 79204000001})), "field-type")


def _piled(forger: Forger) -> Iterator[Body]:
    """Marks piled up by the thousand, which normalising sorts in quadratic time."""
    for name, field in {"free text": "nxetgvcn", "code": "masogd", "letter": "xeploai", "shape": "sodinhdanh"}.items():
        document = forger.document | {field: "a" + "\u0315\u0300" * 40_000}
        yield Body(
            f"piled up marks in {name}", forger.body(_json(document)), "number-" if field == "sodinhdanh" else "field-"
        )


def _large(forger: Forger) -> Iterator[Body]:
    good = forger.body()
    yield Body("over the limit by one", good + b" " * (LIMIT + 1 - len(good)), "request-too-large")
    yield Body(
        "two megabytes of certificate",
        forger.with_header(0, x5c=[b64encode(bytes(1_500_000)).decode()]),
        "request-too-large",
    )
    yield Body("two megabytes of blanks", b" " * 2_000_000, "request-too-large")
    yield Body("limit of blanks", b" " * LIMIT, "json-syntax")
    yield Body("limit of brackets", b"[" * LIMIT, "json-limit")
    yield Body("limit of duplicates", b'{"a":1' + b',"a":1' * 40_000 + b"}", "json-duplicate")
    yield Body("limit of empty lists", b"[" + b"[]," * 80_000 + b"[]]", "json-limit")
    yield Body("limit of digits", b"[" + b"1" * 200_000 + b"]", "json-number")
    yield Body("limit of escapes", b'["' + b"\\ud800" * 40_000 + b'"]', "json-character")
    yield Body("limit of a name", b'{"' + b"a" * 200_000 + b'":1}', "envelope-member")
    sixteen = forger.parts()
    sixteen["signatures"] = [sixteen["signatures"][0]] * 16
    yield Body("sixteen times the teacher", _json(sixteen), "header-prev")


_FAMILIES: tuple[Callable[[Forger], Iterator[Body]], ...] = (
    _envelope_texts, _payload_texts, _header_texts, _truncated, _algorithm_confusion, _key_injection, _critical_games, _aliases,
    _shapes, _chains, _values, _times, _certificates, _fields, _unknown_fields, _numbers, _piled, _large,
)  # fmt: skip
