"""Extracts from paper (trích lục) have signers of their own: who must sign one stands in the signature policy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss: a column that may be empty; the version before does not read it."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("signature_policy", sa.Column("extract", sa.Boolean(), nullable=True))
