"""Least privilege: what the service's own role may do, table by table.

Revision 0003, after 0002. The role owns nothing. It may read and add rows; it may change only the columns and delete only
from the tables listed here, so that neither a bug nor an intruder in the service can edit the journal or a record.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = [
    "caller",
    "caller_key",
    "caller_unit",
    "document",
    "generation",
    "pupil",
    "pupil_code",
    "pupil_number",
    "question",
    "record",
    "record_version",
    "revocation_list",
    "roster_import",
    "roster_pupil",
    "school",
    "sealing_key",
    "signature_policy",
    "signer",
    "spent_assertion",
    "submission",
    "transcript_code",
    "trust_certificate",
    "unit",
    "unit_part",
    "verdict",
    "waiting",
]
_UPDATE = {
    "generation": "value",
    "record": "current_version, school_code, grade",
    "roster_pupil": "left_at",
    "pupil_number": "closed_at",
    "trust_certificate": "closed_at, hierarchy, kind",
    "revocation_list": "closed_at",
    "signer": "valid_to",
    "signature_policy": "valid_to",
    "caller": "closed_at, scopes, purposes, name",
    "caller_key": "closed_at",
    "caller_unit": "closed_at",
    "unit": "valid_to, name",
    "unit_part": "valid_to",
    "school": "ownership",
    "waiting": "generation, tried_at",
}
_DELETE = ("spent_assertion", "waiting")


def upgrade() -> None:
    """Make the role where it is absent and grant it exactly what it needs."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("INSERT INTO generation DEFAULT VALUES")
    # Roles belong to the whole server: another database of it, or the operator, may have made it already.
    op.execute(
        """DO $$ BEGIN
        CREATE ROLE registry_service NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
        END $$"""
    )
    op.execute(
        """DO $$ BEGIN
        EXECUTE format('GRANT registry_service TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN NULL;
        END $$"""
    )
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA public TO registry_service")
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")
    for table, columns in _UPDATE.items():
        op.execute(f"GRANT UPDATE ({columns}) ON {table} TO registry_service")
    for table in _DELETE:
        op.execute(f"GRANT DELETE ON {table} TO registry_service")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON pgqueuer, pgqueuer_log, pgqueuer_schedules, pgqueuer_statistics"
        " TO registry_service"
    )
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO registry_service")
    op.execute("GRANT SELECT ON alembic_version TO registry_service")
