"""Calls on a real database: the pace of the last week is what has come since then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.core.calls import Trouble
from registry.core.campaigns import Plan, Stage
from registry.services import calls, standing
from registry.services.world import World
from tests.services.test_declaration import settled
from tests.services.test_stages import OFFICE, plan
from tests.small_city import NOW, PRIMARY

__all__ = ["plan", "settled"]
pytestmark = pytest.mark.anyio
ASKED = calls.Asked("city:79", None, "06-15")


async def test_what_came_in_the_last_week_is_its_pace(settled: World, plan: Plan) -> None:
    """One of two transcripts came at NOW; a day later it is the pace, eight days later it is none any more."""
    await standing.settle_all(settled)  # what waits to be counted is counted as of the moment in any case
    found = {}
    for days in (1, 8):
        (row,) = await calls.listed(settled, OFFICE, ASKED, NOW + timedelta(days=days))
        assert row.school_code == PRIMARY.code
        found[days] = {each.stage: (each.trouble, each.gained) for each in row.reasons}[Stage.TRANSCRIPTS_SUBMITTED]
    assert found == {1: (Trouble.SLOW, 1), 8: (Trouble.LATE, None)}
