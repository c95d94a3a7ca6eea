"""The strict reader: a table of changes to a valid document with the codes and pointers they come to."""

from __future__ import annotations

import copy
import json
import tracemalloc
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core import rules
from registry.core.findings import Effect
from registry.core.ids import BirthDate, Level, SchoolYear, Sex
from registry.core.subjects import Subject
from registry.core.transcript import Letter, State
from registry.demo import transcripts
from registry.formats import documents, plans
from registry.formats.fields import STRUCTURES, Family
from registry.formats.structure import Field, Form, Need

Document = dict[str, Any]


def made(grade: int, **choices: Any) -> Document:
    rng = Random(grade)
    school = transcripts.school(rng, code="79771001", name="Trường Thử nghiệm")
    pupil = transcripts.pupil(rng, grade=grade, school_year=SchoolYear(2024))
    return transcripts.document(rng, pupil, school, **choices)


PRIMARY, SECONDARY = made(3), made(8)
DOCUMENTS = {Family.PRIMARY: PRIMARY, Family.SECONDARY: SECONDARY}
MARKS = {Family.PRIMARY: "dsbangdiem", Family.SECONDARY: "bangdiem"}


def parse(document: object) -> documents.Parsed:
    return documents.parse(json.dumps(document, ensure_ascii=False).encode())


def found(document: object) -> list[tuple[str, str]]:
    return [(finding.code.slug, finding.pointer) for finding in parse(document).findings]


def without(document: Document, *names: str) -> Document:
    return {name: value for name, value in document.items() if name not in names}


def in_row(document: Document, index: int, **changes: object) -> Document:
    """The document with other members in one row of its marks."""
    name = "dsbangdiem" if "dsbangdiem" in document else "bangdiem"
    rows = list(document[name])
    rows[index] = {**rows[index], **changes}
    return {**document, name: rows}


def test_a_primary_document_is_read_in_full() -> None:
    parsed = parse({**PRIMARY, "sodinhdanh": PRIMARY["sodinhdanh"]})
    assert parsed.findings == ()
    read = parsed.transcript
    assert read is not None
    assert (read.code, read.version, read.state) == (PRIMARY["madinhdanhhocba"], 1, State.IN_FORCE)
    assert (read.level, read.grade, read.school_year) == (Level.PRIMARY, 3, SchoolYear(2024))
    assert (read.school_code, read.pupil_code, read.number) == ("79771001", PRIMARY["mahocsinh"], PRIMARY["sodinhdanh"])
    assert read.sex is (Sex.MALE if PRIMARY["gioitinh"] == "1" else Sex.FEMALE)
    assert str(read.birth) == PRIMARY["ngaythangnamsinh"]
    assert read.issued_on == date.fromisoformat(PRIMARY["ngaykyphathanh"])
    assert read.pupil_name == PRIMARY["hovaten"]
    assert read.secondary is None
    assert read.primary is not None
    assert read.primary.overall == PRIMARY["xeploai"]
    assert read.primary.qualities["honesty"] == PRIMARY["phamchattrungthuc"]
    assert read.primary.competencies["informatics"] == PRIMARY["nangluctinhoc"]
    assert len(read.primary.qualities) == 5
    assert len(read.primary.competencies) == 10
    assert read.primary.marks[0].subject is Subject.VIETNAMESE
    assert read.primary.marks[0].test_mark == Decimal(PRIMARY["dsbangdiem"][0]["diemkiemtradinhky"])
    assert [stay.school_year for stay in read.history] == [SchoolYear(2022), SchoolYear(2023), SchoolYear(2024)]


def test_a_secondary_document_is_read_in_full() -> None:
    parsed = parse({**SECONDARY, "sobuoinghi": 3.5, "chungchi": [{"tenchungchi": "A1"}]})
    assert parsed.findings == ()
    read = parsed.transcript
    assert read is not None
    assert (read.level, read.grade, read.primary) == (Level.LOWER_SECONDARY, 8, None)
    results = read.secondary
    assert results is not None
    assert results.learning.year == SECONDARY["canam"]
    assert results.conduct.term2 == SECONDARY["renluyenhocky2"]
    assert results.absences == Decimal("3.5")
    assert results.certificates[0].name == "A1"
    assert results.marks[0].subject is Subject.LITERATURE
    assert results.marks[0].year == Decimal(SECONDARY["bangdiem"][0]["diemcanam"])
    assert results.marks[-1].year is Letter.PASSED
    assert results.marks[0].teacher_name == SECONDARY["bangdiem"][0]["gvbm"]


