"""Pupils: renumbering, merges and their undo, cases for a person with their decisions, birth date and sex with a number.

New tables, and columns with a default: the version before goes on reading and writing. What waited before is judged again,
so that it says what it waits for.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("pupil_number", sa.Column("person_sealed", sa.LargeBinary(), nullable=True))
    op.create_index("ix_roster_pupil_number_index", "roster_pupil", ["number_index"])
    _extend_waiting()
    _make_renumbering()
    _make_merge()
    _make_decision()
    for table in ("renumbering", "pupil_merge", "pupil_alias", "pupil_decision"):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")
    op.execute("GRANT UPDATE (person_sealed) ON pupil_number TO registry_service")
    op.execute("GRANT UPDATE (undone_at, undone_reason, undone_by) ON pupil_merge TO registry_service")
    op.execute("GRANT DELETE ON pupil_alias TO registry_service")
    op.execute("UPDATE generation SET value = value + 1")


def _extend_waiting() -> None:
    op.add_column("waiting", sa.Column("case_kind", sa.Text(), nullable=True))
    op.add_column("waiting", sa.Column("case_against", sa.UUID(), nullable=True))
    op.add_column(
        "waiting",
        sa.Column("case_differs", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("waiting", sa.Column("case_two_known", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_waiting_case", "waiting", ["submission_id"], postgresql_where=sa.text("case_kind is not null"))
    op.execute("GRANT UPDATE (case_kind, case_against, case_differs, case_two_known) ON waiting TO registry_service")


def _make_renumbering() -> None:
    op.create_table(
        "renumbering",
        sa.Column("renumbering_id", sa.UUID(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("old_index", sa.LargeBinary(), nullable=False),
        sa.Column("new_index", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.pupil_id"], name=op.f("fk_renumbering_pupil_id")),
        sa.ForeignKeyConstraint(["old_index"], ["pupil_number.number_index"], name=op.f("fk_renumbering_old_index")),
        sa.ForeignKeyConstraint(["new_index"], ["pupil_number.number_index"], name=op.f("fk_renumbering_new_index")),
        sa.PrimaryKeyConstraint("renumbering_id", name=op.f("pk_renumbering")),
    )
    op.create_index("ix_renumbering_pupil_id", "renumbering", ["pupil_id"])


def _make_merge() -> None:
    op.create_table(
        "pupil_merge",
        sa.Column("merge_id", sa.UUID(), nullable=False),
        sa.Column("from_pupil", sa.UUID(), nullable=False),
        sa.Column("into_pupil", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("undone_at", _TIME, nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('merge','transfer')", name=op.f("ck_pupil_merge_kind")),
        sa.CheckConstraint("from_pupil <> into_pupil", name=op.f("ck_pupil_merge_two")),
        sa.ForeignKeyConstraint(["from_pupil"], ["pupil.pupil_id"], name=op.f("fk_pupil_merge_from_pupil")),
        sa.ForeignKeyConstraint(["into_pupil"], ["pupil.pupil_id"], name=op.f("fk_pupil_merge_into_pupil")),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_pupil_merge")),
    )
    op.create_index(
        "uq_pupil_merge_from_pupil",
        "pupil_merge",
        ["from_pupil"],
        unique=True,
        postgresql_where=sa.text("undone_at is null"),
    )
    op.create_index("ix_pupil_merge_into_pupil", "pupil_merge", ["into_pupil"])
    op.create_table(
        "pupil_alias",
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("survivor", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("pupil_id", name=op.f("pk_pupil_alias")),
    )
    op.create_index("ix_pupil_alias_survivor", "pupil_alias", ["survivor"])


def _make_decision() -> None:
    op.create_table(
        "pupil_decision",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("against", sa.UUID(), nullable=False),
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("placed_as", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("decided_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "decision in ('same-pupil','other-pupil','transfer')", name=op.f("ck_pupil_decision_decision")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.submission_id"], name=op.f("fk_pupil_decision_submission_id")
        ),
        sa.PrimaryKeyConstraint("fingerprint", "kind", "against", name=op.f("pk_pupil_decision")),
    )
