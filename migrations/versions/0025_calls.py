"""Calls: that an office called a school, with a short note. A new table only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "school_call",
        sa.Column("call_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_school_call")),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_school_call_school_code")),
    )
    op.create_index("ix_school_call_school_code", "school_call", ["school_code", "at"])
    op.execute("GRANT SELECT, INSERT ON school_call TO registry_service")