def test_claims_say_whose_transcript_it_is() -> None:
    claims = parse(PRIMARY).claims
    assert claims.school_code == "79771001"
    assert claims.school_year == SchoolYear(2024)
    assert (claims.level, claims.grade, claims.version) == (Level.PRIMARY, 3, 1)
    assert (claims.pupil_code, claims.number) == (PRIMARY["mahocsinh"], PRIMARY["sodinhdanh"])
    assert PRIMARY["sodinhdanh"] not in repr(claims)


def test_claims_keep_what_can_be_read_of_a_refused_document() -> None:
    claims = parse({**PRIMARY, "namhoc": "2024", "hovaten": 7, "dsbangdiem": None, "sodinhdanh": "12"}).claims
    assert (claims.school_year, claims.number) == (None, None)
    assert (claims.school_code, claims.pupil_code, claims.grade) == ("79771001", PRIMARY["mahocsinh"], 3)
    unknown_level = parse({**without(PRIMARY, "makhoi"), "macaphoc": "09"})
    assert [f.code.slug for f in unknown_level.findings] == ["field-code", "field-missing"]
    assert (unknown_level.claims.school_code, unknown_level.claims.number) == ("79771001", PRIMARY["sodinhdanh"])


NAME = normalize("NFC", "Nguyễn Thị Ánh")

