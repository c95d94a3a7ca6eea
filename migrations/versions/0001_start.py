"""The first tables: units, callers, trust, pupils, rosters, the journal, records, questions.

Revision 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "caller",
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('vendor','office')", name=op.f("ck_caller_kind")),
        sa.PrimaryKeyConstraint("caller_id", name=op.f("pk_caller")),
    )
    op.create_table(
        "document",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("school_year", "fingerprint", name=op.f("pk_document")),
    )
    op.create_table(
        "generation",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("value", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_generation_single_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_generation")),
    )
    op.create_table(
        "pupil",
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pupil_id", name=op.f("pk_pupil")),
    )
    op.create_table(
        "question",
        sa.Column("question_id", sa.UUID(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=True),
        sa.Column("pupil_id", sa.UUID(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_question")),
    )
    op.create_index("ix_question_caller_id", "question", ["caller_id", "asked_at"], unique=False)
    op.create_index("ix_question_pupil_id", "question", ["pupil_id", "asked_at"], unique=False)
    op.create_table(
        "revocation_list",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("number", sa.Numeric(precision=60, scale=0), nullable=False),
        sa.Column("this_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_revocation_list")),
    )
    op.create_index("ix_revocation_list_issuer", "revocation_list", ["issuer"], unique=False)
    op.create_table(
        "sealing_key",
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_sealing_key")),
    )
    op.create_table(
        "signature_policy",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ownership", sa.Text(), nullable=False),
        sa.Column("hierarchy", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("algorithms", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "version", "role", "ownership", "hierarchy", "valid_from", name=op.f("pk_signature_policy")
        ),
    )
    op.create_table(
        "spent_assertion",
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("jti_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller_id", "jti_digest", name=op.f("pk_spent_assertion")),
    )
    op.create_index("ix_spent_assertion_expires_at", "spent_assertion", ["expires_at"], unique=False)
    op.create_table(
        "submission",
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("school_year", sa.Text(), nullable=True),
        sa.Column("school_code", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("grade", sa.SmallInteger(), nullable=True),
        sa.Column("pupil_code", sa.Text(), nullable=True),
        sa.Column("number_index", sa.LargeBinary(), nullable=True),
        sa.Column("transcript_code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_submission")),
    )
    op.create_index("ix_submission_fingerprint", "submission", ["fingerprint"], unique=False)
    op.create_index(
        "ix_submission_pupil", "submission", ["school_year", "school_code", "pupil_code", "received_at"], unique=False
    )
    op.create_table(
        "transcript_code",
        sa.Column("transcript_code", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transcript_code", name=op.f("pk_transcript_code")),
    )
    op.create_table(
        "trust_certificate",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hierarchy", sa.Text(), nullable=True),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'anchor') = (hierarchy is not null)", name=op.f("ck_trust_certificate_anchor_has_hierarchy")
        ),
        sa.CheckConstraint("hierarchy in ('government','public')", name=op.f("ck_trust_certificate_hierarchy")),
        sa.CheckConstraint("kind in ('anchor','intermediate')", name=op.f("ck_trust_certificate_kind")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_trust_certificate")),
    )
    op.create_table(
        "unit",
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('city','district','commune','cluster','school')", name=op.f("ck_unit_kind")),
        sa.PrimaryKeyConstraint("unit_code", name=op.f("pk_unit")),
    )
    op.create_table(
        "caller_key",
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["caller_id"], ["caller.caller_id"], name=op.f("fk_caller_key_caller_id")),
        sa.PrimaryKeyConstraint("caller_id", "key_id", name=op.f("pk_caller_key")),
    )
    op.create_table(
        "caller_unit",
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["caller_id"], ["caller.caller_id"], name=op.f("fk_caller_unit_caller_id")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.unit_code"], name=op.f("fk_caller_unit_unit_code")),
        sa.PrimaryKeyConstraint("caller_id", "unit_code", name=op.f("pk_caller_unit")),
    )
    op.create_table(
        "pupil_code",
        sa.Column("pupil_code", sa.Text(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("known_since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.pupil_id"], name=op.f("fk_pupil_code_pupil_id")),
        sa.PrimaryKeyConstraint("pupil_code", name=op.f("pk_pupil_code")),
    )
    op.create_index("ix_pupil_code_pupil_id", "pupil_code", ["pupil_id"], unique=False)
    op.create_table(
        "pupil_number",
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("known_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.pupil_id"], name=op.f("fk_pupil_number_pupil_id")),
        sa.PrimaryKeyConstraint("number_index", name=op.f("pk_pupil_number")),
    )
    op.create_index("ix_pupil_number_pupil_id", "pupil_number", ["pupil_id"], unique=False)
    op.create_table(
        "record_version",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signatures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.submission_id"], name=op.f("fk_record_version_submission_id")
        ),
        sa.PrimaryKeyConstraint("school_year", "pupil_id", "level", "version", name=op.f("pk_record_version")),
        sa.UniqueConstraint("fingerprint", "school_year", name=op.f("uq_record_version_fingerprint_school_year")),
    )
    op.create_index("ix_record_version_accepted_at", "record_version", ["school_year", "accepted_at"], unique=False)
    op.create_table(
        "school",
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("ownership", sa.Text(), nullable=False),
        sa.CheckConstraint("ownership in ('public','non_public')", name=op.f("ck_school_ownership")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.unit_code"], name=op.f("fk_school_unit_code")),
        sa.PrimaryKeyConstraint("school_code", name=op.f("pk_school")),
        sa.UniqueConstraint("unit_code", name=op.f("uq_school_unit_code")),
    )
    op.create_table(
        "unit_part",
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["child"], ["unit.unit_code"], name=op.f("fk_unit_part_child")),
        sa.ForeignKeyConstraint(["parent"], ["unit.unit_code"], name=op.f("fk_unit_part_parent")),
        sa.PrimaryKeyConstraint("parent", "child", "valid_from", name=op.f("pk_unit_part")),
    )
    op.create_index("ix_unit_part_child", "unit_part", ["child"], unique=False)
    op.create_table(
        "verdict",
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("outcome in ('accepted','held','refused')", name=op.f("ck_verdict_outcome")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.submission_id"], name=op.f("fk_verdict_submission_id")),
        sa.PrimaryKeyConstraint("submission_id", "judged_at", name=op.f("pk_verdict")),
    )
    op.create_table(
        "waiting",
        sa.Column("submission_id", sa.UUID(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=True),
        sa.Column("transcript_code", sa.Text(), nullable=True),
        sa.Column("number_index", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.submission_id"], name=op.f("fk_waiting_submission_id")),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_waiting")),
    )
    op.create_index("ix_waiting_generation", "waiting", ["generation"], unique=False)
    op.create_index("ix_waiting_number_index", "waiting", ["number_index"], unique=False)
    op.create_index("ix_waiting_transcript_code", "waiting", ["transcript_code"], unique=False)
    op.create_index("uq_waiting_fingerprint", "waiting", ["fingerprint"], unique=True)
    op.create_table(
        "record",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("record_id", sa.UUID(), nullable=False),
        sa.Column("transcript_code", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("pupil_code", sa.Text(), nullable=False),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["pupil_id"], ["pupil.pupil_id"], name=op.f("fk_record_pupil_id")),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_record_school_code")),
        sa.PrimaryKeyConstraint("school_year", "pupil_id", "level", name=op.f("pk_record")),
        sa.UniqueConstraint("transcript_code", "school_year", name=op.f("uq_record_transcript_code_school_year")),
    )
    op.create_index("ix_record_school", "record", ["school_year", "school_code", "pupil_code"], unique=False)
    op.create_table(
        "roster_import",
        sa.Column("import_id", sa.UUID(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("left_", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_roster_import_school_code")),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_roster_import")),
    )
    op.create_table(
        "signer",
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role in ('teacher','principal','seal')", name=op.f("ck_signer_role")),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_signer_school_code")),
        sa.PrimaryKeyConstraint("certificate", "school_code", "role", "valid_from", name=op.f("pk_signer")),
    )
    op.create_index("ix_signer_school_code", "signer", ["school_code"], unique=False)
    op.create_table(
        "roster_pupil",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("pupil_code", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("pupil_name", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Text(), nullable=True),
        sa.Column("number_index", sa.LargeBinary(), nullable=True),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("import_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["roster_import.import_id"], name=op.f("fk_roster_pupil_import_id")),
        sa.ForeignKeyConstraint(["school_code"], ["school.school_code"], name=op.f("fk_roster_pupil_school_code")),
        sa.PrimaryKeyConstraint("school_year", "school_code", "pupil_code", "joined_at", name=op.f("pk_roster_pupil")),
    )
    op.create_index(
        "uq_roster_pupil_open",
        "roster_pupil",
        ["school_year", "school_code", "pupil_code"],
        unique=True,
        postgresql_where=sa.text("left_at is null"),
    )
