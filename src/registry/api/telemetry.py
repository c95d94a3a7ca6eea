"""What is counted, and how it is counted over several processes: OpenTelemetry's HTTP metrics and the registry's own.

Each process keeps its numbers in one Prometheus registry and writes them to a file of its own, every second; whoever is asked
for the metrics adds the files up. Labels are route templates, outcomes and codes: never a path, a value or a name of a person.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import DropAggregation, View
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    exposition,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from registry.api import logs
from registry.core import codes
from registry.core.findings import Refusal
from registry.services import trust_health
from registry.services.asking import InVain

log = logging.getLogger(__name__)

#: A process that lives writes every second; a file older than this belongs to one that doesn't.
_FRESH_SECONDS = 15.0
_EVERY_SECONDS = 1.0
#: Gauges that mean the same thing in every process, so that adding them up would be wrong.
_SAME_EVERYWHERE = frozenset(
    {
        "registry_waiting",
        "registry_revocation_first_stale_seconds",
        "registry_revocation_stale",
        "registry_revocation_missing",
        "registry_trust_source_age_seconds",
        "process_start_time_seconds",
        "process_max_fds",
    }
)
_UNCOUNTED_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})

disable_created_metrics()  # type: ignore[no-untyped-call]
_registry = CollectorRegistry(auto_describe=False)
ProcessCollector(registry=_registry)
_submissions = Counter("registry_submissions", "Submissions by outcome.", ["outcome"], registry=_registry)
_findings = Counter("registry_findings", "Findings by code.", ["code"], registry=_registry)
_questions = Counter("registry_questions", "Verification questions by answer.", ["answer"], registry=_registry)
_views = Counter(
    "registry_public_views",
    "Pages behind codes and links by answer: many unknown ones are an alarm.",
    ["page", "answer"],
    registry=_registry,
)
_pauses = Counter(
    "registry_verification_enumeration",
    "Callers paused because too many of their questions found nothing: alarm on any.",
    registry=_registry,
)
_limited = Counter(
    "registry_verification_limited", "Questions turned away by a limit, by code.", ["code"], registry=_registry
)
_tokens = Counter("registry_tokens", "Token requests by answer.", ["answer"], registry=_registry)
_rejudged = Counter("registry_rejudged", "Held documents judged again, by outcome.", ["outcome"], registry=_registry)
#: Only the process that knows the number shows it, so it is entered when first set.
_waiting = Gauge("registry_waiting", "Held documents that wait for what is missing.", registry=None)
_first_stale = Gauge(
    "registry_revocation_first_stale_seconds",
    "Until the first needed list goes stale; negative when it is.",
    registry=None,
)
_stale = Gauge("registry_revocation_stale", "CAs with signers here whose revocation data is stale.", registry=None)
_missing = Gauge("registry_revocation_missing", "CAs with signers here without any revocation data.", registry=None)
_ages = Gauge(
    "registry_trust_source_age_seconds",
    "Since a source of trust material last gave something usable, or was added.",
    ["source"],
    registry=None,
)
_judging = Histogram(
    "registry_judge_seconds",
    "From the bytes of a submission to its stored verdict.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=_registry,
)
_shown: set[Gauge] = set()
_http: list[MeterProvider] = []


def configuration() -> TelemetryConfig:
    """FastAPI's own telemetry: metrics into this process's registry. No traces and no logs, which would hold paths and texts."""
    if not _http:
        reader = PrometheusMetricReader(disable_target_info=True, registry=_registry, scope_info_enabled=False)
        uncounted = View(instrument_name="http.server.active_requests", aggregation=DropAggregation())
        _http.append(MeterProvider([reader], shutdown_on_exit=False, views=[uncounted]))
    return TelemetryConfig(
        meter_provider=_http[0],
        metrics=True,
        tracing=False,
        logs=False,
        operation_spans=False,
        auto_configure=False,
        exclude=lambda scope: scope.get("path") in _UNCOUNTED_ROUTES,
    )


class Durations:
    """FastAPI's own figure of how long requests take, for those that do not go through it (`registry.api.direct`)."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def note(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """One request, with the attributes that FastAPI gives it: those of OpenTelemetry's semantic conventions."""
        attributes: dict[str, str | int] = {
            "url.scheme": scope["scheme"],
            "http.request.method": scope["method"],
            "network.protocol.version": scope["http_version"],
        }
        if "route" in scope:
            attributes["http.route"] = scope["route"].path
        if status:
            attributes["http.response.status_code"] = status
        if not 0 < status < 500:
            attributes["error.type"] = str(status or ConnectionError.__qualname__)
        duration, _ = self._app._native_telemetry._instruments()  # one of our own would be a second family of that name
        duration.record(seconds, attributes)


@contextmanager
def judging() -> Iterator[None]:
    """Time one submission from its bytes to its stored verdict."""
    with _judging.time():
        yield


def count_submission(outcome: str, codes: Iterable[str] = ()) -> None:
    """One submission with its outcome and the slugs of its findings (each slug once)."""
    _submissions.labels(outcome).inc()
    for code in set(codes):
        _findings.labels(code).inc()


def count_question(answer: str, *, pause_begins: bool = False) -> None:
    """One question, by the kind of answer it got, and whether its caller is paused from now on."""
    _questions.labels(answer).inc()
    if pause_begins:
        _pauses.inc()


def count_claim(found: bool, *, pause_begins: bool = False) -> None:
    """One claim, by whether the pupil is one that the caller may ask about; never by what was said to it."""
    count_question("claim_told" if found else "claim_not_known", pause_begins=pause_begins)


_LIMITS = frozenset(
    {codes.VERIFICATION_ENUMERATION, codes.VERIFICATION_DAY, codes.VERIFICATION_PUPIL, codes.VERIFICATION_THRESHOLD}
)


@contextmanager
def asking() -> Iterator[None]:
    """Count a question that a limit turns away, and a pause that begins with one that was refused."""
    try:
        yield
    except Refusal as refusal:
        count_limited(refusal)
        if isinstance(refusal, InVain) and refusal.pause_begins:
            _pauses.inc()
        raise


def count_limited(refusal: Refusal) -> None:
    """One question that was not answered, if a limit turned it away."""
    if refusal.code in _LIMITS:
        _limited.labels(refusal.code.slug).inc()


def count_view(page: str, answer: str) -> None:
    """One page behind a code or a link ("code", "share"): what it showed, or the slug of its refusal."""
    _views.labels(page, answer).inc()


def count_token(answer: str) -> None:
    """One token request: "issued" or the code it was refused with."""
    _tokens.labels(answer).inc()


def count_rejudged(outcome: str) -> None:
    """One held document judged again."""
    _rejudged.labels(outcome).inc()


def set_waiting(documents: int) -> None:
    """How many held documents wait now."""
    _shown_here(_waiting).set(documents)


def set_trust(health: trust_health.Health) -> None:
    """What revocation data is stale or missing now; a source is named by a hash of its address, which may hold a secret."""
    left = health.seconds_left(datetime.now(UTC))
    if left is not None:
        _shown_here(_first_stale).set(left)
    _shown_here(_stale).set(health.count(trust_health.State.STALE))
    _shown_here(_missing).set(health.count(trust_health.State.MISSING) + (health.unknown_issuers > 0))
    _shown_here(_ages).clear()
    for source in health.sources:
        _ages.labels(source.source_id).set(source.seconds)


def _shown_here(gauge: Gauge) -> Gauge:
    """The gauge, shown by this process from now on."""
    if gauge not in _shown:
        _registry.register(gauge)
        _shown.add(gauge)
    return gauge


def own_exposition() -> bytes:
    """This process's numbers in Prometheus' text format."""
    return exposition.generate_latest(_registry)


class Shared:
    """This process's file among those of all processes of the service, and the sum of them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / f"{os.getpid()}.prom"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name="metrics", daemon=True)

    def start(self) -> None:
        """Write now and every second from a thread of its own."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._thread.start()

    def stop(self) -> None:
        """Write a last time: what this process has counted stays in the sums."""
        self._stop.set()
        self._thread.join(5)
        self._try_to_write()

    def exposition(self) -> bytes:
        """The numbers of all processes, added up, up to the second."""
        self._write()
        return merged(self._folder)

    def _keep_writing(self) -> None:
        while not self._stop.wait(_EVERY_SECONDS):
            self._try_to_write()

    def _try_to_write(self) -> None:
        """A full disk or a folder that is gone costs numbers, and nothing else: least of all an end in order."""
        try:
            self._write()
        except OSError as error:
            logs.fault(log, error)

    def _write(self) -> None:
        draft = self._file.with_suffix(f".{threading.get_ident()}")
        draft.write_bytes(own_exposition())
        draft.replace(self._file)


def forget_former_run(folder: Path) -> None:
    """Remove the files of a service that ran here before; only for the process that starts the others, before it does."""
    for file in folder.glob("*"):
        file.unlink(missing_ok=True)


def merged(folder: Path) -> bytes:
    """Every process's file in one exposition: counters and histograms added up, also those of processes that have ended;
    gauges of living processes added up, or the greatest of them where they mean the same thing."""
    families: dict[str, Metric] = {}
    samples: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for file in sorted(folder.glob("*.prom")):
        alive = _is_alive(file)
        for family in text_string_to_metric_families(file.read_text(encoding="utf-8")):
            if family.type in {"gauge", "unknown"} and not alive:
                continue
            families.setdefault(family.name, family)
            sums = samples.setdefault(family.name, {})
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                same = family.name in _SAME_EVERYWHERE
                sums[key] = (
                    max(sums.get(key, sample.value), sample.value) if same else sums.get(key, 0.0) + sample.value
                )
    return exposition.generate_latest(_Merged(families, samples))


class _Merged(CollectorRegistry):
    """The sums as prometheus_client's writer wants them."""

    def __init__(
        self, families: dict[str, Metric], samples: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]]
    ) -> None:
        super().__init__()
        self._families = families
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        """Each family once, with its summed samples."""
        for name, family in self._families.items():
            whole = Metric(name, family.documentation, family.type)
            for (sample, labels), value in self._samples[name].items():
                whole.add_sample(sample, dict(labels), value)
            yield whole


def _is_alive(file: Path) -> bool:
    """Whether the process that writes this file still does."""
    try:
        os.kill(int(file.stem), 0)
        return time.time() - file.stat().st_mtime < _FRESH_SECONDS
    except (OSError, ValueError):
        return False
