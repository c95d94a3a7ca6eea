"""Tables of the missing-number workbench; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from registry.storage.tables import metadata

_moment = DateTime(timezone=True)

#: Every file of names that left for the police: who took it out, for which unit and year, how many pupils, which bytes.
number_export = Table(
    "number_export",
    metadata,
    Column("export_number", BigInteger, primary_key=True, autoincrement=False),
    Column("exported_at", _moment, nullable=False),
    Column("caller_id", Text),
    Column("unit_code", Text, nullable=False),
    Column("school_year", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("pupils", Integer, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
)

#: Every file that came back and was taken, and what it came to.
number_return = Table(
    "number_return",
    metadata,
    Column("return_id", UUID(as_uuid=True), primary_key=True),
    Column("received_at", _moment, nullable=False),
    Column("caller_id", Text),
    Column("source", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("unit_code", Text, nullable=False),
    Column("school_year", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("doubtful", Integer, nullable=False),
    Index("ix_number_return_received_at", "received_at"),
)

#: A number that came back and needs a person to say whose it is; once for a number and year. What the file said of the person
#: stands here as on a roster; the number is sealed.
number_case = Table(
    "number_case",
    metadata,
    Column("case_id", UUID(as_uuid=True), primary_key=True),
    Column("return_id", UUID(as_uuid=True), ForeignKey("number_return.return_id"), nullable=False),
    Column("school_year", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("told_name", Text, nullable=False),
    Column("told_birth", Text),
    Column("told_sex", Text),
    Column("number_index", LargeBinary, nullable=False),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("doubts", ARRAY(Text), nullable=False),
    Column("raised_at", _moment, nullable=False),
    Index("uq_number_case_number", "school_year", "number_index", unique=True),
)

#: The pupils whom such a number can be of.
number_candidate = Table(
    "number_candidate",
    metadata,
    Column("case_id", UUID(as_uuid=True), ForeignKey("number_case.case_id"), primary_key=True),
    Column("school_code", Text, primary_key=True),
    Column("pupil_code", Text, primary_key=True),
)

#: What a person said about such a number; never changed, never deleted. Without a pupil it is nobody's of them.
number_decision = Table(
    "number_decision",
    metadata,
    Column("case_id", UUID(as_uuid=True), ForeignKey("number_case.case_id"), primary_key=True),
    Column("pupil_code", Text),
    Column("reason", Text, nullable=False),
    Column("caller_id", Text),
    Column("decided_at", _moment, nullable=False),
)

#: A number that stands on a roster because it came back so, and what stood there before: later lists of the school without a
#: number don't take it away. An undo is written down beside it.
number_applied = Table(
    "number_applied",
    metadata,
    Column("applied_id", UUID(as_uuid=True), primary_key=True),
    Column("return_id", UUID(as_uuid=True), ForeignKey("number_return.return_id"), nullable=False),
    Column("case_id", UUID(as_uuid=True), ForeignKey("number_case.case_id")),
    Column("school_year", Text, nullable=False),
    Column("school_code", Text, nullable=False),
    Column("pupil_code", Text, nullable=False),
    Column("number_index", LargeBinary, nullable=False),
    Column("before_index", LargeBinary),
    Column("before_sealed", LargeBinary),
    Column("caller_id", Text),
    Column("applied_at", _moment, nullable=False),
    Column("undone_at", _moment),
    Column("undone_by", Text),
    Column("undone_reason", Text),
    CheckConstraint("(undone_at is null) = (undone_reason is null)", name="undone"),
    Index(
        "uq_number_applied_pupil",
        "school_year",
        "school_code",
        "pupil_code",
        "number_index",
        unique=True,
        postgresql_where=text("undone_at is null"),
    ),
    Index("ix_number_applied_return_id", "return_id"),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {"number_applied": ("undone_at", "undone_by", "undone_reason")}
DELETABLE: tuple[str, ...] = ()