#: What is changed in a valid document, and what comes of it.
CHANGES: list[tuple[Document, list[tuple[str, str]]]] = [
    # unknown and wrongly cased fields
    ({**PRIMARY, "ghichu": "x"}, [("field-unknown", "/ghichu")]),
    ({**without(PRIMARY, "hovaten"), "HoVaTen": "x"}, [("field-missing", "/hovaten"), ("field-unknown", "/HoVaTen")]),
    ({**PRIMARY, "bangdiem": []}, [("field-unknown", "/bangdiem")]),
    ({**SECONDARY, "xeploai": "HT"}, [("field-unknown", "/xeploai")]),
    (in_row(SECONDARY, 2, heso=2), [("field-unknown", "/bangdiem/2/heso")]),
    ({**PRIMARY, "": 1}, [("field-unknown", "")]),
    ({**PRIMARY, "079217012345": 1}, [("field-unknown", "")]),
    ({**PRIMARY, "so_079217012345": 1}, [("field-unknown", "")]),
    # needs
    (without(PRIMARY, "tenhuyen", "hotencha", "ndungkhenthuong", "quatrinhhoctap", "nangluccongnghe"), []),
    ({**PRIMARY, "tenhuyen": None, "quatrinhhoctap": None, "nangluccongnghe": None}, []),
    (without(PRIMARY, "tentruong"), [("field-missing", "/tentruong")]),
    ({**PRIMARY, "tentruong": None}, [("field-type", "/tentruong")]),
    ({**PRIMARY, "tentruong": ""}, [("field-empty", "/tentruong")]),
    ({**PRIMARY, "tentruong": " \n"}, [("field-empty", "/tentruong")]),
    ({**PRIMARY, "tenhuyen": ""}, []),
    (without(PRIMARY, "soddcngvcn"), [("field-missing", "/soddcngvcn")]),
    (without(SECONDARY, "soddcngvcn"), []),
    (without(PRIMARY, "xeploai"), [("field-missing", "/xeploai")]),
    (without({**PRIMARY, "cokhuyettatkhongdanhgia": True}, "xeploai", "nangluctuhoc", "phamchatnhanai"), []),
    ({**PRIMARY, "cokhuyettatkhongdanhgia": True, "xeploai": None}, []),
    (without(SECONDARY, "hocky1"), [("field-missing", "/hocky1")]),
    (without({**SECONDARY, "cokhuyettatkhongdanhgia": True}, "hocky1", "hocky2", "canam"), []),
    (without({**SECONDARY, "cokhuyettatkhongdanhgia": True}, "renluyencanam"), [("field-missing", "/renluyencanam")]),
    # types
    ({**PRIMARY, "trichluc": 0}, [("field-type", "/trichluc")]),
    ({**PRIMARY, "trichluc": "false"}, [("field-type", "/trichluc")]),
    ({**PRIMARY, "makhoi": 3}, [("field-type", "/makhoi")]),
    ({**PRIMARY, "sodinhdanh": 79217012345}, [("field-type", "/sodinhdanh")]),
    ({**PRIMARY, "hovaten": ["x"]}, [("field-type", "/hovaten")]),
    ({**PRIMARY, "dsbangdiem": {}}, [("field-type", "/dsbangdiem")]),
    ({**PRIMARY, "dsbangdiem": None}, [("field-type", "/dsbangdiem")]),
    (without(PRIMARY, "dsbangdiem"), [("field-missing", "/dsbangdiem")]),
    ({**PRIMARY, "dsbangdiem": PRIMARY["dsbangdiem"] * 5}, [("field-length", "/dsbangdiem")]),
    ({**PRIMARY, "quatrinhhoctap": [7]}, [("field-type", "/quatrinhhoctap/0")]),
    ({**PRIMARY, "quatrinhhoctap": "x"}, [("field-type", "/quatrinhhoctap")]),
    (in_row(SECONDARY, 3, diemhocky1=8.5), [("field-type", "/bangdiem/3/diemhocky1")]),
    ({**SECONDARY, "sobuoinghi": "3"}, [("field-type", "/sobuoinghi")]),
    ({**SECONDARY, "sobuoinghi": True}, [("field-type", "/sobuoinghi")]),
    # lengths, counted in characters of the NFC form
    ({**PRIMARY, "thongtu": "27/2020/TT-BGDĐT"}, [("field-length", "/thongtu")]),
    ({**PRIMARY, "tenlop": "3" * 11}, [("field-length", "/tenlop")]),
    ({**PRIMARY, "hovaten": "Ộ" * 150}, []),
    ({**PRIMARY, "hovaten": normalize("NFD", "Ộ" * 150)}, []),
    ({**PRIMARY, "hovaten": normalize("NFD", "Ộ" * 151)}, [("field-length", "/hovaten")]),
    ({**PRIMARY, "hovaten": "a" + "\u0315\u0300" * 60_000}, [("field-length", "/hovaten")]),
    ({**PRIMARY, "nxetgvcn": "a" + "\u0315\u0300" * 3_999}, [("field-length", "/nxetgvcn")]),
    ({**PRIMARY, "masogd": "790"}, [("field-length", "/masogd")]),
    ({**PRIMARY, "matruong": "7" * 21}, [("field-length", "/matruong")]),
    ({**PRIMARY, "madinhdanhhocba": "a" * 37}, [("field-length", "/madinhdanhhocba")]),
    ({**SECONDARY, "trangthaithongtinhocba": "11"}, [("field-length", "/trangthaithongtinhocba")]),
    (in_row(SECONDARY, 0, tenmonhoc="x" * 21), [("field-length", "/bangdiem/0/tenmonhoc")]),
    (in_row(SECONDARY, 0, diemcanam="10.00"), [("field-length", "/bangdiem/0/diemcanam")]),
    # formats
    ({**PRIMARY, "hovaten": "a\x07b"}, [("field-format", "/hovaten")]),
    ({**PRIMARY, "hovaten": "a\rb"}, [("field-format", "/hovaten")]),
    ({**PRIMARY, "hovaten": "a\x85b"}, [("field-format", "/hovaten")]),
    ({**PRIMARY, "nxetgvcn": "một\n\thai ba"}, []),
    ({**PRIMARY, "ngaytao": "2025-02-30"}, [("field-format", "/ngaytao")]),
    ({**PRIMARY, "ngaytao": "20250201"}, [("field-format", "/ngaytao")]),
    ({**PRIMARY, "ngaytao": "2025-W05-1"}, [("field-format", "/ngaytao")]),
    ({**PRIMARY, "ngaytao": ""}, [("field-empty", "/ngaytao")]),
    ({**PRIMARY, "ngaytao": "2025-05-20T00:00:00"}, [("field-length", "/ngaytao")]),
    ({**PRIMARY, "matruong": "79 771"}, [("field-format", "/matruong")]),
    ({**PRIMARY, "mahocsinh": ""}, [("field-empty", "/mahocsinh")]),
    ({**PRIMARY, "phienbanthongtinhocba": "0"}, [("field-format", "/phienbanthongtinhocba")]),
    ({**PRIMARY, "phienbanthongtinhocba": "01"}, [("field-format", "/phienbanthongtinhocba")]),
    ({**PRIMARY, "phienbanthongtinhocba": "1.0"}, [("field-format", "/phienbanthongtinhocba")]),
    ({**PRIMARY, "phienbanthongtinhocba": "9999999999"}, [("field-format", "/phienbanthongtinhocba")]),
    ({**PRIMARY, "phienbanthongtinhocba": "2"}, [("version-reason", "/lydophienban")]),
    ({**PRIMARY, "lydophienban": "1", "noidunglydo": "x"}, [("version-reason", "/lydophienban")]),
    ({**PRIMARY, "phienbanthongtinhocba": "2", "lydophienban": "3"}, [("version-reason", "/noidunglydo")]),
    ({**PRIMARY, "phienbanthongtinhocba": "2", "lydophienban": "9"}, [("field-code", "/lydophienban")]),
    ({**PRIMARY, "phienbanthongtinhocba": "2", "lydophienban": "2"}, []),
    ({**PRIMARY, "phienbanthongtinhocba": "2", "lydophienban": "4", "noidunglydo": "x"}, []),
    ({**PRIMARY, "sogiaytoxnc": "B1234567"}, [("entry-document", "/sogiaytoxnc")]),
    ({**PRIMARY, "sogiaytoxnc": "hộ chiếu", "quoctich": "KR"}, [("field-format", "/sogiaytoxnc")]),
    ({**PRIMARY, "sogiaytoxnc": "M1234567", "quoctich": "KR", "sodinhdanh": ""}, []),
    ({**PRIMARY, "quoctich": "KR", "sodinhdanh": ""}, [("number-absent", "/sodinhdanh")]),
    ({**PRIMARY, "noisinh_maxa": "2716"}, [("field-format", "/noisinh_maxa")]),
    ({**PRIMARY, "noisinh_matinh": "7x"}, [("field-format", "/noisinh_matinh")]),
    ({**PRIMARY, "soddcngvcn": "079abc"}, [("field-format", "/soddcngvcn")]),
    (in_row(SECONDARY, 3, diemhocky1="tám"), [("field-format", "/bangdiem/3/diemhocky1")]),
    (in_row(SECONDARY, 3, diemhocky1="-1"), [("field-format", "/bangdiem/3/diemhocky1")]),
    (in_row(SECONDARY, 3, diemhocky1="08"), [("field-format", "/bangdiem/3/diemhocky1")]),
    (in_row(SECONDARY, 3, diemhocky1=""), [("field-format", "/bangdiem/3/diemhocky1")]),
    (in_row(SECONDARY, 3, diemhocky1="8."), [("field-format", "/bangdiem/3/diemhocky1")]),
    (in_row(SECONDARY, 3, diemhocky1="٨"), [("field-format", "/bangdiem/3/diemhocky1")]),
    (in_row(SECONDARY, -1, diemhocky1="Ð"), [("field-format", f"/bangdiem/{len(SECONDARY['bangdiem']) - 1}/diemhocky1")]),
    ({**SECONDARY, "sobuoinghi": 0}, [("field-format", "/sobuoinghi")]),
    ({**SECONDARY, "sobuoinghi": 301}, [("field-format", "/sobuoinghi")]),
    ({**PRIMARY, "ngaythangnamsinh": "2016-02-30"}, [("field-format", "/ngaythangnamsinh")]),
    # code lists
    ({**PRIMARY, "gioitinh": "3"}, [("field-code", "/gioitinh")]),
    ({**PRIMARY, "dantoc": "56"}, [("code-unlisted", "/dantoc")]),
    ({**PRIMARY, "dantoc": "1"}, [("code-unlisted", "/dantoc")]),
    ({**PRIMARY, "dantoc": "kinh"}, [("field-length", "/dantoc")]),
    ({**PRIMARY, "dantoc": "k1"}, [("field-code", "/dantoc")]),
    ({**PRIMARY, "quoctich": "XX"}, [("field-code", "/quoctich")]),
    ({**PRIMARY, "quoctich": "vn"}, [("field-code", "/quoctich")]),
    ({**PRIMARY, "makhoi": "03"}, [("field-code", "/makhoi")]),
    ({**PRIMARY, "macaphoc": "05"}, [("field-code", "/macaphoc")]),
    ({**PRIMARY, "trangthaithongtinhocba": "3"}, [("field-code", "/trangthaithongtinhocba")]),
    (in_row(PRIMARY, 0, mamonhoc="XYZ"), [("field-code", "/dsbangdiem/0/mamonhoc")]),
    (in_row(PRIMARY, 0, mamonhoc=""), [("field-empty", "/dsbangdiem/0/mamonhoc")]),
    # birth date
    (without(PRIMARY, "ngaythangnamsinh"), [("birth-date-missing", "/ngaythangnamsinh")]),
    ({**PRIMARY, "ngaythangnamsinh": None}, [("birth-date-missing", "/ngaythangnamsinh")]),
    ({**PRIMARY, "namsinh": PRIMARY["ngaythangnamsinh"][:4]}, []),
    ({**PRIMARY, "thangnamsinh": PRIMARY["ngaythangnamsinh"][:7]}, []),
    ({**PRIMARY, "namsinh": "2001"}, [("birth-date-conflict", "/namsinh")]),
    ({**without(PRIMARY, "ngaythangnamsinh"), "thangnamsinh": "2016-01", "namsinh": "2017"}, [("birth-date-conflict", "/namsinh")]),
    ({**without(PRIMARY, "ngaythangnamsinh"), "namsinh": PRIMARY["ngaythangnamsinh"][:4]}, []),
    ({**without(PRIMARY, "ngaythangnamsinh"), "thangnamsinh": PRIMARY["ngaythangnamsinh"][:7]}, []),
    # the transcript as a whole
    ({**PRIMARY, "namhoc": "2024-2026"}, [("transcript-year", "/namhoc")]),
    ({**PRIMARY, "namhoc": "2024-20255"}, [("transcript-year", "/namhoc")]),
    ({**PRIMARY, "namhoc": ""}, [("field-empty", "/namhoc")]),
    ({**PRIMARY, "quatrinhhoctap": [{**PRIMARY["quatrinhhoctap"][0], "namhoc": "x"}]}, [("transcript-year", "/quatrinhhoctap/0/namhoc")]),
    ({**PRIMARY, "makhoi": "6"}, [("transcript-grade", "/makhoi")]),
    ({**SECONDARY, "makhoi": "10"}, [("transcript-grade", "/makhoi")]),
    ({**PRIMARY, "trangthaithongtinhocba": "2"}, [("transcript-state", "/trangthaithongtinhocba")]),
    ({**PRIMARY, "trichluc": True}, []),
    ({**PRIMARY, "ngaytao": "2025-06-30"}, [("transcript-dates", "/ngaykyphathanh")]),
    ({**PRIMARY, "ngaytao": PRIMARY["ngaykyphathanh"]}, []),
    # personal number
    (without(PRIMARY, "sodinhdanh"), [("number-absent", "/sodinhdanh")]),
    ({**PRIMARY, "sodinhdanh": None}, [("number-absent", "/sodinhdanh")]),
    ({**PRIMARY, "sodinhdanh": ""}, [("number-absent", "/sodinhdanh")]),
    ({**PRIMARY, "sodinhdanh": " "}, [("number-shape", "/sodinhdanh")]),
    ({**PRIMARY, "sodinhdanh": "0792170123456"}, [("number-shape", "/sodinhdanh")]),
    ({**PRIMARY, "sodinhdanh": f"003{PRIMARY['sodinhdanh'][3:]}"}, [("number-place", "/sodinhdanh")]),
    ({**PRIMARY, "gioitinh": "2" if PRIMARY["gioitinh"] == "1" else "1"}, [("number-sex", "/sodinhdanh")]),
    ({**PRIMARY, "gioitinh": "0"}, []),
    ({**without(PRIMARY, "ngaythangnamsinh"), "namsinh": "2011"}, [("number-year", "/sodinhdanh")]),
    ({**PRIMARY, "trichluc": True, "sodinhdanh": None}, [("number-absent", "/sodinhdanh")]),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), CHANGES)
