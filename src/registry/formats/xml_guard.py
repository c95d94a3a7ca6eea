"""Bytes of an XML document to a tree, guarded: what could expand, load, hide or exhaust is refused before or right after parsing.

Which elements a document has is known to its readers. Sources: XML 1.0; XML Signature Best Practices (W3C Note).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from registry.core import codes
from registry.core.findings import Finding

MAX_SIZE = 262_144
MAX_ELEMENTS = 5_000
MAX_DEPTH = 32
MAX_ATTRIBUTES = 64  # of one element, namespace declarations included
MAX_NAMESPACE = 128  # characters of its address

_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(rb"<\?xml[ \t\r\n][^<>?]*\?>[ \t\r\n]*")
_VERSION = re.compile(rb"""version[ \t\r\n]*=[ \t\r\n]*["']1\.0["']""")
_ENCODING = re.compile(rb"""encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["']""")
#: From one bracket to the next, where that could hold too many attributes at all.
_LONG_PART = re.compile(rb"<[^<]{%d,}" % (4 * MAX_ATTRIBUTES))
_ASSIGNMENT = re.compile(rb"""=[ \t\r\n]*["']""")
#: White space stands before every attribute, and without it each "xmlns" of a long word would be read to the word's end.
NAMESPACE = re.compile(rb"""[ \t\r\n]xmlns[^ \t\r\n=<>"']*+[ \t\r\n]*+=[ \t\r\n]*+(?:"([^"]*+)"|'([^']*+)')""")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
#: True of a document with an element below the deepest level.
_TOO_DEEP = etree.XPath("boolean(/" + "/".join("*" * (MAX_DEPTH + 1)) + ")")


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed document, or the reason why there is none."""

    root: etree._Element | None
    findings: tuple[Finding, ...] = ()


def parse(raw: bytes, pointer: str = "") -> Tree:
    """Parse one UTF-8 document; any DOCTYPE, comment, processing instruction or CDATA section is refused unread.

    A DOCTYPE injects attribute defaults even where entities are off; comments split texts; sections are a second spelling.
    Codes: xml-encoding, xml-construct, xml-limit, xml-syntax. Never raises.
    """
    finding = _refusal(raw, pointer)
    if finding is not None:
        return Tree(None, (finding,))
    # A parser for each document: a shared one would serve one thread at a time. Names stay in a dictionary of the thread for
    # as long as it lives, so who parses for strangers has to renew its threads.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        attribute_defaults=False, huge_tree=False, recover=False, collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        return Tree(None, (Finding(codes.XML_SYNTAX, pointer, f"line {error.lineno}, column {error.offset}"),))
    except (ValueError, RecursionError):
        return Tree(None, (Finding(codes.XML_SYNTAX, pointer, "one well-formed document"),))
    if _TOO_DEEP(root):
        return Tree(None, (Finding(codes.XML_LIMIT, pointer, f"at most {MAX_DEPTH} levels"),))
    return Tree(root)


def _refusal(raw: bytes, pointer: str) -> Finding | None:
    """What can be said without parsing: `<!` and `<?` stand for nothing else than markup in a well-formed document."""
    if len(raw) > MAX_SIZE:
        return Finding(codes.XML_LIMIT, pointer, f"at most {MAX_SIZE} octets")
    if raw.startswith(_BOM):
        return Finding(codes.XML_ENCODING, pointer, "no byte order mark")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Finding(codes.XML_ENCODING, pointer, f"UTF-8; wrong at byte {error.start}")
    declaration = _DECLARATION.match(raw)
    if declaration and not _VERSION.search(declaration[0]):
        return Finding(codes.XML_CONSTRUCT, pointer, "XML 1.0")
    named = _ENCODING.search(declaration[0]) if declaration else None
    if named and named[1].lower() != b"utf-8":
        return Finding(codes.XML_ENCODING, pointer, "UTF-8")
    rest = raw[declaration.end() :] if declaration else raw
    # (One character is looked for many times as fast as two.)
    if (b"!" in rest and b"<!" in rest) or (b"?" in rest and b"<?" in rest):
        detail = "no DOCTYPE, comment, CDATA section or processing instruction"
        return Finding(codes.XML_CONSTRUCT, pointer, detail)
    return _of_markup(rest, pointer)


def _of_markup(rest: bytes, pointer: str) -> Finding | None:
    """Numbers that cost the parser or canonicalisation too much: 20,000 attributes of one element take a quarter of a second."""
    opened = rest.count(b"<")
    if opened > MAX_ELEMENTS and opened - rest.count(b"</") > MAX_ELEMENTS:
        return Finding(codes.XML_LIMIT, pointer, f"at most {MAX_ELEMENTS} elements")
    if any(len(_ASSIGNMENT.findall(long)) > MAX_ATTRIBUTES for long in _LONG_PART.findall(rest)):
        return Finding(codes.XML_LIMIT, pointer, f"at most {MAX_ATTRIBUTES} attributes of one element")
    for address in namespaces(rest):
        # Exclusive C14N repeats an address at each element that uses it: 90 kB with a long one became 294 MB.
        if len(address) > MAX_NAMESPACE:
            return Finding(codes.XML_LIMIT, pointer, f"at most {MAX_NAMESPACE} characters of a namespace")
        if address and not _ABSOLUTE.fullmatch(address):
            return Finding(codes.XML_CONSTRUCT, pointer, "namespaces with absolute addresses alone")
    return None


def namespaces(rest: bytes) -> Iterable[bytes]:
    """The addresses of all that `NAMESPACE` matches, each once: the word is looked for, as few have it, and the pattern tried there."""
    found: dict[bytes, None] = {}
    at = rest.find(b"xmlns", 1)
    while at >= 0:
        declared = NAMESPACE.match(rest, at - 1)
        if declared is not None:
            found[declared[1] or declared[2] or b""] = None
        at = rest.find(b"xmlns", at + 1 if declared is None else declared.end() + 1)
    return found
