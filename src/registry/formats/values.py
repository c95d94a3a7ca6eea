"""Readers of single field values: one JSON value in, the registry's value or what is wrong with it out. Pure.

Readers are made once per field from the tables of `registry.formats.fields`. They never repair: a value is taken as it stands
(text in Unicode NFC) or refused, and what is wrong is said without the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from unicodedata import is_normalized

from registry.core import codes, ids, names
from registry.core.findings import Code
from registry.core.transcript import Letter
from registry.formats import code_lists
from registry.formats.structure import Field, Form, Need


class Bad(NamedTuple):
    """Why a value was not taken: the code, and the expected shape or limit in words."""

    code: Code
    detail: str


#: A JSON value in; a value of the registry, or Bad.
Reader = Callable[[object], object]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all control characters but tab and line feed
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MARK = re.compile("(?:0|[1-9][0-9]{0,2})(?:[.,][0-9]{1,2})?")
_MOST_COMPOSED = 4
_SHORT = 250  # longer texts are remarks
_ABSENT = object()

_NOT_TEXT = Bad(codes.FIELD_TYPE, "text")
_EMPTY = Bad(codes.FIELD_EMPTY, "")
_NO_CONTROL = Bad(codes.FIELD_FORMAT, "no control characters but tab and line feed")
_NO_MARK = Bad(codes.FIELD_FORMAT, "a number with at most one decimal after a point or comma, or Đ, CĐ, M")
_NO_SCHOOL_YEAR = Bad(codes.TRANSCRIPT_YEAR, "YYYY-YYYY, two consecutive years")

#: Marks as they are usually written, so that they need no parsing; both decimal separators, letters included.
_MARKS: dict[str, Decimal | Letter] = {
    **{letter.value: letter for letter in Letter},
    **{str(n): Decimal(n) for n in range(11)},
    **{f"{n}{point}{tenth}": Decimal(f"{n}.{tenth}") for n in range(10) for tenth in range(10) for point in ".,"},
}


def reader(field: Field) -> Reader:
    """The reader of a field; codes field-type, -length, -empty, -format, -code, transcript-year."""
    return _MAKERS[field.form](field)


def quick(field: Field, *, shared: bool) -> Reader:
    """For a good value what `reader` gives, in one look-up where the values are in a table; else that, None, Bad or a TypeError.

    What is `shared` by the pupils of a class, as teachers and subjects are, is remembered.
    """
    if field.form is Form.MARK:
        return _MARKS.get  # type: ignore[return-value]
    if field.form is Form.LETTER:
        return {letter: letter for letter in field.letters}.get  # type: ignore[return-value]
    if field.codes is not None:
        return field.codes.values.get  # type: ignore[return-value]
    return lru_cache(maxsize=1024)(reader(field)) if shared and field.length <= _SHORT else reader(field)


def _too_long(length: int) -> Bad:
    return Bad(codes.FIELD_LENGTH, f"at most {length} characters")


def _composed(value: str, length: int) -> str | None:
    """NFC, or None of a text with more characters than that; no character is composed of more than four (UAX #15)."""
    if value.isascii():
        return value if len(value) <= length else None
    if len(value) > length and (len(value) > _MOST_COMPOSED * length or names.is_piled(value)):
        return None
    text = names.normalize("NFC", value)
    return text if len(text) <= length else None


def _text(field: Field) -> Reader:
    """Free text: NFC, counted in characters; empty is nothing where the field is optional."""
    length, long, empty = field.length, _too_long(field.length), None if field.need is Need.OPTIONAL else _EMPTY
    usual = min(length, names.SHORT)

    def read(value: object) -> object:
        if type(value) is not str:
            return _NOT_TEXT
        text = value if len(value) <= usual and is_normalized("NFC", value) else _composed(value, length)
        if text is None:
            return long
        if not text or text.isspace():
            return empty
        if not text.isprintable() and _CONTROL.search(text):
            return _NO_CONTROL
        return text

    return read


def _refused(value: str, length: int, needed: bool, otherwise: Bad) -> Bad:
    """What to say about a coded value that is not one: empty, too long, or `otherwise`."""
    if not value and needed:
        return _EMPTY
    return _too_long(length) if _composed(value, length) is None else otherwise


def _shape(field: Field) -> Reader:
    if field.shape is None:
        raise ValueError(f"{field.wire} has no shape")
    fits = re.compile(field.shape.pattern.removesuffix("$")).fullmatch
    length, needed, wrong = field.length, field.need is not Need.OPTIONAL, Bad(codes.FIELD_FORMAT, field.shape.words)
    to_number = field.path == "version"

    def read(value: object) -> object:
        if type(value) is not str:
            return _NOT_TEXT
        if fits(value) is None:
            return _refused(value, length, needed, wrong)
        return int(value) if to_number else value

    return read


def _listed(field: Field) -> Reader:
    if field.codes is None:
        raise ValueError(f"{field.wire} has no code list")
    length, wrong = field.length, Bad(codes.FIELD_CODE, f"a code of the list {field.codes.title}")
    find, is_code = field.codes.values.get, re.compile(code_lists.CODE_PATTERN).fullmatch
    is_open = field.codes.is_open

    def read(value: object) -> object:
        if type(value) is not str:
            return _NOT_TEXT
        found: object = find(value, _ABSENT)
        if found is _ABSENT and is_open and is_code(value) is not None:
            return value
        return _refused(value, length, True, wrong) if found is _ABSENT else found

    return read


def _letter(field: Field) -> Reader:
    """Letters as written; whether the circular knows them is for its rules to say."""
    length, known, needed = field.length, frozenset(field.letters), field.need is not Need.OPTIONAL
    long, wrong = _too_long(length), Bad(codes.FIELD_FORMAT, f"one of {', '.join(field.letters)}")

    def read(value: object) -> object:
        if type(value) is not str:
            return _NOT_TEXT
        if value in known:
            return value
        text = _composed(value, length)
        if text is None:
            return long
        if not text:
            return _EMPTY if needed else wrong
        return text if text.isprintable() and not text.isspace() else wrong

    return read


def _mark(field: Field) -> Reader:
    length, known = field.length, _MARKS

    def read(value: object) -> object:
        if type(value) is not str:
            return _NOT_TEXT
        found = known.get(value)
        if found is not None:
            return found
        text = _composed(value, length)
        if text is None:
            return _too_long(length)
        if _MARK.fullmatch(text):
            return Decimal(text.replace(",", "."))
        return known.get(text, _NO_MARK)

    return read


def _school_year(field: Field) -> Reader:
    parse = lru_cache(maxsize=256)(ids.SchoolYear.parse)

    def read(value: object) -> object:
        if type(value) is not str:
            return _NOT_TEXT
        return parse(value) or (_NO_SCHOOL_YEAR if value else _EMPTY)

    return read


def _birth(field: Field) -> Reader:
    parse = lru_cache(maxsize=2048)(ids.BirthDate.parse)
    length = field.length
    wrong = Bad(codes.FIELD_FORMAT, f"a real {'YYYY-MM-DD'[:length]} from 1900 on")

    def read(value: object) -> object:
        if type(value) is not str:
            return _NOT_TEXT
        birth = parse(value) if len(value) == length else None
        return birth or _refused(value, length, False, wrong)

    return read


def _date(field: Field) -> Reader:
    needed, wrong = field.need is not Need.OPTIONAL, Bad(codes.FIELD_FORMAT, "a real date YYYY-MM-DD")

    def read(value: object) -> object:
        if type(value) is not str:
            return _NOT_TEXT
        if _DATE.fullmatch(value) is None:
            return _refused(value, 10, needed, wrong)
        try:
            return date.fromisoformat(value)
        except ValueError:
            return wrong

    return read


def _flag(field: Field) -> Reader:
    wrong = Bad(codes.FIELD_TYPE, "true or false")

    def read(value: object) -> object:
        return value if value is True or value is False else wrong

    return read


def _double(field: Field) -> Reader:
    low, high = field.limits
    wrong = Bad(codes.FIELD_FORMAT, f"{low} to {high}")

    def read(value: object) -> object:
        if type(value) not in (int, float, Decimal):
            return Bad(codes.FIELD_TYPE, "a number")
        number = Decimal(str(value))
        return number if low <= number <= high else wrong

    return read


def _number(field: Field) -> Reader:
    """A personal number: any text; its shape and meaning are checked where sex and birth date are known."""

    def read(value: object) -> object:
        return value if type(value) is str else _NOT_TEXT

    return read


_MAKERS: dict[Form, Callable[[Field], Reader]] = {
    Form.TEXT: _text,
    Form.SHAPE: _shape,
    Form.LISTED: _listed,
    Form.LETTER: _letter,
    Form.MARK: _mark,
    Form.SCHOOL_YEAR: _school_year,
    Form.BIRTH: _birth,
    Form.NUMBER: _number,
    Form.DATE: _date,
    Form.FLAG: _flag,
    Form.DOUBLE: _double,
}
