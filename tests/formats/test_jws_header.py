"""A header that is remembered says what it would say if it were read with care, whoever wrote it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.trust import Algorithm
from registry.formats import base64url, jws_header
from registry.formats.jws_header import Header, Place
from tests.formats.test_jws import envelope

_ALL = frozenset(Algorithm)
_LINK = "A" * 43


def later_header() -> tuple[bytes, str]:
    """The second signature's, which has a link; and the link."""
    raw = base64url.decode(json.loads(envelope())["signatures"][1]["protected"])
    assert raw is not None
    return raw, str(json.loads(raw)["prev"])


def read(raw: bytes, previous: str | None = None) -> Header:
    return jws_header.read(base64url.encode(raw), Place("/signatures/0", previous), _ALL)


def with_care(raw: bytes, previous: str | None) -> Header:
    """Read while nothing is remembered."""
    jws_header.GOOD.clear()
    return read(raw, previous)


def test_time_and_link_are_each_headers_own() -> None:
    raw, link = later_header()
    first = with_care(raw, link)
    then = int(first.signed_at.timestamp()) if first.signed_at else 0
    other = raw.replace(str(then).encode(), b"1700000000").replace(link.encode(), _LINK.encode())
    again = read(other, _LINK)
    assert again.signed_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert (again.chain, again.algorithm, again.findings) == (first.chain, first.algorithm, ())
    assert len(jws_header.GOOD) == 1, "the two are one in memory"
    assert [f.code.slug for f in read(other, link).findings] == ["header-prev-mismatch"]
    assert [f.code.slug for f in read(other, None).findings] == ["header-prev"]


@pytest.mark.parametrize("time", [b"01700000000", b"1700000000.0", b"17e8", b"-1", b"253402300800", b"9" * 30, b'"1"'])
def test_a_time_that_is_none_is_refused_beside_a_remembered_header(time: bytes) -> None:
    raw, link = later_header()
    signed_at = read(raw, link).signed_at
    assert signed_at is not None
    odd = raw.replace(str(int(signed_at.timestamp())).encode(), time)
    found = read(odd, link)
    assert found.findings
    assert found == with_care(odd, link)


def test_a_time_inside_an_object_is_never_taken_for_the_headers() -> None:
    raw, link = later_header()
    inside = raw.replace(b"{", b'{"srCms":[{"iat":5}],', 1)
    assert read(inside, link).signed_at == read(inside.replace(b'"iat":5}', b'"iat":6}'), link).signed_at
    assert read(inside, link).signed_at == read(raw, link).signed_at


_PIECES = [b"", b"0", b"9", b" ", b".", b"e5", b"-", b'"', b",", b"A", b"\\u0041", b"{}", b'"iat":3,', b'"prev":"x",']


@given(st.data())
@settings(max_examples=300)
def test_what_is_remembered_changes_no_answer(data: st.DataObject) -> None:
    raw, link = later_header()
    at = raw.find(data.draw(st.sampled_from([b'"iat":', b'"prev":', b"{", b"}"]))) + data.draw(st.integers(0, 60))
    changed = raw[:at] + data.draw(st.sampled_from(_PIECES)) + raw[at + data.draw(st.integers(0, 2)) :]
    previous = data.draw(st.sampled_from([link, None, _LINK]))
    careful = with_care(changed, previous)
    jws_header.GOOD.clear()
    read(raw, link)
    assert read(changed, previous) == careful
    assert read(changed, previous) == careful
