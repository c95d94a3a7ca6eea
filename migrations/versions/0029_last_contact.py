"""When somebody who speaks for a school last sent something, in a table of its own: asking the journal of each school of a city
took most of the time of its readiness.

The version before goes on: what it writes is noted as well.

Revision 0029, after 0028.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# Within ten minutes a row is only read, so that those who submit for one school at once do not wait for each other.
_NOTE_CONTACT = """
CREATE FUNCTION note_contact() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
  sent record;
BEGIN
  SELECT school_code, received_at INTO sent FROM submission
   WHERE submission_id = NEW.submission_id AND school_code IS NOT NULL;
  IF FOUND AND NOT EXISTS (SELECT FROM last_contact WHERE school_code = sent.school_code
                              AND contacted_at >= sent.received_at - interval '10 minutes') THEN
    INSERT INTO last_contact (school_code, contacted_at) VALUES (sent.school_code, sent.received_at)
    ON CONFLICT (school_code) DO UPDATE SET contacted_at = greatest(last_contact.contacted_at, EXCLUDED.contacted_at);
  END IF;
  RETURN NULL;
END $$
"""
_ON_VERDICT = """
CREATE TRIGGER note_contact AFTER INSERT ON verdict FOR EACH ROW
  WHEN (NOT NEW.findings @> '[{"code":"scope-school"}]'::jsonb)
  EXECUTE FUNCTION note_contact()
"""
_FILL = """
INSERT INTO last_contact (school_code, contacted_at)
SELECT s.school_code, t.received_at FROM school s CROSS JOIN LATERAL (
  SELECT received_at FROM submission u WHERE u.school_code = s.school_code
     AND NOT EXISTS (SELECT FROM verdict v WHERE v.submission_id = u.submission_id
                        AND v.findings @> '[{"code":"scope-school"}]'::jsonb)
   ORDER BY received_at DESC LIMIT 1) t
"""


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "last_contact",
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("school_code", name=op.f("pk_last_contact")),
    )
    op.execute("GRANT SELECT, INSERT ON last_contact TO registry_service")
    op.execute("GRANT UPDATE (contacted_at) ON last_contact TO registry_service")
    for statement in (_NOTE_CONTACT, _ON_VERDICT, _FILL):
        op.execute(statement)
