"""The record of the project's own schema <-> the value that `registry.formats.documents` reads; names and pointers as in JSON. Pure.

`thongtinsohocbasotieuhoc` or `thongtinsohocbasothcsthpt`, each field an element of its published name, each list an element with
one `dong` a row. Which schema a record is of is asked in `registry.formats.xml_schemas`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from registry.core import codes
from registry.formats import code_lists, fields, strict_json
from registry.formats.structure import Form, Structure
from registry.formats.xml_walk import Walk, blank, shown

NAMESPACE = "urn:hocbaso:transcript:1"
ROW = "dong"
_PREFIX = f"{{{NAMESPACE}}}"
_BOOLEANS = {"true": True, "false": False}

#: A value for `documents`, or None with findings.
Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Table:
    """The fields of one object with their forms, and its lists."""

    forms: Mapping[str, Form]
    lists: Mapping[str, _Table] = field(default_factory=dict)
    names: Mapping[str, str] = field(init=False)  # of elements as the parser gives them -> of fields

    def __post_init__(self) -> None:
        """Put together what follows from the rest."""
        object.__setattr__(self, "names", {f"{_PREFIX}{name}": name for name in (*self.forms, *self.lists)})


def from_json(payload: bytes) -> bytes:
    """The record element of a transcript in JSON, number for number; ValueError when it is not one object of the published form."""
    value, findings = strict_json.parse(payload)
    if findings:
        raise ValueError(f"not JSON: {findings[0].code.slug} at {findings[0].pointer or 'the top'}")
    if type(value) is not dict:
        raise ValueError("one JSON object is needed")
    return write(value)


def write(value: Mapping[str, Any]) -> bytes:
    """The record element of a transcript given as its JSON value, indented for people; ValueError for another structure."""
    structure = next((s for s in fields.STRUCTURES.values() if _serves(s, value)), None)
    if structure is None:
        raise ValueError("no level (macaphoc) tells which record this is")
    root = etree.Element(f"{{{NAMESPACE}}}{structure.table}", nsmap={None: NAMESPACE})
    lists = {rows.wire for rows in structure.lists}
    for name, given in value.items():
        if given is None:
            continue
        if name in lists:
            _write_rows(root, name, given)
        else:
            _write_field(root, name, given)
    etree.indent(root)
    return bytes(etree.tostring(root, encoding="utf-8"))


def _serves(structure: Structure, value: Mapping[str, Any]) -> bool:
    return code_lists.LEVELS.values.get(str(value.get("macaphoc"))) in structure.levels


def _write_rows(parent: etree._Element, name: str, rows: object) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{name}: a list of objects is needed")
    holder = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    for row in rows:
        element = etree.SubElement(holder, f"{{{NAMESPACE}}}{ROW}")
        for member, given in row.items():
            if given is not None:
                _write_field(element, member, given)


def _write_field(parent: etree._Element, name: str, given: object) -> None:
    if isinstance(given, list | dict):
        raise ValueError(f"{name}: a text, a number or a boolean is needed")
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = (
        str(given).lower() if isinstance(given, bool) else f"{given:f}" if isinstance(given, Decimal) else str(given)
    )


def read_record(record: etree._Element, walk: Walk) -> Value | None:
    """Read a record: text for texts, booleans and numbers where the field has them; findings and their codes as `xml_schemas.read`."""
    table = _TABLES.get(etree.QName(record).localname)
    if table is None:
        walk.note(codes.XML_STRUCTURE, "", " or ".join(_TABLES))
        return None
    return _members(record, table, "", walk)


def _members(element: etree._Element, table: _Table, at: str, walk: Walk) -> Value:
    """The children of one object; a name that is not known is handed on for `documents` to say so."""
    read_here: Value = {}
    _plain(element, at, walk)
    known, lists, forms = table.names.get, table.lists, table.forms
    for child in element:
        tag, tail = str(child.tag), child.tail
        name = known(tag) or (tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else None)
        if tail and not blank(tail):
            walk.note(codes.FIELD_UNKNOWN, at, "no text between fields")
        if name is None:
            walk.note(codes.FIELD_UNKNOWN, f"{at}/{shown(tag)}", f"a field of {NAMESPACE}")
        elif name in read_here:
            walk.note(codes.JSON_DUPLICATE, f"{at}/{shown(tag)}", "each field once")
        elif name in lists:
            read_here[name] = _rows(child, lists[name], f"{at}/{name}", walk)
        else:
            read_here[name] = _text(child, forms.get(name), at, walk)
    return read_here


def _rows(element: etree._Element, table: _Table, at: str, walk: Walk) -> list[Value]:
    _plain(element, at, walk)
    found: list[Value] = []
    for child in element:
        if child.tag != f"{_PREFIX}{ROW}" or not blank(child.tail):
            walk.note(codes.FIELD_UNKNOWN, f"{at}/{len(found)}", f"{ROW} elements only")
        else:
            found.append(_members(child, table, f"{at}/{len(found)}", walk))
    return found


def _plain(element: etree._Element, at: str, walk: Walk) -> None:
    """An object has neither attributes nor text of its own."""
    for name in element.attrib:
        walk.note(codes.FIELD_UNKNOWN, f"{at}/@{shown(name)}", "no attributes")
    if not blank(element.text):
        walk.note(codes.FIELD_UNKNOWN, at, "no text between fields")


def _text(element: etree._Element, form: Form | None, at: str, walk: Walk) -> object:
    """The text of a field; booleans and numbers become what they are in JSON, so that one reader serves both."""
    if len(element) or element.keys():
        at = f"{at}/{shown(element.tag)}"
        for name in element.attrib:
            walk.note(codes.FIELD_UNKNOWN, f"{at}/@{shown(name)}", "no attributes")
        if len(element):
            walk.note(codes.FIELD_TYPE, at, "text")
            return None
    text = element.text or ""
    if form is Form.FLAG:
        return _BOOLEANS.get(text, text)
    if form is Form.DOUBLE:
        return _decimal(text)
    return text


def _decimal(text: str) -> Decimal | str:
    """Digits and a point only: no exponent, no sign, no name of a number."""
    try:
        return Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() and len(text) <= 40 else text
    except InvalidOperation:
        return text


def _table_of(structure: Structure) -> _Table:
    lists = {rows.wire: _Table({each.wire: each.form for each in rows.fields}) for rows in structure.lists}
    return _Table({each.wire: each.form for each in structure.fields}, lists)


_TABLES = {structure.table: _table_of(structure) for structure in fields.STRUCTURES.values()}
#: The names of whole records.
RECORDS = frozenset(_TABLES)
