"""The decision between the answers, for every constellation of what is stored and who may see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from registry.core.ids import SchoolYear
from registry.core.verification import Answer, ByNumber, Decision, Sighting, Stored, decide

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HERE, ELSEWHERE = "79771101", "79771501"
V1 = Stored("2023-2024", UUID(int=1), "primary", 5, HERE, "code-1", 1, 1, UUID(int=2), b"1" * 32, NOON)
OLD = replace(V1, current_version=2)
LATER = replace(
    V1, level="lower_secondary", submission_id=UUID(int=3), fingerprint=b"2" * 32, accepted_at=NOON + timedelta(days=1)
)
AWAY = replace(LATER, school_code=ELSEWHERE)


@pytest.mark.parametrize(
    ("sighting", "expected"),
    [
        (Sighting(), Decision(Answer.NOT_KNOWN)),
        (Sighting(pupil_id=UUID(int=1)), Decision(Answer.NOT_KNOWN)),
        (Sighting((V1,)), Decision(Answer.GENUINE_CURRENT, V1)),
        (Sighting((OLD,)), Decision(Answer.GENUINE_SUPERSEDED, OLD)),
        (Sighting(held_at=frozenset({HERE})), Decision(Answer.HELD)),
        (Sighting((V1,), frozenset({HERE})), Decision(Answer.GENUINE_CURRENT, V1)),
        (Sighting((OLD,), frozenset({HERE})), Decision(Answer.GENUINE_SUPERSEDED, OLD)),
        # two levels in one year: the one accepted last, whatever the order of rows
        (Sighting((V1, LATER)), Decision(Answer.GENUINE_CURRENT, LATER)),
        (Sighting((LATER, V1)), Decision(Answer.GENUINE_CURRENT, LATER)),
        # what is foreign is not there
        (Sighting((AWAY,), pupil_id=UUID(int=1)), Decision(Answer.NOT_KNOWN)),
        (Sighting(held_at=frozenset({ELSEWHERE})), Decision(Answer.NOT_KNOWN)),
        (Sighting((AWAY, V1)), Decision(Answer.GENUINE_CURRENT, V1)),
        (Sighting((AWAY,), frozenset({HERE})), Decision(Answer.HELD)),
        (Sighting(held_at=frozenset({ELSEWHERE, HERE})), Decision(Answer.HELD)),
    ],
)
def test_decisions(sighting: Sighting, expected: Decision) -> None:
    assert decide(sighting, frozenset({HERE})) == expected
    if expected.version is None:
        assert decide(sighting, frozenset()) == Decision(Answer.NOT_KNOWN)


def test_a_number_is_not_in_the_question_s_text() -> None:
    assert "079214000001" not in repr(ByNumber("079214000001", SchoolYear(2023)))
