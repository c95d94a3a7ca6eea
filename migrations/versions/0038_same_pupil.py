"""A pupil with several codes is counted once: which codes are one pupil's, kept by triggers, and what has to be counted again then.

Revision 0038, after 0037. One new small table and new bodies of trigger functions: the version before goes on merging and counting,
and what it merges is written down here as well.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_FUNCTION = "CREATE OR REPLACE FUNCTION {} LANGUAGE plpgsql SET search_path = public AS $$\n{}\nBEGIN\n{}\nEND $$"
_YEARS = "ARRAY(SELECT y || '-' || (y + 1) FROM generate_series(1950, extract(year FROM now())::int + 1) y)"

#: Write the codes of these pupils, and of those merged into them, anew; when that changes anything, every place of theirs is
#: counted again: under each code, as the one that stands for the others there may be another one now.
_AGAIN = f"""
  IF cardinality(tops) = 0 THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('same_pupil', 0));  -- a merge and a second code at once: one after the other
  SELECT array_agg(pupil_code || ' ' || pupil_id ORDER BY pupil_code), coalesce(array_agg(pupil_code), '{{}}') INTO before, codes
    FROM same_pupil WHERE pupil_id = ANY(tops);
  DELETE FROM same_pupil WHERE pupil_id = ANY(tops);
  INSERT INTO same_pupil (pupil_code, pupil_id)
  SELECT pupil_code, top FROM (
    SELECT c.pupil_code, t.top, count(*) OVER (PARTITION BY t.top) AS several
      FROM (SELECT DISTINCT unnest(tops) AS top) t
      JOIN LATERAL (SELECT t.top AS pupil_id UNION SELECT a.pupil_id FROM pupil_alias a WHERE a.survivor = t.top) p ON true
      JOIN pupil_code c ON c.pupil_id = p.pupil_id
     WHERE NOT EXISTS (SELECT FROM pupil_alias a WHERE a.pupil_id = t.top)) g
   WHERE several > 1;
  SELECT array_agg(pupil_code || ' ' || pupil_id ORDER BY pupil_code), codes || coalesce(array_agg(pupil_code), '{{}}')
    INTO after, codes FROM same_pupil WHERE pupil_id = ANY(tops);
  IF before IS NOT DISTINCT FROM after THEN RETURN; END IF;
  INSERT INTO standing_mark (school_year, school_code, pupil_code)
  SELECT DISTINCT p.school_year, p.school_code, c.code FROM unnest(codes) AS c(code) CROSS JOIN (
    SELECT r.school_year, r.school_code FROM roster_pupil r WHERE r.school_year = ANY({_YEARS}) AND r.pupil_code = ANY(codes)
    UNION
    SELECT s.school_year, s.school_code FROM record_version v JOIN submission s ON s.submission_id = v.submission_id
     WHERE v.school_year = ANY({_YEARS}) AND s.school_code IS NOT NULL AND v.pupil_id IN (
       SELECT pupil_id FROM pupil_code WHERE pupil_code = ANY(codes) UNION SELECT unnest(tops)
       UNION SELECT pupil_id FROM pupil_alias WHERE survivor = ANY(tops))) p;"""
_AGAIN_FOR = "  PERFORM same_pupil_again(ARRAY({}));\n  RETURN NULL;"
_ALIAS = "SELECT pupil_id FROM changed UNION SELECT survivor FROM changed"
#: A merge under way has changed the pupil's row: what it did is looked at only after it.
_WAIT = """  PERFORM FROM pupil p WHERE p.pupil_id IN (SELECT c.pupil_id FROM changed c
   WHERE EXISTS (SELECT FROM pupil_code o WHERE o.pupil_id = c.pupil_id AND o.pupil_code <> c.pupil_code)) FOR SHARE;
