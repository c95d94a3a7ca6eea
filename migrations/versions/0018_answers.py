"""Answers: keys that sign them, purposes as data, limits that all processes share, and the chain of who looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _make_answers()
    _make_limits()
    _make_chain()
    for table in ("answer_key", "answer_nonce", "purpose", "caller_miss", "question_budget", "claim_threshold"):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")
    op.execute("GRANT SELECT, INSERT ON question_queue, question_chain TO registry_service")
    op.execute("GRANT DELETE ON answer_nonce, question_queue TO registry_service")
    op.execute("GRANT UPDATE (in_a_row, hour, in_hour, day, pauses, paused_until) ON caller_miss TO registry_service")
    op.execute("GRANT UPDATE (taken) ON question_budget TO registry_service")
    op.execute("GRANT UPDATE (threshold, asked_at) ON claim_threshold TO registry_service")


def _make_answers() -> None:
    op.create_table(
        "answer_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signs_from", _TIME, nullable=False),
        sa.Column("registered_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_answer_key")),
        sa.UniqueConstraint("signs_from", name=op.f("uq_answer_key_signs_from")),
    )
    op.create_table(
        "answer_nonce",
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("nonce_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("caller_id", "nonce_hash", name=op.f("pk_answer_nonce")),
    )
    op.create_index(op.f("ix_answer_nonce_expires_at"), "answer_nonce", ["expires_at"])
    op.create_table(
        "purpose",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("valid_from", _TIME, nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("imported_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "valid_from", name=op.f("pk_purpose")),
    )


def _make_limits() -> None:
    op.create_table(
        "caller_miss",
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("hour", _TIME, nullable=False),
        sa.Column("in_hour", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("paused_until", _TIME),
        sa.PrimaryKeyConstraint("caller_id", name=op.f("pk_caller_miss")),
    )
    op.create_table(
        "question_budget",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "caller_id", name=op.f("pk_question_budget")),
    )
    op.create_table(
        "claim_threshold",
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Text(), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("pupil_id", "caller_id", "topic", name=op.f("pk_claim_threshold")),
    )


#: A trigger, so that the version of the service that still runs while this comes in queues its questions too. It runs as whoever
#: writes the question: the service may insert into the queue.
_QUEUE_QUESTION = """
CREATE FUNCTION queue_question() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO question_queue (question_id) VALUES (NEW.question_id);
  RETURN NULL;
END $$
"""


def _make_chain() -> None:
    op.add_column("question", sa.Column("detail", sa.Text()))
    op.create_table(
        "question_queue",
        sa.Column("queued", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("question_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("queued", name=op.f("pk_question_queue")),
    )
    op.create_table(
        "question_chain",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("question_id", sa.UUID(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_question_chain")),
        sa.UniqueConstraint("question_id", name=op.f("uq_question_chain_question_id")),
    )
    op.execute(_QUEUE_QUESTION)
    op.execute("CREATE TRIGGER queue_question AFTER INSERT ON question FOR EACH ROW EXECUTE FUNCTION queue_question()")
    op.execute("INSERT INTO question_queue (question_id) SELECT question_id FROM question ORDER BY question_id")
