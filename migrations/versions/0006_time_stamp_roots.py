"""Roots of time-stamping: a third kind of anchor.

Revision 0006, after 0003. It widens a check, so the version before it goes on working; it must not be asked to load such a root
before it is replaced. Nothing is scanned under the lock: what is stored already keeps the wider rule.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take 'timestamp' beside the two hierarchies."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE trust_certificate DROP CONSTRAINT ck_trust_certificate_hierarchy")
    op.execute(
        "ALTER TABLE trust_certificate ADD CONSTRAINT ck_trust_certificate_hierarchy"
        " CHECK (hierarchy in ('government','public','timestamp')) NOT VALID"
    )
    op.execute("ALTER TABLE trust_certificate VALIDATE CONSTRAINT ck_trust_certificate_hierarchy")
