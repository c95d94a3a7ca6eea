"""Readiness: indexes for what is asked about all schools at once. Declarations, frozen campaigns, contacts, reminders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _index_for_readiness()


def _index_for_readiness() -> None:
    op.create_index("ix_submission_school_code", "submission", ["school_code", "received_at"])
    op.create_index(
        "ix_verdict_refused",
        "verdict",
        ["judged_at", "submission_id"],
        postgresql_where=sa.text("outcome = 'refused'"),
    )
    op.create_index(
        "ix_roster_pupil_readiness",
        "roster_pupil",
        ["school_year", "school_code", "grade"],
        postgresql_where=sa.text("left_at is null and number_index is null"),
    )
