"""The register of callers: vendors and offices come in, get keys and units, and are closed. Each change moves the generation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from registry.core.callers import Caller, CallerKey, CallerKind, Scope
from registry.core.purposes import BUILTIN
from registry.services.world import World
from registry.storage import callers, generation, purposes
from registry.storage.database import Writing

_CALLER_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}", re.ASCII)
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_SMALLEST_RSA, _LARGEST_RSA, _LARGEST_EXPONENT = 2048, 8192, 2**32
_LARGEST_KEY_FILE = 16_384


class NotTakenError(Exception):
    """A change of the register that can't be made; the text is a sentence for the operator and names no secret."""


@dataclass(frozen=True, slots=True)
class NewCaller:
    """A caller as it is registered: what it may do, for which purposes, for which units, and its first key."""

    caller_id: str
    kind: CallerKind
    name: str
    scopes: frozenset[Scope]
    purposes: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    key: CallerKey | None = None
    counts_with: str | None = None


def read_public_key(content: bytes, key_id: str | None = None) -> CallerKey:
    """A P-256, Ed25519 or RSA (2048 to 8192 bits) public key from PEM or DER; its id is by default made from the key.

    Raises NotTakenError for anything else, a private key first of all.
    """
    if b"PRIVATE KEY" in content[:_LARGEST_KEY_FILE]:
        raise NotTakenError(
            "this is a private key: it stays with its owner, register the public key that belongs to it"
        )
    try:
        load = load_pem_public_key if b"-----BEGIN" in content else load_der_public_key
        key = load(content[:_LARGEST_KEY_FILE])
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotTakenError("no public key (PEM or DER, SubjectPublicKeyInfo) in the file") from error
    if isinstance(key, RSAPublicKey):
        fits = _SMALLEST_RSA <= key.key_size <= _LARGEST_RSA and key.public_numbers().e < _LARGEST_EXPONENT
    else:
        fits = isinstance(key, Ed25519PublicKey) or (
            isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
        )
    if not fits:
        raise NotTakenError("the key must be P-256, Ed25519, or RSA of 2048 to 8192 bits")
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key_id = sha256(der).hexdigest()[:16] if key_id is None else key_id
    if not _KEY_ID.fullmatch(key_id):
        raise NotTakenError("a key id has 1 to 64 letters, digits, dots, hyphens or underscores")
    return CallerKey(key_id, der)


async def everyone(world: World) -> list[Caller]:
    """The open callers with their schools on the present map, by id."""
    known = await world.known()
    return sorted(known.callers.values(), key=lambda caller: caller.caller_id)


async def register(world: World, new: NewCaller, now: datetime) -> None:
    """Add a caller with its units and first key, or nothing at all; raises NotTakenError."""
    _check(new)
    async with world.db.transaction() as tx:
        row = Caller(new.caller_id, new.kind, new.name, new.scopes, new.purposes, new.units, frozenset(), {})
        await _purposes_must_be_there(tx, new.purposes)
        if not await callers.add_caller(tx, row, now):
            raise NotTakenError(f"the id {new.caller_id} is taken (closed ids are not given out again)")
        if new.counts_with is not None and not await callers.count_with(tx, new.caller_id, new.counts_with):
            raise NotTakenError(f"there is no other open caller {new.counts_with}")
        await _add_units(tx, new.caller_id, new.units, now)
        if new.key is not None:
            await callers.add_key(tx, new.caller_id, new.key, now)
        await generation.move(tx)


async def add_key(world: World, caller_id: str, key: CallerKey, now: datetime) -> None:
    """Add a public key to an open caller, so that it can change keys without a gap; raises NotTakenError."""
    async with world.db.transaction() as tx:
        await _must_be_open(tx, caller_id)
        if not await callers.add_key(tx, caller_id, key, now):
            raise NotTakenError(f"{caller_id} has or had a key with the id {key.key_id}")
        await generation.move(tx)


async def count_with(world: World, caller_id: str, other: str) -> None:
    """Let an open caller share the limits of another open one: both are systems of one office. Raises NotTakenError."""
    async with world.db.transaction() as tx:
        if not await callers.count_with(tx, caller_id, other):
            raise NotTakenError(f"{caller_id} and {other} are not two open callers, or {other} counts with {caller_id}")
        await generation.move(tx)


async def add_units(world: World, caller_id: str, units: Iterable[str], now: datetime) -> int:
    """Let an open caller speak for more units; returns how many were new to it; raises NotTakenError."""
    async with world.db.transaction() as tx:
        await _must_be_open(tx, caller_id)
        added = await _add_units(tx, caller_id, units, now)
        await generation.move(tx)
    return added


async def close_unit(world: World, caller_id: str, unit: str, now: datetime) -> None:
    """Take a unit from a caller; raises NotTakenError when it does not have it."""
    async with world.db.transaction() as tx:
        if not await callers.close_unit(tx, caller_id, unit, now):
            raise NotTakenError(f"{caller_id} does not speak for {unit}")
        await generation.move(tx)


async def close_key(world: World, caller_id: str, key_id: str, now: datetime) -> None:
    """Close one key for ever; tokens issued with it last at most ten minutes more; raises NotTakenError."""
    async with world.db.transaction() as tx:
        if not await callers.close_key(tx, caller_id, key_id, now):
            raise NotTakenError(f"{caller_id} has no open key with the id {key_id}")
        await generation.move(tx)


async def close(world: World, caller_id: str, now: datetime) -> None:
    """Close a caller for ever, its tokens included, within a second; raises NotTakenError when there is no such open caller."""
    async with world.db.transaction() as tx:
        if not await callers.close_caller(tx, caller_id, now):
            raise NotTakenError(f"there is no open caller {caller_id}")
        await generation.move(tx)


def _check(new: NewCaller) -> None:
    if not _CALLER_ID.fullmatch(new.caller_id):
        raise NotTakenError("a caller id has 2 to 63 small letters, digits, dots, hyphens or underscores")
    if not new.name.strip() or len(new.name) > 200 or not new.name.isprintable():
        raise NotTakenError("a name has 1 to 200 printable characters")
    if not new.scopes:
        raise NotTakenError("a caller needs at least one scope: " + ", ".join(Scope))
    if not all(_PURPOSE.fullmatch(purpose) for purpose in new.purposes):
        raise NotTakenError("a purpose has 1 to 63 small letters, digits and hyphens")
    if Scope.VERIFY in new.scopes and not new.purposes:
        raise NotTakenError("scope verify needs at least one purpose")


async def _purposes_must_be_there(tx: Writing, wanted: Iterable[str]) -> None:
    there = {row.code for row in BUILTIN} | {code for code, _, _ in await purposes.load(tx)}
    unknown = sorted(set(wanted) - there)
    if unknown:
        raise NotTakenError(f"no such purpose: {', '.join(unknown[:10])} (there are: {', '.join(sorted(there))})")


async def _must_be_open(tx: Writing, caller_id: str) -> None:
    if all(row.caller_id != caller_id for row in await callers.load(tx)):
        raise NotTakenError(f"there is no open caller {caller_id}")


async def _add_units(tx: Writing, caller_id: str, units: Iterable[str], now: datetime) -> int:
    wanted = sorted(set(units))
    unknown = await callers.unknown_units(tx, wanted)
    if unknown:
        raise NotTakenError(
            "not on the map: " + ", ".join(unknown[:10]) + " (write city:, district:, commune: or school:CODE)"
        )
    return await callers.add_units(tx, caller_id, wanted, now)
