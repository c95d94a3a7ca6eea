"""Tables of declarations and frozen campaigns; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from registry.storage.tables import metadata, roster_pupil, submission

_moment = DateTime(timezone=True)

# --- what readiness asks of other tables -----------------------------------------------------------------------------------

Index("ix_submission_school_code", submission.c.school_code, submission.c.received_at)
Index(
    "ix_roster_pupil_readiness",
    roster_pupil.c.school_year,
    roster_pupil.c.school_code,
    roster_pupil.c.grade,
    postgresql_where=text("left_at is null and number_index is null"),
)

#: Refused attempts of who speaks for the school, with their codes: written by a trigger on `verdict`, so that counting them for
#: a whole city reads nothing else.
refusal = Table(
    "refusal",
    metadata,
    Column("school_code", Text, primary_key=True),
    Column("refused_at", _moment, primary_key=True),
    Column("submission_id", UUID(as_uuid=True), primary_key=True),
    Column("codes", ARRAY(Text), nullable=False),
)

# --- declarations ------------------------------------------------------------------------------------------------------------

#: A signed statement that a school's year is complete; of a grade the greatest version counts. The bytes are in `document`.
declaration = Table(
    "declaration",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("school_code", Text, ForeignKey("school.school_code"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("submission_id", UUID(as_uuid=True), ForeignKey("submission.submission_id"), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, unique=True),
    Column("accepted_at", _moment, nullable=False),
    Column("declared_on", Date, nullable=False),
    Column("signatures", JSONB, nullable=False),
)

#: What it says of each grade; `excepted`: pupils it names as having no transcript.
declaration_grade = Table(
    "declaration_grade",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("school_code", Text, primary_key=True),
    Column("grade", SmallInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("expected", Integer, nullable=False),
    Column("on_record", Integer, nullable=False),
    Column("excepted", Integer, nullable=False),
    ForeignKeyConstraint(
        ["school_year", "school_code", "version"],
        ["declaration.school_year", "declaration.school_code", "declaration.version"],
    ),
)

# --- frozen campaigns --------------------------------------------------------------------------------------------------------

#: One operator's word that a campaign is to be frozen; a second one's freezes it.
campaign_freeze_request = Table(
    "campaign_freeze_request",
    metadata,
    Column("campaign_code", Text, ForeignKey("campaign.campaign_code"), primary_key=True),
    Column("caller_id", Text, primary_key=True),
    Column("requested_at", _moment, primary_key=True),
    Column("reason", Text, nullable=False),
)

#: A campaign is frozen once. `fingerprint`: SHA-256 of its snapshot without the last line; `seen`: which transactions it saw.
campaign_freeze = Table(
    "campaign_freeze",
    metadata,
    Column("campaign_code", Text, ForeignKey("campaign.campaign_code"), primary_key=True),
    Column("frozen_at", _moment, nullable=False),
    Column("frozen_by", ARRAY(Text), nullable=False),
    Column("reason", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("pupils", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("seen", Text),
)

#: The snapshot, sealed, in parts; together in their order they are the file.
campaign_freeze_part = Table(
    "campaign_freeze_part",
    metadata,
    Column("campaign_code", Text, ForeignKey("campaign.campaign_code"), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

#: The counts of the snapshot, so that they can be asked for without reading it.
campaign_freeze_school = Table(
    "campaign_freeze_school",
    metadata,
    Column("campaign_code", Text, ForeignKey("campaign.campaign_code"), primary_key=True),
    Column("school_code", Text, ForeignKey("school.school_code"), primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("pupils", Integer, nullable=False),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {}
DELETABLE: tuple[str, ...] = ()
