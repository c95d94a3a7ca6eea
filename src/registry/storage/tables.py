"""Every table of the registry as SQLAlchemy Table objects; the migrations make exactly these.

Rules that hold for all of them: rows are added, not edited (the service's role has no other right), except where a column
is named in `UPDATABLE`. Times are timestamptz in UTC. Personal numbers stand here only sealed (`*_sealed`) or as a keyed
blind index (`*_index`). Tables that grow with the city carry `school_year` and `pupil_id` in their keys, so that they can
be partitioned by year and distributed by pupil.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_moment = DateTime(timezone=True)

# --- the register of what is known beforehand: generation, units, callers, trust ----------------------------------------

#: One counter for everything that is kept in memory (trust list, schools, callers): it moves with every change.
generation = Table(
    "generation",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("value", BigInteger, nullable=False, server_default=text("1")),
    CheckConstraint("one", name="single_row"),
)

#: Names the sealing key under which everything here is sealed (never the key): a wrong key file is noticed at once.
sealing_key = Table(
    "sealing_key",
    metadata,
    Column("key_id", LargeBinary, primary_key=True),
    Column("first_used_at", _moment, nullable=False),
)

#: `unit_code` is "<kind>:<official code>", kinds city, district (legacy), ward (old), commune, cluster, school.
unit = Table(
    "unit",
    metadata,
    Column("unit_code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("valid_from", _moment, nullable=False),
    Column("valid_to", _moment),
    CheckConstraint("kind in ('city','district','cluster','ward','commune','school')", name="kind"),
)

#: Many-to-many and time-valid: a school belongs to a legacy district and to a commune; a commune to the city.
unit_part = Table(
    "unit_part",
    metadata,
    Column("parent", Text, ForeignKey("unit.unit_code"), primary_key=True),
    Column("child", Text, ForeignKey("unit.unit_code"), primary_key=True),
    Column("valid_from", _moment, primary_key=True),
    Column("valid_to", _moment),
    Index("ix_unit_part_child", "child"),
)

school = Table(
    "school",
    metadata,
    Column("school_code", Text, primary_key=True),
    Column("unit_code", Text, ForeignKey("unit.unit_code"), nullable=False, unique=True),
    Column("ownership", Text, nullable=False),
    CheckConstraint("ownership in ('public','non_public')", name="ownership"),
)

caller = Table(
    "caller",
    metadata,
    Column("caller_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("purposes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("created_at", _moment, nullable=False),
    Column("closed_at", _moment),
    #: Of several systems of one office: the caller whose limits all of them share.
    Column("counts_with", Text, ForeignKey("caller.caller_id")),
    CheckConstraint("kind in ('vendor','office')", name="kind"),
)

#: Public keys only, as SubjectPublicKeyInfo DER.
caller_key = Table(
    "caller_key",
    metadata,
    Column("caller_id", Text, ForeignKey("caller.caller_id"), primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("added_at", _moment, nullable=False),
    Column("closed_at", _moment),
)

#: The units (schools included) a caller may speak for.
caller_unit = Table(
    "caller_unit",
    metadata,
    Column("caller_id", Text, ForeignKey("caller.caller_id"), primary_key=True),
    Column("unit_code", Text, ForeignKey("unit.unit_code"), primary_key=True),
    Column("added_at", _moment, nullable=False),
    Column("closed_at", _moment),
)

#: Single use of `jti` (RFC 7523 section 3): the pair is unique until it expires; expired rows are deleted by the worker.
spent_assertion = Table(
    "spent_assertion",
    metadata,
    Column("caller_id", Text, primary_key=True),
    Column("jti_digest", LargeBinary, primary_key=True),
    Column("expires_at", _moment, nullable=False),
    Index("ix_spent_assertion_expires_at", "expires_at"),
)

trust_certificate = Table(
    "trust_certificate",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("hierarchy", Text),
    Column("der", LargeBinary, nullable=False),
    Column("subject", Text, nullable=False),
    Column("not_after", _moment, nullable=False),
    Column("imported_at", _moment, nullable=False),
    Column("closed_at", _moment),
    CheckConstraint("kind in ('anchor','intermediate')", name="kind"),
    CheckConstraint("(kind = 'anchor') = (hierarchy is not null)", name="anchor_has_hierarchy"),
    CheckConstraint("hierarchy in ('government','public','timestamp')", name="hierarchy"),
)

revocation_list = Table(
    "revocation_list",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("number", Numeric(60, 0), nullable=False),
    Column("this_update", _moment, nullable=False),
    Column("next_update", _moment, nullable=False),
    Column("der", LargeBinary, nullable=False),
    Column("imported_at", _moment, nullable=False),
    Column("closed_at", _moment),
    Index("ix_revocation_list_issuer", "issuer"),
)

#: `cert_id` names the certificate an answer speaks about as RFC 6960 4.1.1 does; one answer for each is in force.
ocsp_answer = Table(
    "ocsp_answer",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("cert_id", Text, nullable=False),
    Column("this_update", _moment, nullable=False),
    Column("next_update", _moment, nullable=False),
    Column("der", LargeBinary, nullable=False),
    Column("imported_at", _moment, nullable=False),
    Column("closed_at", _moment),
    Index("ix_ocsp_answer_cert_id", "cert_id", unique=True, postgresql_where=text("closed_at IS NULL")),
)

#: Roots the operator has named as known beside those that come along with the registry. None is trusted by standing here.
known_root = Table(
    "known_root",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hierarchy", Text, nullable=False),
    Column("added_at", _moment, nullable=False),
    Column("closed_at", _moment),
    CheckConstraint("hierarchy in ('government','public','timestamp')", name="hierarchy"),
)

#: Addresses that `registry trust refresh` may ask, and how that went. `claimed_until` keeps two processes from asking at once.
trust_source = Table(
    "trust_source",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("issuer", LargeBinary),
    Column("added_at", _moment, nullable=False),
    Column("closed_at", _moment),
    Column("claimed_until", _moment),
    Column("tried_at", _moment),
    Column("succeeded_at", _moment),
    Column("etag", Text),
    Column("last_modified", Text),
    CheckConstraint("kind in ('crl','ocsp','certificates')", name="kind"),
    CheckConstraint("(kind = 'ocsp') = (issuer is not null)", name="ocsp_has_issuer"),
)

#: A certificate may be registered for several schools and roles, each with its own period. `closed_at`: somebody ended the
#: registration, and an import may not open it again. `issuer` and `serial` are null in rows of an earlier version.
signer = Table(
    "signer",
    metadata,
    Column("certificate", LargeBinary, primary_key=True),
    Column("school_code", Text, ForeignKey("school.school_code"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("valid_from", _moment, primary_key=True),
    Column("valid_to", _moment),
    Column("der", LargeBinary, nullable=False),
    Column("imported_at", _moment, nullable=False),
    Column("issuer", Text),
    Column("serial", Text),
    Column("title", Text),
    Column("holder_kind", Text),
    Column("holder_index", LargeBinary),
    Column("source", Text),
    Column("closed_at", _moment),
    CheckConstraint("role in ('teacher','principal','seal')", name="role"),
    CheckConstraint("title in ('head','deputy','acting')", name="title"),
    CheckConstraint("holder_kind in ('person','organisation')", name="holder_kind"),
    CheckConstraint("(holder_kind is null) = (holder_index is null)", name="holder"),
    Index("ix_signer_school_code", "school_code"),
)

#: What was done to a registration, by whom and when; `before_*` is its period until then. Never changed, never deleted.
signer_change = Table(
    "signer_change",
    metadata,
    Column("change_id", UUID(as_uuid=True), primary_key=True),
    Column("certificate", LargeBinary, nullable=False),
    Column("school_code", Text, ForeignKey("school.school_code"), nullable=False),
    Column("role", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("valid_from", _moment, nullable=False),
    Column("valid_to", _moment),
    Column("before_from", _moment),
    Column("before_to", _moment),
    Column("reason", Text),
    Column("source", Text, nullable=False),
    Column("caller_id", Text),
    Column("changed_at", _moment, nullable=False),
    CheckConstraint("change in ('registered','changed','closed')", name="change"),
    Index("ix_signer_change_school_code", "school_code"),
)

#: A version is added once and never changes. `first_year` 0: no first year (a key has no nulls).
signature_policy = Table(
    "signature_policy",
    metadata,
    Column("version", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("ownership", Text, primary_key=True),
    Column("hierarchy", Text, primary_key=True),
    Column("valid_from", _moment, primary_key=True),
    Column("valid_to", _moment),
    Column("algorithms", ARRAY(Text), nullable=False),
    Column("imported_at", _moment, nullable=False),
    Column("required", Boolean, nullable=False, server_default=text("true")),
    Column("policies", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("time_stamp", Boolean, nullable=False, server_default=text("false")),
    Column("first_year", Integer, primary_key=True, server_default=text("0"), autoincrement=False),
    Column("last_year", Integer),
    Column("extract", Boolean),
    Column("declares", Text),
    Column("subject_teachers", Boolean, nullable=False, server_default=text("false")),
)

# --- pupils and rosters -----------------------------------------------------------------------------------------------------

#: The registry's own id; a personal number is an attribute that can change (domain: re-numbering), never a key.
pupil = Table(
    "pupil",
    metadata,
    Column("pupil_id", UUID(as_uuid=True), primary_key=True),
    Column("created_at", _moment, nullable=False),
    Column("merges", BigInteger, nullable=False, server_default="0"),
)

pupil_number = Table(
    "pupil_number",
    metadata,
    Column("number_index", LargeBinary, primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), ForeignKey("pupil.pupil_id"), nullable=False),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("known_since", _moment, nullable=False),
    Column("closed_at", _moment),
    Column("person_sealed", LargeBinary),
    Index("ix_pupil_number_pupil_id", "pupil_id"),
)

#: Old number -> new number by a decision. Both find the pupil for ever: signed documents keep the number they were signed with.
renumbering = Table(
    "renumbering",
    metadata,
    Column("renumbering_id", UUID(as_uuid=True), primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), ForeignKey("pupil.pupil_id"), nullable=False),
    Column("old_index", LargeBinary, ForeignKey("pupil_number.number_index"), nullable=False),
    Column("new_index", LargeBinary, ForeignKey("pupil_number.number_index"), nullable=False),
    Column("reference", Text, nullable=False),
    Column("caller_id", Text),
    Column("at", _moment, nullable=False),
    Index("ix_renumbering_pupil_id", "pupil_id"),
)

#: An operator's word that two pupils are one (`merge`), or the second place of a pupil who changed schools within a year
#: (`transfer`). No other row is touched, so that an undo restores what was.
pupil_merge = Table(
    "pupil_merge",
    metadata,
    Column("merge_id", UUID(as_uuid=True), primary_key=True),
    Column("from_pupil", UUID(as_uuid=True), ForeignKey("pupil.pupil_id"), nullable=False),
    Column("into_pupil", UUID(as_uuid=True), ForeignKey("pupil.pupil_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("caller_id", Text),
    Column("at", _moment, nullable=False),
    Column("undone_at", _moment),
    Column("undone_reason", Text),
    Column("undone_by", Text),
    CheckConstraint("kind in ('merge','transfer')", name="kind"),
    CheckConstraint("from_pupil <> into_pupil", name="two"),
    Index("uq_pupil_merge_from_pupil", "from_pupil", unique=True, postgresql_where=text("undone_at is null")),
    Index("ix_pupil_merge_into_pupil", "into_pupil"),
)

#: Made from the merges in force, whatever their chain: which pupil stands for this one. A pupil without a row is its own.
pupil_alias = Table(
    "pupil_alias",
    metadata,
    Column("pupil_id", UUID(as_uuid=True), primary_key=True),
    Column("survivor", UUID(as_uuid=True), nullable=False),
    Index("ix_pupil_alias_survivor", "survivor"),
)

#: What a person said about exactly these bytes in one doubt; never changed, never deleted.
pupil_decision = Table(
    "pupil_decision",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("against", UUID(as_uuid=True), primary_key=True),
    Column("submission_id", UUID(as_uuid=True), ForeignKey("submission.submission_id"), nullable=False),
    Column("decision", Text, nullable=False),
    Column("placed_as", UUID(as_uuid=True)),
    Column("reason", Text, nullable=False),
    Column("caller_id", Text),
    Column("decided_at", _moment, nullable=False),
    CheckConstraint("decision in ('same-pupil','other-pupil','transfer','number-moves')", name="decision"),
)

#: Pupils without Vietnamese nationality may be known by nationality and entry document instead of a number.
pupil_document = Table(
    "pupil_document",
    metadata,
    Column("document_index", LargeBinary, primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), ForeignKey("pupil.pupil_id"), nullable=False),
    Column("document_sealed", LargeBinary, nullable=False),
    Column("known_since", _moment, nullable=False),
    Index("ix_pupil_document_pupil_id", "pupil_id"),
)

pupil_code = Table(
    "pupil_code",
    metadata,
    Column("pupil_code", Text, primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), ForeignKey("pupil.pupil_id"), nullable=False),
    Column("known_since", _moment, nullable=False),
    Index("ix_pupil_code_pupil_id", "pupil_id"),
)

roster_import = Table(
    "roster_import",
    metadata,
    Column("import_id", UUID(as_uuid=True), primary_key=True),
    Column("school_code", Text, ForeignKey("school.school_code"), nullable=False),
    Column("school_year", Text, nullable=False),
    Column("grade", SmallInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("caller_id", Text),
    Column("received_at", _moment, nullable=False),
    Column("joined", Integer, nullable=False),
    Column("left_", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
)

#: One row per stay of a pupil on a roster; a change of class or number closes a row and opens the next.
roster_pupil = Table(
    "roster_pupil",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("school_code", Text, ForeignKey("school.school_code"), primary_key=True),
    Column("pupil_code", Text, primary_key=True),
    Column("joined_at", _moment, primary_key=True),
    Column("left_at", _moment),
    Column("grade", SmallInteger, nullable=False),
    Column("class_name", Text, nullable=False),
    Column("pupil_name", Text, nullable=False),
    Column("sex", Text),
    Column("birth_date", Text),
    Column("number_index", LargeBinary),
    Column("number_sealed", LargeBinary),
    Column("import_id", UUID(as_uuid=True), ForeignKey("roster_import.import_id"), nullable=False),
    Index(
        "uq_roster_pupil_open",
        "school_year",
        "school_code",
        "pupil_code",
        unique=True,
        postgresql_where=text("left_at is null"),
    ),
    Index("ix_roster_pupil_number_index", "number_index"),
    Index("ix_roster_pupil_pupil_code", "school_year", "pupil_code"),
)

# --- the journal: every attempt, every verdict ----------------------------------------------------------------------------------

#: One row per authenticated POST. The identifying columns are what the document claims, filled when it was readable.
submission = Table(
    "submission",
    metadata,
    Column("submission_id", UUID(as_uuid=True), primary_key=True),
    Column("received_at", _moment, nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("fingerprint", LargeBinary),
    Column("media_type", Text),
    Column("size", Integer),
    Column("school_year", Text),
    Column("school_code", Text),
    Column("level", Text),
    Column("grade", SmallInteger),
    Column("pupil_code", Text),
    Column("number_index", LargeBinary),
    Column("transcript_code", Text),
    Column("kind", Text, nullable=False, server_default=text("'transcript'")),
    CheckConstraint("kind in ('transcript','withdrawal','declaration')", name="kind"),
    Index("ix_submission_pupil", "school_year", "school_code", "pupil_code", "received_at"),
    Index("ix_submission_fingerprint", "fingerprint"),
    Index("ix_submission_unnamed", "caller_id", "received_at", postgresql_where=text("school_code is null")),
)

#: A submission has one verdict, and one more each time a held document is judged again; the newest counts.
verdict = Table(
    "verdict",
    metadata,
    Column("submission_id", UUID(as_uuid=True), ForeignKey("submission.submission_id"), primary_key=True),
    Column("judged_at", _moment, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("evidence", JSONB, nullable=False),
    CheckConstraint("outcome in ('accepted','held','refused')", name="outcome"),
)

#: Held submissions that wait to be judged again; the row goes when a verdict ends the wait. What the document claims stands
#: here too, for the question whether something is held: the journal has no index on it. `withdraws`: the version that a
#: withdrawal waits for. `case_*`: what a person has to decide (`registry.core.pupils.Case`), for operators alone.
waiting = Table(
    "waiting",
    metadata,
    Column("submission_id", UUID(as_uuid=True), ForeignKey("submission.submission_id"), primary_key=True),
    Column("school_year", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("tried_at", _moment, nullable=False),
    Column("school_code", Text),
    Column("transcript_code", Text),
    Column("number_index", LargeBinary),
    Column("withdraws", Integer),
    Column("case_kind", Text),
    Column("case_against", UUID(as_uuid=True)),
    Column("case_differs", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("case_two_known", Boolean, nullable=False, server_default=text("false")),
    Index("ix_waiting_generation", "generation"),
    Index("ix_waiting_case", "submission_id", postgresql_where=text("case_kind is not null")),
    Index("ix_waiting_withdraws", "transcript_code", "withdraws", postgresql_where=text("withdraws is not null")),
    Index("ix_waiting_transcript_code", "transcript_code"),
    Index("ix_waiting_number_index", "number_index"),
    Index("uq_waiting_fingerprint", "fingerprint", unique=True),
)

# --- the records --------------------------------------------------------------------------------------------------------------------

#: The received bytes, compressed and sealed; additional authenticated data = the fingerprint.
document = Table(
    "document",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("stored_at", _moment, nullable=False),
)

#: A record: pupil x school year x level. `current_version` moves, and only upwards, and so does `withdrawn_version`: this
#: version and all before it have been withdrawn, whatever came first.
record = Table(
    "record",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), ForeignKey("pupil.pupil_id"), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("record_id", UUID(as_uuid=True), nullable=False),
    Column("transcript_code", Text, nullable=False),
    Column("school_code", Text, ForeignKey("school.school_code"), nullable=False),
    Column("grade", SmallInteger, nullable=False),
    Column("pupil_code", Text, nullable=False),
    Column("current_version", Integer, nullable=False),
    Column("created_at", _moment, nullable=False),
    Column("withdrawn_version", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("transcript_code", "school_year"),
    Index("ix_record_school", "school_year", "school_code", "pupil_code"),
)

record_version = Table(
    "record_version",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("submission_id", UUID(as_uuid=True), ForeignKey("submission.submission_id"), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("accepted_at", _moment, nullable=False),
    Column("signatures", JSONB, nullable=False),
    Column("reason", Text),
    Column("awaits_summer", Boolean, nullable=False, server_default=text("false")),
    # The transaction that wrote it, null for old rows: whether a snapshot saw it is no question of clocks.
    Column("written_in", BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)")),
    UniqueConstraint("fingerprint", "school_year"),
    Index("ix_record_version_accepted_at", "school_year", "accepted_at"),
)

#: A signed statement that a version (and what it superseded) no longer counts. The bytes are in `document`.
withdrawal = Table(
    "withdrawal",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("submission_id", UUID(as_uuid=True), ForeignKey("submission.submission_id"), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("accepted_at", _moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("signatures", JSONB, nullable=False),
    UniqueConstraint("fingerprint", "school_year"),
)

# --- four eyes: what the city has to approve ----------------------------------------------------------------------------

#: A school year whose records are settled: what changes them from now on needs the city's approval.
frozen_year = Table(
    "frozen_year",
    metadata,
    Column("school_year", Text, primary_key=True),
    Column("frozen_at", _moment, nullable=False),
    Column("caller_id", Text),
    Column("reason", Text, nullable=False),
)

#: Between these moments changes of this kind need approval also in years that are not frozen.
approval_rule = Table(
    "approval_rule",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("valid_from", _moment, primary_key=True),
    Column("valid_to", _moment),
    CheckConstraint("kind in ('correction','withdrawal')", name="kind"),
)

#: The city's decision on exactly these bytes; never changed, never deleted.
approval = Table(
    "approval",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("approved", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("decided_at", _moment, nullable=False),
)

# --- the feed: what changed, in one order -------------------------------------------------------------------------------

#: Changes in the transaction that makes them, written by triggers, until they get their position. Row ids are handed out
#: before the commit, so that they say nothing about what a reader may already have passed.
change_queue = Table(
    "change_queue",
    metadata,
    Column("queued", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("school_year", Text),
    Column("pupil_id", UUID(as_uuid=True), nullable=False),
    Column("level", Text),
    Column("version", Integer),
    Column("at", _moment, nullable=False),
    Column("school_code", Text),
    CheckConstraint("kind in ('accepted','withdrawn','renumbered')", name="kind"),
    CheckConstraint("kind <> 'renumbered' or school_code is not null", name="school"),
)

#: The feed: positions without a gap, in the order in which the changes became visible. `by_version` superseded `version`.
change = Table(
    "change",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", _moment, nullable=False),
    Column("school_code", Text, nullable=False),
    Column("school_year", Text),
    Column("pupil_id", UUID(as_uuid=True), nullable=False),
    Column("level", Text),
    Column("version", Integer),
    Column("by_version", Integer),
    CheckConstraint("kind in ('accepted','superseded','withdrawn','renumbered')", name="kind"),
    Index("ix_change_school_code", "school_code", "position"),
    Index("ix_change_pupil_id", "pupil_id", "school_year", "level"),
)

#: Transcript codes are unique in the city whatever the school year; kept apart so that `record` can be partitioned.
transcript_code = Table(
    "transcript_code",
    metadata,
    Column("transcript_code", Text, primary_key=True),
    Column("school_year", Text, nullable=False),
    Column("pupil_id", UUID(as_uuid=True), nullable=False),
    Column("level", Text, nullable=False),
)

# --- who asked ---------------------------------------------------------------------------------------------------------------------------

#: Every verification question and view, written before it is answered. `detail`: the fields or the claim that was asked for.
question = Table(
    "question",
    metadata,
    Column("question_id", UUID(as_uuid=True), primary_key=True),
    Column("asked_at", _moment, nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("school_year", Text),
    Column("pupil_id", UUID(as_uuid=True)),
    Column("answer", Text, nullable=False),
    Column("detail", Text),
    Index("ix_question_pupil_id", "pupil_id", "asked_at"),
    Index("ix_question_caller_id", "caller_id", "asked_at"),
)

#: Dry runs, as a number alone.
judgement_count = Table(
    "judgement_count",
    metadata,
    Column("day", Date, primary_key=True),
    Column("caller_id", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("signed", Boolean, primary_key=True),
    Column("judgements", BigInteger, nullable=False),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {
    "generation": ("value",),
    "record": ("current_version", "school_code", "grade", "pupil_code", "withdrawn_version"),
    "roster_pupil": ("left_at",),
    "pupil": ("merges",),
    "pupil_number": ("closed_at", "person_sealed", "pupil_id"),
    "pupil_merge": ("undone_at", "undone_reason", "undone_by"),
    "trust_certificate": ("closed_at", "hierarchy", "kind"),
    "revocation_list": ("closed_at",),
    "ocsp_answer": ("closed_at",),
    "known_root": ("closed_at", "hierarchy", "name"),
    "trust_source": ("added_at", "closed_at", "claimed_until", "tried_at", "succeeded_at", "etag", "last_modified"),
    "signer": ("closed_at", "holder_index", "holder_kind", "source", "title", "valid_from", "valid_to"),
    "signature_policy": ("valid_to",),
    "caller": ("closed_at", "scopes", "purposes", "name", "counts_with"),
    "caller_key": ("closed_at",),
    "caller_unit": ("closed_at",),
    "unit": ("valid_to", "name"),
    "unit_part": ("valid_to",),
    "school": ("ownership",),
    "waiting": (
        "generation",
        "tried_at",
        "withdraws",
        "case_kind",
        "case_against",
        "case_differs",
        "case_two_known",
    ),
    "approval_rule": ("valid_to",),
    "judgement_count": ("judgements",),
}
DELETABLE: tuple[str, ...] = ("spent_assertion", "waiting", "change_queue", "pupil_alias")
