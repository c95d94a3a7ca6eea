"""Whose certificate it is: the UID values of a subject, and the holder an operator declares. Pure.

Vietnamese certificates name a person or an organisation in the attribute UID (OID 0.9.2342.19200300.100.1.1) as a word and a
number: `CCCD:` 12 digits, `CMND:` 9 or 12, `HC:` a passport, `BHXH:`, `PID:`, `PPID:`, and `MST:` a tax code. A person in an
organisation has two values; older certificates have none. The numbers never leave this module but as values of `Holder`, which
does not show them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.x509.oid import NameOID

from registry.core.signers import HolderKind
from registry.formats.lru import Lru
from registry.formats.x509 import Certificate

PERSONAL_NUMBER, TAX_CODE = "CCCD", "MST"
_SHAPES = {
    PERSONAL_NUMBER: re.compile(r"[0-9]{12}", re.ASCII),
    "CMND": re.compile(r"[0-9]{9}([0-9]{3})?", re.ASCII),
    "HC": re.compile(r"[A-Z0-9]{5,20}", re.ASCII),
    "BHXH": re.compile(r"[A-Z0-9]{5,20}", re.ASCII),
    "PID": re.compile(r"[A-Z0-9]{5,20}", re.ASCII),
    "PPID": re.compile(r"[A-Z0-9]{5,20}", re.ASCII),
    TAX_CODE: re.compile(r"[0-9]{10}([0-9]{3})?", re.ASCII),
}
WORDS = tuple(_SHAPES)
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Holder:
    """One identifier: its word and the number behind it."""

    word: str
    number: str = field(repr=False)

    @property
    def kind(self) -> HolderKind:
        """Tax codes name organisations, everything else a person."""
        return HolderKind.ORGANISATION if self.word == TAX_CODE else HolderKind.PERSON

    @property
    def text(self) -> str:
        """Word and number in the one form in which equal identifiers are equal; for the blind index only."""
        return f"{self.word}:{self.number}"


_known: Lru[bytes, tuple[Holder, ...]] = Lru(4096)


def parse(text: str) -> Holder | None:
    """`WORD:number` as certificates and operators write it, or None. A tax code's hyphen (10 digits - 3) is left out."""
    word, colon, number = text.strip().partition(":")
    word, number = word.strip().upper(), number.strip().upper()
    if word == TAX_CODE:
        number = number.replace("-", "")
    shape = _SHAPES.get(word)
    return Holder(word, number) if colon and shape is not None and shape.fullmatch(number) else None


def of_subject(certificate: Certificate) -> tuple[Holder, ...]:
    """Every identifier among the UID values of the subject, in their order; values of another form are passed over."""
    known = _known.get(certificate.fingerprint)
    if known is None:
        known = tuple(holder for text in _values(certificate) if (holder := parse(text)) is not None)
        _known.put(certificate.fingerprint, known)
    return known


def personal_numbers(certificate: Certificate) -> frozenset[str]:
    """The 12-digit personal numbers the subject names."""
    return frozenset(holder.number for holder in of_subject(certificate) if holder.word == PERSONAL_NUMBER)


def contradicts(declared: Holder, present: Iterable[Holder]) -> bool:
    """True when a certificate names holders by the same word and the declared one is not among them.

    A certificate without that word says nothing about the declared holder: there the register is relied upon.
    """
    numbers = {holder.number for holder in present if holder.word == declared.word}
    return bool(numbers) and declared.number not in numbers


def own(present: Iterable[Holder], kind: HolderKind) -> Holder | None:
    """The identifier by which the register knows a holder of that kind: the personal number first, where there are several."""
    mine = sorted((h for h in present if h.kind is kind), key=lambda h: WORDS.index(h.word))
    return mine[0] if mine else None


def _values(certificate: Certificate) -> list[str]:
    try:
        found = certificate.parsed.subject.get_attributes_for_oid(NameOID.USER_ID)
    except Exception:  # a name whose text can't be decoded names nobody
        return []
    return [a.value for a in found if isinstance(a.value, str) and len(a.value) <= _LONGEST]
