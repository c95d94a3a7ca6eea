"""What the registry answers can be signed, and the QR of its papers: by the key that the register names now, whose private half this machine must hold.

All machines work from the one table of public keys. A machine whose files do not hold the key of the moment refuses to sign;
it never signs with another one, and never makes one once the registry has any.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from registry.core import codes
from registry.core.answer_keys import AnswerKey, Period, Use, of_use, periods, signing_at
from registry.core.findings import Finding, Refusal
from registry.formats import answers, jwks
from registry.services.world import World
from registry.storage import answer_keys as stored
from registry.storage import generation
from registry.storage.answer_keys import Files as Files  # what the edges say where the keys are with

log = logging.getLogger(__name__)

MEDIA_TYPE = answers.MEDIA_TYPE
ABOUT_NUMBER, about_number = answers.ABOUT_NUMBER, answers.about_number
#: How long the files are trusted before they are looked at again for a key that is missing.
_LOOK_AGAIN_SECONDS = 2.0
#: The first key signs from a little before: for requests that came a moment earlier, and clocks that are behind.
_BEFORE_FIRST = timedelta(minutes=10)


class NotTakenError(Exception):
    """A rotation that can't be; the message is for the operator."""


@dataclass(slots=True)
class Signer:
    """Signs for one issuer with the key files of one machine. `valid` is how long an answer may be relied upon."""

    files: Files
    issuer: str
    valid: timedelta
    _held: dict[str, answers.PrivateKey] = field(default_factory=dict, repr=False)
    _looked: float = -_LOOK_AGAIN_SECONDS

    async def ready(self, world: World, now: datetime, use: Use = Use.ANSWER) -> answers.PrivateKey:
        """The key that signs now, to be had before anything is written down. Raises Refusal(answer-key)."""
        registered = signing_at(await self.published(world, now, use), now, use)
        held = self._find(registered.key_id) if registered is not None else None
        if held is None:
            log.error(
                "this machine does not hold the registered key that signs each %s: copy its file to %s",
                use.value,
                self.files.folder,
            )
            raise Refusal(codes.ANSWER_KEY, retry_after=60)
        return held

    def sign(
        self, key: answers.PrivateKey, audience: str, answer_id: str, said: Mapping[str, Any], now: datetime,
        *, nonce: str | None = None, type_: str = answers.TYPE,
    ) -> str:  # fmt: skip
        """A signed answer for this audience; `said` are the members beside the registered claims."""
        bound = {} if nonce is None else {"nonce": nonce}
        ends = int((now + self.valid).timestamp())
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": ends,
            "jti": answer_id,
            **bound,
        }
        return answers.sign(key, {**claims, **said}, type_)

    async def published(self, world: World, now: datetime, use: Use) -> tuple[AnswerKey, ...]:
        """Every key of a use that there is, also those of the past and the coming one."""
        return of_use((await world.known()).answer_keys, use) or of_use(await self._first(world, now, use), use)

    async def _first(self, world: World, now: datetime, use: Use) -> tuple[AnswerKey, ...]:
        """Register the first key of a use, if nobody has: this machine's file then signs from now on."""
        made = answers.PrivateKey.from_pem(stored.ensure_first(self.files, use))
        self._held[made.key_id] = made
        async with world.db.transaction() as tx:
            key = AnswerKey(made.key_id, made.public_key, (now - _BEFORE_FIRST).replace(microsecond=0), use)
            if await stored.register(tx, key, now, first=True):
                await generation.move(tx)
                log.info("the first key that signs each %s is registered: %s", use.value, made.key_id)
            # Not what was known before: the register may be read again, without the key, while this transaction waits.
            at = await generation.current(tx)
        return (await world.register.newer_than(world.db, at - 1)).answer_keys

    def _find(self, key_id: str) -> answers.PrivateKey | None:
        """The private half among this machine's files, which are read again when it is not among those known."""
        if key_id not in self._held and time.monotonic() - self._looked >= _LOOK_AGAIN_SECONDS:
            self._looked = time.monotonic()
            found = [answers.PrivateKey.from_pem(pem) for pem in stored.private_keys(self.files)]
            self._held = {key.key_id: key for key in found}
        return self._held.get(key_id)


def key_set(keys: Iterable[AnswerKey]) -> dict[str, Any]:
    """The keys as receivers want them (RFC 7517)."""
    return jwks.key_set(keys)


async def listed(world: World) -> tuple[Period, ...]:
    """Every key with its period."""
    async with world.db.snapshot() as tx:
        return periods(await stored.load(tx))


async def rotate(world: World, files: Files, begins: datetime, now: datetime, use: Use = Use.ANSWER) -> AnswerKey:
    """Make a new key of a use that signs from `begins` on. Raises NotTakenError when that is not after now and after every other
    key of the use."""
    if begins < now - timedelta(minutes=1):
        raise NotTakenError("a key can't begin in the past: answers of that time are signed with another one")
    made = answers.PrivateKey.from_pem(stored.create_next(files, use))
    key = AnswerKey(made.key_id, made.public_key, begins.replace(microsecond=0), use)
    async with world.db.transaction() as tx:
        if not await stored.register(tx, key, now):
            raise NotTakenError("another key begins then or later: choose a later moment")
        await generation.move(tx)
    return key


async def keep(world: World, raw: bytes, now: datetime, use: Use) -> int:
    """Register the keys of a JWK Set as keys of the past, so that what they signed is found good; how many were not known.

    They stand before every other key of the use, so that none of them ever signs again. Raises ValueError for no JWK Set.
    """
    given = read_key_set(raw, use)
    async with world.db.transaction() as tx:
        begins = min((key.signs_from for key in of_use(await stored.load(tx), use)), default=now.replace(microsecond=0))
        keys = [
            replace(period.key, signs_from=begins - timedelta(seconds=place)) for place, period in enumerate(given, 1)
        ]
        added = await stored.keep(tx, keys, now)
        if added:
            await generation.move(tx)
    return added


def holds(files: Files) -> frozenset[str]:
    """The ids of the keys whose private halves are among the files of this machine."""
    return frozenset(answers.PrivateKey.from_pem(pem).key_id for pem in stored.private_keys(files))


def read_key_set(raw: bytes, use: Use = Use.ANSWER) -> tuple[Period, ...]:
    """The keys of a use in a JWK Set as a receiver has it; raises ValueError when it is not one."""
    found = jwks.read_key_set(raw, use)
    if found is None:
        raise ValueError("not a JWK Set")
    return found


@dataclass(frozen=True, slots=True)
class Receiver:
    """What whoever checks an answer knows beforehand; None for what is not compared."""

    issuer: str | None = None
    audience: str | None = None
    nonce: str | None = None
    file_sha256: bytes | None = None
    about_number: str | None = None


def check(token: str, keys: tuple[Period, ...], receiver: Receiver, now: datetime) -> answers.Checked:
    """Check a signed answer offline; codes as `registry.formats.answers.check` says."""
    expected = answers.Expected(
        receiver.issuer,
        receiver.audience,
        receiver.nonce,
        file_sha256=receiver.file_sha256,
        about_number=receiver.about_number,
    )
    return answers.check(token, keys, expected, now)


def findings_only_expired(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing else is wrong than that its time is over."""
    return bool(findings) and {finding.code for finding in findings} == {codes.ANSWER_EXPIRED}
