"""Tables of batches of questions; the rules of `registry.storage.tables` hold for them. All that a caller sent or gets is sealed."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import UUID

from registry.storage.tables import metadata

_moment = DateTime(timezone=True)

#: The fingerprints are sealed too: whoever has the database could find a personal number out by trying.
batch = Table(
    "batch",
    metadata,
    Column("batch_id", UUID(as_uuid=True), primary_key=True),
    Column("caller_id", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("questions", Integer, nullable=False),
    Column("questions_sha256_sealed", LargeBinary, nullable=False),
    Column("key_hash", LargeBinary),
    Column("created_at", _moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text),
    Column("answered", Integer),
    Column("started_at", _moment),
    Column("ended_at", _moment),
    Column("expires_at", _moment),
    Column("result_sha256_sealed", LargeBinary),
    Column("result_size", Integer),
    UniqueConstraint("caller_id", "key_hash"),
    CheckConstraint("state in ('queued','running','done','failed','expired')", name="state"),
    CheckConstraint("form in ('ndjson','xlsx')", name="form"),
    Index("ix_batch_state", "state", "caller_id", "created_at"),
)


def _of_batch() -> Column[object]:
    return Column("batch_id", UUID(as_uuid=True), ForeignKey("batch.batch_id", ondelete="CASCADE"), primary_key=True)


#: The questions in portions, until the result is made.
batch_question = Table(
    "batch_question", metadata, _of_batch(), Column("portion", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)  # fmt: skip

#: One line of the result, written in the transaction that writes its question down; so each is asked once.
batch_answer = Table(
    "batch_answer", metadata, _of_batch(), Column("line", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)  # fmt: skip

#: The finished file in parts.
batch_part = Table(
    "batch_part", metadata, _of_batch(), Column("part", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)  # fmt: skip

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {
    "batch": (
        "state", "code", "answered", "started_at", "ended_at", "expires_at", "result_sha256_sealed", "result_size",
    ),
}  # fmt: skip
DELETABLE: tuple[str, ...] = ("batch", "batch_question", "batch_answer", "batch_part")
