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
    """Everything on the page, as it is written there. Of the parts as many are set as fit on the page; of
    the others (`parts_in_all`) there is the number, with the words `rest`.

    `frozen`: what is said of the freeze of the campaign, each with its value; empty, when it is not frozen: `not_frozen` instead, which
    is empty where nothing can be frozen.
    """

    language: str
    title: str
    subtitle: str
    as_of: str
    bars_title: str
    bars: Sequence[Bar]
    expected: tuple[str, str]
    frozen_title: str
    frozen: Sequence[tuple[str, str]]
    not_frozen: str
    stages_title: str
    stage_heads: Sequence[str]
    stages: Sequence[Sequence[str]]
    parts_title: str
    part_heads: Sequence[str]
    parts: Sequence[Sequence[str]]
    parts_in_all: int
    rest: str
    signatures: Sequence[str]


def pdf(report: Report) -> bytes:
    """The page."""
    return typst.compile(_template(), sys_inputs={"report": json.dumps(asdict(report), ensure_ascii=False)})


@cache
def _template() -> bytes:
    return (resources.files("registry.formats") / "review_report.typ").read_bytes()
