"""JSON Schema (draft 2020-12) of both transcript families, made from the same tables the reader works by. Pure.

The schema says what a well-formed document is: names, types, lengths, patterns, code lists, what must be there. It does not say
what the circulars ask of the content, nor that the fields agree with each other.
"""

from __future__ import annotations

from typing import Any

from registry.formats import code_lists, fields
from registry.formats.fields import Family
from registry.formats.structure import Field, Form, Need, Rows, Structure

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NO_CONTROL = "^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$"
_NOT_BLANK = "\\S"
_MARK = "^((0|[1-9][0-9]{0,2})([.,][0-9]{1,2})?|Đ|CĐ|M)$"
_BIRTHS = {10: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", 7: "^[0-9]{4}-(0[1-9]|1[0-2])$", 4: "^[0-9]{4}$"}

_Schema = dict[str, Any]


def schema(family: Family) -> _Schema:
    """The JSON Schema of a family, with Vietnamese titles; any other member is refused.

    String lengths count characters of the NFC form.
    """
    record = fields.STRUCTURES[family]
    members = {field.wire: _member(field) for field in record.fields}
    return {
        "$schema": _DIALECT,
        "$id": f"urn:hocbaso:transcript:{family.value}",
        "title": record.title,
        "description": f"Bảng {record.table}. Chuỗi ở dạng Unicode NFC; trường không bắt buộc có thể vắng mặt hoặc là null.",
        "type": "object",
        "additionalProperties": False,
        "required": _required(record, Need.REQUIRED),
        "properties": members | {rows.wire: _list(rows) for rows in record.lists} | {"macaphoc": _level(record)},
        "anyOf": [_given(field.wire) for field in record.fields if field.form is Form.BIRTH],
        "if": {"not": {"properties": {"cokhuyettatkhongdanhgia": {"const": True}}}},
        "then": _when_assessed(record),
    }


def _required(record: Structure, need: Need) -> list[str]:
    """Names of that need; the personal number may be absent, which holds a document and does not refuse it."""
    single = [field.wire for field in record.fields if field.need is need and field.form is not Form.NUMBER]
    return single + [rows.wire for rows in record.lists if rows.need is need]


def _given(wire: str) -> _Schema:
    return {"required": [wire], "properties": {wire: {"type": "string"}}}


def _when_assessed(record: Structure) -> _Schema:
    names = _required(record, Need.ASSESSED)
    return {"required": names, "properties": {name: {"type": "string"} for name in names}}


def _level(record: Structure) -> _Schema:
    field = next(field for field in record.fields if field.path == "level")
    codes = field.codes.values if field.codes else {}
    return _member(field) | {"enum": [code for code, level in codes.items() if level in record.levels]}


def _list(rows: Rows) -> _Schema:
    item = {
        "type": "object",
        "additionalProperties": False,
        "required": [field.wire for field in rows.fields if field.need is Need.REQUIRED],
        "properties": {field.wire: _member(field) for field in rows.fields},
    }
    kinds: Any = "array" if rows.need is Need.REQUIRED else ["array", "null"]
    return {"title": rows.title, "type": kinds, "maxItems": rows.most, "items": item}


def _member(field: Field) -> _Schema:
    """One field; null is the same as absent where the field is optional."""
    member = {"title": field.title, "description": describe(field), **_shape(field)}
    if field.need is not Need.REQUIRED or field.form is Form.NUMBER:
        member["type"] = [member["type"], "null"]
        if "enum" in member:
            member["enum"] = [*member["enum"], None]
    return member


def _shape(field: Field) -> _Schema:
    match field.form:
        case Form.FLAG:
            return {"type": "boolean"}
        case Form.DOUBLE:
            return {"type": "number", "minimum": field.limits[0], "maximum": field.limits[1]}
        case Form.LISTED if is_open(field):
            return {"type": "string", "maxLength": field.length, "pattern": pattern_of(field)}
        case Form.LISTED:
            return {"type": "string", "enum": list(field.codes.values if field.codes else ())}
        case Form.LETTER:
            return {"type": "string", "enum": list(field.letters)}
        case Form.TEXT:
            blank = {} if field.need is Need.OPTIONAL else {"allOf": [{"pattern": _NOT_BLANK}]}
            return {"type": "string", "maxLength": field.length, "pattern": _NO_CONTROL, **blank}
        case Form.DATE:
            return {"type": "string", "format": "date", "pattern": pattern_of(field)}
        case _:
            return {"type": "string", "maxLength": field.length, "pattern": pattern_of(field)}


def is_open(field: Field) -> bool:
    """Whether the field takes codes that its list lacks."""
    return field.codes is not None and field.codes.is_open


def pattern_of(field: Field) -> str:
    """The pattern of a text that is neither free nor out of a closed list."""
    match field.form:
        case Form.LISTED:
            return f"^{code_lists.CODE_PATTERN}$"
        case Form.MARK:
            return _MARK
        case Form.SCHOOL_YEAR:
            return "^[0-9]{4}-[0-9]{4}$"
        case Form.NUMBER:
            return "^([0-9]{12})?$"
        case Form.BIRTH | Form.DATE:
            return _BIRTHS[field.length]
        case _:
            return field.shape.pattern if field.shape else ".*"


def describe(field: Field) -> str:
    """What to write, in Vietnamese; the title says what it means."""
    match field.form:
        case Form.FLAG:
            text = "true hoặc false."
        case Form.DOUBLE:
            text = f"Số từ {field.limits[0]} đến {field.limits[1]}."
        case Form.LISTED:
            text = f"Mã theo danh mục: {field.codes.title if field.codes else ''}."
        case Form.LETTER:
            text = f"Một trong: {', '.join(field.letters)}."
        case Form.MARK:
            text = "Điểm số thang 10 (dấu chấm hoặc phẩy), hoặc Đ, CĐ; M nếu được miễn."
        case Form.SCHOOL_YEAR:
            text = "YYYY-YYYY, hai năm liền nhau."
        case Form.BIRTH | Form.DATE:
            text = f"Dạng {'YYYY-MM-DD'[: field.length]}."
        case Form.NUMBER:
            text = "12 chữ số dạng chuỗi, giữ số 0 ở đầu; thiếu số thì hồ sơ được giữ, chưa được nhận."
        case Form.SHAPE:
            text = f"Theo mẫu {field.shape.pattern if field.shape else ''}."
        case _:
            text = f"Không quá {field.length} ký tự."
    return text if field.need is not Need.ASSESSED else f"{text} Bắt buộc trừ học sinh khuyết tật không đánh giá."
