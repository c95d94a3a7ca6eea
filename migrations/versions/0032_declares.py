"""Who signs a school's declaration is said by the signature policy, role by role. Empty: as before, the principal or the seal.

The version before goes on: it neither reads nor writes the column.

Revision 0032, after 0031.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("signature_policy", sa.Column("declares", sa.Text(), nullable=True))
