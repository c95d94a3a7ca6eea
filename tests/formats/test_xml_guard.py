"""The guard in front of the XML parser, at its limits: one less passes, one more does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.formats import xml_guard, xml_walk
from tests.formats import made

_LONGEST = "urn:" + "x" * (xml_guard.MAX_NAMESPACE - 4)


def attributes(count: int) -> bytes:
    return b"<a " + b" ".join(b'a%d=""' % n for n in range(count)) + b"/>"


def spaces(count: int) -> bytes:
    return b"<a " + b" ".join(b'xmlns:n%d="urn:%d"' % (n, n) for n in range(count)) + b"/>"


AT_THE_LIMIT = {
    "declaration": b"<?xml version='1.0' encoding=\"UTF-8\" standalone='yes' ?>\n<a/>",
    "no declaration": "<a>\u1ec7</a>".encode(),
    "elements": b"<a>" + b"<b/>" * (xml_guard.MAX_ELEMENTS - 1) + b"</a>",
    "levels": b"<a>" * xml_guard.MAX_DEPTH + b"</a>" * xml_guard.MAX_DEPTH,
    "attributes": attributes(xml_guard.MAX_ATTRIBUTES),
    "namespaces": spaces(xml_guard.MAX_ATTRIBUTES),
    "address": f'<a xmlns="{_LONGEST}"/>'.encode(),
    "no namespace again": b'<a xmlns="urn:x"><b xmlns=""/></a>',
    "size": b"<a>" + b"x" * (xml_guard.MAX_SIZE - 7) + b"</a>",
    "predefined entities": b"<a b='&lt;&#10;'>&amp;&gt;&quot;&apos;&#x1F600;</a>",
}
BEYOND = {
    "elements": (b"<a>" + b"<b/>" * xml_guard.MAX_ELEMENTS + b"</a>", "xml-limit"),
    "levels": (b"<a>" * (xml_guard.MAX_DEPTH + 1) + b"</a>" * (xml_guard.MAX_DEPTH + 1), "xml-limit"),
    "attributes": (attributes(xml_guard.MAX_ATTRIBUTES + 1), "xml-limit"),
    "namespaces": (spaces(xml_guard.MAX_ATTRIBUTES + 1), "xml-limit"),
    "address": (f'<a xmlns="{_LONGEST}x"/>'.encode(), "xml-limit"),
    "relative address": (b"<a xmlns='x'/>", "xml-construct"),
    "size": (b"<a>" + b"x" * (xml_guard.MAX_SIZE - 6) + b"</a>", "xml-limit"),
    "version": (b"<?xml version='1.1'?><a/>", "xml-construct"),
    "instruction": (b"<a><?x?></a>", "xml-construct"),
    "entity": (b"<a>&nbsp;</a>", "xml-syntax"),
}


@pytest.mark.parametrize("raw", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_what_is_within_the_limits_is_parsed(raw: bytes) -> None:
    assert xml_guard.parse(raw).root is not None


@pytest.mark.parametrize(("raw", "code"), BEYOND.values(), ids=BEYOND)
def test_what_is_beyond_is_refused_with_the_pointer_given(raw: bytes, code: str) -> None:
    tree = xml_guard.parse(raw, "/x")
    assert tree.root is None
    assert [(finding.code.slug, finding.pointer) for finding in tree.findings] == [(code, "/x")]


TEDIOUS = {
    "in a tag": b"<a " + b"xmlns" * 50_000,
    "in a text": b"<a>" + b"xmlns" * 50_000 + b"</a>",
    "names with space": b"<a>" + (b" xmlns" + b"x" * 90 + b" " * 100) * 1_200 + b"</a>",
    "open quotes": b"<a>" + b" xmlns='" * 30_000 + b"</a>",
    "equals signs": b"<a>" + b"= " * 120_000 + b"</a>",
}


@pytest.mark.parametrize("raw", TEDIOUS.values(), ids=TEDIOUS)
def test_words_that_look_like_namespaces_cost_nothing(raw: bytes) -> None:
    """Each of them was once read to the end of its word: 60 kB took five seconds, a whole document more than a minute."""
    assert made.best_seconds(lambda: xml_guard.parse(raw), 1) < 0.1


def test_what_has_no_canonical_form_is_a_value_error() -> None:
    element = etree.fromstring("<a xmlns='relative'/>")
    with pytest.raises(xml_walk.NoCanonicalFormError):
        xml_walk.canonical(element)


def test_a_name_is_shown_only_when_it_is_a_plain_one() -> None:
    assert [xml_walk.shown(tag) for tag in ("{urn:x}Cert", "x079012345678", "tên", "a" * 65, etree.Comment)] == [
        "Cert", "*", "*", "*", "*"]  # fmt: skip


@settings(max_examples=500)
@given(
    st.lists(
        st.sampled_from(
            [b" ", b"\n", b"xmlns", b":a", b"=", b'"', b"'", b"u:x", b"<a", b">", b"=\n'u:y'", b' xmlns="z"']
        ),
        max_size=14,
    )
)
def test_namespaces_are_found_as_the_pattern_has_them(parts: list[bytes]) -> None:
    text = b"<" + b"".join(parts)
    found = [quoted or apostrophed for quoted, apostrophed in xml_guard.NAMESPACE.findall(text)]
    assert list(xml_guard.namespaces(text)) == list(dict.fromkeys(found))
