"""Workbench: files of pupils without a number that went out and came back, numbers applied and undone, doubts and decisions.

New tables alone: the version before does not know them.
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE number_export (
    export_number BIGINT NOT NULL,
    exported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    caller_id TEXT,
    unit_code TEXT NOT NULL,
    school_year TEXT NOT NULL,
    kind TEXT NOT NULL,
    pupils INTEGER NOT NULL,
    fingerprint BYTEA NOT NULL,
    CONSTRAINT pk_number_export PRIMARY KEY (export_number)
);
CREATE TABLE number_return (
    return_id UUID NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    caller_id TEXT,
    source TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    unit_code TEXT NOT NULL,
    school_year TEXT NOT NULL,
    rows INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    doubtful INTEGER NOT NULL,
    CONSTRAINT pk_number_return PRIMARY KEY (return_id)
);
CREATE INDEX ix_number_return_received_at ON number_return (received_at);
CREATE TABLE number_case (
    case_id UUID NOT NULL,
    return_id UUID NOT NULL,
    school_year TEXT NOT NULL,
    place TEXT NOT NULL,
    told_name TEXT NOT NULL,
    told_birth TEXT,
    told_sex TEXT,
    number_index BYTEA NOT NULL,
    number_sealed BYTEA NOT NULL,
    doubts TEXT[] NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_number_case PRIMARY KEY (case_id),
    CONSTRAINT fk_number_case_return_id FOREIGN KEY(return_id) REFERENCES number_return (return_id)
);
CREATE UNIQUE INDEX uq_number_case_number ON number_case (school_year, number_index);
CREATE TABLE number_candidate (
    case_id UUID NOT NULL,
    school_code TEXT NOT NULL,
    pupil_code TEXT NOT NULL,
    CONSTRAINT pk_number_candidate PRIMARY KEY (case_id, school_code, pupil_code),
    CONSTRAINT fk_number_candidate_case_id FOREIGN KEY(case_id) REFERENCES number_case (case_id)
);
CREATE TABLE number_decision (
    case_id UUID NOT NULL,
    pupil_code TEXT,
    reason TEXT NOT NULL,
    caller_id TEXT,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_number_decision PRIMARY KEY (case_id),
    CONSTRAINT fk_number_decision_case_id FOREIGN KEY(case_id) REFERENCES number_case (case_id)
);
CREATE TABLE number_applied (
    applied_id UUID NOT NULL,
    return_id UUID NOT NULL,
    case_id UUID,
    school_year TEXT NOT NULL,
    school_code TEXT NOT NULL,
    pupil_code TEXT NOT NULL,
    number_index BYTEA NOT NULL,
    before_index BYTEA,
    before_sealed BYTEA,
    caller_id TEXT,
    applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
    undone_at TIMESTAMP WITH TIME ZONE,
    undone_by TEXT,
    undone_reason TEXT,
    CONSTRAINT pk_number_applied PRIMARY KEY (applied_id),
    CONSTRAINT ck_number_applied_undone CHECK ((undone_at is null) = (undone_reason is null)),
    CONSTRAINT fk_number_applied_return_id FOREIGN KEY(return_id) REFERENCES number_return (return_id),
    CONSTRAINT fk_number_applied_case_id FOREIGN KEY(case_id) REFERENCES number_case (case_id)
);
CREATE INDEX ix_number_applied_return_id ON number_applied (return_id);
CREATE UNIQUE INDEX uq_number_applied_pupil ON number_applied (school_year, school_code, pupil_code, number_index) WHERE undone_at is null;
"""
_NAMES = ("number_export", "number_return", "number_case", "number_candidate", "number_decision", "number_applied")


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    for statement in _TABLES.strip().split(";"):
        if statement.strip():
            op.execute(statement)
    for name in _NAMES:
        op.execute(f"GRANT SELECT, INSERT ON {name} TO registry_service")
    op.execute("GRANT UPDATE (undone_at, undone_by, undone_reason) ON number_applied TO registry_service")
