"""Who signed against whom the transcript names: compared where the certificates tell, left to the register where not."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from registry.core.ids import SchoolYear
from registry.core.transcript import Transcript
from registry.core.trust import Role
from registry.demo import transcripts
from registry.formats import documents
from registry.services import signing_persons
from registry.services.signing_policy import Signed

T, P, S = Role.TEACHER, Role.PRINCIPAL, Role.SEAL
TEACHER, PRINCIPAL, OTHER = "079180000001", "079170000002", "079175000003"


def transcript(**changes: Any) -> Transcript:
    facts = transcripts.school(Random(1), code="79771101", name="Trường")
    pupil = transcripts.pupil(Random(2), grade=6, school_year=SchoolYear(2024))
    found = documents.parse(transcripts.to_bytes(transcripts.document(Random(3), pupil, facts))).transcript
    assert found is not None
    return found.but(**{"teacher_number": TEACHER, "principal_number": PRINCIPAL, **changes})


CASES: dict[str, tuple[list[tuple[Role | None, set[str]]], dict[str, Any], list[str]]] = {
    "both as named": ([(T, {TEACHER}), (P, {PRINCIPAL}), (S, set())], {}, []),
    "no certificate names anybody": ([(T, set()), (P, set()), (S, set())], {}, []),
    "another principal": ([(T, {TEACHER}), (P, {OTHER}), (S, set())], {}, ["/principal_number"]),
    "another teacher": ([(T, {OTHER}), (P, {PRINCIPAL}), (S, set())], {}, ["/teacher_number"]),
    "both changed": ([(T, {PRINCIPAL}), (P, {TEACHER}), (S, set())], {}, ["/teacher_number", "/principal_number"]),
    "one of two numbers": ([(T, {OTHER, TEACHER}), (P, {PRINCIPAL}), (S, set())], {}, []),
    "a subject teacher beside": ([(T, {OTHER}), (T, {TEACHER}), (P, set()), (S, set())], {}, []),
    "a subject teacher, and one whose certificate names nobody": ([(T, {OTHER}), (T, set()), (P, set())], {}, []),
    "subject teachers alone": ([(T, {OTHER}), (T, {PRINCIPAL}), (P, set())], {}, ["/teacher_number"]),
    "no homeroom teacher's number": ([(T, {OTHER}), (P, set()), (S, set())], {"teacher_number": None}, []),
    "an unknown signer is nobody": ([(None, {OTHER}), (P, {PRINCIPAL})], {}, []),
    "a person's number in a seal says nothing": ([(T, {TEACHER}), (P, {PRINCIPAL}), (S, {OTHER})], {}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_persons(name: str) -> None:
    signatures, changes, pointers = CASES[name]
    signed = [
        Signed(n, bytes([n]), None, None, None, persons=frozenset(persons)) for n, (_, persons) in enumerate(signatures)
    ]
    found = list(signing_persons.check(signed, [role for role, _ in signatures], transcript(**changes)))
    assert [(f.code.slug, f.pointer) for f in found] == [("signer-person", pointer) for pointer in pointers]
    assert not any(number in f.detail for f in found for number in (TEACHER, PRINCIPAL, OTHER))


MATHS, MUSIC = "079178000004", "079178000005"
NOBODY: set[str] = set()
SUBJECTS: dict[str, tuple[list[tuple[Role | None, set[str]]], dict[str, Any], list[int]]] = {
    "all sign": ([(T, {MATHS}), (T, {MUSIC}), (T, {TEACHER}), (P, NOBODY), (S, NOBODY)], {}, []),
    "one is missing": ([(T, {MUSIC}), (T, {TEACHER}), (P, NOBODY)], {}, [0]),
    "all are missing": ([(T, {TEACHER}), (P, NOBODY)], {}, [0, 1]),
    "one whose certificate names nobody": ([(T, NOBODY), (T, {MUSIC}), (T, {TEACHER}), (P, NOBODY)], {}, []),
    "one such for two": ([(T, NOBODY), (T, {TEACHER}), (P, NOBODY)], {}, [0, 1]),
    "the only such is the homeroom teacher": ([(T, {MUSIC}), (T, NOBODY), (P, NOBODY)], {}, [0]),
    "nobody is named by certificates": ([(T, NOBODY), (T, NOBODY), (T, NOBODY), (P, NOBODY)], {}, []),
    "somebody else": ([(T, {OTHER}), (T, {MUSIC}), (T, {TEACHER}), (P, NOBODY)], {}, [0]),
    "the homeroom teacher teaches both": ([(T, {MATHS}), (P, NOBODY)], {"teacher_number": MATHS}, [1]),
    "a principal's certificate does not count": ([(T, {MUSIC}), (T, {TEACHER}), (P, {MATHS})], {}, [0]),
    "an unknown signer may be the one": ([(None, {MATHS}), (T, {TEACHER}), (P, NOBODY)], {}, []),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_subject_teacher(name: str) -> None:
    signatures, changes, places = SUBJECTS[name]
    made = transcript(**changes)
    assert made.secondary is not None
    first, second, *others = made.secondary.marks
    marks = (
        first._replace(teacher_number=MATHS),
        second._replace(teacher_number=MUSIC),
        *(mark._replace(teacher_number=None) for mark in others),
    )
    made = made.but(secondary=replace(made.secondary, marks=marks))
    signed = [Signed(n, bytes([n]), None, None, None, persons=frozenset(p)) for n, (_, p) in enumerate(signatures)]
    found = list(signing_persons.check_subjects(signed, [role for role, _ in signatures], made))
    assert [(f.code.slug, f.pointer) for f in found] == [
        ("signer-role-missing", f"/marks/{place}/teacher_number") for place in places
    ]
