"""Signing keys: one table for the keys of answers and of papers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)

#: The version of the service that still runs while this comes in knows `answer_key` alone; it must not meet a key of papers there.
_COPY = """
CREATE FUNCTION copy_answer_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO signing_key (key_id, use, public_key, signs_from, registered_at)
    VALUES (NEW.key_id, 'answer', NEW.public_key, NEW.signs_from, NEW.registered_at);
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "signing_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signs_from", _TIME, nullable=False),
        sa.Column("registered_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("use", "signs_from", name=op.f("uq_signing_key_use_signs_from")),
        sa.CheckConstraint("use in ('answer','paper')", name=op.f("ck_signing_key_use")),
    )
    op.execute("GRANT SELECT, INSERT ON signing_key TO registry_service")
    op.execute(_COPY)
    op.execute(
        "CREATE TRIGGER copy_answer_key AFTER INSERT ON answer_key FOR EACH ROW EXECUTE FUNCTION copy_answer_key()"
    )
    op.execute(
        "INSERT INTO signing_key (key_id, use, public_key, signs_from, registered_at)"
        " SELECT key_id, 'answer', public_key, signs_from, registered_at FROM answer_key"
    )
