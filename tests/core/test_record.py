"""Where a transcript belongs: a table of what the database knows and what may then be written."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from registry.core.findings import Effect, Finding
from registry.core.record import Found, Held, Place, place

ONE, TWO, FRESH, RECORD = (UUID(int=n) for n in (1, 2, 9, 8))
HERE = Held(RECORD, "code-1", "school-1", 1)
KNOWN = Found(1, pupil_by_number=ONE, code_of_pupil_by_number="p-1", pupil_by_code=ONE, pupil_by_code_has_number=True)


def put(found: Found) -> Place | Finding:
    return place(
        found, pupil_code="p-1", transcript_code="code-1", school_code="school-1", fresh_pupil=FRESH, fresh_record=FRESH
    )


def test_an_unknown_pupil_gets_an_id_of_the_registrys_own() -> None:
    assert put(Found(1)) == Place(FRESH, True, True, True, FRESH, True)


def test_a_known_pupil_gets_a_new_record_and_nothing_twice() -> None:
    assert put(KNOWN) == Place(ONE, False, False, False, FRESH, True)


def test_a_pupil_known_by_code_only_gets_the_number() -> None:
    assert put(Found(1, pupil_by_code=ONE)) == Place(ONE, False, True, False, FRESH, True)


def test_the_next_version_goes_to_the_same_record() -> None:
    found = replace(KNOWN, record=HERE, code_owner_school="school-1", code_owner_is_this_record=True)
    assert put(found) == Place(ONE, False, False, False, RECORD, False)


@pytest.mark.parametrize(
    ("found", "slug", "effect"),
    [
        (replace(KNOWN, pupil_by_code=TWO), "record-decision", Effect.HOLD),
        (replace(KNOWN, pupil_by_code=None, code_of_pupil_by_number="p-2"), "record-decision", Effect.HOLD),
        (Found(1, pupil_by_code=ONE, pupil_by_code_has_number=True), "record-decision", Effect.HOLD),
        (replace(KNOWN, record=replace(HERE, school_code="school-2")), "record-decision", Effect.HOLD),
        (replace(KNOWN, record=replace(HERE, transcript_code="code-2")), "record-code", Effect.REFUSE),
        (replace(KNOWN, record=HERE, version_taken=True), "record-version", Effect.REFUSE),
        (replace(KNOWN, code_owner_school="school-1"), "record-code", Effect.REFUSE),
        (replace(KNOWN, code_owner_school="school-2"), "record-decision", Effect.HOLD),
    ],
)
def test_what_speaks_against_it(found: Found, slug: str, effect: Effect) -> None:
    answer = put(found)
    assert isinstance(answer, Finding)
    assert (answer.code.slug, answer.code.effect) == (slug, effect)


def test_another_schools_record_is_not_told_apart_from_other_doubts() -> None:
    """A vendor must not learn from a code or a detail that another school holds a record."""
    by_record = put(replace(KNOWN, record=replace(HERE, school_code="school-2")))
    by_code = put(replace(KNOWN, code_owner_school="school-2"))
    assert by_record == by_code
