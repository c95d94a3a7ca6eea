"""Verification codes: 128 random bits as people read, type and photograph them, and what a paper's code tells a stranger. Pure.

Printed are 26 characters of Crockford's base 32 (no I, L, O, U) and two check characters, in groups of four. The check is a
Reed-Solomon code of length 28 over GF(32): its distance is 3, so that every change of one or two characters is found, and
with it every exchange of any two. What tells codes apart is 128 bits; the check only saves typists from "not known".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.core.names import same_form
from registry.core.verification import Answer

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BYTES = 16
_DATA, _CHECKS, _GROUP = 26, 2, 4
LENGTH = _DATA + _CHECKS
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
#: What Crockford reads as the digit that it looks like, and what people put between groups.
_TYPED = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, "–": None, " ": None, "\t": None, "\xa0": None})
_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive
#: More than anybody types; what is longer is not looked at.
_LONGEST = 200


def _powers() -> tuple[int, ...]:
    found, value = [], 1
    for _ in range(31):
        found.append(value)
        value <<= 1
        if value & 32:
            value ^= _POLYNOMIAL
    return tuple(found)


_POWER = _powers()
_LOG = {value: exponent for exponent, value in enumerate(_POWER)}


def _times(left: int, right: int) -> int:
    return _POWER[(_LOG[left] + _LOG[right]) % 31] if left and right else 0


def _over(left: int, right: int) -> int:
    return _POWER[(_LOG[left] - _LOG[right]) % 31] if left else 0


def printed(bits: bytes) -> str:
    """The code of 16 bytes as it is printed: seven groups of four."""
    if len(bits) != BYTES:
        raise ValueError(f"a code has {BYTES} bytes")
    number = int.from_bytes(bits, "big")
    values = [number >> 5 * (_DATA - 1 - place) & 31 for place in range(_DATA)]
    plain, weighted = _sums([*values, 0, 0])
    # other * a + last = weighted and other + last = plain, where "a" is the generator and plus is exclusive or
    other = _over(plain ^ weighted, _POWER[0] ^ _POWER[1])
    last = plain ^ other
    text = "".join(ALPHABET[value] for value in (*values, other, last))
    return "-".join(text[start : start + _GROUP] for start in range(0, LENGTH, _GROUP))


def read(text: str) -> bytes | None:
    """The 16 bytes of a code as somebody typed it; None when a character is wrong, missing or too many."""
    if len(text) > _LONGEST:
        return None
    typed = text.strip().upper().translate(_TYPED)
    if len(typed) != LENGTH or not set(typed) <= _VALUES.keys():
        return None
    values = [_VALUES[letter] for letter in typed]
    if any(_sums(values)):
        return None
    number = 0
    for value in values[:_DATA]:
        number = number << 5 | value
    return number.to_bytes(BYTES, "big") if number >> 8 * BYTES == 0 else None


def out_of_address(text: str) -> str:
    """The code in the address that a QR holds, or the text as it is: people paste what their phone shows them."""
    _, found, rest = text.partition("/v/")
    return rest.partition("#")[0].partition("?")[0] if found else text


def _sums(values: list[int]) -> tuple[int, int]:
    """Sum of the values, and sum weighted by powers of the generator: both zero for a word of the code."""
    plain = weighted = 0
    for place, value in enumerate(reversed(values)):
        plain ^= value
        weighted ^= _times(value, _POWER[place])
    return plain, weighted


def initials(name: str) -> str:
    """ "Nguyễn Văn An" -> "N.V.A.": the first letter of each word, with its diacritics, composed."""
    return "".join(f"{word[0].upper()}." for word in same_form(name).split(" ") if word)


@dataclass(frozen=True, slots=True)
class Face:
    """What a stranger is told of the pupil and the paper of one version: no name, no number, no mark."""

    initials: str
    birth_year: int | None
    school_name: str
    issued_on: str
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The page behind a code."""

    code: str
    face: Face
    school_year: str
    level: str
    grade: int
    version: int
    answer: Answer
    accepted_at: datetime
    replaced_by: int | None = None
    replaced_at: datetime | None = None
    withdrawn_at: datetime | None = None
