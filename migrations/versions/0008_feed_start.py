"""What was accepted before there was a feed goes into it, in the order of its acceptance.

In a transaction of its own, since the triggers of 0007 must be seen by all writers first. What both have queued counts once.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Queue every version on record."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "INSERT INTO change_queue (kind, school_year, pupil_id, level, version, at)"
        " SELECT 'accepted', school_year, pupil_id, level, version, accepted_at FROM record_version"
        " ORDER BY accepted_at, school_year, pupil_id, level, version"
    )
