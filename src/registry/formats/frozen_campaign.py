"""The one file of a frozen campaign: JSON Lines whose last line is the SHA-256 of everything before it. Pure, a line at a time.

    {"format": "hocba-registry-frozen-campaign-1", "campaign": {...}, "frozen_at": ..., "deadlines": {...}, ...}
    {"declaration": [school, grade, version, expected, on_record, excepted, accepted_at, sha256]}     by school and grade
    {"pupil": [school, pupil code, grade, bucket]}                                                    by school and pupil code
    {"unit": code, "expected": n, "buckets": {...}}                                                   by unit
    {"sha256": hex}

Canonical: UTF-8, one object a line, members in this order, no spaces, LF. No names and no numbers of pupils are in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from registry.core.campaigns import Deadline, Plan
from registry.core.completeness import Bucket, Counts

FORMAT = "hocba-registry-frozen-campaign-1"
MEDIA_TYPE = "application/jsonl"
LONGEST_LINE = 1_000_000


def head(
    plan: Plan, deadlines: Iterable[Deadline], frozen_at: datetime, by: Iterable[str], versions: Mapping[str, object]
) -> bytes:
    """The first line: which campaign, when, by whom, what was due, and the versions it rests on."""
    campaign = plan.campaign
    return _line(
        {
            "format": FORMAT,
            "campaign": {
                "code": campaign.code,
                "name": campaign.name,
                "name_en": campaign.name_en,
                "school_year": campaign.school_year,
                "grades": list(campaign.grades),
                "units": list(campaign.units),
            },
            "frozen_at": frozen_at.astimezone(UTC).isoformat(),
            "frozen_by": list(by),
            "deadlines": {each.stage.value: each.due_on.isoformat() for each in deadlines},
            "versions": dict(versions),
        }
    )


def declared(row: Iterable[object]) -> bytes:
    """What a school declared of one grade."""
    return _line({"declaration": list(row)})


def pupil(school_code: str, pupil_code: str, grade: int, bucket: Bucket) -> bytes:
    """Where one pupil stood."""
    return _line({"pupil": [school_code, pupil_code, grade, bucket.value]})


def unit(code: str, counts: Counts) -> bytes:
    """The counts of one unit."""
    buckets = {bucket.value: counts.of(bucket) for bucket in Bucket}
    return _line({"unit": code, "expected": counts.expected, "buckets": buckets})


def foot(fingerprint: bytes) -> bytes:
    """The last line."""
    return _line({"sha256": fingerprint.hex()})


def _line(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file turned out to be; `problem` says why it is not what it says it is."""

    problem: str | None
    head: Mapping[str, Any]
    fingerprint: str
    pupils: int
    units: int


def check(lines: Iterable[bytes]) -> Checked:
    """Recompute the fingerprint of a file and count its pupils again, a line at a time; needs nothing else. Never raises."""
    reader = _Reader()
    problem = None
    for raw in lines:
        problem = reader.take(raw)
        if problem is not None:
            break
    return Checked(problem or reader.end(), reader.head, reader.digest.hexdigest(), reader.pupils, reader.units)


class _Reader:
    def __init__(self) -> None:
        self.digest, self.head = sha256(), dict[str, Any]()
        self.pupils, self.units, self.closed = 0, 0, False
        self._by_school: dict[str, dict[str, int]] = {}
        self._schools: dict[str, dict[str, int]] = {}
        self._last = ("", "")

    def take(self, raw: bytes) -> str | None:
        """One line; gives what is wrong with it."""
        if self.closed:
            return "something follows the fingerprint"
        if len(raw) > LONGEST_LINE or not raw.endswith(b"\n"):
            return "a line is cut off or too long"
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            return "a line is not JSON"
        if not isinstance(value, dict) or (not self.head and value.get("format") != FORMAT):
            return f"not a file of format {FORMAT}"
        if "sha256" in value:
            self.closed = True
            return None if value["sha256"] == self.digest.hexdigest() else "the content does not have its fingerprint"
        self.digest.update(raw)
        return self._content(value)

    def _content(self, value: dict[str, Any]) -> str | None:
        if not self.head:
            self.head = value
        elif "pupil" in value:
            row = value["pupil"]
            if not (isinstance(row, list) and len(row) == 4 and all(isinstance(row[n], str) for n in (0, 1, 3))):
                return "a pupil's line has the wrong shape"
            if (row[0], row[1]) <= self._last:
                return "pupils are not in order, or one is there twice"
            self._last = (row[0], row[1])
            here = self._by_school.setdefault(row[0], {})
            here[row[3]] = here.get(row[3], 0) + 1
            self.pupils += 1
        elif "unit" in value:
            self.units += 1
            name, buckets = value["unit"], value.get("buckets")
            if isinstance(name, str) and name.startswith("school:") and isinstance(buckets, dict):
                self._schools[name.removeprefix("school:")] = {k: v for k, v in buckets.items() if v}
        return None

    def end(self) -> str | None:
        if not self.closed:
            return "the fingerprint is missing: the file is not whole"
        if self._schools != self._by_school:
            return "the counts of the schools are not those of their pupils"
        return None
