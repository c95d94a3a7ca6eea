"""Tables of schools' contacts, of reminders and of calls; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from registry.storage.tables import metadata

_moment = DateTime(timezone=True)

#: Whom to call and write to at a school. A change is a new row: of (school, role, valid_from) the newest `set_at` counts.
school_contact = Table(
    "school_contact",
    metadata,
    Column("school_code", Text, ForeignKey("school.school_code"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("set_at", _moment, primary_key=True),
    Column("valid_to", Date),
    Column("phone", Text),
    Column("email", Text),
    Column("source", Text, nullable=False),
    Column("caller_id", Text),
    CheckConstraint("num_nonnulls(phone, email) > 0", name="reach"),
    CheckConstraint("valid_to > valid_from", name="period"),
)

#: A school's reminder of a stage on a day: at most one, whoever sends. Claimed ('sending') before it is handed over.
reminder = Table(
    "reminder",
    metadata,
    Column("reminder_id", UUID(as_uuid=True), primary_key=True),
    Column("school_code", Text, ForeignKey("school.school_code"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("campaign_code", Text, ForeignKey("campaign.campaign_code"), nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("at", _moment, nullable=False),
    Column("recipients", SmallInteger, nullable=False),
    Column("reason", Text),
    UniqueConstraint("school_code", "stage", "day"),
    CheckConstraint("state in ('sending','sent','failed','uncertain')", name="state"),
    Index("ix_reminder_school_code", "school_code", "at"),
    Index("ix_reminder_sending", "at", postgresql_where=text("state = 'sending'")),
)

#: Somebody of an office called a school; `caller_id` as the use cases know people and callers.
school_call = Table(
    "school_call",
    metadata,
    Column("call_id", UUID(as_uuid=True), primary_key=True),
    Column("school_code", Text, ForeignKey("school.school_code"), nullable=False),
    Column("at", _moment, nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_school_call_school_code", "school_code", "at"),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {"reminder": ("state", "attempts", "at", "recipients", "reason")}
DELETABLE: tuple[str, ...] = ()
