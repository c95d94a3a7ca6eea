"""A transcript's record in XML that nobody has signed yet, and the octets that signatures would cover. Pure."""

from __future__ import annotations

import re

from lxml import etree

from registry.core import codes
from registry.core.findings import Finding
from registry.formats import xml_guard, xml_schemas
from registry.formats.xades_names import ENVELOPE_NAMESPACE, TRANSCRIPT
from registry.formats.xml_walk import NoCanonicalFormError, canonical

_ROOT = re.compile(rb"\s*(?:<\?xml[^<>]*\?>\s*)?<(?:[\w.-]{1,64}:)?([\w.-]{1,64})[\s/>]")
_RECORDS = frozenset(name.encode() for schema in xml_schemas.SCHEMAS.values() for name in schema.records)


def is_record(raw: bytes) -> bool:
    """True when the first element has the name of a record; without parsing, and whatever follows."""
    root = _ROOT.match(raw)
    return root is not None and root[1] in _RECORDS


def payload(raw: bytes) -> tuple[bytes | None, tuple[Finding, ...]]:
    """The canonical form of a Transcript with the record in it, or why there is none. Codes: xml-*. Never raises."""
    tree = xml_guard.parse(raw)
    if tree.root is None:
        return None, tree.findings
    holder = etree.Element(TRANSCRIPT, {"Id": "t"}, nsmap={None: ENVELOPE_NAMESPACE})
    holder.append(tree.root)
    try:
        return canonical(holder), ()
    except NoCanonicalFormError as error:
        return None, (Finding(codes.XML_CONSTRUCT, "", str(error)),)
