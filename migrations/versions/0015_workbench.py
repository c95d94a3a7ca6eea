"""Workbench: files of pupils without a number that went out and came back, numbers applied, doubts and decisions about them.

New tables alone: the version before does not know them.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE number_export (
    export_id UUID NOT NULL,
exported_at TIMESTAMP WITH TIME ZONE NOT NULL,
caller_id TEXT,
unit_code TEXT NOT NULL,
school_year TEXT NOT NULL,
kind TEXT NOT NULL,
pupils INTEGER NOT NULL,
CONSTRAINT pk_number_export PRIMARY KEY (export_id)
);
CREATE TABLE number_row (
    row_key TEXT NOT NULL,
export_id UUID NOT NULL,
school_year TEXT NOT NULL,
school_code TEXT NOT NULL,
pupil_code TEXT NOT NULL,
CONSTRAINT pk_number_row PRIMARY KEY (row_key),
CONSTRAINT fk_number_row_export_id FOREIGN KEY(export_id) REFERENCES number_export (export_id)
);
CREATE TABLE number_return (
    return_id UUID NOT NULL,
received_at TIMESTAMP WITH TIME ZONE NOT NULL,
caller_id TEXT,
source TEXT NOT NULL,
fingerprint BYTEA NOT NULL,
rows INTEGER NOT NULL,
applied INTEGER NOT NULL,
doubtful INTEGER NOT NULL,
repeated INTEGER NOT NULL,
CONSTRAINT pk_number_return PRIMARY KEY (return_id)
);
CREATE TABLE number_applied (
    school_year TEXT NOT NULL,
school_code TEXT NOT NULL,
pupil_code TEXT NOT NULL,
number_index BYTEA NOT NULL,
return_id UUID NOT NULL,
caller_id TEXT,
applied_at TIMESTAMP WITH TIME ZONE NOT NULL,
CONSTRAINT pk_number_applied PRIMARY KEY (school_year, school_code, pupil_code, number_index),
CONSTRAINT fk_number_applied_return_id FOREIGN KEY(return_id) REFERENCES number_return (return_id)
);
CREATE TABLE number_case (
    case_id UUID NOT NULL,
return_id UUID NOT NULL,
school_year TEXT NOT NULL,
school_code TEXT NOT NULL,
pupil_code TEXT NOT NULL,
number_index BYTEA NOT NULL,
number_sealed BYTEA NOT NULL,
doubts TEXT[] NOT NULL,
raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
CONSTRAINT pk_number_case PRIMARY KEY (case_id),
CONSTRAINT fk_number_case_return_id FOREIGN KEY(return_id) REFERENCES number_return (return_id)
);
CREATE UNIQUE INDEX uq_number_case_pupil ON number_case (school_year, school_code, pupil_code, number_index);
CREATE TABLE number_decision (
    case_id UUID NOT NULL,
decision TEXT NOT NULL,
reason TEXT NOT NULL,
caller_id TEXT,
decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
CONSTRAINT pk_number_decision PRIMARY KEY (case_id),
CONSTRAINT ck_number_decision_decision CHECK (decision in ('accept','reject')),
CONSTRAINT fk_number_decision_case_id FOREIGN KEY(case_id) REFERENCES number_case (case_id)
);
"""
_NAMES = ("number_export", "number_row", "number_return", "number_applied", "number_case", "number_decision")


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    for statement in _TABLES.strip().split(";"):
        if statement.strip():
            op.execute(statement)
    for name in _NAMES:
        op.execute(f"GRANT SELECT, INSERT ON {name} TO registry_service")
