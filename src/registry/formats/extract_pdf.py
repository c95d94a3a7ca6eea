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


def render(sheet: Mapping[str, Any], qr: str, moment: datetime) -> bytes:
    """The PDF of a sheet; `moment` is the document's date. One thread's compiler keeps the fonts between papers."""
    if not hasattr(_own, "compiler"):
        _own.compiler = typst.Compiler(ignore_system_fonts=True)
    data = {**sheet, "qr": _svg(qr), "date": [moment.year, moment.month, moment.day]}
    made = _own.compiler.compile(
        input=_TEMPLATE, format="pdf", pdf_standards=["a-2b"], pdf_tags=False, timestamp=int(moment.timestamp()),
        sys_inputs={"sheet": json.dumps(data, ensure_ascii=False)},
    )  # fmt: skip
    assert isinstance(made, bytes)
    return made


def _svg(text: str) -> str:
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False).save(drawn, kind="svg", border=0, xmldecl=False)
    return drawn.getvalue().decode("ascii")
