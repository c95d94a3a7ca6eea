"""Batches of questions: what was sent, the answers as they are made, and the finished files, all sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.UUID(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("questions_sha256_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("answered", sa.Integer()),
        sa.Column("started_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.Column("expires_at", _TIME),
        sa.Column("result_sha256_sealed", sa.LargeBinary()),
        sa.Column("result_size", sa.Integer()),
        sa.CheckConstraint("state in ('queued','running','done','failed','expired')", name=op.f("ck_batch_state")),
        sa.CheckConstraint("form in ('ndjson','xlsx')", name=op.f("ck_batch_form")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch")),
        sa.UniqueConstraint("caller_id", "key_hash", name=op.f("uq_batch_caller_id_key_hash")),
    )
    op.create_index("ix_batch_state", "batch", ["state", "caller_id", "created_at"])
    for name, number in (("batch_question", "portion"), ("batch_answer", "line"), ("batch_part", "part")):
        op.create_table(
            name,
            sa.Column("batch_id", sa.UUID(), nullable=False),
            sa.Column(number, sa.Integer(), nullable=False),
            sa.Column("sealed", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("batch_id", number, name=op.f(f"pk_{name}")),
            sa.ForeignKeyConstraint(
                ["batch_id"], ["batch.batch_id"], name=op.f(f"fk_{name}_batch_id"), ondelete="CASCADE"
            ),
        )
    op.execute("GRANT SELECT, INSERT, DELETE ON batch, batch_question, batch_answer, batch_part TO registry_service")
    op.execute(
        "GRANT UPDATE (state, code, answered, started_at, ended_at, expires_at, result_sha256_sealed, result_size)"
        " ON batch TO registry_service"
    )
