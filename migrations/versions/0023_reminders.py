"""Reminders: one row for a school, stage and day, claimed before its message is handed over. A new table only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "reminder",
        sa.Column("reminder_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("campaign_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recipients", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("reminder_id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("school_code", "stage", "day", name=op.f("uq_reminder_school_code_stage_day")),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_reminder_school_code")),
        sa.ForeignKeyConstraint(["campaign_code"], ["campaign.campaign_code"], name=op.f("fk_reminder_campaign_code")),
        sa.CheckConstraint("state in ('sending','sent','failed','uncertain')", name=op.f("ck_reminder_state")),
    )
    op.create_index("ix_reminder_school_code", "reminder", ["school_code", "at"])
    op.create_index("ix_reminder_sending", "reminder", ["at"], postgresql_where=sa.text("state = 'sending'"))
    op.execute("GRANT SELECT, INSERT ON reminder TO registry_service")
    op.execute("GRANT UPDATE (state, attempts, at, recipients, reason) ON reminder TO registry_service")
