"""The pupil code of a record follows the version that counts, as its grade and school do.

Revision 0037, after 0036. The version before this one does not change the column.
"""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("GRANT UPDATE (pupil_code) ON record TO registry_service")
