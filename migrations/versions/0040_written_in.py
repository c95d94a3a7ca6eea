"""What came after a freeze is what its snapshot did not see, whatever the clocks said.

Revision 0040, after 0039. Adds the transaction that wrote a version (rows that are there keep none: every freeze to come sees
them) and, on a freeze, what its snapshot saw. The version before this one writes the first by its default and leaves the second
empty, which then goes by the clock as before.
"""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    # In two steps: a column with this default at once would rewrite the table.
    op.execute("ALTER TABLE record_version ADD COLUMN written_in bigint")
    op.execute("ALTER TABLE record_version ALTER COLUMN written_in SET DEFAULT (pg_current_xact_id()::text::bigint)")
    op.execute("ALTER TABLE campaign_freeze ADD COLUMN seen text")
