"""What a table of fields is made of: forms of values, needs, shapes, fields, child lists. Types only; the tables are in `fields`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from registry.core.ids import Level
from registry.formats.code_lists import CodeList


class Form(Enum):
    """How a value is written on the wire and what it is read as."""

    TEXT = "text"  # VARCHAR, free text
    SHAPE = "shape"  # VARCHAR with a pattern
    LISTED = "listed"  # VARCHAR out of a code list
    LETTER = "letter"  # VARCHAR with the letters of a circular; membership is for the rules to judge
    MARK = "mark"  # VARCHAR: number on the scale of 10, or Đ, CĐ, M
    SCHOOL_YEAR = "school year"  # VARCHAR "YYYY-YYYY"
    BIRTH = "birth"  # DATE "YYYY-MM-DD", or VARCHAR "YYYY-MM", "YYYY"
    NUMBER = "number"  # VARCHAR, the pupil's personal number
    DATE = "date"  # DATE "YYYY-MM-DD"
    FLAG = "flag"  # BOOLEAN
    DOUBLE = "double"  # DOUBLE between two limits


class Need(Enum):
    """Whether the field must be there."""

    REQUIRED = "required"
    ASSESSED = "assessed"  # required unless the pupil is disabled and not assessed
    OPTIONAL = "optional"  # may be absent or null


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern (also valid in JSON Schema) and the same in words."""

    pattern: str
    words: str


@dataclass(frozen=True, slots=True)
class Field:
    """One wire field. `path` is its place in the transcript ("" = read and checked, not carried further)."""

    wire: str
    path: str
    title: str
    form: Form = Form.TEXT
    length: int = 0
    need: Need = Need.REQUIRED
    codes: CodeList | None = None
    shape: Shape | None = None
    letters: tuple[str, ...] = ()
    limits: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Rows:
    """A child list: an array of objects with these fields."""

    wire: str
    path: str
    title: str
    fields: tuple[Field, ...]
    need: Need
    most: int


@dataclass(frozen=True, slots=True)
class Structure:
    """One published record type: its name there, the levels it serves, its fields and child lists."""

    table: str
    title: str
    levels: tuple[Level, ...]
    fields: tuple[Field, ...]
    lists: tuple[Rows, ...]
