"""A version's verification code, made when it is first needed, and the page behind it.

A code that nobody was given can't be asked for: so every version has one whenever one is asked, and accepting a document does
not pay for it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.core import codes, ids, public_code
from registry.core.findings import Refusal
from registry.core.public_code import Face, Shown
from registry.formats import paper_content
from registry.services import transcripts
from registry.services.world import World
from registry.storage import public_codes
from registry.storage.public_codes import Kept, Key
from registry.storage.sealing import SealBrokenError, Sealer
from registry.storage.transcripts import Version

_USE = "public code"


@dataclass(frozen=True, slots=True)
class Given:
    """A version's code as it is printed, and how it is found."""

    code: str
    code_index: bytes
    face: Face


async def ensure(world: World, told: transcripts.Told, members: Mapping[str, Any], now: datetime) -> Given:
    """The code of a version, made now when it has none; `members` is what its document says."""
    record = told.history.record
    key = Key(record.school_year, record.pupil_id, record.level, told.version.version)
    async with world.db.hot() as tx:
        kept = await public_codes.of_version(tx, key)
        if kept is None:
            made = sealed(world.sealer, key, secrets.token_bytes(public_code.BYTES), members, signed_at(told.version))
            await public_codes.add(tx, key, made, now)
            kept = await public_codes.of_version(tx, key)
    assert kept is not None, "added, or somebody else was first"
    bits = world.sealer.open_code(kept.code_sealed, key.bound)
    return Given(public_code.printed(bits), kept.code_index, _face(world, kept.face_sealed, kept.code_index))


def sealed(sealer: Sealer, key: Key, bits: bytes, members: Mapping[str, Any], signed: datetime | None) -> Kept:
    """A code of these 16 bytes as it is stored, with what a stranger may be told of the version."""
    index = sealer.secret_index(_USE, bits)
    face = _face_json(paper_content.face(members, signed))
    return Kept(index, sealer.seal_code(bits, key.bound), sealer.seal_code(face, index))


async def look(world: World, text: str, now: datetime) -> Shown:
    """What a stranger is told behind a code; written down before it returns.

    Raises Refusal: public-code-malformed (typed wrong, as the check characters show), public-code-unknown.
    """
    bits = public_code.read(text)
    if bits is None:
        raise Refusal(codes.PUBLIC_CODE_MALFORMED)
    async with world.db.hot() as tx:
        question_id = ids.uuid7(now, secrets.token_bytes(10))
        found = await public_codes.view(tx, world.sealer.secret_index(_USE, bits), question_id, now)
    if found is None:
        raise Refusal(codes.PUBLIC_CODE_UNKNOWN)
    return Shown(
        public_code.printed(bits), _face(world, found.face_sealed, found.code_index), found.school_year, found.level,
        found.grade, found.version, found.answer, found.accepted_at, found.replaced_by, found.replaced_at,
        found.withdrawn_at,
    )  # fmt: skip


def signed_at(version: Version) -> datetime | None:
    """When the last of a version's signers signed, by what the signatures say."""
    moments = [datetime.fromisoformat(each["signed_at"]) for each in version.signatures if each.get("signed_at")]
    return max(moments, default=None)


def _face_json(face: Face) -> bytes:
    signed = face.signed_at.isoformat() if face.signed_at else None
    said = [face.initials, face.birth_year, face.school_name, face.issued_on, signed]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _face(world: World, sealed: bytes, index: bytes) -> Face:
    try:
        said = json.loads(world.sealer.open_code(sealed, index))
    except (SealBrokenError, ValueError):  # ValueError: cut shorter than a nonce
        raise Refusal(codes.SERVICE_FAULT) from None
    named, born, school, issued, signed = said
    return Face(named, born, school, issued, datetime.fromisoformat(signed) if signed else None)