def test_one_change_gives_its_own_code(document: Document, expected: list[tuple[str, str]]) -> None:
    assert sorted(found(document)) == sorted(expected)


def test_a_casing_difference_names_the_known_field_and_nothing_else_does() -> None:
    details = {
        f.pointer: f.detail for f in parse({**PRIMARY, "TenHuyen": "", "tenhuyeen": "", "TENHUYEN": ""}).findings
    }
    assert details == {"/TenHuyen": "did you mean tenhuyen", "/TENHUYEN": "did you mean tenhuyen", "/tenhuyeen": ""}


def test_a_flood_of_unknown_fields_gives_a_bounded_answer() -> None:
    findings = parse({**PRIMARY, **{f"x{n}": n for n in range(1000)}}).findings
    assert len(findings) == 21
    assert findings[-1].detail == "980 more unknown fields"


def test_names_that_nobody_knows_are_not_remembered() -> None:
    """Else a sender fills the memory with them: each document may have a megabyte of its own."""
    name = "x" * 100_000
    rows = [{**row, name: ""} for row in PRIMARY["dsbangdiem"]]
    tracemalloc.start()
    try:
        for n in range(20):
            assert parse(
                {**PRIMARY, f"{name}{n}": "", "dsbangdiem": [*rows[1:], {**rows[0], f"{name}{n}": ""}]}
            ).findings
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_everything_wrong_is_reported_at_once() -> None:
    wrong = {**in_row(PRIMARY, 1, diemkiemtradinhky="x"), "hovaten": "", "makhoi": 3, "la": 1, "sodinhdanh": "1"}
    assert sorted(found(wrong)) == [
        ("field-empty", "/hovaten"),
        ("field-format", "/dsbangdiem/1/diemkiemtradinhky"),
        ("field-type", "/makhoi"),
        ("field-unknown", "/la"),
        ("number-shape", "/sodinhdanh"),
    ]


