"""XML Schema (1.0) of the transcript record, made from the same tables the reader works by, and the check of a record against it. Pure.

It says what the JSON Schemas say: names, types, lengths, patterns, code lists, what must be there. The order of fields is free.
"""

from __future__ import annotations

import threading
from functools import cache

from lxml import etree

from registry.core import codes
from registry.core.findings import Finding
from registry.formats import fields, schema, xml_guard
from registry.formats.structure import Field, Form, Need, Rows, Structure
from registry.formats.xml_transcript import NAMESPACE, ROW
from registry.formats.xml_walk import shown

_XS = "http://www.w3.org/2001/XMLSchema"
_TEXT = "[^\r\x7f-\x9f]*"
_FILLED = "[^\r\x7f-\x9f]*[^\\s\x7f-\x9f][^\r\x7f-\x9f]*"
_MOST_ERRORS = 20
#: lxml keeps the errors of a check in the schema object: one thread at a time.
_checking = threading.Lock()


def document() -> bytes:
    """The schema of both records as UTF-8 XML."""
    root = etree.Element(
        f"{{{_XS}}}schema",
        {"targetNamespace": NAMESPACE, "elementFormDefault": "qualified", "version": "1"},
        nsmap={"xs": _XS, None: NAMESPACE},
    )
    _explain(
        root,
        "Học bạ số: the record inside Transcript. Lengths count characters as written; write texts in Unicode NFC.",
    )
    for structure in fields.STRUCTURES.values():
        _record(root, structure)
    etree.indent(root)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def findings(payload: bytes) -> list[Finding]:
    """xml-schema for each place where the record in a Transcript does not fit the schema; asked when nothing else was found."""
    tree = xml_guard.parse(payload)
    if tree.root is None or len(tree.root) != 1:
        return [Finding(codes.XML_SCHEMA, "", "one record")]
    record = etree.ElementTree(tree.root[0])
    with _checking:
        compiled = _compiled()
        if compiled.validate(record):
            return []
        paths = [error.path for error in compiled.error_log]
    pointers = dict.fromkeys(_pointer(record, path) for path in paths)
    return [Finding(codes.XML_SCHEMA, pointer) for pointer in list(pointers)[:_MOST_ERRORS]] or [
        Finding(codes.XML_SCHEMA)
    ]


@cache
def _compiled() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(document()))


def _pointer(record: etree._ElementTree[etree._Element], path: str | None) -> str:
    """The pointer, as in JSON, of the element at a path that the schema check itself wrote."""
    found = record.xpath(path) if path else []
    element: etree._Element | None = found[0] if isinstance(found, list) and found else None
    names: list[str] = []
    while element is not None and element is not record.getroot():
        parent = element.getparent()
        is_row = parent is not None and element.tag == f"{{{NAMESPACE}}}{ROW}"
        names.append(str(parent.index(element)) if parent is not None and is_row else shown(element.tag))
        element = parent
    return "".join(f"/{name}" for name in reversed(names))


def _record(root: etree._Element, structure: Structure) -> None:
    element = _sub(root, "element", name=structure.table)
    _explain(element, structure.title)
    members = _sub(_sub(element, "complexType"), "all")
    for field in structure.fields:
        _field(members, field, structure)
    for rows in structure.lists:
        _list(members, rows, structure)


def _list(parent: etree._Element, rows: Rows, structure: Structure) -> None:
    least = "1" if rows.need is Need.REQUIRED else "0"
    element = _sub(parent, "element", name=rows.wire, minOccurs=least)
    _explain(element, rows.title)
    sequence = _sub(_sub(element, "complexType"), "sequence")
    row = _sub(sequence, "element", name=ROW, minOccurs="0", maxOccurs=str(rows.most))
    members = _sub(_sub(row, "complexType"), "all")
    for field in rows.fields:
        _field(members, field, structure)


def _field(parent: etree._Element, field: Field, structure: Structure) -> None:
    needed = field.need is Need.REQUIRED and field.form is not Form.NUMBER
    element = _sub(parent, "element", name=field.wire, minOccurs="1" if needed else "0")
    _explain(element, f"{field.title}. {schema.describe(field)}")
    kind = _sub(element, "simpleType")
    match field.form:
        case Form.FLAG:
            _facets(kind, "boolean", pattern=["true|false"])
        case Form.DOUBLE:
            low, high = field.limits
            _facets(kind, "decimal", minInclusive=[str(low)], maxInclusive=[str(high)])
        case Form.LISTED:
            known = field.codes.values if field.codes else {}
            listed = [c for c, value in known.items() if field.path != "level" or value in structure.levels]
            _facets(kind, "string", enumeration=listed)
        case Form.LETTER:
            _facets(kind, "string", enumeration=list(field.letters))
        case Form.TEXT:
            pattern = _TEXT if field.need is Need.OPTIONAL else _FILLED
            _facets(kind, "string", maxLength=[str(field.length)], pattern=[pattern])
        case _:
            pattern = schema.pattern_of(field).removeprefix("^").removesuffix("$")
            _facets(kind, "string", maxLength=[str(field.length)], pattern=[pattern])


def _facets(kind: etree._Element, base: str, **facets: list[str]) -> None:
    restriction = _sub(kind, "restriction", base=f"xs:{base}")
    for name, values in facets.items():
        for value in values:
            _sub(restriction, name, value=value)


def _explain(element: etree._Element, text: str) -> None:
    _sub(_sub(element, "annotation"), "documentation").text = text


def _sub(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XS}}}{tag}", attributes)
