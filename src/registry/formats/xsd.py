"""XML Schema (1.0) of the transcript record, made from the same tables the reader works by. Pure.

It says what the JSON Schemas say: names, types, lengths, patterns, code lists, what must be there. The order of fields is free.
"""

from __future__ import annotations

from lxml import etree

from registry.formats import fields, schema
from registry.formats.structure import Field, Form, Need, Rows, Structure
from registry.formats.xml_transcript import NAMESPACE, ROW

_XS = "http://www.w3.org/2001/XMLSchema"
_TEXT = "[^\r\x7f-\x9f]*"
_FILLED = "[^\r\x7f-\x9f]*[^\\s\x7f-\x9f][^\r\x7f-\x9f]*"


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
        case Form.LISTED if not schema.is_open(field):
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
