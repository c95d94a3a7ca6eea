"""Attempts that name no school are counted for those who sent them: an index of these few among all attempts.

Revision 0035, after 0034.
"""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_submission_unnamed ON submission (caller_id, received_at)"
            " WHERE school_code IS NULL"
        )
