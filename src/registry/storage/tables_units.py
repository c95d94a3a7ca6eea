"""Tables of the map beside units and memberships; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text

from registry.storage.tables import metadata

#: Which unit took the place of which when it began, or (partly) of a part of it: an old ward may have gone to several communes.
unit_succession = Table(
    "unit_succession",
    metadata,
    Column("predecessor", Text, ForeignKey("unit.unit_code"), primary_key=True),
    Column("successor", Text, ForeignKey("unit.unit_code"), primary_key=True),
    Column("partly", Boolean, nullable=False),
)

UPDATABLE: dict[str, tuple[str, ...]] = {}
DELETABLE: tuple[str, ...] = ()
