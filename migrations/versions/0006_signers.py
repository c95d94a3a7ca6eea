"""The register of signers knows the person or organisation, and what was changed; the policy knows years and conditions.

New columns are empty or have a default, so the version before goes on reading and writing; a policy row of its making has
the meaning it had.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_CHECKS = {
    "title": "title in ('head','deputy','acting')",
    "holder_kind": "holder_kind in ('person','organisation')",
    "holder": "(holder_kind is null) = (holder_index is null)",
}


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _extend_signer()
    _make_signer_change()
    _extend_signature_policy()


def _extend_signer() -> None:
    for name in ("issuer", "serial", "title", "holder_kind", "source"):
        op.add_column("signer", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("signer", sa.Column("holder_index", sa.LargeBinary(), nullable=True))
    op.add_column("signer", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    for name, rule in _CHECKS.items():
        # The columns are new and empty: there is nothing to look at, so nobody waits.
        op.execute(f"ALTER TABLE signer ADD CONSTRAINT ck_signer_{name} CHECK ({rule}) NOT VALID")
    op.execute(
        "GRANT UPDATE (closed_at, holder_index, holder_kind, source, title, valid_from) ON signer TO registry_service"
    )


def _make_signer_change() -> None:
    op.create_table(
        "signer_change",
        sa.Column("change_id", sa.UUID(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("change in ('registered','changed','closed')", name=op.f("ck_signer_change_change")),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_signer_change_school_code")),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_signer_change")),
    )
    op.create_index("ix_signer_change_school_code", "signer_change", ["school_code"])
    op.execute("GRANT SELECT, INSERT ON signer_change TO registry_service")


def _extend_signature_policy() -> None:
    """One more column of the key, since rows may now differ in nothing but their first school year."""
    no, none = sa.text("false"), sa.text("'{}'")
    texts = postgresql.ARRAY(sa.Text())
    op.add_column(
        "signature_policy", sa.Column("required", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("signature_policy", sa.Column("policies", texts, server_default=none, nullable=False))
    op.add_column("signature_policy", sa.Column("time_stamp", sa.Boolean(), server_default=no, nullable=False))
    op.add_column(
        "signature_policy", sa.Column("first_year", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("signature_policy", sa.Column("last_year", sa.Integer(), nullable=True))
    # A few dozen rows, and both versions only ever add to them: the new key is there before anybody writes again.
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE signature_policy DROP CONSTRAINT pk_signature_policy")
    op.execute(
        "-- squawk-ignore adding-serial-primary-key-field, constraint-missing-not-valid\n"
        "ALTER TABLE signature_policy ADD CONSTRAINT pk_signature_policy"
        " PRIMARY KEY (version, role, ownership, hierarchy, valid_from, first_year)"
    )
