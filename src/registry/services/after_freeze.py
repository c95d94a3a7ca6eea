"""What came after the freeze of a campaign: the frozen counts of some schools beside those of a later moment."""

from __future__ import annotations

from datetime import datetime

from registry.core import completeness, units
from registry.core.campaigns import Campaign
from registry.core.completeness import Counts
from registry.core.frozen import Beside, Freeze, Line
from registry.storage import frozen
from registry.storage.completeness import Question
from registry.storage.database import Reading


async def of(tx: Reading, campaign: Campaign | None, as_of: datetime) -> Freeze | None:
    """The freeze of a campaign, if it had been frozen by a moment."""
    found = None if campaign is None else await frozen.find(tx, campaign.code)
    return found if found is not None and found.frozen_at <= as_of else None


async def beside(
    tx: Reading, campaign: Campaign | None, unit: units.Unit, question: Question, now: Counts
) -> Beside | None:
    """The counts of a unit that comes to these schools as its campaign was frozen, beside those of the question's moment.

    None without a campaign, and as of a moment at which it was not frozen yet.
    """
    freeze = await of(tx, campaign, question.as_of)
    if freeze is None:
        return None
    then = await frozen.schools(tx, freeze.campaign_code, sorted(question.schools))
    arrived = await frozen.arrived(tx, question, freeze)
    line = Line(unit.code, unit.name, completeness.over(question.schools, then), now, sum(arrived.values()))
    return Beside(freeze, line)
