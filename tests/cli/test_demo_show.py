"""The demo's tables as a reader sees them: each number under the name of its bucket, within 80 columns."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

from rich.console import Console

from registry.cli import demo_show
from registry.cli.demo_run import Result
from registry.core.completeness import BESIDE, Bucket
from registry.demo import schools


def test_each_number_stands_under_its_bucket() -> None:
    buckets = [bucket for bucket in Bucket if bucket not in BESIDE]
    counts: Counter[str] = Counter({bucket.value: 11 + position for position, bucket in enumerate(buckets)})
    code = next(iter(schools.all_schools())).code
    result = Result(
        "http://127.0.0.1", Path("out"), planted={code: counts}, counted={code: counts}, sending_seconds=1.0
    )
    out = io.StringIO()
    demo_show.show(result, Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    header = next(line for line in lines if "expected" in line)
    total = next(line for line in lines if line.lstrip().startswith("Quận 10 "))
    words = {Bucket.AWAITING_NUMBER: "number", Bucket.AWAITING_SUMMER: "summer"}
    under = {found.end(): found.group() for found in re.finditer(r"\d+", total.replace("Quận 10", "Quận --"))}
    assert under.pop(header.index("expected") + len("expected")) == str(counts.total())
    shown = {header.index(word) + len(word): str(counts[b]) for b in buckets for word in [words.get(b, b.value)]}
    assert under == shown
