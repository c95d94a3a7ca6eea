"""JSON read strictly: what the standard parser lets pass is named with its place, and a good text comes through as it stands."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats import strict_json

BAD: dict[bytes, list[tuple[str, str]]] = {
    b"": [("json-syntax", "")],
    b"{": [("json-syntax", "")],
    b'"x" y': [("json-syntax", "")],
    b"{'a':1}": [("json-syntax", "")],
    b'{"a":1,}': [("json-syntax", "")],
    b"[01]": [("json-syntax", "")],
    b'["\t"]': [("json-syntax", "")],
    b"\xef\xbb\xbf{}": [("json-encoding", "")],
    b'["\xff"]': [("json-encoding", "")],
    b'["\xed\xa0\x80"]': [("json-encoding", "")],
    b'{"a":1,"a":2}': [("json-duplicate", "/a")],
    b'{"a":{"b":1,"b":1},"c":[{"d":1,"d":2}]}': [("json-duplicate", "/a/b"), ("json-duplicate", "/c/0/d")],
    b'{"a":1,"a":2': [("json-syntax", "")],  # broken off behind a duplicate
    b"[NaN]": [("json-number", "/0")],
    b"[1,-Infinity]": [("json-number", "/1")],
    b"[1e999]": [("json-number", "/0")],
    b"[9007199254740992]": [("json-number", "/0")],
    b"[" + b"1" * 41 + b"]": [("json-number", "/0")],
    b'["\\u0000"]': [("json-character", "/0")],
    b'{"\\ud800":1}': [("json-character", "")],
    b'{"a":"\\udc00x"}': [("json-character", "/a")],
    b"[" * 25 + b"]" * 25: [("json-depth", "/0" * 24)],
    b"[" * 10_001: [("json-limit", "")],
    b'{"a":NaN,"a":"\\u0000"}': [("json-number", "/a"), ("json-duplicate", "/a"), ("json-character", "/a")],
}


@pytest.mark.parametrize("raw", BAD, ids=lambda raw: raw[:24].decode("latin-1"))
def test_bad_text_is_named_with_its_place(raw: bytes) -> None:
    value, findings = strict_json.parse(raw)
    assert value is None
    assert sorted((f.code.slug, f.pointer) for f in findings) == sorted(BAD[raw])


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b" [1.50, -0, 9007199254740991] ", [Decimal("1.50"), 0, 9007199254740991]),
        ('{"tên":"Nguyễn","\\u0041":"\\ud83d\\ude00"}'.encode(), {"tên": "Nguyễn", "A": "😀"}),
        (b"[" * 24 + b"]" * 24, None),
        (b"null", None),
    ],
)
def test_good_text_comes_through(raw: bytes, value: Any) -> None:
    read, findings = strict_json.parse(raw)
    assert findings == []
    assert value is None or read == value


def test_pointers_begin_where_they_are_told() -> None:
    _, findings = strict_json.parse(b'{"a":1,"a":1}', pointer="/signatures/0/protected")
    assert [f.pointer for f in findings] == ["/signatures/0/protected/a"]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_what_the_standard_library_writes_is_read_back(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    read, findings = strict_json.parse(text.encode())
    if "\\u0000" in text:
        assert {f.code.slug for f in findings} == {"json-character"}
    else:
        assert (read, findings) == (value, [])


@given(st.binary(max_size=60))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    value, findings = strict_json.parse(raw)
    assert value is None or findings == []


_TOKENS = [
    *(bytes([each]) for each in b'{}[]:,"\\ \n\t\x00'),
    *(
        b'"a":',
        b'"a"',
        b'"b" :1',
        b'"a:b"',
        b'"\xc3\xa9"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf",
        b"1e5",
        b"1.50",
        b"-0",
        b"01",
        b"-",
    ),
    *(
        b"9007199254740991",
        b"-9007199254740992",
        b"1" * 41,
        b"NaN",
        b"Infinity",
        b"true",
        b"fals",
        b"null",
        b"//",
        b"'a'",
    ),
    *(b"[" * 24, b"]" * 24, b'{"a":{"a":1,"a":2}}', b'[{"a":1},{"a":1}]', b'{"c":"","d":[]}'),
]


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(_TOKENS), max_size=8).map(b"".join) | _VALUES.map(lambda v: json.dumps(v).encode()))
@example(b'{"a" :1,"a":2}')
@example(b'{"x":"\\"","x":2}')
@example(b"[" * 24 + b"]" * 24)
@example(b"[" * 25 + b"]" * 25)
def test_at_once_or_with_more_care_it_reads_the_same(raw: bytes) -> None:
    value, findings = strict_json.parse(raw)
    cared_for, found = strict_json.parse(b"[" + raw + b',"\\u0041"]', max_depth=25)  # an escape asks for more care
    if not findings:
        assert (repr([value, "A"]), []) == (repr(cared_for), found)
    elif {each.code.slug for each in findings} & {"json-syntax", "json-encoding"}:
        assert {each.code.slug for each in found} or raw.count(b",")  # two texts with a comma between make a list
    else:
        assert [(f.code, f.pointer) for f in found] == [(f.code, f"/0{f.pointer}") for f in findings]


@pytest.mark.parametrize("raw", [b"[" + b"[]," * 10_000 + b"[]]", b"[" + b"[]," * 30_000 + b"[]]"])
def test_containers_are_counted_in_short_and_long_texts(raw: bytes) -> None:
    assert [f.code.slug for f in strict_json.parse(raw)[1]] == ["json-limit"]
