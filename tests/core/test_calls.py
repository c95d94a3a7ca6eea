"""Whom to call: late, at the pace of the last week too slow, or due soon; and in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from registry.core import calls
from registry.core.calls import Call, Reason, Row, Trouble
from registry.core.campaigns import Stage
from registry.core.stages import Progress

TODAY = date(2026, 6, 10)


@pytest.mark.parametrize(
    ("done", "of", "week_ago", "left", "found"),
    [
        (10, 10, 0, -5, None),
        (0, 0, 0, -5, None),
        (9, 10, 0, -1, Trouble.LATE),
        (9, 10, None, -90, Trouble.LATE),
        (9, 10, None, -91, None),
        (70, 100, 60, 21, None),
        (70, 100, 61, 21, Trouble.SLOW),
        (70, 100, 80, 21, Trouble.SLOW),
        (0, 100, 0, 22, None),
        (99, 100, 92, 0, Trouble.SLOW),
        (99, 100, 92, 1, None),
        (0, 3, None, 3, Trouble.SOON),
        (0, 3, None, 4, None),
    ],
)
def test_trouble(done: int, of: int, week_ago: int | None, left: int, found: Trouble | None) -> None:
    due_on = date.fromordinal(TODAY.toordinal() + left)
    assert calls.trouble(Progress(done, of), week_ago, due_on, TODAY) is found


def test_the_order() -> None:
    def reason(trouble: Trouble, left: int) -> Reason:
        return Reason("c", Stage.TRANSCRIPTS_SUBMITTED, trouble, TODAY, Progress(0, left), None)

    def row(code: str, *reasons: Reason) -> Row:
        return Row(code, code, reasons, (), (), None, None, None)

    late, more = row("1", reason(Trouble.LATE, 5)), row("2", reason(Trouble.SOON, 1), reason(Trouble.LATE, 5))
    slow, soon = row("3", reason(Trouble.SLOW, 90)), row("4", reason(Trouble.SOON, 90))
    call = Call(UUID(int=1), "0", datetime(2026, 6, 9, 17, tzinfo=UTC), "person:ha", "")  # midnight in the city
    called = replace(row("0", reason(Trouble.LATE, 99)), last_call=call)
    yesterday = replace(late, last_call=replace(call, at=datetime(2026, 6, 9, 16, 59, tzinfo=UTC)))
    found = calls.arranged([called, soon, slow, yesterday, more], TODAY)
    assert [each.school_code for each in found] == ["2", "1", "3", "4", "0"]
