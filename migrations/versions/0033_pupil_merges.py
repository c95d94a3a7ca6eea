"""Pupils: how often each was merged, the value by which a document that comes in at the same moment learns of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("pupil", sa.Column("merges", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("GRANT UPDATE (merges) ON pupil TO registry_service")
