"""Tables of people who sign in to the pages, and what they looked at; the rules of `registry.storage.tables` hold for them.

No secret stands here: of sessions, links and begun sign-ins there is the SHA-256 of a 256-bit random secret that only the
browser has (OWASP ASVS 5.0 V7.2).
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from registry.storage.tables import metadata

_moment = DateTime(timezone=True)

#: Who may sign in. Registered by an operator, never by signing in; an id is given out once.
person = Table(
    "person",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("sees_names", Boolean, nullable=False),
    Column("created_at", _moment, nullable=False),
    Column("closed_at", _moment),
)

#: The units (schools included) a person looks after.
person_unit = Table(
    "person_unit",
    metadata,
    Column("person_id", Text, ForeignKey("person.person_id"), primary_key=True),
    Column("unit_code", Text, ForeignKey("unit.unit_code"), primary_key=True),
    Column("added_at", _moment, nullable=False),
    Column("closed_at", _moment),
)

#: Who a person is at an OpenID provider: the value of the configured claim. It belongs to one person for ever.
person_login = Table(
    "person_login",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("login", Text, primary_key=True),
    Column("person_id", Text, ForeignKey("person.person_id"), nullable=False),
    Column("added_at", _moment, nullable=False),
    Column("closed_at", _moment),
    Index("ix_person_login_person_id", "person_id"),
)

#: A one-time link. Used once, whoever is first; the row goes some time after its end.
sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("link_digest", LargeBinary, primary_key=True),
    Column("person_id", Text, ForeignKey("person.person_id"), nullable=False),
    Column("made_at", _moment, nullable=False),
    Column("expires_at", _moment, nullable=False),
    Column("used_at", _moment),
    Index("ix_sign_in_link_expires_at", "expires_at"),
)

#: A browser that was sent to the provider; state, nonce and verifier follow from its secret. The row goes when it comes back.
sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("attempt_digest", LargeBinary, primary_key=True),
    Column("next_path", Text, nullable=False),
    Column("expires_at", _moment, nullable=False),
    Index("ix_sign_in_attempt_expires_at", "expires_at"),
)

#: Who was signed in when, and how. `seen_at` moves at most once a minute.
session = Table(
    "session",
    metadata,
    Column("session_digest", LargeBinary, primary_key=True),
    Column("person_id", Text, ForeignKey("person.person_id"), nullable=False),
    Column("way", Text, nullable=False),
    Column("started_at", _moment, nullable=False),
    Column("seen_at", _moment, nullable=False),
    Column("ended_at", _moment),
    CheckConstraint("way in ('provider','link')", name="way"),
    Index("ix_session_person_id", "person_id", "started_at"),
)

#: Every answer with names of pupils, written before it leaves: who (a person on a page, or a caller of the API) saw how many,
#: where. Never the names.
name_view = Table(
    "name_view",
    metadata,
    Column("view_id", UUID(as_uuid=True), primary_key=True),
    Column("at", _moment, nullable=False),
    Column("person_id", Text, ForeignKey("person.person_id")),
    Column("screen", Text, nullable=False),
    Column("unit_code", Text, nullable=False),
    Column("school_year", Text),
    Column("names", Integer, nullable=False),
    Column("caller_id", Text),
    CheckConstraint("names > 0", name="names"),
    CheckConstraint("num_nonnulls(person_id, caller_id) = 1", name="viewer"),
    Index("ix_name_view_person_id", "person_id", "at"),
    Index("ix_name_view_unit_code", "unit_code", "at"),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {
    "person": ("name", "scopes", "sees_names", "closed_at"),
    "person_unit": ("closed_at",),
    "person_login": ("closed_at",),
    "sign_in_link": ("used_at",),
    "session": ("seen_at", "ended_at"),
}
DELETABLE: tuple[str, ...] = ("sign_in_link", "sign_in_attempt")
