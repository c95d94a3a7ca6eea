"""The published schema: takes what the reader takes, refuses what it lets pass by, and never fetches anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from registry.core.findings import Outcome
from registry.demo.city import sign_document
from registry.formats import certificates, xml_schemas, xml_transcript, xsd
from registry.services import judging
from tests.formats.test_xml_transcript import payload
from tests.small_city import NOW, PRIMARY, SECONDARY, small_city

_CITY = small_city()
_PUBLISHED = Path(__file__).parents[2] / "openapi/transcript.xsd"


@pytest.mark.parametrize("school", [PRIMARY, SECONDARY], ids=["primary", "secondary"])
@pytest.mark.parametrize("seed", range(8))
def test_good_records_fit_the_published_schema(school: object, seed: int) -> None:
    record = xml_transcript.write(_CITY.document(PRIMARY if school is PRIMARY else SECONDARY, seed))
    assert xml_schemas.findings(xml_schemas.read(payload(record))) == []
    published = etree.XMLSchema(etree.fromstring(_PUBLISHED.read_bytes()))
    assert published.validate(etree.fromstring(record))


def test_the_schema_stands_alone() -> None:
    assert _PUBLISHED.read_bytes() == xsd.document()
    names = {etree.QName(element).localname for element in etree.fromstring(xsd.document()).iter("{*}*")}
    assert not names & {"import", "include", "redefine"}


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        (b"<hovaten>", b"<hovaten>\xc2\x85", "/hovaten"),
        (b"<hovaten>", b"<hovaten x='y'>", "/hovaten"),
        (b"<hovaten>", b"<hovatten>x</hovatten><hovaten>", "/hovatten"),
        (b"<trichluc>false", b"<trichluc>0", "/trichluc"),
        (b"<mamonhoc>", b"<mamonhoc>?", "/dsbangdiem/0/mamonhoc"),
        (b"<mamonhoc>", b"<x/><mamonhoc>", "/dsbangdiem/0/x"),
    ],
)
def test_what_does_not_fit_is_told_with_the_pointer_of_json(old: bytes, new: bytes, pointer: str) -> None:
    record = xml_transcript.write(_CITY.document()).replace(old, new, 1)
    found = xml_schemas.findings(xml_schemas.read(payload(record)))
    assert {finding.code.slug for finding in found} == {"xml-schema"}
    assert pointer in {finding.pointer for finding in found}


def test_many_faults_are_told_up_to_a_limit() -> None:
    document = _CITY.document()
    rows = [{**row, "mamonhoc": "?"} for row in document["dsbangdiem"] for _ in range(4)]
    found = xml_schemas.findings(xml_schemas.read(payload(xml_transcript.write(document | {"dsbangdiem": rows}))))
    assert len(found) == 20
    assert found[11].pointer == "/dsbangdiem/11/mamonhoc"


def test_only_the_schema_sees_it_even_in_a_document_that_is_held() -> None:
    """A control character in an optional text, beside a personal number that is not there yet."""
    index = certificates.TrustIndex.build(_CITY.trust_list)
    document = _CITY.document() | {"hotencha": "\x85"}
    for number in (document["sodinhdanh"], ""):
        raw = sign_document(document | {"sodinhdanh": number}, _CITY.signers_of(PRIMARY), "xml")
        verdict = judging.judge(raw, judging.XML, index, judging.Moment(NOW, NOW), schools=None)
        assert verdict.outcome is Outcome.REFUSED
        said = {(finding.code.slug, finding.pointer) for finding in verdict.findings}
        assert said == {("xml-schema", "/hotencha")} | (set() if number else {("number-absent", "/sodinhdanh")})
