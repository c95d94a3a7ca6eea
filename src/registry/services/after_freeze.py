"""What came after the freeze of a campaign: the frozen counts of some schools beside those of a later moment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from registry.core import completeness, units
from registry.core.completeness import Counts
from registry.core.frozen import Beside, Line
from registry.storage import frozen
from registry.storage.database import Reading


async def beside(
    tx: Reading, code: str | None, unit: units.Unit, schools: Collection[str], now: Counts, as_of: datetime
) -> Beside | None:
    """The counts of a unit that comes to these schools as its campaign was frozen, beside those as of a moment.

    None without a campaign, and as of a moment at which it was not frozen yet.
    """
    freeze = None if code is None else await frozen.find(tx, code)
    if freeze is None or as_of < freeze.frozen_at:
        return None
    then = await frozen.schools(tx, freeze.campaign_code, sorted(schools))
    return Beside(freeze, Line(unit.code, unit.name, completeness.over(schools, then), now))
