"""Roots of time-stamping: a third kind of anchor.

Revision 0006, after 0003. It widens a check, so the version before it goes on working; a root of the new kind is imported only
when no service of that version runs any more. The table holds some dozens of certificates: checking them takes no time.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take 'timestamp' beside the two hierarchies."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "-- squawk-ignore ban-drop-constraint, constraint-missing-not-valid\n"
        "ALTER TABLE trust_certificate DROP CONSTRAINT ck_trust_certificate_hierarchy,"
        " ADD CONSTRAINT ck_trust_certificate_hierarchy CHECK (hierarchy in ('government','public','timestamp'))"
    )
