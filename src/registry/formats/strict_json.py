"""JSON text (RFC 8259) read strictly, for envelopes, headers and payloads alike. Pure; what the members mean is not known here.

A good text without escapes and fractions, as nearly all are, is read by a compiled parser, and counting shows that it lost
nothing. Everything else is read by the standard library's; what that lets pass (duplicates, NaN, numbers no other reader gets
right, lone surrogates, NUL, endless nesting) is looked for here, and a bad text is parsed again to say where it is bad.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pydantic_core import from_json

from registry.core import codes
from registry.core.findings import Code, Finding

#: Integers beyond are not the same number in every reader (RFC 8259 section 6; RFC 7493 section 2.2).
_LARGEST_INTEGER = 2**53 - 1
_LONGEST_NUMBER = 40
_LARGEST_EXPONENT = 308
_MOST_FINDINGS = 50
_MOST_CONTAINERS = 10_000
_LONG = 65_536  # octets; in a shorter text there is no room for so many that they matter before they are counted
_BOM = b"\xef\xbb\xbf"
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_#-]{0,63}", re.ASCII)
_NUMBER_LIKE = re.compile(r"[0-9]{5}", re.ASCII)
_UNFIT_CHARACTER = re.compile("[\x00\ud800-\udfff]")


class _BadNumber:
    """Stands where a number could not be taken."""


_BAD_NUMBER: Final = _BadNumber()
_UNFIT: Final = object()


class _UnfitError(Exception):
    """Ends the first, fast reading: the text needs the second one."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise _UnfitError
    return read


def _good(read: Any) -> Any:
    if read is _BAD_NUMBER:
        raise _UnfitError
    return read


class _Members(list[tuple[str, Any]]):
    """An object's members in the order of the text, duplicates included; unlike any list of the text."""


@dataclass(slots=True)
class _Places:
    """The second reading: walks the whole text and notes what is bad, with its place."""

    max_depth: int
    found: list[Finding] = field(default_factory=list)

    def note(self, code: Code, pointer: str, detail: str) -> None:
        if len(self.found) < _MOST_FINDINGS:
            self.found.append(Finding(code, pointer, detail))

    def walk(self, top: object, pointer: str) -> None:
        """Look at every value; a container beyond the depth is reported once and not entered."""
        to_visit: list[tuple[object, str, int]] = [(top, pointer, 1)]
        while to_visit and len(self.found) < _MOST_FINDINGS:
            value, at, depth = to_visit.pop()
            if isinstance(value, list):
                if depth > self.max_depth:
                    self.note(codes.JSON_DEPTH, at, f"at most {self.max_depth} levels")
                    continue
                inner = self._named(value, at) if isinstance(value, _Members) else self._listed(value, at)
                to_visit += [(child, where, depth + 1) for child, where in reversed(inner)]
            elif isinstance(value, str):
                self._check_text(value, at)
            elif value is _BAD_NUMBER:
                self.note(codes.JSON_NUMBER, at, "finite, integers within ±(2^53 − 1)")

    def _named(self, members: _Members, at: str) -> list[tuple[object, str]]:
        seen: set[str] = set()
        placed = []
        for name, value in members:
            where = member_pointer(at, name)
            self._check_text(name, at)
            if name in seen:
                self.note(codes.JSON_DUPLICATE, where, "each name once")
            seen.add(name)
            placed.append((value, where))
        return placed

    def _listed(self, elements: list[object], at: str) -> list[tuple[object, str]]:
        return [(value, f"{at}/{position}") for position, value in enumerate(elements)]

    def _check_text(self, text: str, at: str) -> None:
        unfit = _UNFIT_CHARACTER.search(text)
        if unfit:
            kind = "NUL" if unfit[0] == "\x00" else "half of a surrogate pair"
            self.note(codes.JSON_CHARACTER, at, f"no {kind}")


def member_pointer(pointer: str, name: str) -> str:
    """The JSON pointer of a member, or that of its object when the name is not a plain one.

    A name is chosen by the sender and can carry personal data; pointers are kept and shown.
    """
    plain = _PLAIN_NAME.fullmatch(name) and not _NUMBER_LIKE.search(name)
    return f"{pointer}/{name}" if plain else pointer


def parse(raw: bytes, *, pointer: str = "", max_depth: int = 24) -> tuple[Any, list[Finding]]:
    """Read one JSON text: (value, []) or (None, findings with pointers below `pointer`).

    Integers come as int, other numbers as Decimal, so that 7.50 keeps its digits. Codes: json-encoding, json-syntax,
    json-limit, json-duplicate, json-number, json-character, json-depth; at most fifty findings. Never raises.
    """
    if raw.startswith(_BOM):
        return None, [Finding(codes.JSON_ENCODING, pointer, "no byte order mark")]
    value = _at_once(raw, max_depth)
    if value is not _UNFIT:
        return value, []
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, [Finding(codes.JSON_ENCODING, pointer, f"UTF-8; wrong at byte {error.start}")]
    brackets = _brackets(text)
    if brackets > _MOST_CONTAINERS:  # each costs memory and time long before anybody could look at it
        return None, [Finding(codes.JSON_LIMIT, pointer, f"at most {_MOST_CONTAINERS} objects and lists")]
    try:
        value = _FAST.decode(text)
        # Only an escape can bring NUL or a surrogate this far: the decoder and the parser refuse the raw ones. (One character
        # is looked for a hundred times as fast as two.)
        if ("\\" not in text and brackets <= max_depth) or _is_clean(value, max_depth):
            return value, []
    except _UnfitError:
        pass
    except json.JSONDecodeError as error:
        return None, [Finding(codes.JSON_SYNTAX, pointer, f"line {error.lineno}, column {error.colno}")]
    except RecursionError:
        return None, [Finding(codes.JSON_DEPTH, pointer, f"at most {max_depth} levels")]
    return None, _second_reading(text, pointer, max_depth)


