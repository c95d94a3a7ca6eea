"""Moments as operators write them in tables -> aware datetimes. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

#: Dates without a time zone mean midnight in Viet Nam, which has kept UTC+7 without summer time since 1975.
_LOCAL = timezone(timedelta(hours=7))


def parse(text: str) -> datetime:
    """A moment from an ISO date or date-time; without a zone it is Viet Nam's. Raises ValueError, without the text."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("a date such as 2025-08-01, or a date with time") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=_LOCAL)


def period(start: str, end: str) -> tuple[datetime, datetime | None]:
    """A period; an empty end means that there is none. Raises ValueError. That it ends after it begins is not looked at."""
    return parse(start), parse(end) if end else None
