"""Versions and withdrawals of records, what the city has to approve, and the feed of changes with its triggers.

New tables, and columns with a default: the version before goes on reading and writing, and the triggers put what it accepts
into the feed as well.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_TABLES = ("pupil_document", "withdrawal", "frozen_year", "approval_rule", "approval", "change_queue", "change")

_QUEUE_CHANGE = """
CREATE FUNCTION queue_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
  INSERT INTO change_queue (kind, school_year, pupil_id, level, version, at)
  VALUES (TG_ARGV[0], NEW.school_year, NEW.pupil_id, NEW.level, NEW.version, NEW.accepted_at);
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _extend_journal()
    _extend_record()
    _make_withdrawal()
    _make_approvals()
    _make_pupil_document()
    _make_feed()
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")
    op.execute("GRANT UPDATE (withdraws) ON waiting TO registry_service")
    op.execute("GRANT UPDATE (withdrawn_version) ON record TO registry_service")
    op.execute("GRANT UPDATE (valid_to) ON approval_rule TO registry_service")
    op.execute("GRANT DELETE ON change_queue TO registry_service")
    for table, kind in (("record_version", "accepted"), ("withdrawal", "withdrawn")):
        op.execute(
            f"CREATE TRIGGER tr_{table}_change AFTER INSERT ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION queue_change('{kind}')"
        )


def _extend_journal() -> None:
    op.add_column("submission", sa.Column("kind", sa.Text(), server_default="transcript", nullable=False))
    # Every row has the default, which the rule allows: there is nothing to look at.
    op.execute(
        "ALTER TABLE submission ADD CONSTRAINT ck_submission_kind CHECK (kind in ('transcript','withdrawal')) NOT VALID"
    )
    op.add_column("waiting", sa.Column("withdraws", sa.Integer(), nullable=True))
    op.create_index(
        "ix_waiting_withdraws",
        "waiting",
        ["transcript_code", "withdraws"],
        postgresql_where=sa.text("withdraws is not null"),
    )


def _extend_record() -> None:
    op.add_column("record", sa.Column("withdrawn_version", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("record_version", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column(
        "record_version", sa.Column("awaits_summer", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def _make_withdrawal() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("accepted_at", _TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signatures", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.submission_id"], name=op.f("fk_withdrawal_submission_id")
        ),
        sa.PrimaryKeyConstraint("school_year", "pupil_id", "level", "version", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("fingerprint", "school_year", name=op.f("uq_withdrawal_fingerprint_school_year")),
    )


def _make_approvals() -> None:
    op.create_table(
        "frozen_year",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("frozen_at", _TIME, nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_year", name=op.f("pk_frozen_year")),
    )
    op.create_table(
        "approval_rule",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", _TIME, nullable=False),
        sa.Column("valid_to", _TIME, nullable=True),
        sa.CheckConstraint("kind in ('correction','withdrawal')", name=op.f("ck_approval_rule_kind")),
        sa.PrimaryKeyConstraint("kind", "valid_from", name=op.f("pk_approval_rule")),
    )
    op.create_table(
        "approval",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_approval")),
    )


def _make_pupil_document() -> None:
    op.create_table(
        "pupil_document",
        sa.Column("document_index", sa.LargeBinary(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("document_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("known_since", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.pupil_id"], name=op.f("fk_pupil_document_pupil_id")),
        sa.PrimaryKeyConstraint("document_index", name=op.f("pk_pupil_document")),
    )
    op.create_index("ix_pupil_document_pupil_id", "pupil_document", ["pupil_id"])


def _make_feed() -> None:
    op.create_table(
        "change_queue",
        sa.Column("queued", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=True),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("school_code", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('accepted','withdrawn','renumbered')", name=op.f("ck_change_queue_kind")),
        sa.CheckConstraint("kind <> 'renumbered' or school_code is not null", name=op.f("ck_change_queue_school")),
        sa.PrimaryKeyConstraint("queued", name=op.f("pk_change_queue")),
    )
    op.create_table(
        "change",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=True),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("by_version", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind in ('accepted','superseded','withdrawn','renumbered')", name=op.f("ck_change_kind")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_change")),
    )
    op.create_index("ix_change_school_code", "change", ["school_code", "position"])
    op.create_index("ix_change_pupil_id", "change", ["pupil_id", "school_year", "level"])
    op.execute(_QUEUE_CHANGE)
