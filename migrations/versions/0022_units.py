"""Old wards are units, and which unit took the place of which is kept.

The version before knows neither and goes on working: a kind it does not know is a unit like any other to it.

Revision 0022, after 0021.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_KINDS = "kind in ('city','district','cluster','ward','commune','school')"


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    # NOT VALID: the rows there are obey the narrower rule it takes the place of.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider rule follows at once
        "ALTER TABLE unit DROP CONSTRAINT ck_unit_kind"
    )
    op.execute(f"ALTER TABLE unit ADD CONSTRAINT ck_unit_kind CHECK ({_KINDS}) NOT VALID")
    op.create_table(
        "unit_succession",
        sa.Column("predecessor", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.Column("partly", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["predecessor"], ["unit.unit_code"], name=op.f("fk_unit_succession_predecessor")),
        sa.ForeignKeyConstraint(["successor"], ["unit.unit_code"], name=op.f("fk_unit_succession_successor")),
        sa.PrimaryKeyConstraint("predecessor", "successor", name=op.f("pk_unit_succession")),
    )
    op.execute("GRANT SELECT, INSERT ON unit_succession TO registry_service")
