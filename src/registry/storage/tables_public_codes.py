"""Tables of verification codes, extracts and share links; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from registry.storage.tables import metadata

_moment = DateTime(timezone=True)

#: A code belongs to one version for ever, so that a paper of an older one says so. Found by a keyed index and printed again
#: from the sealed bits: who has the database alone has no working code. `face_sealed` is what a stranger may be told.
public_code = Table(
    "public_code",
    metadata,
    Column("code_index", LargeBinary, primary_key=True),
    Column("school_year", Text, nullable=False),
    Column("pupil_id", UUID(as_uuid=True), nullable=False),
    Column("level", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("code_sealed", LargeBinary, nullable=False),
    Column("face_sealed", LargeBinary, nullable=False),
    Column("made_at", _moment, nullable=False),
    UniqueConstraint("school_year", "pupil_id", "level", "version"),
    ForeignKeyConstraint(
        ["school_year", "pupil_id", "level", "version"],
        ["record_version.school_year", "record_version.pupil_id", "record_version.level", "record_version.version"],
        name="fk_public_code_version",
    ),
)

#: Where views of pages behind codes were written before they became questions (kind `public_page`). A trigger copies what a version
#: of the service that knows nothing of it still writes here.
public_view = Table(
    "public_view",
    metadata,
    Column("view_id", BigInteger, Identity(always=True), primary_key=True),
    Column("code_index", LargeBinary, nullable=False),
    Column("viewed_at", _moment, nullable=False),
    Column("answer", Text, nullable=False),
    Index("ix_public_view_code_index", "code_index", "viewed_at"),
)

#: The last running number of each year: moved in the transaction that writes the issue, so that no number is missing.
extract_counter = Table(
    "extract_counter",
    metadata,
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

#: One extract handed out. Without a fingerprint it was numbered and never left: making it failed.
extract_issue = Table(
    "extract_issue",
    metadata,
    Column("year", SmallInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("issued_at", _moment, nullable=False),
    Column("code_index", LargeBinary, ForeignKey("public_code.code_index"), nullable=False),
    Column("question_id", UUID(as_uuid=True), nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("fingerprint", LargeBinary),
    Index("ix_extract_issue_code_index", "code_index"),
    Index("ix_extract_issue_fingerprint", "fingerprint"),
)

#: A link for one pupil. The secret is nowhere; its keyed index finds the row.
share = Table(
    "share",
    metadata,
    Column("share_id", UUID(as_uuid=True), primary_key=True),
    Column("secret_index", LargeBinary, nullable=False, unique=True),
    Column("created_at", _moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("pupil_id", UUID(as_uuid=True), nullable=False),
    Column("school_code", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("ends_at", _moment, nullable=False),
    Column("most_openings", SmallInteger, nullable=False),
    Column("openings", SmallInteger, nullable=False, server_default=text("0")),
    Column("revoked_at", _moment),
    Column("revoked_by", Text),
    CheckConstraint("openings <= most_openings", name="openings"),
    Index("ix_share_school_code", "school_code", "created_at"),
)

share_record = Table(
    "share_record",
    metadata,
    Column("share_id", UUID(as_uuid=True), ForeignKey("share.share_id"), primary_key=True),
    Column("school_year", Text, primary_key=True),
    Column("pupil_id", UUID(as_uuid=True), primary_key=True),
    Column("level", Text, primary_key=True),
)

share_opening = Table(
    "share_opening",
    metadata,
    Column("share_id", UUID(as_uuid=True), ForeignKey("share.share_id"), primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("opened_at", _moment, nullable=False),
)

#: How often an address asked in vain within a minute: a keyed index of the address, kept for some minutes, for all processes.
page_miss = Table(
    "page_miss",
    metadata,
    Column("minute", _moment, primary_key=True),
    Column("address_index", LargeBinary, primary_key=True),
    Column("misses", Integer, nullable=False),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {
    "extract_counter": ("last",),
    "page_miss": ("misses",),
    "extract_issue": ("fingerprint",),
    "share": ("openings", "revoked_at", "revoked_by"),
}
DELETABLE: tuple[str, ...] = ("page_miss",)
