"""Vietnamese names and words: one form to compare by, and a key to search by. Pure; what was signed is never touched."""

from __future__ import annotations

import re
from typing import Literal
from unicodedata import category, combining
from unicodedata import normalize as _normalize

_BLANKS = re.compile(r"\s+")
#: Letters that no decomposition takes apart.
_PLAIN = str.maketrans({"đ": "d", "ð": "d", "ơ": "o", "ư": "u"})
#: Spellings that are one word: i and y after a consonant or qu (Mĩ/Mỹ, lí/lý, quí/quý); the place of the tone mark is lost with it.
_Y = re.compile(r"(?:(?<=[bcdghklmnpqrstvx])|(?<=qu))y\b")


#: UAX #15, Stream-Safe Text Format: no language piles up more; and a text so short costs nothing whatever it holds.
_MOST_MARKS, SHORT = 30, 500


def is_piled(text: str) -> bool:
    """True of a text with more marks in a row than any language writes. They are sorted in quadratic time: 120 kB took 2.7 s."""
    if len(text) <= SHORT or text.isascii():
        return False
    run = 0
    for character in text:
        run = run + 1 if combining(character) else 0
        if run > _MOST_MARKS:
            return True
    return False


def normalize(form: Literal["NFC", "NFD"], text: str) -> str:
    """The normal form of a text; one with piled up marks stays as it is and is equal to itself alone."""
    return text if is_piled(text) else _normalize(form, text)


def same_form(text: str) -> str:
    """NFC, without blanks at the ends, one blank between words: equal names are equal texts then."""
    return _BLANKS.sub(" ", normalize("NFC", text)).strip()


#: Tone marks, which some write on the first and some on the second vowel ("hòa", "hoà"): dot, grave, acute, tilde, hook.
_TONES = "\u0323\u0300\u0301\u0303\u0309"


def match_key(text: str) -> str:
    """Two spellings of one name have one key; two names have two: marks count, only where a tone stands does not, nor case, nor i/y.

    "HOÀ Mỹ" and "Hòa Mĩ" are one; "Ân" and "An" are two.
    """
    return " ".join(_word(each) for each in same_form(text).casefold().split(" "))


def _word(word: str) -> str:
    letters = normalize("NFD", word)
    tones = "".join(letter for letter in letters if letter in _TONES)
    bare = normalize("NFC", "".join(letter for letter in letters if letter not in _TONES))
    return _Y.sub("i", bare) + tones


def search_key(text: str) -> str:
    """What somebody types without diacritics: lower case, no marks, đ as d, y as i where both are written, one blank.

    "Mỹ thuật" and "Mĩ thuật", "Hoá học" and "Hóa học", "Vật lý" and "Vật lí" have one key each; two names with one key may
    still be two names, so that a key finds and never decides.
    """
    bare = "".join(letter for letter in normalize("NFD", same_form(text).casefold()) if category(letter) != "Mn")
    return _Y.sub("i", normalize("NFC", bare).translate(_PLAIN))
