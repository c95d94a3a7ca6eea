"""Trust material that comes by itself: OCSP answers, the addresses to ask, further known roots; roots of time-stamping.

Revision 0005, after 0003. New tables, which the version before doesn't know, and one check that takes more than before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

_HIERARCHIES = "hierarchy in ('government','public','timestamp')"
_UPDATE = {
    "ocsp_answer": "closed_at",
    "known_root": "closed_at, hierarchy, name",
    "trust_source": "added_at, closed_at, claimed_until, tried_at, succeeded_at, etag, last_modified",
}


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _make_ocsp_answer()
    _make_known_root()
    _make_trust_source()
    # A handful of rows: to look at them all again takes no time.
    # Its successor takes all it took.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "ALTER TABLE trust_certificate DROP CONSTRAINT ck_trust_certificate_hierarchy"
    )
    op.execute(
        f"ALTER TABLE trust_certificate ADD CONSTRAINT ck_trust_certificate_hierarchy CHECK ({_HIERARCHIES}) NOT VALID"
    )
    for table, columns in _UPDATE.items():
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")
        op.execute(f"GRANT UPDATE ({columns}) ON {table} TO registry_service")


def _make_ocsp_answer() -> None:
    op.create_table(
        "ocsp_answer",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("cert_id", sa.Text(), nullable=False),
        sa.Column("this_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_ocsp_answer")),
    )
    op.create_index(
        "ix_ocsp_answer_cert_id", "ocsp_answer", ["cert_id"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )


def _make_known_root() -> None:
    op.create_table(
        "known_root",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hierarchy", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_HIERARCHIES, name=op.f("ck_known_root_hierarchy")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_known_root")),
    )


def _make_trust_source() -> None:
    op.create_table(
        "trust_source",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("issuer", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('crl','ocsp','certificates')", name=op.f("ck_trust_source_kind")),
        sa.CheckConstraint("(kind = 'ocsp') = (issuer is not null)", name=op.f("ck_trust_source_ocsp_has_issuer")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_trust_source")),
    )
