"""Tables of the map and of schools beside units and memberships; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Table, Text

from registry.storage.tables import metadata

#: Which unit took the place of which when it began, or (partly) of a part of it: an old ward may have gone to several communes.
unit_succession = Table(
    "unit_succession",
    metadata,
    Column("predecessor", Text, ForeignKey("unit.unit_code"), primary_key=True),
    Column("successor", Text, ForeignKey("unit.unit_code"), primary_key=True),
    Column("partly", Boolean, nullable=False),
)

#: When somebody who speaks for a school last sent something, to ten minutes: written by a trigger on `verdict`, so that asking for
#: a whole city does not read the journal.
last_contact = Table(
    "last_contact",
    metadata,
    Column("school_code", Text, primary_key=True),
    Column("contacted_at", DateTime(timezone=True), nullable=False),
)

UPDATABLE: dict[str, tuple[str, ...]] = {"last_contact": ("contacted_at",)}
DELETABLE: tuple[str, ...] = ()
