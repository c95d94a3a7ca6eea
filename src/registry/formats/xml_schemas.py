"""The schemas in which a record may stand in a signed Transcript, chosen by its namespace: how it is read, and its XSD. Pure.

Another schema (the official one, once it is published) is one more row of SCHEMAS: a function that gives the record's members by
the published field names, and the XML Schema it is checked against. Everything behind it stays as it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from lxml import etree

from registry.core import codes
from registry.core.findings import Finding
from registry.formats import xml_guard, xml_transcript, xsd
from registry.formats.xades_names import TRANSCRIPT
from registry.formats.xml_transcript import Value
from registry.formats.xml_walk import Walk, blank, shown

_MOST_ERRORS = 20
#: lxml keeps the errors of a check in the schema object: one thread at a time.
_checking = threading.Lock()


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema of records. `read` gives the members by the published field names, or None with findings noted; `document` the
    XML Schema (1.0, nothing included); `row` is the name of the elements that pointers count, `records` those of whole records."""

    read: Callable[[etree._Element, Walk], Value | None]
    document: Callable[[], bytes]
    row: str
    records: frozenset[str]


Schemas = Mapping[str, Schema]  # by namespace
SCHEMAS: Schemas = {
    xml_transcript.NAMESPACE: Schema(
        xml_transcript.read_record, xsd.document, xml_transcript.ROW, xml_transcript.RECORDS
    ),
}


@dataclass(frozen=True, slots=True)
class Record:
    """What was read of a Transcript: its members, or None with findings, and the tree that the schema is asked about."""

    members: Value | None
    findings: tuple[Finding, ...]
    root: etree._Element | None
    schemas: Schemas


def read(payload: bytes, schemas: Schemas = SCHEMAS) -> Record:
    """Read the canonical bytes of a Transcript element, by the schema of the record in it.

    Codes: xml-*, field-unknown for attributes, text between fields and elements in a wrong namespace, json-duplicate for a field
    that is there twice. Pointers lead to the fields as in JSON. Never raises.
    """
    tree = xml_guard.parse(payload)
    if tree.root is None:
        return Record(None, tree.findings, None, schemas)
    walk = Walk()
    members = _members(tree.root, schemas, walk)
    return Record(members, tuple(walk.found), tree.root, schemas)


def _members(root: etree._Element, schemas: Schemas, walk: Walk) -> Value | None:
    record = root[0] if len(root) == 1 and root.tag == TRANSCRIPT else None
    if record is None or not blank(root.text) or not blank(record.tail):
        walk.note(codes.XML_STRUCTURE, "", "exactly one record in Transcript")
        return None
    schema = _schema_of(record, schemas)
    if schema is None:
        walk.note(codes.XML_STRUCTURE, "", f"a record of {', '.join(schemas)}")
        return None
    return schema.read(record, walk)


def findings(opened: Record) -> list[Finding]:
    """xml-schema for each place where the record in a Transcript does not fit its schema; asked when nothing else was found."""
    root = opened.root
    record = root[0] if root is not None and len(root) == 1 else None
    schema = None if record is None else _schema_of(record, opened.schemas)
    if record is None or schema is None:
        return [Finding(codes.XML_SCHEMA, "", "one record")]
    alone = etree.ElementTree(record)
    with _checking:
        compiled = _compiled(schema.document)
        if compiled.validate(alone):
            return []
        paths = [error.path for error in compiled.error_log]
    pointers = dict.fromkeys(_pointer(alone, path, schema.row) for path in paths)
    return [Finding(codes.XML_SCHEMA, pointer) for pointer in list(pointers)[:_MOST_ERRORS]] or [
        Finding(codes.XML_SCHEMA)
    ]


def _schema_of(record: etree._Element, schemas: Schemas) -> Schema | None:
    return schemas.get(etree.QName(record).namespace or "")


@cache
def _compiled(document: Callable[[], bytes]) -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(document()))


def _pointer(record: etree._ElementTree[etree._Element], path: str | None, row: str) -> str:
    """The pointer, as in JSON, of the element at a path that the schema check itself wrote."""
    found = record.xpath(path) if path else []
    element: etree._Element | None = found[0] if isinstance(found, list) and found else None
    names: list[str] = []
    while element is not None and element is not record.getroot():
        parent = element.getparent()
        is_row = parent is not None and etree.QName(element).localname == row
        names.append(str(parent.index(element)) if parent is not None and is_row else shown(element.tag))
        element = parent
    return "".join(f"/{name}" for name in reversed(names))
