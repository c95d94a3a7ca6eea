"""A sheet of texts and tables to PDF/A-2b, by typst. The sheet is data for the template `extract.typ`, never markup: nothing in
it can become a command. Fonts are those bundled with typst, embedded; the system's are not looked at.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any

import segno
import typst

_TEMPLATE = (resources.files("registry.formats") / "extract.typ").read_bytes()
_own = threading.local()
#: Blocks of which the paper's fonts have every character: Latin, Greek and Cyrillic, Vietnamese, punctuation, arrows and signs.
_GLYPHS = ((0x20, 0x7F), (0xA0, 0x500), (0x1E00, 0x1F00), (0x2010, 0x2028), (0x20A0, 0x20C0), (0x2190, 0x2300), (0x2460, 0x2500),
           (0x25A0, 0x2600))  # fmt: skip
_BOX = "\u25a1"
_SAYS_BOXED = "Ký tự □ trên giấy này là ký tự không in được; bản gốc có đủ."


class NotSetError(Exception):
    """The typesetter could not make a PDF of a sheet, or broke down over it. Says nothing of the sheet's texts."""


def render(sheet: Mapping[str, Any], qr: str, moment: datetime) -> bytes:
    """The PDF of a sheet; `moment` is the document's date. One thread's compiler keeps the fonts between papers.

    PDF/A has no place for a character without a glyph (a face, a word in Khmer): it is set as a box, and the statement says so.
    Raises NotSetError.
    """
    data = {**sheet, "qr": _svg(qr), "date": [moment.year, moment.month, moment.day]}
    try:
        try:
            return _compile(data, moment)
        except typst.TypstError:
            shown = {**_boxed(sheet), "qr": data["qr"], "date": data["date"]}
            return _compile({**shown, "statement": f"{shown['statement']} {_SAYS_BOXED}"}, moment)
    except (
        BaseException
    ) as error:  # a panic of the typesetter is none of Python's exceptions, and must not take the process along
        _own.__dict__.clear()
        raise NotSetError(type(error).__name__) from None


def _compile(data: Mapping[str, Any], moment: datetime) -> bytes:
    if not hasattr(_own, "compiler"):
        _own.compiler = typst.Compiler(ignore_system_fonts=True)
    made = _own.compiler.compile(
        input=_TEMPLATE, format="pdf", pdf_standards=["a-2b"], pdf_tags=False, timestamp=int(moment.timestamp()),
        sys_inputs={"sheet": json.dumps(data, ensure_ascii=False)},
    )  # fmt: skip
    assert isinstance(made, bytes)
    return made


def _boxed(value: Any) -> Any:
    """The same with a box for each character that the fonts may have no glyph for."""
    if isinstance(value, str):
        return "".join(each if each in "\t\n" or _has_glyph(ord(each)) else _BOX for each in value)
    if isinstance(value, Mapping):
        return {name: _boxed(each) for name, each in value.items()}
    return [_boxed(each) for each in value] if isinstance(value, list | tuple) else value


def _has_glyph(point: int) -> bool:
    return any(first <= point < end for first, end in _GLYPHS)


def _svg(text: str) -> str:
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False).save(drawn, kind="svg", border=0, xmldecl=False)
    return drawn.getvalue().decode("ascii")
