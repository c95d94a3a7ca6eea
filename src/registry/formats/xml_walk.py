"""Walking a tree strictly: what is not expected is a finding with a pointer. Which elements are expected is the caller's."""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from lxml import etree
from pybase64 import b64decode, b64encode

from registry.core import codes
from registry.core.findings import Code, Finding

#: Findings of one document; a document with more is none.
_MOST_FINDINGS = 50
_PLAIN_NAME = re.compile("[A-Za-z][A-Za-z0-9]{0,63}")
_NUMBER_LIKE = re.compile("[0-9]{5}")
_REMEMBERED = 4096  # characters; as in `base64url`
_SPACE = re.compile("[ \t\r\n]+")


class NoCanonicalFormError(ValueError):
    """Canonicalisation refused the element: a namespace in it has an address that can't be read."""


def canonical(element: etree._Element) -> bytes:
    """Exclusive C14N without comments (W3C xml-exc-c14n), the only canonical form of this profile; raises NoCanonicalFormError."""
    try:
        return bytes(etree.tostring(element, method="c14n", exclusive=True, with_comments=False))
    except etree.C14NError as error:
        raise NoCanonicalFormError("namespaces with absolute addresses alone") from error


def blank(text: str | None) -> bool:
    """True of nothing and of white space as XML knows it: a no-break space is text."""
    return not text or not text.strip(" \t\r\n")


def shown(tag: object) -> str:
    """The local name if it is a plain one; a name is chosen by the sender and can carry personal data."""
    name = etree.QName(tag).localname if isinstance(tag, str) else ""
    return name if _PLAIN_NAME.fullmatch(name) and not _NUMBER_LIKE.search(name) else "*"


class Walk:
    """Collects findings while a tree is read."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def note(self, code: Code, pointer: str, detail: str = "") -> None:
        """Add a finding, up to a limit."""
        if len(self.found) < _MOST_FINDINGS:
            self.found.append(Finding(code, pointer, detail))

    def only(
        self, element: etree._Element, at: str, *, children: Sequence[str], attributes: Collection[str] = ()
    ) -> None:
        """xml-structure for each child or attribute not among these, a child out of their order, and text between the children."""
        self.attributes(element, at, attributes)
        text = element.text
        if text and not blank(text):
            self.note(codes.XML_STRUCTURE, at, "no text between elements")
        reached = 0
        for child in element:
            tag, tail = child.tag, child.tail
            place = children.index(tag) if tag in children else -1
            if place < reached:
                detail = "not an element of this place" if place < 0 else "in the order of the schema"
                self.note(codes.XML_STRUCTURE, f"{at}/{shown(tag)}", detail)
            else:
                reached = place
            if tail and not blank(tail):
                self.note(codes.XML_STRUCTURE, at, "no text between elements")

    def attributes(self, element: etree._Element, at: str, known: Collection[str]) -> None:
        """xml-structure for each attribute that is not known here."""
        for name in element.attrib:
            if name not in known:
                self.note(codes.XML_STRUCTURE, f"{at}/@{shown(name)}", "not an attribute of this place")

    def one(self, parent: etree._Element, tag: str, at: str) -> etree._Element | None:
        """The only child of that name; xml-structure when there is none or several."""
        found = list(parent.iterchildren(tag))
        if len(found) == 1:
            return found[0]
        self.note(codes.XML_STRUCTURE, f"{at}/{shown(tag)}", "exactly one")
        return None

    def at_most_one(self, parent: etree._Element, tag: str, at: str) -> etree._Element | None:
        """The only child of that name, or None; xml-structure when there are several."""
        found = list(parent.iterchildren(tag))
        if len(found) > 1:
            self.note(codes.XML_STRUCTURE, f"{at}/{shown(tag)}", "at most one")
        return found[0] if len(found) == 1 else None

    def leaf(self, element: etree._Element, at: str, attributes: Collection[str] = ()) -> str:
        """The text of an element that holds nothing but text."""
        self.attributes(element, at, attributes)
        if len(element):
            self.note(codes.XML_STRUCTURE, at, "text only")
            return ""
        return element.text or ""

    def identified(self, element: etree._Element | None, at: str) -> str | None:
        """The Id an element must have to be referenced."""
        value = element.get("Id") if element is not None else None
        if element is not None and not value:
            self.note(codes.XML_ID, at, "an Id")
        return value or None


def certificate(text: str) -> bytes | None:
    """`octets` of a certificate, the same each time: the same signers sign every transcript of a school."""
    return _certificate(text) if len(text) <= _REMEMBERED else octets(text)


def octets(text: str) -> bytes | None:
    """xs:base64Binary: white space aside, the one spelling of the octets; None for any other."""
    dense = _SPACE.sub("", text)
    try:
        raw = b64decode(dense, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if b64encode(raw).decode("ascii") == dense else None


_certificate = lru_cache(maxsize=4096)(octets)
