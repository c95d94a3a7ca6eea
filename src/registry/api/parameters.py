"""Reading parameters that several routes share; what is wrong is a request-parameter finding that names the parameter."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from registry.core import codes, ids
from registry.core.findings import Finding, Refusal
from registry.core.units import MapOf, When

#: A moment without a time zone is the city's, which has kept UTC+7 without summer time since 1975.
_LOCAL = timezone(timedelta(hours=7))


def school_year(text: str, pointer: str) -> ids.SchoolYear:
    """The school year; raises Refusal(request-parameter)."""
    found = ids.SchoolYear.parse(text)
    if found is None:
        finding = Finding(codes.REQUEST_PARAMETER, pointer, "YYYY-YYYY, two consecutive years")
        raise Refusal(codes.REQUEST_PARAMETER, [finding])
    return found


#: What `map` means, for questions that name a school year or a campaign, and for those that need one for it.
MAP = "Whose map groups the schools: `now`, or `then`, as it was when the school year ended; as in /v1/completeness"
MAP_YEAR = "With `map=then`: at the end of which school year, YYYY-YYYY"


def when(chosen: MapOf, year: str | None, now: datetime) -> When:
    """On whose map something of today is asked; raises Refusal(request-parameter): the map of then is that of a school year."""
    found = None if year is None else school_year(year, "/query/school_year")
    if found is None and chosen is MapOf.THEN:
        raise wrong("/query/school_year", "YYYY-YYYY, the school year at whose end the map is meant")
    return When.at(now) if found is None else When.of(chosen, found, now, now)


def wrong(pointer: str, expected: str) -> Refusal:
    """A parameter that can't be taken."""
    return Refusal(codes.REQUEST_PARAMETER, [Finding(codes.REQUEST_PARAMETER, pointer, expected)])


def moment(sent: datetime | None) -> datetime | None:
    """The moment with its time zone."""
    return sent.replace(tzinfo=_LOCAL) if sent is not None and sent.tzinfo is None else sent


def today(now: datetime) -> date:
    """The day it is in the city."""
    return now.astimezone(_LOCAL).date()


def days_before(day: date, days: int) -> date:
    """The day so many days before; the first there is, if it would be earlier."""
    return date.fromordinal(max(1, day.toordinal() - days))