def _at_once(raw: bytes, max_depth: int) -> Any:
    """The value of a text in which nothing is bad; _UNFIT of one that has to be read with more care, good or bad.

    The parser keeps one of two members of a name. Without escapes each text has two quotation marks, so that there are two for
    each member and each text that it kept exactly when it kept all.
    """
    if b"\\" in raw or (len(raw) > _LONG and _brackets(raw.decode("latin-1")) > _MOST_CONTAINERS):
        return _UNFIT
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError:
        return _UNFIT
    level, depth, containers, texts = [value], 0, 0, 0
    while level:
        depth += 1
        below: list[Any] = []
        for each in level:
            kind = type(each)
            if kind is str:
                texts += 1
            elif kind is dict or kind is list:
                containers += 1
                if depth > max_depth or containers > _MOST_CONTAINERS:
                    return _UNFIT
                texts += len(each) if kind is dict else 0
                below += each.values() if kind is dict else each
            elif kind is float or (kind is int and not -_LARGEST_INTEGER <= each <= _LARGEST_INTEGER):
                return _UNFIT  # 7.50 would have lost its digits
        level = below
    return value if _has_quotes(raw, 2 * texts) else _UNFIT


def _has_quotes(raw: bytes, wanted: int) -> bool:
    """Whether a text has exactly so many quotation marks. (Few in a long text are sooner looked for than counted.)"""
    if wanted * 128 > len(raw):
        return raw.count(b'"') == wanted
    at = -1
    for _ in range(wanted):
        at = raw.find(b'"', at + 1)
        if at < 0:
            return False
    return raw.find(b'"', at + 1) < 0


def _brackets(text: str) -> int:
    """How many objects and lists a text opens at most, counted no further than matters. (Looking for the next one is several
    times as fast as counting, since there are few of them among long texts.)"""
    found = 0
    for bracket in "[{":
        at = text.find(bracket)
        while at >= 0 and found <= _MOST_CONTAINERS:
            found += 1
            at = text.find(bracket, at + 1)
    return found


def _is_clean(top: Any, max_depth: int) -> bool:
    """True when no text in the value is unfit and nothing is nested too deep."""
    level, depth, unfit = [top], 0, _UNFIT_CHARACTER.search
    while level:
        depth += 1
        below: list[Any] = []
        for value in level:
            kind = type(value)
            if kind is str:
                if unfit(value):
                    return False
            elif kind is dict or kind is list:
                if depth > max_depth:
                    return False
                below += value.values() if kind is dict else value
                if kind is dict and any(map(unfit, value)):
                    return False
        level = below
    return True


def _second_reading(text: str, pointer: str, max_depth: int) -> list[Finding]:
    """Everything that is bad and where; a text that breaks off behind it is a matter of syntax, as it is without it."""
    try:
        value = _SLOW.decode(text)
    except json.JSONDecodeError as error:
        return [Finding(codes.JSON_SYNTAX, pointer, f"line {error.lineno}, column {error.colno}")]
    except RecursionError:
        return [Finding(codes.JSON_DEPTH, pointer, f"at most {max_depth} levels")]
    places = _Places(max_depth)
    places.walk(value, pointer)
    return places.found


def _integer(text: str) -> int | _BadNumber:
    if len(text) > _LONGEST_NUMBER:
        return _BAD_NUMBER
    read = int(text)
    return read if -_LARGEST_INTEGER <= read <= _LARGEST_INTEGER else _BAD_NUMBER


def _fraction(text: str) -> Decimal | _BadNumber:
    if len(text) > _LONGEST_NUMBER:
        return _BAD_NUMBER
    try:
        read = Decimal(text)
    except InvalidOperation:  # an exponent beyond what can be written
        return _BAD_NUMBER
    if not -_LARGEST_EXPONENT <= read.adjusted() <= _LARGEST_EXPONENT:
        return _BAD_NUMBER
    return read


#: Made once: a decoder for each text took longer than many a text.
_FAST = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=lambda text: _good(_integer(text)),
    parse_float=lambda text: _good(_fraction(text)),
    parse_constant=lambda _: _good(_BAD_NUMBER),
)
_SLOW = json.JSONDecoder(
    object_pairs_hook=_Members, parse_int=_integer, parse_float=_fraction, parse_constant=lambda _: _BAD_NUMBER
)
