"""A header may name the signer's certificate by digest, beside x5c or instead of it; then it must be that one."""

from __future__ import annotations

from hashlib import sha256, sha384, sha512
from typing import Any

import pytest

from registry.formats import base64url
from registry.formats.certificates import TrustIndex
from registry.services import judging
from tests import hostile
from tests.small_city import NOW, small_city

FORGER = hostile.Forger(small_city())
INDEX = TrustIndex.build(FORGER.city.trust_list)
LEAF, CA = FORGER.keys[0].certificates[:2]


def _of(der: bytes, algorithm: str = "S512") -> dict[str, str]:
    hashed = {"S256": sha256, "S384": sha384, "S512": sha512}[algorithm]
    return {"digAlg": algorithm, "digVal": base64url.encode(hashed(der).digest())}


def _said(**members: Any) -> list[tuple[str, str]]:
    raw = FORGER.with_header(0, **members)
    verdict = judging.judge(raw, judging.JOSE, INDEX, judging.Moment(NOW, NOW), schools=None)
    return [(finding.code.slug, finding.pointer) for finding in verdict.findings]


@pytest.mark.parametrize(
    "members",
    [
        {"x5t#S256": base64url.encode(sha256(LEAF).digest())},
        *({"x5t#o": _of(LEAF, name)} for name in ("S256", "S384", "S512")),
        {"sigX5ts": [_of(LEAF)]},
        {"sigX5ts": [_of(LEAF, "S384"), _of(CA)]},
        {"x5c": ..., "x5t#S256": base64url.encode(sha256(LEAF).digest())},
        {"x5c": ..., "x5t#o": _of(LEAF, "S256")},
        {"x5c": ..., "sigX5ts": [_of(LEAF, "S256"), _of(CA)]},
    ],
)
def test_taken(members: dict[str, Any]) -> None:
    assert _said(**members) == []


@pytest.mark.parametrize(
    ("members", "code", "place"),
    [
        ({"x5t#o": _of(CA)}, "certificate-mismatch", "x5t#o"),
        ({"sigX5ts": [_of(CA), _of(LEAF)]}, "certificate-mismatch", "sigX5ts"),
        ({"x5c": ..., "x5t#o": _of(LEAF, "S512")}, "header-certificate", "x5t#o"),
        ({"x5t#o": _of(LEAF), "sigX5ts": [_of(LEAF)]}, "header-certificate", "sigX5ts"),
        ({"x5t#S256": base64url.encode(sha256(LEAF).digest()), "x5t#o": _of(LEAF)}, "header-certificate", "x5t#o"),
        ({"x5t#o": {**_of(LEAF), "more": 1}}, "header-certificate", "x5t#o"),
        ({"x5t#o": {"digAlg": "S1", "digVal": "YQ"}}, "header-certificate", "x5t#o"),
        ({"x5t#o": {"digAlg": ["S256"], "digVal": "YQ"}}, "header-certificate", "x5t#o"),
        ({"x5t#o": {"digAlg": "S256", "digVal": _of(LEAF)["digVal"]}}, "header-certificate", "x5t#o"),
        ({"x5t#o": [_of(LEAF)]}, "header-certificate", "x5t#o"),
        ({"sigX5ts": []}, "header-certificate", "sigX5ts"),
        ({"sigX5ts": [_of(LEAF)] * 7}, "header-certificate", "sigX5ts"),
        ({"sigX5ts": [_of(LEAF), "x"]}, "header-certificate", "sigX5ts"),
        ({"sigX5ts": _of(LEAF)}, "header-certificate", "sigX5ts"),
    ],
)
def test_not_taken(members: dict[str, Any], code: str, place: str) -> None:
    assert (code, f"/signatures/0/protected/{place}") in _said(**members)
