"""Campaigns with the history of their deadlines. New tables only: the version before goes on working.

Revision 0014, after 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_STAGES = "stage in ('numbers_reviewed','certificates_ready','transcripts_submitted','declared','reviewed')"


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _make_campaign()
    for table in ("campaign", "campaign_deadline"):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")


def _make_campaign() -> None:
    op.create_table(
        "campaign",
        sa.Column("campaign_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("grades", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("units", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("campaign_code", name=op.f("pk_campaign")),
    )
    op.create_table(
        "campaign_deadline",
        sa.Column("campaign_code", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(_STAGES, name=op.f("ck_campaign_deadline_stage")),
        sa.ForeignKeyConstraint(
            ["campaign_code"], ["campaign.campaign_code"], name=op.f("fk_campaign_deadline_campaign_code")
        ),
        sa.PrimaryKeyConstraint("campaign_code", "stage", "set_at", name=op.f("pk_campaign_deadline")),
    )
