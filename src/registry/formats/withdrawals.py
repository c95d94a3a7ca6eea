"""The signed payload of a withdrawal (JSON) read strictly, with everything wrong in it reported at once. Pure.

It has a kind of its own (`loai`), so that the bytes of a transcript are never taken for a withdrawal nor the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.core import codes
from registry.core.findings import Finding
from registry.core.transcript import Claims
from registry.core.withdrawal import Withdrawal
from registry.formats import code_lists, documents, plans, strict_json
from registry.formats.fields import OPAQUE, TRANSCRIPT_CODE, VERSION
from registry.formats.structure import Field, Form, Shape

KIND = "thuhoi"

FIELDS = (
    Field("loai", "kind", "Loại văn bản", Form.SHAPE, 6, shape=Shape(f"^{KIND}$", KIND)),
    Field("madinhdanhhocba", "code", "Mã định danh học bạ", Form.SHAPE, 36, shape=TRANSCRIPT_CODE),
    Field("phienbanthongtinhocba", "version", "Phiên bản bị thu hồi", Form.SHAPE, 10, shape=VERSION),
    Field("namhoc", "school_year", "Năm học", Form.SCHOOL_YEAR, 9),
    Field("matruong", "school_code", "Mã trường", Form.SHAPE, 20, shape=OPAQUE),
    Field("macaphoc", "level", "Mã cấp học", Form.LISTED, 2, codes=code_lists.LEVELS),
    Field("lydothuhoi", "reason", "Lý do thu hồi", Form.TEXT, 500),
    Field("ngaythuhoi", "withdrawn_on", "Ngày thu hồi", Form.DATE, 10),
)
_PLAN = plans.plan(FIELDS)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read; `withdrawal` is None when something in it could not be."""

    withdrawal: Withdrawal | None
    claims: Claims
    findings: tuple[Finding, ...]


NOTHING = Parsed(None, Claims(), ())


def parse(payload: bytes) -> Parsed:
    """Read the signed bytes of a withdrawal: UTF-8 JSON, an object with exactly the fields of `FIELDS`.

    Codes: those of the JSON reader, field-*, transcript-year; pointers lead into the payload. Never raises.
    """
    value, findings = strict_json.parse(payload)
    if findings:
        return Parsed(None, Claims(), tuple(findings))
    if type(value) is not dict:
        return Parsed(None, Claims(), (Finding(codes.FIELD_TYPE, "", "an object"),))
    read, found = documents.members(value, _PLAN)
    claims = Claims(
        transcript_code=read.get("code"),
        version=read.get("version"),
        school_year=read.get("school_year"),
        school_code=read.get("school_code"),
        level=read.get("level"),
    )
    read.pop("kind", None)
    if found:
        return Parsed(None, claims, found)
    transcript_code = read.pop("code")
    return Parsed(Withdrawal(transcript_code=transcript_code, **read), claims, ())
