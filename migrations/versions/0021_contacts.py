"""Contacts of schools: which office is called and written to, from when to when. A new table: the version before goes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "school_contact",
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("phone", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text()),
        sa.PrimaryKeyConstraint("school_code", "role", "valid_from", "set_at", name=op.f("pk_school_contact")),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_school_contact_school_code")),
        sa.CheckConstraint("num_nonnulls(phone, email) > 0", name=op.f("ck_school_contact_reach")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_school_contact_period")),
    )
    op.execute("GRANT SELECT, INSERT ON school_contact TO registry_service")
