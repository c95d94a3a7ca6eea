"""People who sign in: their units and logins, one-time links, sessions, and what names they looked at.

New tables only: the version before goes on as it did.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_TABLES = ("person", "person_unit", "person_login", "sign_in_link", "sign_in_attempt", "session", "name_view")
_UPDATE = {
    "person": "name, scopes, sees_names, closed_at",
    "person_unit": "closed_at",
    "person_login": "closed_at",
    "sign_in_link": "used_at",
    "session": "seen_at, ended_at",
}


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _make_people()
    _make_sign_in()
    _make_sessions()
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")
    for table, columns in _UPDATE.items():
        op.execute(f"GRANT UPDATE ({columns}) ON {table} TO registry_service")
    op.execute("GRANT DELETE ON sign_in_link, sign_in_attempt TO registry_service")


def _make_people() -> None:
    op.create_table(
        "person",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sees_names", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
    )
    op.create_table(
        "person_unit",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_unit_person_id")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.unit_code"], name=op.f("fk_person_unit_unit_code")),
        sa.PrimaryKeyConstraint("person_id", "unit_code", name=op.f("pk_person_unit")),
    )
    op.create_table(
        "person_login",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_login_person_id")),
        sa.PrimaryKeyConstraint("issuer", "login", name=op.f("pk_person_login")),
    )
    op.create_index("ix_person_login_person_id", "person_login", ["person_id"])


def _make_sign_in() -> None:
    op.create_table(
        "sign_in_link",
        sa.Column("link_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_sign_in_link_person_id")),
        sa.PrimaryKeyConstraint("link_digest", name=op.f("pk_sign_in_link")),
    )
    op.create_index("ix_sign_in_link_expires_at", "sign_in_link", ["expires_at"])
    op.create_table(
        "sign_in_attempt",
        sa.Column("attempt_digest", sa.LargeBinary(), nullable=False),
        sa.Column("next_path", sa.Text(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("attempt_digest", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index("ix_sign_in_attempt_expires_at", "sign_in_attempt", ["expires_at"])


def _make_sessions() -> None:
    op.create_table(
        "session",
        sa.Column("session_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.CheckConstraint("way in ('provider','link')", name=op.f("ck_session_way")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_session_person_id")),
        sa.PrimaryKeyConstraint("session_digest", name=op.f("pk_session")),
    )
    op.create_index("ix_session_person_id", "session", ["person_id", "started_at"])
    op.create_table(
        "name_view",
        sa.Column("view_id", sa.UUID(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("screen", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=True),
        sa.Column("names", sa.Integer(), nullable=False),
        sa.CheckConstraint("names > 0", name=op.f("ck_name_view_names")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_name_view_person_id")),
        sa.PrimaryKeyConstraint("view_id", name=op.f("pk_name_view")),
    )
    op.create_index("ix_name_view_person_id", "name_view", ["person_id", "at"])
    op.create_index("ix_name_view_unit_code", "name_view", ["unit_code", "at"])
