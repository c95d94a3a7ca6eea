"""Tables of campaigns, and how pupils stand in them; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKey, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from registry.storage.tables import metadata

_moment = DateTime(timezone=True)

#: A campaign never changes; its deadlines move. `units` are checked against the map when it is made: no unit ever goes away.
campaign = Table(
    "campaign",
    metadata,
    Column("campaign_code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("school_year", Text, nullable=False),
    Column("grades", ARRAY(SmallInteger), nullable=False),
    Column("units", ARRAY(Text), nullable=False),
    Column("created_at", _moment, nullable=False),
    Column("caller_id", Text),
)

#: The newest row of a stage holds.
campaign_deadline = Table(
    "campaign_deadline",
    metadata,
    Column("campaign_code", Text, ForeignKey("campaign.campaign_code"), primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("set_at", _moment, primary_key=True),
    Column("due_on", Date, nullable=False),
    Column("caller_id", Text),
    Column("reason", Text, nullable=False),
    CheckConstraint(
        "stage in ('numbers_reviewed','certificates_ready','transcripts_submitted','declared','reviewed')", name="stage"
    ),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {}
DELETABLE: tuple[str, ...] = ()
