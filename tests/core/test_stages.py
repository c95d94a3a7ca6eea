"""How far a school is with each stage: counted from what is known of it; of nothing, nothing is complete."""

from __future__ import annotations

from registry.core import stages
from registry.core.campaigns import Stage
from registry.core.completeness import Bucket, Counts
from registry.core.expiring import Standing
from registry.core.readiness import Facts, Numbers
from registry.core.stages import Declared, Progress
from registry.core.trust import Role


def test_the_stages_of_a_school() -> None:
    signers = {Role.TEACHER: Standing(Role.TEACHER, 3, 1), Role.PRINCIPAL: Standing(Role.PRINCIPAL, 0, 1)}
    counts = Counts.of_buckets({Bucket.PRESENT: 5, Bucket.AWAITING_SUMMER: 2, Bucket.MISSING: 3, Bucket.UNEXPECTED: 9})
    facts = Facts("79771101", Numbers(10, 4), signers, ())
    found = stages.of_school(facts, counts, Declared(2, 1))
    assert {stage: (p.done, p.of, p.complete) for stage, p in found.items()} == {
        Stage.NUMBERS_REVIEWED: (6, 10, False),
        Stage.CERTIFICATES_READY: (1, 2, False),
        Stage.TRANSCRIPTS_SUBMITTED: (7, 10, False),
        Stage.DECLARED: (1, 2, False),
    }
    assert set(found) == set(stages.OF_SCHOOLS)


def test_complete_and_through() -> None:
    assert [Progress(*each).complete for each in ((0, 0), (1, 1), (2, 1), (0, 1))] == [False, True, True, False]
    assert stages.schools_through({"a": Progress(1, 1), "b": Progress(0, 0), "c": Progress(1, 2)}) == Progress(1, 3)