def test_the_rules_can_be_asked_beside_findings_that_do_not_touch_them() -> None:
    parsed = parse({**in_row(PRIMARY, 0, diemkiemtradinhky="11"), "hovaten": "", "quoctich": "?", "sodinhdanh": ""})
    assert parsed.transcript is not None
    assert parsed.transcript.pupil_name == ""
    judged = [documents.with_wire_pointer(finding, parsed.transcript) for finding in rules.check(parsed.transcript)]
    assert [(f.code.slug, f.pointer) for f in judged] == [("rule-mark-scale", "/dsbangdiem/0/diemkiemtradinhky")]


@pytest.mark.parametrize(
    "document", [in_row(PRIMARY, 0, mucdatduoc=1), {**PRIMARY, "namhoc": "x"}, {**PRIMARY, "makhoi": "9"}]
)
def test_there_is_no_transcript_when_what_rules_look_at_is_unreadable(document: Document) -> None:
    parsed = parse(document)
    assert parsed.transcript is None
    assert any(finding.code.effect is Effect.REFUSE for finding in parsed.findings)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("8.5", "8.5"),
        ("8,5", "8.5"),
        ("10", "10"),
        ("0", "0"),
        ("9.0", "9.0"),
        ("11", "11"),
        ("8.55", "8.55"),
        ("10,0", "10.0"),
    ],
)
def test_marks_are_read_with_either_separator(mark: str, expected: str) -> None:
    transcript = parse(in_row(SECONDARY, 0, diemhocky1=mark)).transcript
    assert transcript is not None
    assert transcript.secondary is not None
    assert transcript.secondary.marks[0].term1 == Decimal(expected)


