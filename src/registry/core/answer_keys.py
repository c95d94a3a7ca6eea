"""The keys that sign the registry's answers and papers: which one signs at a moment, and in which period each one did. Pure.

A key signs from its moment on until the next one's: registering a key is all there is, nothing about it is ever changed. A key
may be registered ahead of its moment, so that receivers and the other machines have it before the first answer under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise


class Use(StrEnum):
    """What a key signs, and nothing else: answers to questions, or the QR of papers."""

    ANSWER = "answer"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """A registered public key (SubjectPublicKeyInfo DER). `key_id` is its JWK thumbprint (RFC 7638)."""

    key_id: str
    public_key: bytes
    signs_from: datetime
    use: Use = Use.ANSWER


@dataclass(frozen=True, slots=True)
class Period:
    """A key and the period in which it signs; `signs_to` is None for the last one."""

    key: AnswerKey
    signs_to: datetime | None


def periods(keys: Iterable[AnswerKey]) -> tuple[Period, ...]:
    """Every key with its period, those of answers before those of papers, of each the oldest first."""
    every = tuple(keys)
    return tuple(period for use in Use for period in _periods(of_use(every, use)))


def of_use(keys: Iterable[AnswerKey], use: Use) -> tuple[AnswerKey, ...]:
    """The keys of one use, the oldest first."""
    return tuple(sorted((key for key in keys if key.use is use), key=lambda key: (key.signs_from, key.key_id)))


def _periods(ordered: tuple[AnswerKey, ...]) -> tuple[Period, ...]:
    ended = [Period(key, after.signs_from) for key, after in pairwise(ordered)]
    return (*ended, *(Period(key, None) for key in ordered[-1:]))


def signing_at(keys: Iterable[AnswerKey], moment: datetime, use: Use = Use.ANSWER) -> AnswerKey | None:
    """The key that signs at this moment; None when there is none yet."""
    begun = [key for key in keys if key.use is use and key.signs_from <= moment]
    return max(begun, key=lambda key: (key.signs_from, key.key_id), default=None)