"""
_CODE = """SELECT DISTINCT coalesce(a.survivor, c.pupil_id) FROM changed c LEFT JOIN pupil_alias a ON a.pupil_id = c.pupil_id
   WHERE EXISTS (SELECT FROM pupil_code o WHERE o.pupil_id = c.pupil_id AND o.pupil_code <> c.pupil_code)
      OR a.survivor IS NOT NULL OR EXISTS (SELECT FROM pupil_alias b WHERE b.survivor = c.pupil_id)"""

_MARK = "  INSERT INTO standing_mark (school_year, school_code, pupil_code)\n"
_OTHER_CODES = """
  UNION SELECT q.school_year, q.school_code, g.pupil_code FROM q
    JOIN same_pupil m ON m.pupil_code = q.pupil_code JOIN same_pupil g ON g.pupil_id = m.pupil_id"""
_VERDICT = f"""  WITH q AS (SELECT school_year, school_code, pupil_code FROM submission
   WHERE submission_id = NEW.submission_id AND school_year IS NOT NULL AND school_code IS NOT NULL AND pupil_code IS NOT NULL)
  SELECT * FROM q {_OTHER_CODES};
  RETURN NULL;"""
_VERSIONS = f"""  WITH q AS (SELECT DISTINCT s.school_year, s.school_code, s.pupil_code
    FROM record_version v JOIN submission s ON s.submission_id = v.submission_id
   WHERE v.school_year = NEW.school_year AND v.pupil_id = NEW.pupil_id AND v.level = NEW.level
     AND s.school_year IS NOT NULL AND s.school_code IS NOT NULL AND s.pupil_code IS NOT NULL)
  SELECT * FROM q {_OTHER_CODES};
  RETURN NULL;"""
_ROSTER = """  SELECT school_year, school_code, pupil_code FROM changed
  UNION SELECT o.school_year, o.school_code, o.pupil_code FROM changed c
    JOIN roster_pupil o ON o.school_year = c.school_year AND o.pupil_code = c.pupil_code AND o.school_code <> c.school_code
  UNION SELECT o.school_year, o.school_code, h.pupil_code FROM same_pupil m
    JOIN changed c ON c.pupil_code = m.pupil_code JOIN same_pupil g ON g.pupil_id = m.pupil_id
    JOIN roster_pupil o ON o.school_year = c.school_year AND o.pupil_code = g.pupil_code
    JOIN same_pupil h ON h.pupil_id = m.pupil_id;
  RETURN NULL;"""


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "same_pupil",
        sa.Column("pupil_code", sa.Text(), nullable=False),
        sa.Column("pupil_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("pupil_code", name=op.f("pk_same_pupil")),
    )
    op.create_index("ix_same_pupil_pupil_id", "same_pupil", ["pupil_id"])
    op.execute("GRANT SELECT, INSERT, DELETE ON same_pupil TO registry_service")
    variables = "DECLARE before text[]; after text[]; codes text[];"
    op.execute(_FUNCTION.format("same_pupil_again(tops uuid[]) RETURNS void", variables, _AGAIN))
    op.execute(_FUNCTION.format("same_pupil_alias() RETURNS trigger", "", _AGAIN_FOR.format(_ALIAS)))
    op.execute(_FUNCTION.format("same_pupil_code() RETURNS trigger", "", _WAIT + _AGAIN_FOR.format(_CODE)))
    for table, event, rows, function in (
        ("pupil_alias", "INSERT", "NEW", "same_pupil_alias"),
        ("pupil_alias", "DELETE", "OLD", "same_pupil_alias"),
        ("pupil_code", "INSERT", "NEW", "same_pupil_code"),
    ):
        op.execute(
            f"CREATE TRIGGER same_pupil_{event.lower()} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    op.execute(_FUNCTION.format("mark_roster() RETURNS trigger", "", _MARK + _ROSTER))
    op.execute(_FUNCTION.format("mark_verdict() RETURNS trigger", "", _MARK + _VERDICT))
    op.execute(_FUNCTION.format("mark_versions() RETURNS trigger", "", _MARK + _VERSIONS))
    op.execute(
        "SELECT same_pupil_again(ARRAY(SELECT survivor FROM pupil_alias"
        " UNION SELECT pupil_id FROM pupil_code GROUP BY pupil_id HAVING count(*) > 1))"
    )
