"""Several systems of one office share its limits: whom a caller counts with.

Revision 0036, after 0035. The version before this one does not know the column and goes on counting each caller for itself.
"""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute(
        "ALTER TABLE caller ADD COLUMN counts_with text CONSTRAINT fk_caller_counts_with_caller REFERENCES caller (caller_id)"
    )
    op.execute("GRANT UPDATE (counts_with) ON caller TO registry_service")
