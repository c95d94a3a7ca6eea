"""The keys that sign the registry's answers: which one signs at a moment, and for which period each one is good. Pure.

A key signs from its moment on until the next one's: registering a key is all there is, nothing about it is ever changed. A key
may be registered ahead of its moment, so that receivers and the other machines have it before the first answer under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """A registered public key (SubjectPublicKeyInfo DER). `key_id` is its JWK thumbprint (RFC 7638)."""

    key_id: str
    public_key: bytes
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A key and the period in which it signs; `signs_to` is None for the last one."""

    key: AnswerKey
    signs_to: datetime | None


def periods(keys: Iterable[AnswerKey]) -> tuple[Period, ...]:
    """Every key with its period, the oldest first."""
    ordered = sorted(keys, key=lambda key: (key.signs_from, key.key_id))
    ended = [Period(key, after.signs_from) for key, after in pairwise(ordered)]
    return (*ended, *(Period(key, None) for key in ordered[-1:]))


def signing_at(keys: Iterable[AnswerKey], moment: datetime) -> AnswerKey | None:
    """The key that signs at this moment; None when there is none yet."""
    begun = [key for key in keys if key.signs_from <= moment]
    return max(begun, key=lambda key: (key.signs_from, key.key_id), default=None)
