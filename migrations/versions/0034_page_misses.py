"""Page misses: what addresses tried in vain on public pages, counted for all processes together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "page_miss",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "address_index", name=op.f("pk_page_miss")),
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON page_miss TO registry_service")
    op.execute("GRANT UPDATE (misses) ON page_miss TO registry_service")