def test_texts_are_carried_in_nfc_and_otherwise_untouched() -> None:
    transcript = parse({**PRIMARY, "hovaten": f" {normalize('NFD', NAME)}  "}).transcript
    assert transcript is not None
    assert transcript.pupil_name == f" {NAME}  "


def test_the_most_precise_birth_date_is_carried() -> None:
    born = PRIMARY["ngaythangnamsinh"]
    transcript = parse({**PRIMARY, "namsinh": born[:4], "thangnamsinh": born[:7]}).transcript
    assert transcript is not None
    assert transcript.birth == BirthDate.parse(born)


@pytest.mark.parametrize("payload", [b"", b"{", b"null", b"[]", b'"x"', b"7", b"true", b"\xff\xfe", b'{"a":1,"a":1}'])
def test_what_is_no_object_is_refused_without_a_transcript(payload: bytes) -> None:
    parsed = documents.parse(payload)
    assert parsed.transcript is None
    assert parsed.findings


@pytest.mark.parametrize(
    ("level", "pointer", "expected"),
    [
        (Level.PRIMARY, "/marks/3/test_mark", "/dsbangdiem/3/diemkiemtradinhky"),
        (Level.PRIMARY, "/marks", "/dsbangdiem"),
        (Level.PRIMARY, "/overall", "/xeploai"),
        (Level.PRIMARY, "/qualities/honesty", "/phamchattrungthuc"),
        (Level.PRIMARY, "/code", "/madinhdanhhocba"),
        (Level.LOWER_SECONDARY, "/marks/12/term1", "/bangdiem/12/diemhocky1"),
        (Level.UPPER_SECONDARY, "/learning/year", "/canam"),
        (Level.UPPER_SECONDARY, "/learning_retaken", "/kqhoctaplai"),
        (Level.LOWER_SECONDARY, "/version", "/phienbanthongtinhocba"),
        (Level.LOWER_SECONDARY, "", ""),
        (Level.LOWER_SECONDARY, "/signatures/0", "/signatures/0"),
    ],
)
def test_pointers_of_rules_become_wire_names(level: Level, pointer: str, expected: str) -> None:
    assert documents.wire_pointer(pointer, level) == expected


