"""How many documents one core judges per second: signatures, paths, revocation, policy, content; nothing stored.

Warm: the signers' paths are remembered, as they are in a worker that has seen the school before. Cold: no signer, path or
status is remembered, the trust list is read anew and three paths are built and checked for every document; only the parsed
certificates of the authorities stay.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle

from registry.api import app
from registry.cli.bench_load import Load
from registry.core.findings import Outcome
from registry.core.trust import TrustList
from registry.demo import schools
from registry.formats import certificates
from registry.services import judging, trust


@dataclass(frozen=True, slots=True)
class Judged:
    """What was measured for one format: documents per second of processor time."""

    format: str
    memory: str
    per_second: float
    document_bytes: int


def measure(load: Load, seconds: float, now: datetime) -> list[Judged]:
    """Judge the load's samples of each media type over and over, for so many seconds of processor time warm and cold."""
    files = {**load.trust.files(now), "schools.csv": schools.schools_csv().encode()}
    trust_list, problems = trust.from_files(files)
    if problems:
        raise RuntimeError("a trust list with problems measures nothing")
    moment = judging.Moment(now, now)
    app.leave_alone_what_stays()  # as each worker does before it judges
    measured = []
    for media_type, documents in load.samples.items():
        size = sum(map(len, documents)) // len(documents)
        for warm in (True, False):
            rate = _rate(documents, media_type, trust_list, moment, seconds, warm=warm)
            name = "xml" if media_type.endswith("xml") else "json"
            measured.append(Judged(name, "warm" if warm else "cold", round(rate, 1), size))
    return measured


def _rate(
    documents: Sequence[bytes],
    media_type: str,
    trust_list: TrustList,
    moment: judging.Moment,
    seconds: float,
    *,
    warm: bool,
) -> float:
    index = certificates.TrustIndex.build(trust_list)
    done, started, spent = 0, time.thread_time(), 0.0
    for raw in cycle(documents):
        index = index if warm else certificates.TrustIndex.build(trust_list)
        verdict = judging.judge(raw, media_type, index, moment, schools=None)
        if verdict.outcome is not Outcome.ACCEPTED:
            raise RuntimeError("a document that is not accepted measures nothing")
        done += 1
        spent = time.thread_time() - started
        if spent >= seconds and done >= len(documents):
            break
    return done / spent
