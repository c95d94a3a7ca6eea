"""What a check can say: codes, findings, verdicts, and the one exception for expected outcomes.

The closed table of codes itself is in `registry.core.codes`. No sentence here ever contains a value that was sent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of trouble a code names; the edge maps a kind to an HTTP status."""

    DOCUMENT = "document"  # the submitted document itself
    REQUEST = "request"  # the HTTP request around it
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD = "method"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    MEDIA_TYPE = "media_type"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    CONFLICT = "conflict"
    FAULT = "fault"  # ours, never the caller's


class Effect(StrEnum):
    """What a finding does to the outcome; folded fail-closed by `outcome_of`."""

    REFUSE = "refuse"
    HOLD = "hold"
    WARN = "warn"


class Outcome(StrEnum):
    """What became of a submission."""

    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the closed table: a slug that never changes and is never reused, with its texts in both languages."""

    slug: str
    kind: Kind
    effect: Effect
    title_vi: str
    title_en: str
    fix_vi: str
    fix_en: str


#: Name of the audit event (PEP 578) that every finding and refusal raises as it is made; its one argument is the slug.
SAID = "registry.said"


def said(code: Code) -> None:
    """Tell whoever listens in this process that the registry says this code; costs nothing when nobody does."""
    sys.audit(SAID, code.slug)


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken or undecidable check.

    `pointer` is a JSON pointer (RFC 6901) into the transcript, or `/signatures/<n>/...` into the envelope, or "" for the
    whole. `detail` names limits and expected shapes, never the value that was sent.
    """

    code: Code
    pointer: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        """Say so: see `said`."""
        said(self.code)


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """Fold findings fail-closed: any REFUSE -> refused, else any HOLD -> held, else accepted."""
    effects = {finding.code.effect for finding in findings}
    if Effect.REFUSE in effects:
        return Outcome.REFUSED
    if Effect.HOLD in effects:
        return Outcome.HELD
    return Outcome.ACCEPTED


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The only exception for expected outcomes: one main code and the findings that explain it."""

    def __init__(self, code: Code, findings: Iterable[Finding] = (), retry_after: int | None = None) -> None:
        super().__init__(code.slug)
        said(code)
        self.code = code
        self.findings: tuple[Finding, ...] = tuple(findings)
        self.retry_after = retry_after
