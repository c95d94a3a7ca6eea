"""Whether every subject teacher whom a transcript names must sign is said by the signature policy. As before: none has to.

The version before goes on: it neither reads nor writes the column.

Revision 0039, after 0038.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column(
        "signature_policy", sa.Column("subject_teachers", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
