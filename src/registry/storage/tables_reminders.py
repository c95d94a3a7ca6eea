"""Tables of schools' contacts, of reminders and of calls; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKey, Table, Text

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

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {}
DELETABLE: tuple[str, ...] = ()
