"""What changed on a part of a day is found by its moments. The version before reads and writes the table as it did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_index("ix_standing_since", "standing", ["school_year", "since"])
    op.create_index(
        "ix_standing_until", "standing", ["school_year", "until"], postgresql_where=sa.text("until < 'infinity'")
    )
