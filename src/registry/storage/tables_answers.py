"""Tables of signed answers, claims, limits and who looked; the rules of `registry.storage.tables` hold for them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from registry.storage.tables import metadata

_moment = DateTime(timezone=True)

# --- signed answers --------------------------------------------------------------------------------------------------------

#: Public keys that sign answers, each from its moment until the next one's; the private halves are files. Never changed.
answer_key = Table(
    "answer_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("signs_from", _moment, nullable=False, unique=True),
    Column("registered_at", _moment, nullable=False),
)

#: The same and, under `use`, those that sign the QR of papers. Keys of answers come here from `answer_key` by a trigger, as long as
#: a version of the service that knows nothing of uses may still run.
signing_key = Table(
    "signing_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("use", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("signs_from", _moment, nullable=False),
    Column("registered_at", _moment, nullable=False),
    UniqueConstraint("use", "signs_from"),
    CheckConstraint("use in ('answer','paper')", name="use"),
)

#: Nonces that a caller has used, hashed; each goes when the answer that carries it has expired.
answer_nonce = Table(
    "answer_nonce",
    metadata,
    Column("caller_id", Text, primary_key=True),
    Column("nonce_hash", LargeBinary, primary_key=True),
    Column("expires_at", _moment, nullable=False, index=True),
)

# --- what a purpose allows ---------------------------------------------------------------------------------------------------

#: What offices may ask for under a purpose, from a moment on: as `registry.formats.purposes` reads it. Never changed.
purpose = Table(
    "purpose",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("valid_from", _moment, primary_key=True),
    Column("content", JSONB, nullable=False),
    Column("imported_at", _moment, nullable=False),
)

# --- limits ------------------------------------------------------------------------------------------------------------------

#: Questions without an answer, by caller: in a row, in the present hour, and how often that led to a pause today.
caller_miss = Table(
    "caller_miss",
    metadata,
    Column("caller_id", Text, primary_key=True),
    Column("in_a_row", Integer, nullable=False),
    Column("hour", _moment, nullable=False),
    Column("in_hour", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("pauses", Integer, nullable=False),
    Column("paused_until", _moment),
)

#: Questions of a day that processes have taken for a caller, in portions; what is taken may be asked without another look here.
question_budget = Table(
    "question_budget",
    metadata,
    Column("day", Date, primary_key=True),
    Column("caller_id", Text, primary_key=True),
    Column("taken", Integer, nullable=False),
)

#: The one threshold that a caller may ask about a pupil's result; `pupil_id` is the one the record stands under, `topic` names
#: subject and year.
claim_threshold = Table(
    "claim_threshold",
    metadata,
    Column("pupil_id", UUID(as_uuid=True), primary_key=True),
    Column("caller_id", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("threshold", Text, nullable=False),
    Column("asked_at", _moment, nullable=False),
)

# --- who looked --------------------------------------------------------------------------------------------------------------

#: Questions in the transaction that writes them, put here by a trigger, until they have their place in the chain.
question_queue = Table(
    "question_queue",
    metadata,
    Column("queued", BigInteger, Identity(always=True), primary_key=True),
    Column("question_id", UUID(as_uuid=True), nullable=False),
)

#: Every question once, at a position without a gap; `hash` covers the row and the hash before it (`registry.core.audit`).
question_chain = Table(
    "question_chain",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("question_id", UUID(as_uuid=True), nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
)

#: The only columns the service's role may UPDATE, and the only tables it may DELETE from.
UPDATABLE: dict[str, tuple[str, ...]] = {
    "caller_miss": ("in_a_row", "hour", "in_hour", "day", "pauses", "paused_until"),
    "question_budget": ("taken",),
    "claim_threshold": ("threshold", "asked_at"),
}
DELETABLE: tuple[str, ...] = ("answer_nonce", "question_queue")
