"""A unit's report for the review meeting as PDF: one printable page, made by Typst with embedded fonts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources

import typst


@dataclass(frozen=True, slots=True)
class Bar:
    """A state with its pupils, as written beside it, its part of the whole (0 to 1) and its colour (#rrggbb)."""

    label: str
    count: str
    share: str
    part: float
    colour: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the page, as it is written there. `tables`: title, heads, rows; the last rows may be left out (`rest`)."""

    language: str
    title: str
    subtitle: str
    as_of: str
    bars_title: str
    bars: Sequence[Bar]
    expected: tuple[str, str]
    stages_title: str
    stage_heads: Sequence[str]
    stages: Sequence[Sequence[str]]
    parts_title: str
    part_heads: Sequence[str]
    parts: Sequence[Sequence[str]]
    rest: str
    signatures: Sequence[str]


def pdf(report: Report) -> bytes:
    """The page."""
    return typst.compile(_template(), sys_inputs={"report": json.dumps(asdict(report), ensure_ascii=False)})


@cache
def _template() -> bytes:
    return (resources.files("registry.formats") / "review_report.typ").read_bytes()
