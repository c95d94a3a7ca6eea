"""People who sign in to the pages: what they may ask for, whose names they may see, and how long a session lasts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from registry.core.callers import Caller, CallerKind, Scope


class Way(StrEnum):
    """How somebody signed in."""

    PROVIDER = "provider"  # at the configured OpenID provider
    LINK = "link"  # by a one-time link from an operator


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody registered. `sees_names`: may see names of pupils in its units; each view is written down."""

    person_id: str
    name: str
    scopes: frozenset[Scope]
    sees_names: bool
    units: frozenset[str]

    def caller(self, schools: Iterable[str]) -> Caller:
        """The same as the use cases know it; the prefix keeps people and callers apart, since no caller's id has a colon."""
        return Caller(
            f"person:{self.person_id}",
            CallerKind.OFFICE,
            self.name,
            self.scopes,
            frozenset(),
            self.units,
            frozenset(schools),
            {},
        )


@dataclass(frozen=True, slots=True)
class Stay:
    """One session: when it began, when it was last used, when somebody ended it."""

    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a session lasts unused, and at most (OWASP ASVS 5.0 V7.3)."""

    idle: timedelta
    absolute: timedelta

    def lasts(self, stay: Stay, now: datetime) -> bool:
        """Whether a session is still good."""
        return (
            stay.ended_at is None
            and now < stay.seen_at + self.idle
            and stay.started_at <= now < stay.started_at + self.absolute
        )