def _wrong_values(field: Field) -> list[object]:
    long = "1" * (field.length + 1)
    return {Form.FLAG: [0, "true", []], Form.DOUBLE: ["1", 0, 301]}.get(field.form, [7, True, [], {}, long, "\x01"])


@pytest.mark.parametrize("family", Family)
def test_every_field_is_checked(family: Family) -> None:
    """Each field of the tables: wrong types, too long, a control character; missing and null where it is needed."""
    document = DOCUMENTS[family]
    for field in STRUCTURES[family].fields:
        for wrong in _wrong_values(field):
            pointers = {pointer for _, pointer in found({**document, field.wire: wrong})}
            assert f"/{field.wire}" in pointers, (field.wire, wrong)
        for missing in (without(document, field.wire), {**document, field.wire: None}):
            optional = field.need is Need.OPTIONAL and field.form is not Form.BIRTH
            assert (f"/{field.wire}" in {pointer for _, pointer in found(missing)}) is (
                not optional and field.wire not in ("thangnamsinh", "namsinh")
            ), field.wire


@pytest.mark.parametrize("family", Family)
def test_every_field_of_a_row_is_checked(family: Family) -> None:
    document, name = DOCUMENTS[family], MARKS[family]
    rows = next(rows for rows in STRUCTURES[family].lists if rows.wire == name)
    for field in rows.fields:
        for wrong in _wrong_values(field):
            assert {p for _, p in found(in_row(document, 1, **{field.wire: wrong}))} == {f"/{name}/1/{field.wire}"}


def test_no_finding_repeats_a_value() -> None:
    secret = "079217099999"
    changed = {
        **PRIMARY,
        secret: secret,
        "quoctich": secret,
        "ngaytao": secret,
        "sodinhdanh": f"{secret}1",
        "namhoc": secret,
    }
    for finding in parse(in_row(changed, 0, mamonhoc=secret, diemkiemtradinhky=secret)).findings:
        assert secret not in finding.pointer + finding.detail


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=300))
def test_parse_never_raises_whatever_the_bytes(payload: bytes) -> None:
    documents.parse(payload)


@given(json_values)
def test_parse_never_raises_whatever_the_json(value: object) -> None:
    parsed = documents.parse(json.dumps(value).encode())
    assert parsed.transcript is None
    assert parsed.findings


