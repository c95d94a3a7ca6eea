"""The rhythm of reminders: on which days one is due, what is made up for, what is never repeated."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from registry.core import reminders
from registry.core.campaigns import Stage
from registry.core.reminders import RHYTHM, Key, Reminder, Sending, State

DUE = date(2026, 6, 30)
KEY = Key("79771101", "q10", Stage.TRANSCRIPTS_SUBMITTED)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 5, tzinfo=UTC)


def written(day: date, state: Sending = Sending.SENT, attempts: int = 1) -> Reminder:
    return Reminder(UUID(int=1), KEY, day, state, attempts, noon(day), 1, None)


@pytest.mark.parametrize(
    ("left", "newest", "following"),
    [(15, None, 14), (14, 14, 7), (10, 14, 7), (7, 7, 3), (2, 3, 1), (1, 1, 0), (0, 0, -3), (-2, 0, -3), (-3, -3, -6),
     (-31, -30, None), (-32, -30, None), (-33, None, None), (-900, None, None)],
)  # fmt: skip
def test_the_days(left: int, newest: int | None, following: int | None) -> None:
    today = DUE - timedelta(days=left)
    assert RHYTHM.newest(DUE, today) == (None if newest is None else DUE - timedelta(days=newest))
    assert RHYTHM.following(DUE, today) == (None if following is None else DUE - timedelta(days=following))


def test_what_was_not_written_is_made_up_for_and_nothing_is_repeated() -> None:
    five = noon(DUE - timedelta(days=5))
    assert reminders.state_of(DUE, 1, None, noon(DUE - timedelta(days=15))) is None
    assert reminders.state_of(DUE, 0, None, five) is State.NO_CONTACT
    assert reminders.state_of(DUE, 1, None, five) is State.DUE
    assert reminders.state_of(DUE, 1, written(DUE - timedelta(days=14)), five) is State.DUE
    for state in (Sending.SENT, Sending.UNCERTAIN, Sending.SENDING):
        assert reminders.state_of(DUE, 1, written(DUE - timedelta(days=6), state), five) is State.REMINDED


def test_what_failed_is_tried_again_after_a_pause_three_times_a_day() -> None:
    day = DUE - timedelta(days=7)
    failed = written(day, Sending.FAILED)
    for minutes, attempts, state in (
        (1, 1, State.FAILED),
        (15, 1, State.DUE),
        (15, 2, State.DUE),
        (60, 3, State.FAILED),
    ):
        now = noon(day) + timedelta(minutes=minutes)
        assert reminders.state_of(DUE, 1, replace(failed, attempts=attempts), now) is state
    assert reminders.state_of(DUE, 1, replace(failed, attempts=3), noon(day + timedelta(days=1))) is State.DUE


def test_only_by_day() -> None:
    at = datetime(2026, 6, 30, tzinfo=UTC)  # seven in the morning in the city
    assert [RHYTHM.writes_at(at + timedelta(hours=h)) for h in (-1, 0, 10, 11)] == [False, True, True, False]
