"""Tables of the missing-number workbench; the rules of `registry.storage.tables` hold for them. Nothing here is ever changed."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from registry.storage.tables import metadata

_moment = DateTime(timezone=True)

#: Every file of names that left for the police: who took it out, for which unit and year, and how many pupils stand in it.
number_export = Table(
    "number_export",
    metadata,
    Column("export_id", UUID(as_uuid=True), primary_key=True),
    Column("exported_at", _moment, nullable=False),
    Column("caller_id", Text),
    Column("unit_code", Text, nullable=False),
    Column("school_year", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("pupils", Integer, nullable=False),
)

#: The key of a row in such a file: it finds the pupil again and says nothing by itself.
number_row = Table(
    "number_row",
    metadata,
    Column("row_key", Text, primary_key=True),
    Column("export_id", UUID(as_uuid=True), ForeignKey("number_export.export_id"), nullable=False),
    Column("school_year", Text, nullable=False),
    Column("school_code", Text, nullable=False),
    Column("pupil_code", Text, nullable=False),
)

#: Every file that came back, and what it came to.
number_return = Table(
    "number_return",
    metadata,
    Column("return_id", UUID(as_uuid=True), primary_key=True),
    Column("received_at", _moment, nullable=False),
    Column("caller_id", Text),
    Column("source", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("doubtful", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
)

#: A number that stands on a roster because it came back so: later lists of the school without a number don't take it away.
number_applied = Table(
    "number_applied",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("school_code", Text, primary_key=True),
    Column("pupil_code", Text, primary_key=True),
    Column("number_index", LargeBinary, primary_key=True),
    Column("return_id", UUID(as_uuid=True), ForeignKey("number_return.return_id"), nullable=False),
    Column("caller_id", Text),
    Column("applied_at", _moment, nullable=False),
)

#: A number that came back and needs a person to say whether it is this pupil's; once for a pupil and number.
number_case = Table(
    "number_case",
    metadata,
    Column("case_id", UUID(as_uuid=True), primary_key=True),
    Column("return_id", UUID(as_uuid=True), ForeignKey("number_return.return_id"), nullable=False),
    Column("school_year", Text, nullable=False),
    Column("school_code", Text, nullable=False),
    Column("pupil_code", Text, nullable=False),
    Column("number_index", LargeBinary, nullable=False),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("doubts", ARRAY(Text), nullable=False),
    Column("raised_at", _moment, nullable=False),
    Index("uq_number_case_pupil", "school_year", "school_code", "pupil_code", "number_index", unique=True),
)

#: What a person said about such a number; never changed, never deleted.
number_decision = Table(
    "number_decision",
    metadata,
    Column("case_id", UUID(as_uuid=True), ForeignKey("number_case.case_id"), primary_key=True),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("caller_id", Text),
    Column("decided_at", _moment, nullable=False),
    CheckConstraint("decision in ('accept','reject')", name="decision"),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {}
DELETABLE: tuple[str, ...] = ()
