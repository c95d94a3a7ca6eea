"""The counts of completeness kept ready: marks by triggers, stretches, counts, and what each day changed.

New tables, an index and triggers: the version before goes on reading and writing, and what it writes is marked as well. What is
there already is marked school by school; the worker counts it in steps of a few schools.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_FUNCTION = "CREATE FUNCTION {} RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$\nBEGIN\n{}\n  RETURN NULL;\nEND $$"
_MARK = "  INSERT INTO standing_mark (school_year, school_code, pupil_code)\n"

#: Whoever was on a roster of another school may have become, or may no longer be, a pupil who moved.
_ROSTER = """  SELECT school_year, school_code, pupil_code FROM changed
  UNION SELECT o.school_year, o.school_code, o.pupil_code FROM changed c
    JOIN roster_pupil o ON o.school_year = c.school_year AND o.pupil_code = c.pupil_code AND o.school_code <> c.school_code;"""
_VERDICT = """  SELECT school_year, school_code, pupil_code FROM submission
   WHERE submission_id = NEW.submission_id AND school_year IS NOT NULL AND school_code IS NOT NULL AND pupil_code IS NOT NULL;"""
#: The pupils that the other versions of a record are for: no longer its newest, or no longer in force.
_OTHERS = """  SELECT DISTINCT s.school_year, s.school_code, s.pupil_code
    FROM record_version v JOIN submission s ON s.submission_id = v.submission_id
   WHERE v.school_year = NEW.school_year AND v.pupil_id = NEW.pupil_id AND v.level = NEW.level
     AND s.school_year IS NOT NULL AND s.school_code IS NOT NULL AND s.pupil_code IS NOT NULL;"""

_EVERYTHING = """
WITH RECURSIVE y AS (
       SELECT min(school_year) AS school_year FROM record
       UNION ALL SELECT (SELECT min(school_year) FROM record WHERE school_year > y.school_year) FROM y WHERE school_year IS NOT NULL),
     years AS (SELECT school_year FROM y WHERE school_year IS NOT NULL UNION SELECT DISTINCT school_year FROM roster_import)
INSERT INTO standing_mark (school_year, school_code, pupil_code) SELECT school_year, school_code, '' FROM years CROSS JOIN school
"""


def upgrade() -> None:
    """Go forward without loss."""
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_roster_pupil_pupil_code ON roster_pupil (school_year, pupil_code)"
        )
    op.execute("SET LOCAL lock_timeout = '2s'")
    _make_tables()
    for table in ("standing_mark", "standing", "standing_count", "standing_day"):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO registry_service")
    op.execute("GRANT UPDATE (until, grade, class_name, key) ON standing TO registry_service")
    op.execute("GRANT UPDATE (pupils) ON standing_count TO registry_service")
    op.execute("GRANT UPDATE (pupils) ON standing_day TO registry_service")
    op.execute("GRANT DELETE ON standing, standing_count, standing_day, standing_mark TO registry_service")
    op.execute(_FUNCTION.format("mark_roster()", _MARK + _ROSTER))
    op.execute(_FUNCTION.format("mark_verdict()", _MARK + _VERDICT))
    op.execute(_FUNCTION.format("mark_versions()", _MARK + _OTHERS))
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER mark_{event.lower()} AFTER {event} ON roster_pupil REFERENCING NEW TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION mark_roster()"
        )
    op.execute("CREATE TRIGGER mark_verdict AFTER INSERT ON verdict FOR EACH ROW EXECUTE FUNCTION mark_verdict()")
    op.execute(
        "CREATE TRIGGER mark_versions AFTER INSERT ON record_version FOR EACH ROW WHEN (NEW.version > 1)"
        " EXECUTE FUNCTION mark_versions()"
    )
    op.execute("CREATE TRIGGER mark_versions AFTER INSERT ON withdrawal FOR EACH ROW EXECUTE FUNCTION mark_versions()")
    op.execute(_EVERYTHING)


def _make_tables() -> None:
    op.create_table(
        "standing_mark",
        sa.Column("marked", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("pupil_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("marked", name=op.f("pk_standing_mark")),
    )
    op.create_index("ix_standing_mark_school", "standing_mark", ["school_year", "school_code"])
    op.create_table(
        "standing",
        sa.Column("school_year", sa.Text(), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("pupil_code", sa.Text(), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_year", "school_code", "pupil_code", "since", name=op.f("pk_standing")),
    )
    for table, day in (("standing_count", []), ("standing_day", [sa.Column("day", sa.Date(), nullable=False)])):
        key = ["school_year", "school_code", "grade", "key", *(column.name for column in day)]
        op.create_table(
            table,
            sa.Column("school_year", sa.Text(), nullable=False),
            sa.Column("school_code", sa.Text(), nullable=False),
            sa.Column("grade", sa.SmallInteger(), autoincrement=False, nullable=False),
            sa.Column("key", sa.Text(), nullable=False),
            *day,
            sa.Column("pupils", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        )
