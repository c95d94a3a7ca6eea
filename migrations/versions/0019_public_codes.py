"""Public codes: verification codes and their views, numbered extracts, share links and their openings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_UUID = postgresql.UUID(as_uuid=True)


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _make_codes()
    _make_extracts()
    _make_shares()
    for table in (
        "public_code",
        "public_view",
        "extract_counter",
        "extract_issue",
        "share",
        "share_record",
        "share_opening",
    ):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")
    op.execute("GRANT UPDATE (last) ON extract_counter TO registry_service")
    op.execute("GRANT UPDATE (fingerprint) ON extract_issue TO registry_service")
    op.execute("GRANT UPDATE (openings, revoked_at, revoked_by) ON share TO registry_service")


def _make_codes() -> None:
    op.create_table(
        "public_code",
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("pupil_id", _UUID, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("face_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("code_index", name=op.f("pk_public_code")),
        sa.UniqueConstraint(
            "school_year",
            "pupil_id",
            "level",
            "version",
            name=op.f("uq_public_code_school_year_pupil_id_level_version"),
        ),
        sa.ForeignKeyConstraint(
            ["school_year", "pupil_id", "level", "version"],
            ["record_version.school_year", "record_version.pupil_id", "record_version.level", "record_version.version"],
            name="fk_public_code_version",
        ),
    )
    op.create_table(
        "public_view",
        sa.Column("view_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("viewed_at", _TIME, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("view_id", name=op.f("pk_public_view")),
    )
    op.create_index("ix_public_view_code_index", "public_view", ["code_index", "viewed_at"])


def _make_extracts() -> None:
    op.create_table(
        "extract_counter",
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_extract_counter")),
    )
    op.create_table(
        "extract_issue",
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("issued_at", _TIME, nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("question_id", _UUID, nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("year", "number", name=op.f("pk_extract_issue")),
        sa.ForeignKeyConstraint(["code_index"], ["public_code.code_index"], name=op.f("fk_extract_issue_code_index")),
    )
    op.create_index("ix_extract_issue_code_index", "extract_issue", ["code_index"])
    op.create_index("ix_extract_issue_fingerprint", "extract_issue", ["fingerprint"])


def _make_shares() -> None:
    op.create_table(
        "share",
        sa.Column("share_id", _UUID, nullable=False),
        sa.Column("secret_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("pupil_id", _UUID, nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("most_openings", sa.SmallInteger(), nullable=False),
        sa.Column("openings", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("revoked_at", _TIME),
        sa.Column("revoked_by", sa.Text()),
        sa.PrimaryKeyConstraint("share_id", name=op.f("pk_share")),
        sa.UniqueConstraint("secret_index", name=op.f("uq_share_secret_index")),
        sa.CheckConstraint("openings <= most_openings", name=op.f("ck_share_openings")),
    )
    op.create_index("ix_share_school_code", "share", ["school_code", "created_at"])
    op.create_table(
        "share_record",
        sa.Column("share_id", _UUID, nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("pupil_id", _UUID, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("share_id", "school_year", "pupil_id", "level", name=op.f("pk_share_record")),
        sa.ForeignKeyConstraint(["share_id"], ["share.share_id"], name=op.f("fk_share_record_share_id")),
    )
    op.create_table(
        "share_opening",
        sa.Column("share_id", _UUID, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("share_id", "number", name=op.f("pk_share_opening")),
        sa.ForeignKeyConstraint(["share_id"], ["share.share_id"], name=op.f("fk_share_opening_share_id")),
    )
