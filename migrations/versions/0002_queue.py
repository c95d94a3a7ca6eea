"""The queue of background work: PgQueuer's own tables, as `pgq sql install` of release 1.6 prints them.

Revision 0002, after 0001.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the queue's tables, indexes and notification trigger."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    if context.is_offline_mode():
        op.execute(sa.text(script.replace(":", "\\:")))
        return
    # One simple-protocol call, since a prepared statement can't hold a script with a function body.
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None
    adapted.run_async(lambda connection: connection.execute(script))
