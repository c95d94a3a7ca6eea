"""Who signed against whom the transcript names: compared where the certificates tell, left to the register where not."""

from __future__ import annotations

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