_NAMES = sorted(
    {field.wire for structure in STRUCTURES.values() for field in structure.fields} | {"dsbangdiem", "bangdiem"}
)
_ROW_NAMES = sorted({f.wire for structure in STRUCTURES.values() for rows in structure.lists for f in rows.fields})


@settings(max_examples=300)
@given(
    st.sampled_from([PRIMARY, SECONDARY]),
    st.lists(st.tuples(st.sampled_from(_NAMES), json_values), max_size=4),
    st.data(),
)
def test_parse_and_rules_never_raise_whatever_the_change(
    document: Document, changes: list[tuple[str, object]], data: st.DataObject
) -> None:
    changed = copy.deepcopy(document)
    for rows in (changed.get("dsbangdiem"), changed.get("bangdiem")):
        if rows:
            row = data.draw(st.sampled_from(rows))
            row[data.draw(st.sampled_from(_ROW_NAMES))] = data.draw(json_values)
    parsed = parse({**changed, **dict(changes)})
    refused = any(finding.code.effect is Effect.REFUSE for finding in parsed.findings)
    assert parsed.transcript is not None or refused
    if parsed.transcript is not None:
        rules.check(parsed.transcript)


@settings(max_examples=300)
@given(st.sampled_from([PRIMARY, SECONDARY]), st.sampled_from([1, 0]), st.data())
def test_at_once_or_field_by_field_it_reads_the_same(document: Document, changes: int, data: st.DataObject) -> None:
    """A document of vendors' usual members is read at once; one more member, and it is read field by field."""
    changed = copy.deepcopy(document)
    rows = changed[MARKS[Family.PRIMARY if "dsbangdiem" in changed else Family.SECONDARY]]
    values = (
        json_values
        | st.sampled_from([row[name] for row in rows for name in row])
        | st.sampled_from(["", " ", "Đ", "M", "10"])
    )
    for _ in range(changes):
        row = data.draw(st.sampled_from([changed, *rows]))
        row[data.draw(st.sampled_from([*row]))] = data.draw(values)
    more = copy.deepcopy(changed)
    more["zzz"] = 1
    for row in more.get("dsbangdiem") or more.get("bangdiem") or ():
        if type(row) is dict:
            row["zzz"] = 1
    at_once, by_field = parse(changed), parse(more)
    assert [f for f in by_field.findings if not f.pointer.endswith("zzz")] == [*at_once.findings]
    assert repr(by_field.transcript) == repr(at_once.transcript)
    assert (by_field.transcript, by_field.claims) == (at_once.transcript, at_once.claims)


@pytest.mark.parametrize("grade", range(1, 13))
def test_what_is_read_of_the_year_alone_is_what_the_whole_says(grade: int) -> None:
    document = made(grade)
    failed = {
        "duoclenlop": False,
        **{plans.PLANS[Family.SECONDARY].wires[path]: "CĐ" for path in ("learning/year", "conduct/year")},
    }
    for changes in ({}, {"trichluc": True}, failed, {**failed, "sobuoinghi": 46}, {**failed, "sobuoinghi": 12.5}):
        known = {name: value for name, value in changes.items() if name in document}
        members = json.loads(json.dumps({**document, **known}), parse_float=Decimal)
        whole, part = documents.read(members).transcript, documents.of_the_year(members, marks=True)
        assert whole is not None
        assert part is not None
        said = (
            "promoted",
            "awaits_summer",
            "extract",
            "disabled_not_assessed",
            "version_reason",
            "level",
            "grade",
            "primary",
        )
        assert [getattr(part, name) for name in said] == [getattr(whole, name) for name in said]
        assert part.secondary == (None if whole.secondary is None else whole.secondary.but(certificates=()))
        assert (part.pupil_name, part.number, part.history) == ("", None, ())
        bare = documents.of_the_year(members, marks=False)
        assert bare is not None
        results = bare.primary or bare.secondary
        assert results is not None
        assert results.marks == ()


@pytest.mark.parametrize("changes", [{"macaphoc": None, "makhoi": None}, {"duoclenlop": "maybe"}])
def test_of_what_cant_be_read_nothing_is_said(changes: Document) -> None:
    assert documents.of_the_year({**SECONDARY, **changes}, marks=False) is None
