"""Transcripts in XML say what they say in JSON: field by field, row by row, and when they are wrong with the same pointers."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from registry.demo import transcripts
from registry.formats import documents, fields, xml_schemas, xml_transcript, xsd
from registry.formats.structure import Form
from registry.formats.xades_names import ENVELOPE_NAMESPACE, TRANSCRIPT
from registry.formats.xml_walk import Walk, canonical
from tests.small_city import PRIMARY, SECONDARY, small_city

_CITY = small_city()
_OF_JSON_ONLY = (Form.FLAG, Form.DOUBLE)  # XML has no types: a boolean's and a number's text is the value


def payload(record: bytes) -> bytes:
    """The canonical Transcript element around a record."""
    root = etree.Element(TRANSCRIPT, {"Id": "t"}, nsmap={None: ENVELOPE_NAMESPACE})
    root.append(etree.fromstring(record))
    return canonical(root)


def read(document: dict[str, Any]) -> documents.Parsed:
    return documents.parse_xml(payload(xml_transcript.write(document)))


def said(parsed: documents.Parsed) -> list[tuple[str, str]]:
    return sorted((finding.code.slug, finding.pointer) for finding in parsed.findings)


@pytest.mark.parametrize("school", [PRIMARY, SECONDARY], ids=["primary", "secondary"])
@pytest.mark.parametrize("seed", range(5))
def test_both_syntaxes_give_the_same_transcript(school: Any, seed: int) -> None:
    raw = transcripts.to_bytes(_CITY.document(school, seed))
    from_json, from_xml = documents.parse(raw), documents.parse_xml(payload(xml_transcript.from_json(raw)))
    assert from_xml == from_json
    assert from_xml.transcript is not None


def _wrong() -> list[Any]:
    return [
        pytest.param(school, each.wire, value, id=f"{each.wire}-{value[:8]!r}")
        for school, structure in ((PRIMARY, fields.STRUCTURES[fields.Family.PRIMARY]), (SECONDARY, fields.STRUCTURES[fields.Family.SECONDARY]))
        for each in structure.fields
        if each.form not in _OF_JSON_ONLY and each.wire != "macaphoc"
        for value in ("", "x" * 5000, " 7 ")
    ]  # fmt: skip


@pytest.mark.parametrize(("school", "wire", "value"), _wrong())
def test_a_wrong_value_is_told_as_in_json(school: Any, wire: str, value: str) -> None:
    document = _CITY.document(school) | {wire: value}
    assert said(read(document)) == said(documents.parse(json.dumps(document).encode()))


@pytest.mark.parametrize("school", [PRIMARY, SECONDARY], ids=["primary", "secondary"])
def test_a_missing_field_is_told_as_in_json(school: Any) -> None:
    for name in list(_CITY.document(school)):
        document = _CITY.document(school)
        del document[name]
        if name != "macaphoc":  # without it there is nothing to write
            assert said(read(document)) == said(documents.parse(json.dumps(document).encode()))


def test_pointers_lead_into_rows() -> None:
    document = _CITY.document()
    rows = [dict(row) for row in document["dsbangdiem"]]
    rows[3] |= {"mamonhoc": "???", "ghichu": "x"}
    assert said(read(document | {"dsbangdiem": rows})) == [
        ("field-code", "/dsbangdiem/3/mamonhoc"), ("field-unknown", "/dsbangdiem/3/ghichu")]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "taken"),
    [("7.5", True), ("0", True), ("10.0", True), ("07.50", True), ("1e1", False), ("+7", False), ("-7", False), ("NaN", False),
     ("Infinity", False), ("7,5", False), (" 7", False), ("", False), ("٧", False), ("9" * 41, False)],
)  # fmt: skip
def test_numbers_are_digits_and_a_point(text: str, taken: bool) -> None:
    raw = xml_transcript.write(_CITY.document(SECONDARY) | {"sobuoinghi": "0"}).replace(
        b"<sobuoinghi>0<", b"<sobuoinghi>" + text.encode() + b"<"
    )
    assert (("field-type", "/sobuoinghi") not in said(documents.parse_xml(payload(raw)))) == taken


def test_json_numbers_are_written_digit_for_digit() -> None:
    raw = json.dumps(_CITY.document(SECONDARY) | {"sobuoinghi": 0}).replace('"sobuoinghi": 0', '"sobuoinghi": 1.50')
    assert b"<sobuoinghi>1.50</sobuoinghi>" in xml_transcript.from_json(raw.encode())
    small = xml_transcript.write(_CITY.document(SECONDARY) | {"sobuoinghi": Decimal("1E-7")})
    assert b"<sobuoinghi>0.0000001</sobuoinghi>" in small


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"1", b'{"a":1,"a":2}', b"{}", b'{"macaphoc":"9"}', b'{"macaphoc":"02","dsbangdiem":"x"}',
     b'{"macaphoc":"02","dsbangdiem":[1]}', b'{"macaphoc":"02","hovaten":{}}', b'{"macaphoc":"02","hovaten":[]}',
     b'{"macaphoc":"02","a b":"x"}', b'{"macaphoc":"02","hovaten":"\\u0001"}', b"\xff"],
)  # fmt: skip
def test_what_is_no_transcript_is_not_written(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each names another reason
        xml_transcript.from_json(raw)


OTHER = "urn:thu-nghiem:hoc-ba:2"
#: What another schema calls a record, a field and the row of a list.
_ELSEWHERE = {b"thongtinsohocbasotieuhoc": b"HocBa", b"hovaten": b"HoVaTen", b"dong": b"Hang"}


def _elsewhere(ours: bytes) -> bytes:
    """A record or schema of ours in the words of the other one."""
    for name, other in _ELSEWHERE.items():
        ours = re.sub(rb"(?<=[</\"])" + name + rb"(?=[>\" ])", other, ours)
    return ours.replace(xml_transcript.NAMESPACE.encode(), OTHER.encode())


def _read_elsewhere(record: etree._Element, walk: Walk) -> xml_transcript.Value | None:
    text = etree.tostring(record)
    for name, other in _ELSEWHERE.items():
        text = re.sub(rb"(?<=[</])" + other + rb"(?=[> ])", name, text)
    ours = etree.fromstring(text.replace(OTHER.encode(), xml_transcript.NAMESPACE.encode()))
    return xml_transcript.read_record(ours, walk)


def test_another_schema_is_another_row_of_the_table() -> None:
    schemas = {
        **xml_schemas.SCHEMAS,
        OTHER: xml_schemas.Schema(_read_elsewhere, lambda: _elsewhere(xsd.document()), "Hang", frozenset({"HocBa"})),
    }
    ours = xml_transcript.write(_CITY.document())
    other = payload(_elsewhere(ours))
    assert b"<HocBa" in other
    assert b"<Hang>" in other
    assert b"hovaten" not in other
    assert said(documents.parse_xml(other)) == [("xml-structure", "")], "a namespace that no row names"
    assert documents.parse_xml(other, schemas) == documents.parse_xml(payload(ours), schemas)
    assert documents.parse_xml(other, schemas).transcript == documents.parse_xml(payload(ours)).transcript is not None
    assert (
        xml_schemas.findings(xml_schemas.read(other, schemas))
        == xml_schemas.findings(xml_schemas.read(payload(ours), schemas))
        == []
    )
    wrong = other.replace(b"<mamonhoc>", b"<mamonhoc>?", 1)
    assert next(f.pointer for f in xml_schemas.findings(xml_schemas.read(wrong, schemas))) == "/dsbangdiem/0/mamonhoc"
    assert [f.code.slug for f in xml_schemas.findings(xml_schemas.read(other))] == ["xml-schema"], (
        "without a schema it fits none"
    )
