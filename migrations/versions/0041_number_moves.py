"""A number that a pupil had by mistake can be moved to whose it is.

Revision 0041, after 0040. One more word for what a person decides, and the right to it; the version before never writes it.
"""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_WORDS = "decision in ('same-pupil','other-pupil','transfer','number-moves')"


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider rule follows at once
        "ALTER TABLE pupil_decision DROP CONSTRAINT ck_pupil_decision_decision"
    )
    op.execute(f"ALTER TABLE pupil_decision ADD CONSTRAINT ck_pupil_decision_decision CHECK ({_WORDS}) NOT VALID")
    op.execute("GRANT UPDATE (pupil_id) ON pupil_number TO registry_service")
