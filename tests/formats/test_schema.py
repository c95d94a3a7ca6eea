"""The published schema against the reader: both take the same documents and refuse the same broken shapes."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any
from unicodedata import is_normalized

import pytest
from jsonschema import Draft202012Validator

from registry.core.ids import SchoolYear
from registry.demo import transcripts
from registry.formats import schema
from registry.formats.fields import STRUCTURES, Family
from tests.formats.test_documents import CHANGES, DOCUMENTS, found

#: Findings about a single value or member; the others need two fields or are only holds.
SHAPE = {"field-unknown", "field-missing", "field-type", "field-length", "field-empty", "field-format", "field-code"}

#: What a pattern can't see: a date of the right form that does not exist.
UNSEEN = {("field-format", "/ngaytao"), ("field-format", "/ngaythangnamsinh")}


@cache
def validator(family: Family) -> Draft202012Validator:
    return Draft202012Validator(schema.schema(family))


def family_of(document: dict[str, Any]) -> Family:
    return Family.PRIMARY if "nxetnanglucchung" in document else Family.SECONDARY


def is_nfc(document: dict[str, Any]) -> bool:
    """False for texts whose length the schema counts before normalisation and the reader after."""
    return is_normalized("NFC", json.dumps(document, ensure_ascii=False))


@pytest.mark.parametrize("family", Family)
def test_the_schema_is_a_schema_of_all_fields(family: Family) -> None:
    published = schema.schema(family)
    Draft202012Validator.check_schema(published)
    json.dumps(published)
    structure = STRUCTURES[family]
    assert set(published["properties"]) == {f.wire for f in structure.fields} | {rows.wire for rows in structure.lists}
    assert published["additionalProperties"] is False
    assert all(member["title"] for member in published["properties"].values())


@pytest.mark.parametrize("grade", range(1, 13))
def test_documents_of_every_grade_are_valid(grade: int) -> None:
    rng = Random(grade)
    school = transcripts.school(rng, code="79771001", name="Trường Thử nghiệm")
    for _ in range(5):
        pupil = transcripts.pupil(rng, grade=grade, school_year=SchoolYear(2024))
        document = json.loads(transcripts.to_bytes(transcripts.document(rng, pupil, school)))
        assert list(validator(family_of(document)).iter_errors(document)) == []


@pytest.mark.parametrize(("document", "expected"), CHANGES)
def test_a_broken_shape_fails_the_schema_too(document: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    errors = list(validator(family_of(document)).iter_errors(document))
    broken = [(code, pointer) for code, pointer in expected if code in SHAPE and (code, pointer) not in UNSEEN]
    if broken:
        assert errors
    elif not expected and is_nfc(document):
        assert errors == []


@pytest.mark.parametrize("family", Family)
def test_whatever_the_schema_refuses_the_reader_refuses(family: Family) -> None:
    """Every field set to a few values of every type: an error of the schema is a finding of the reader."""
    document = DOCUMENTS[family]
    for name in validator(family).schema["properties"]:  # type: ignore[index]
        values: tuple[object, ...] = (None, True, 7, "", " ", "x" * 3000, "\x00", [], [{}], {})
        for value in values:
            changed = {**document, name: value}
            if next(validator(family).iter_errors(changed), None) is not None:
                assert found(changed), (name, value)
