"""When guessing brings a pause, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from registry.core.misses import FIRST_PAUSE, IN_A_ROW, IN_AN_HOUR, LONGEST_PAUSE, Misses, after_hit, after_miss

NOW = datetime(2026, 6, 1, 12, 10, tzinfo=UTC)


def miss(times: int, start: Misses = Misses(), now: datetime = NOW) -> Misses:  # noqa: B008 - frozen
    state = start
    for _ in range(times):
        state = after_miss(state, now)
    return state


def test_typing_errors_cost_nothing() -> None:
    state = Misses()
    for _ in range(5):
        state = after_hit(miss(IN_A_ROW - 1, state))
    assert state.paused_until is None
    assert state.in_a_row == 0


def test_one_too_many_in_a_row_costs_a_minute() -> None:
    state = miss(IN_A_ROW)
    assert state.paused_until == NOW + FIRST_PAUSE
    assert state.pause_left(NOW) == 60
    assert state.pause_left(NOW + timedelta(seconds=59.5)) == 1
    assert state.pause_left(NOW + FIRST_PAUSE) == 0


def test_whoever_goes_on_waits_longer_each_time() -> None:
    state, now, pauses = Misses(), NOW, []
    for _ in range(9):
        state = miss(IN_A_ROW, state, now)
        assert state.paused_until is not None
        pauses.append(state.paused_until - now)
        now = state.paused_until
    assert pauses[:4] == [FIRST_PAUSE * n for n in (1, 2, 4, 8)]
    assert max(pauses) == LONGEST_PAUSE
    assert pauses[-1] == LONGEST_PAUSE
    tomorrow = miss(IN_A_ROW, state, NOW + timedelta(days=1))
    assert tomorrow.paused_until == NOW + timedelta(days=1) + FIRST_PAUSE


def test_a_known_code_between_guesses_hides_nobody() -> None:
    state, tries = Misses(), 0
    while state.paused_until is None:
        state = after_hit(after_miss(state, NOW))
        tries += 1
    assert tries == IN_AN_HOUR
    assert state.paused_until == NOW.replace(minute=0) + timedelta(hours=1)
    assert miss(1, after_hit(miss(IN_AN_HOUR - 1)), NOW + timedelta(hours=1)).in_hour == 1
