"""Readiness: indexes for what is asked about all schools at once. Declarations, frozen campaigns, contacts, reminders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = (
    "refusal",
    "declaration",
    "declaration_grade",
    "campaign_freeze_request",
    "campaign_freeze",
    "campaign_freeze_part",
    "campaign_freeze_school",
)
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _index_for_readiness()
    _make_refusal()
    # NOT VALID: the rows there are obey the narrower rule it takes the place of, and reading them all would lock out writers.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider rule follows at once
        "ALTER TABLE submission DROP CONSTRAINT ck_submission_kind"
    )
    op.execute(
        "ALTER TABLE submission ADD CONSTRAINT ck_submission_kind"
        " CHECK (kind in ('transcript','withdrawal','declaration')) NOT VALID"
    )
    _make_declaration()
    _make_freeze()
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")


def _index_for_readiness() -> None:
    op.create_index("ix_submission_school_code", "submission", ["school_code", "received_at"])
    op.create_index(
        "ix_roster_pupil_readiness",
        "roster_pupil",
        ["school_year", "school_code", "grade"],
        postgresql_where=sa.text("left_at is null and number_index is null"),
    )


_NOTE_REFUSAL = """
CREATE FUNCTION note_refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO refusal (school_code, refused_at, submission_id, codes)
  SELECT school_code, NEW.judged_at, NEW.submission_id,
         ARRAY(SELECT DISTINCT f->>'code' FROM jsonb_array_elements(NEW.findings) f)
    FROM submission WHERE submission_id = NEW.submission_id AND school_code IS NOT NULL
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""
_ON_VERDICT = """
CREATE TRIGGER note_refusal AFTER INSERT ON verdict FOR EACH ROW
  WHEN (NEW.outcome = 'refused' AND NOT NEW.findings @> '[{"code":"scope-school"}]'::jsonb)
  EXECUTE FUNCTION note_refusal()
"""
_FILL = """
INSERT INTO refusal (school_code, refused_at, submission_id, codes)
SELECT s.school_code, v.judged_at, v.submission_id,
       ARRAY(SELECT DISTINCT f->>'code' FROM jsonb_array_elements(v.findings) f)
  FROM verdict v JOIN submission s USING (submission_id)
 WHERE v.outcome = 'refused' AND v.judged_at > now() - interval '30 days' AND s.school_code IS NOT NULL
   AND NOT v.findings @> '[{"code":"scope-school"}]'::jsonb
ON CONFLICT DO NOTHING
"""


def _make_refusal() -> None:
    op.create_table(
        "refusal",
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("refused_at", _TIME, nullable=False),
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("school_code", "refused_at", "submission_id", name=op.f("pk_refusal")),
    )
    for statement in (_NOTE_REFUSAL, _ON_VERDICT, _FILL):
        op.execute(statement)


def _make_declaration() -> None:
    op.create_table(
        "declaration",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("accepted_at", _TIME, nullable=False),
        sa.Column("declared_on", sa.Date(), nullable=False),
        sa.Column("signatures", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_declaration_school_code")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.submission_id"], name=op.f("fk_declaration_submission_id")
        ),
        sa.PrimaryKeyConstraint("school_year", "school_code", "version", name=op.f("pk_declaration")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_declaration_fingerprint")),
    )
    op.create_table(
        "declaration_grade",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("on_record", sa.Integer(), nullable=False),
        sa.Column("excepted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_year", "school_code", "version"],
            ["declaration.school_year", "declaration.school_code", "declaration.version"],
            name=op.f("fk_declaration_grade_school_year_school_code_version"),
        ),
        sa.PrimaryKeyConstraint("school_year", "school_code", "grade", "version", name=op.f("pk_declaration_grade")),
    )


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_campaign_code")
    return sa.ForeignKeyConstraint(["campaign_code"], ["campaign.campaign_code"], name=name)


def _make_freeze() -> None:
    op.create_table(
        "campaign_freeze_request",
        sa.Column("campaign_code", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("requested_at", _TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _of_campaign("campaign_freeze_request"),
        sa.PrimaryKeyConstraint("campaign_code", "caller_id", "requested_at", name=op.f("pk_campaign_freeze_request")),
    )
    op.create_table(
        "campaign_freeze",
        sa.Column("campaign_code", sa.Text(), nullable=False),
        sa.Column("frozen_at", _TIME, nullable=False),
        sa.Column("frozen_by", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("pupils", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        _of_campaign("campaign_freeze"),
        sa.PrimaryKeyConstraint("campaign_code", name=op.f("pk_campaign_freeze")),
    )
    op.create_table(
        "campaign_freeze_part",
        sa.Column("campaign_code", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _of_campaign("campaign_freeze_part"),
        sa.PrimaryKeyConstraint("campaign_code", "part", name=op.f("pk_campaign_freeze_part")),
    )
    op.create_table(
        "campaign_freeze_school",
        sa.Column("campaign_code", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("pupils", sa.Integer(), nullable=False),
        _of_campaign("campaign_freeze_school"),
        sa.ForeignKeyConstraint(
            ["school_code"], ["school.school_code"], name=op.f("fk_campaign_freeze_school_school_code")
        ),
        sa.PrimaryKeyConstraint("campaign_code", "school_code", "bucket", name=op.f("pk_campaign_freeze_school")),
    )
