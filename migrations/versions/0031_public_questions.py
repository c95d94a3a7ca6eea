"""Public views: they go where every question goes, and so into the chain of who looked."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

#: A time-ordered id (RFC 9562, version 7), as the service gives them: lists of who looked go by it.
_QUESTION = """
INSERT INTO question (question_id, asked_at, caller_id, purpose, reference, kind, school_year, pupil_id, answer, detail)
SELECT (lpad(to_hex(floor(extract(epoch FROM v.viewed_at) * 1000)::bigint), 12, '0') || '7'
          || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
       v.viewed_at, 'public:code', 'paper_check', '', 'public_page', p.school_year, p.pupil_id, v.answer, 'version ' || p.version
"""

#: The version of the service that still runs while this comes in writes its views where they have no place in the chain.
_COPY = f"""
CREATE FUNCTION copy_public_view() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_QUESTION} FROM (SELECT NEW.*) v JOIN public_code p USING (code_index);
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Go forward without loss."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(_COPY)
    op.execute(
        "CREATE TRIGGER copy_public_view AFTER INSERT ON public_view FOR EACH ROW EXECUTE FUNCTION copy_public_view()"
    )
    op.execute(f"{_QUESTION} FROM public_view v JOIN public_code p USING (code_index) ORDER BY v.view_id")
