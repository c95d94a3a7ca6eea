"""Where a transcript belongs: a table of what the database knows and what may then be written."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from registry.core.findings import Finding
from registry.core.pupils import Case, CaseKind, Decided, Decision
from registry.core.record import Found, Held, Place, place

ONE, TWO, FRESH, RECORD = (UUID(int=n) for n in (1, 2, 9, 8))
HERE = Held(RECORD, "code-1", "school-1", 1, ONE)
KNOWN = Found(1, pupil_by_number=ONE, code_of_pupil_by_number="p-1", pupil_by_code=ONE, pupil_by_code_has_number=True)


def put(found: Found) -> Place | Finding | Case:
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


OTHER_PUPILS_CODE = replace(KNOWN, pupil_by_code=TWO)
OTHER_CODE = replace(KNOWN, pupil_by_code=None, code_of_pupil_by_number="p-2")
OTHER_NUMBER = Found(1, pupil_by_code=ONE, pupil_by_code_has_number=True)
MOVED = replace(KNOWN, record=replace(HERE, school_code="school-2"), code_owner_school="school-2")
MOVED_WITH_CODE = replace(MOVED, code_owner_is_this_record=True, code_owner=ONE)
OTHERS_CODE = replace(KNOWN, code_owner_school="school-2", code_owner=TWO)


@pytest.mark.parametrize(
    ("found", "slug"),
    [
        (replace(KNOWN, record=replace(HERE, transcript_code="code-2")), "record-code"),
        (replace(KNOWN, record=HERE, version_taken=True), "record-version"),
        (replace(KNOWN, code_owner_school="school-1"), "record-code"),
    ],
)
def test_what_is_refused(found: Found, slug: str) -> None:
    answer = put(found)
    assert isinstance(answer, Finding)
    assert answer.code.slug == slug


@pytest.mark.parametrize(
    ("found", "kind", "against"),
    [
        (OTHER_PUPILS_CODE, CaseKind.NUMBER_TWO_PUPILS, ONE),
        (OTHER_CODE, CaseKind.NUMBER_TWO_PUPILS, ONE),
        (OTHER_NUMBER, CaseKind.CODE_TWO_NUMBERS, ONE),
        (MOVED, CaseKind.OTHER_SCHOOL, ONE),
        (MOVED_WITH_CODE, CaseKind.OTHER_SCHOOL, ONE),
        (OTHERS_CODE, CaseKind.TRANSCRIPT_CODE, TWO),
    ],
)
def test_what_a_person_decides(found: Found, kind: CaseKind, against: UUID) -> None:
    case = put(found)
    assert isinstance(case, Case)
    assert (case.kind, case.against) == (kind, against)
    refused = put(decided(found, case, Decision.OTHER_PUPIL))
    assert isinstance(refused, Finding)
    assert refused.code.slug == "record-decided"
    assert put(decided(found, replace(case, against=FRESH), Decision.OTHER_PUPIL)) == case, "about somebody else"


def decided(found: Found, case: Case, decision: Decision, placed_as: UUID | None = None) -> Found:
    return replace(found, decisions=(*found.decisions, Decided(case.kind, case.against, decision, placed_as)))


@pytest.mark.parametrize(
    ("found", "decision", "expected"),
    [
        (OTHER_CODE, Decision.SAME_PUPIL, Place(ONE, False, False, True, FRESH, True)),
        (OTHER_NUMBER, Decision.SAME_PUPIL, Place(ONE, False, True, False, FRESH, True)),
        (replace(MOVED, record=replace(HERE, school_code="school-2", transcript_code="code-2"), code_owner_school=None),
         Decision.TRANSFER, Place(TWO, False, False, False, FRESH, True)),
        (MOVED_WITH_CODE, Decision.TRANSFER, Place(ONE, False, False, False, RECORD, False)),
    ],
)  # fmt: skip
def test_what_follows_from_a_decision(found: Found, decision: Decision, expected: Place) -> None:
    case = put(found)
    assert isinstance(case, Case)
    assert put(decided(found, case, decision, TWO if decision is Decision.TRANSFER else None)) == expected


def test_two_known_pupils_are_joined_by_no_document() -> None:
    case = put(OTHER_PUPILS_CODE)
    assert isinstance(case, Case)
    assert put(decided(OTHER_PUPILS_CODE, case, Decision.SAME_PUPIL)) == case


def test_a_number_that_moved_settles_no_later_doubt() -> None:
    """It has been done by the time the document is looked at again; a doubt that is there all the same is another one."""
    case = put(OTHER_CODE)
    assert isinstance(case, Case)
    assert put(decided(OTHER_CODE, case, Decision.NUMBER_MOVES)) == case


def test_two_doubts_are_two_decisions() -> None:
    found = replace(OTHER_CODE, record=replace(HERE, school_code="school-2", transcript_code="code-2"))
    first = put(found)
    assert isinstance(first, Case)
    found = decided(found, first, Decision.SAME_PUPIL)
    second = put(found)
    assert isinstance(second, Case)
    assert second.kind is CaseKind.OTHER_SCHOOL
    assert put(decided(found, second, Decision.TRANSFER, TWO)) == Place(TWO, False, False, True, FRESH, True)


def test_what_is_accepted_of_a_merged_pupil_stays_under_its_own_id() -> None:
    assert put(replace(KNOWN, own_pupil=TWO)) == Place(TWO, False, False, False, FRESH, True)
