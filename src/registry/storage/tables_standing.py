"""The counts of completeness as they are kept ready (`registry.storage.standing`). All of it can be made again from the other rows."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Identity, Index, Integer, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from registry.storage.tables import metadata

#: Pupils of whom something changed since they were counted, written by triggers; an empty pupil code: everybody of the school.
standing_mark = Table(
    "standing_mark",
    metadata,
    Column("marked", BigInteger, Identity(always=True), primary_key=True),
    Column("school_year", Text, nullable=False),
    Column("school_code", Text, nullable=False),
    Column("pupil_code", Text, nullable=False),
    Index("ix_standing_mark_school", "school_year", "school_code"),
)

#: Where a pupil of a school stood from `since` until `until`. `key`: `registry.core.completeness.Standing.key`.
standing = Table(
    "standing",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("school_code", Text, primary_key=True),
    Column("pupil_code", Text, primary_key=True),
    Column("since", DateTime(timezone=True), primary_key=True),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("grade", SmallInteger, nullable=False),
    Column("class_name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Index("ix_standing_since", "school_year", "since"),
    Index("ix_standing_until", "school_year", "until", postgresql_where=text("until < 'infinity'")),
)

#: How many pupils of a school and grade stand where, as far as everything is known.
standing_count = Table(
    "standing_count",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("school_code", Text, primary_key=True),
    Column("grade", SmallInteger, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("pupils", Integer, nullable=False),
)

#: By how much each day (of the city) changed that.
standing_day = Table(
    "standing_day",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("school_code", Text, primary_key=True),
    Column("grade", SmallInteger, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("pupils", Integer, nullable=False),
)

#: The codes of pupils who have several: after a merge, or a decision that two codes are one pupil's. Written by triggers.
same_pupil = Table(
    "same_pupil",
    metadata,
    Column("pupil_code", Text, primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), nullable=False),
    Index("ix_same_pupil_pupil_id", "pupil_id"),
)

UPDATABLE: dict[str, tuple[str, ...]] = {
    "standing": ("until", "grade", "class_name", "key"),
    "standing_count": ("pupils",),
    "standing_day": ("pupils",),
}
DELETABLE: tuple[str, ...] = ("standing", "standing_count", "standing_day", "standing_mark", "same_pupil")
