"""Tables of declarations, frozen campaigns, contacts and reminders; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import Index, text

from registry.storage.tables import roster_pupil, submission, verdict

# --- what readiness asks of other tables -----------------------------------------------------------------------------------

Index("ix_submission_school_code", submission.c.school_code, submission.c.received_at)
Index("ix_verdict_refused", verdict.c.judged_at, verdict.c.submission_id, postgresql_where=text("outcome = 'refused'"))
Index(
    "ix_roster_pupil_readiness",
    roster_pupil.c.school_year,
    roster_pupil.c.school_code,
    roster_pupil.c.grade,
    postgresql_where=text("left_at is null and number_index is null"),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {}
DELETABLE: tuple[str, ...] = ()
