"""How often vendors try transcripts out before they submit them: a count by day, caller and outcome, and nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "judgement_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("judgements", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "caller_id", "outcome", "signed", name=op.f("pk_judgement_count")),
    )
    op.execute("GRANT SELECT, INSERT ON judgement_count TO registry_service")
    op.execute("GRANT UPDATE (judgements) ON judgement_count TO registry_service")
