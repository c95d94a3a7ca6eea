"""Check 6, the persons: who signed is whom the transcript names, as far as the certificates tell. Pure.

Certificates of public CAs name their holder by the personal number; those of the government hierarchy, and older ones, may not.
Where a certificate names nobody the register is relied upon: it says whose certificate it is, and its numbers lie there as keyed
indexes that only the registry itself could compare, so that a verdict would no longer come out the same outside of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from registry.core import codes, trust
from registry.core.findings import Finding
from registry.core.transcript import Transcript
from registry.services.signing_policy import Signed

_EXPECTED = "the personal number in the certificate of the {} who signed"


def check(signed: Sequence[Signed], roles: Sequence[trust.Role | None], transcript: Transcript) -> Iterable[Finding]:
    """Compare the declared principal and homeroom teacher with the certificates of these roles; pointers into the transcript.

    Of several teachers one has to be the homeroom teacher: the others teach subjects. Codes: signer-person.
    """
    declared = {
        trust.Role.TEACHER: ("/teacher_number", transcript.teacher_number),
        trust.Role.PRINCIPAL: ("/principal_number", transcript.principal_number),
    }
    for role, (pointer, number) in declared.items():
        persons = [each.persons for each, its in zip(signed, roles, strict=True) if its is role]
        if number and persons and all(persons) and not any(number in each for each in persons):
            yield Finding(codes.SIGNER_PERSON, pointer, _EXPECTED.format(role.value))


def check_subjects(
    signed: Sequence[Signed], roles: Sequence[trust.Role | None], transcript: Transcript
) -> Iterable[Finding]:
    """Every subject teacher named by number has signed, as far as certificates tell; pointers into the transcript.

    A teacher's certificate that names nobody may be anyone's, one of them the homeroom teacher's. Codes: signer-role-missing.
    """
    if transcript.secondary is None or None in roles:
        return  # an unknown signer may be the one who seems to be missing
    teachers = [each.persons for each, its in zip(signed, roles, strict=True) if its is trust.Role.TEACHER]
    named = {transcript.teacher_number, None}.union(*teachers)
    unnamed = sum(not persons for persons in teachers)
    if not any(transcript.teacher_number in persons for persons in teachers):
        unnamed -= 1
    numbers = [mark.teacher_number for mark in transcript.secondary.marks]
    missing = {number: place for place, number in enumerate(numbers) if number not in named}
    if len(missing) > max(unnamed, 0):
        for place in missing.values():
            yield Finding(codes.SIGNER_ROLE_MISSING, f"/marks/{place}/teacher_number", "the teacher of this subject")
