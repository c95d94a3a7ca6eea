"""Vietnamese names and words: one form to compare by, and a key to search by. Pure; what was signed is never touched."""

from __future__ import annotations

import re
from unicodedata import category, normalize

_BLANKS = re.compile(r"\s+")
#: Letters that no decomposition takes apart.
_PLAIN = str.maketrans({"đ": "d", "ð": "d", "ơ": "o", "ư": "u"})
#: Spellings that are one word: i and y after a consonant (Mĩ/Mỹ, lí/lý), and the place of the tone mark is lost with it.
_Y = re.compile(r"(?<=[bcdghklmnpqrstvx])y\b")


def same_form(text: str) -> str:
    """NFC, without blanks at the ends, one blank between words: equal names are equal texts then."""
    return _BLANKS.sub(" ", normalize("NFC", text)).strip()


def search_key(text: str) -> str:
    """What somebody types without diacritics: lower case, no marks, đ as d, y as i where both are written, one blank.

    "Mỹ thuật" and "Mĩ thuật", "Hoá học" and "Hóa học", "Vật lý" and "Vật lí" have one key each; two names with one key may
    still be two names, so that a key finds and never decides.
    """
    bare = "".join(letter for letter in normalize("NFD", same_form(text).casefold()) if category(letter) != "Mn")
    return _Y.sub("i", normalize("NFC", bare).translate(_PLAIN))
