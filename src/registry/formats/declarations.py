"""The signed payload of a declaration (JSON) read strictly, with everything wrong in it reported at once. Pure.

It has a kind of its own (`loai`), so that no other signed bytes are ever taken for a declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry.core import codes, declaration
from registry.core.declaration import Declaration, Grade
from registry.core.findings import Finding
from registry.core.transcript import Claims
from registry.formats import code_lists, documents, plans, strict_json
from registry.formats.fields import OPAQUE, VERSION
from registry.formats.structure import Field, Form, Need, Rows, Shape

KIND = "khaibao"
MOST_EXCEPTIONS = 3000

_COUNT = Shape("^(?:0|[1-9][0-9]{0,5})$", "a whole number from 0 to 999999, as text")
#: Why a pupil has no transcript: the project's own list.
EXCEPTIONS = code_lists.CodeList(
    "Lý do chưa có học bạ",
    {"1": "Chuyển trường", "2": "Thôi học", "3": "Chưa có số định danh", "4": "Chờ kết quả hè", "5": "Lý do khác"},
    {str(n): str(n) for n in range(1, 6)},
)
_GRADE_FIELDS = (
    Field("makhoi", "grade", "Mã khối", Form.LISTED, 2, codes=code_lists.GRADES),
    Field("sohocsinh", "expected", "Số học sinh trong danh sách", Form.SHAPE, 6, shape=_COUNT),
    Field("sohocba", "on_record", "Số học bạ đã được nhận", Form.SHAPE, 6, shape=_COUNT),
)
_EXCEPTION_FIELDS = (
    Field("mahocsinh", "pupil_code", "Mã học sinh chưa có học bạ", Form.SHAPE, 20, shape=OPAQUE),
    Field("lydo", "reason", "Lý do", Form.LISTED, 1, codes=EXCEPTIONS),
)
FIELDS = (
    Field("loai", "kind", "Loại văn bản", Form.SHAPE, 7, shape=Shape(f"^{KIND}$", KIND)),
    Field("namhoc", "school_year", "Năm học", Form.SCHOOL_YEAR, 9),
    Field("matruong", "school_code", "Mã trường", Form.SHAPE, 20, shape=OPAQUE),
    Field("phienban", "version", "Phiên bản của khai báo", Form.SHAPE, 10, shape=VERSION),
    Field("ngaykhai", "declared_on", "Ngày khai", Form.DATE, 10),
)
LISTS = (
    Rows("khoi", "grades", "Các khối", _GRADE_FIELDS, Need.REQUIRED, 12),
    Rows("ngoaile", "exceptions", "Học sinh chưa có học bạ", _EXCEPTION_FIELDS, Need.REQUIRED, MOST_EXCEPTIONS),
)
_PLAN = plans.plan(FIELDS, LISTS)
_LISTS = tuple((rows, plans.plan(rows.fields)) for rows in LISTS)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read; `declaration` is None when something in it could not be."""

    declaration: Declaration | None
    claims: Claims
    findings: tuple[Finding, ...]


NOTHING = Parsed(None, Claims(), ())


def parse(payload: bytes) -> Parsed:
    """Read the signed bytes of a declaration: UTF-8 JSON, an object with exactly the fields of `FIELDS` and `LISTS`.

    Codes: those of the JSON reader, field-*, transcript-year, declaration-contradiction; pointers lead into the
    payload. Never raises.
    """
    value, findings = strict_json.parse(payload)
    if findings:
        return Parsed(None, Claims(), tuple(findings))
    if type(value) is not dict:
        return Parsed(None, Claims(), (Finding(codes.FIELD_TYPE, "", "an object"),))
    read, lists, found = documents.members_and_lists(value, _PLAN, _LISTS)
    claims = Claims(school_year=read.get("school_year"), school_code=read.get("school_code"))
    if not found and not lists["grades"]:
        found = (Finding(codes.FIELD_EMPTY, "/khoi", "at least one grade"),)
    if found:
        return Parsed(None, claims, found)
    said = _declaration(read, lists)
    wrong = tuple(declaration.flaws(said))
    return Parsed(None if wrong else said, claims, wrong)


def _declaration(read: dict[str, Any], lists: dict[str, list[dict[str, Any]]]) -> Declaration:
    grades = (Grade(row["grade"], int(row["expected"]), int(row["on_record"])) for row in lists["grades"])
    return Declaration(
        read["school_year"],
        read["school_code"],
        int(read["version"]),
        read["declared_on"],
        tuple(grades),
        tuple(row["pupil_code"] for row in lists["exceptions"]),
    )
