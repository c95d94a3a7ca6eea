"""A stored city of any size: what of it follows from a pupil's running number, so that a bench asks for any of them unread.

Made by `registry.cli.bench_city_making`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

from registry.core import ids
from registry.core.ids import Level

YEAR = ids.SchoolYear(2024)
ACCEPTED_AT = datetime(2025, 6, 2, 3, tzinfo=UTC)
#: Pupils of a school, as the city has them on average (domain: 3,500 schools, 2.05 million pupils).
PER_SCHOOL = 585
_LEVELS = (
    Level.PRIMARY,
    Level.PRIMARY,
    Level.LOWER_SECONDARY,
    Level.PRIMARY,
    Level.UPPER_SECONDARY,
    Level.LOWER_SECONDARY,
)
_PLACES = ("079", "001", "038", "040", "051", "052", "066", "072", "074", "077", "080", "082", "083")
MOST = len(_PLACES) * 10**6


@dataclass(frozen=True, slots=True)
class City:
    """How large it is, and what of it there is."""

    pupils: int
    documents: bool = True

    @property
    def schools(self) -> int:
        """How many schools there are; the last one may be small."""
        return -(-self.pupils // PER_SCHOOL)


def school_code(school: int) -> str:
    """The code of a school by its running number."""
    return f"79{school:06d}"


def level(school: int) -> Level:
    """The level that a school teaches."""
    return _LEVELS[school % len(_LEVELS)]


def grade(pupil: int) -> int:
    """The grade that a pupil is in."""
    grades = ids.GRADES[level(pupil // PER_SCHOOL)]
    return grades[0] + pupil % PER_SCHOOL * len(grades) // PER_SCHOOL


def pupil_code(pupil: int) -> str:
    """A pupil's code."""
    return f"79{pupil:08d}"


def number(pupil: int) -> str:
    """A pupil's personal number: 12 digits, nobody's twice; not those of sex and birth."""
    return f"{_PLACES[pupil // 10**6]}316{pupil % 10**6:06d}"


def identity(what: str, pupil: int) -> UUID:
    """A random-looking id that follows from the pupil: of the transcript, the pupil, the submission..."""
    return UUID(bytes=drawn(what, pupil), version=4)


def drawn(what: str, pupil: int) -> bytes:
    """16 random-looking bytes that follow from the pupil."""
    return blake2b(f"{what} {pupil}".encode(), digest_size=16).digest()


def transcript_code(pupil: int) -> str:
    """The code of a pupil's transcript."""
    return str(identity("transcript", pupil))
