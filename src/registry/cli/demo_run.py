"""What the demo does, step by step: prepare the registry as an operator, send as two vendors, ask as an office."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from registry.cli import demo_answers, demo_batch, demo_extract, demo_numbers, demo_reminders, demo_withdrawal
from registry.cli.service import Service
from registry.client import api
from registry.core.callers import CallerKind, Scope
from registry.demo import city as cities
from registry.demo import pki, schools, signers
from registry.services import callers, campaigns, policies, reminders, trust, units
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer, load_key

#: name -> (kind, scopes, purposes, units); the vendors' units are their schools.
OFFICES = {
    "office-quan-10": (frozenset({Scope.COMPLETENESS}), frozenset[str](), frozenset({schools.DISTRICT})),
    "office-tuyen-sinh": (frozenset({Scope.VERIFY}), frozenset({"admission", "transfer"}), frozenset({schools.CITY})),
    "office-so-gddt": (frozenset({Scope.OPERATE, Scope.COMPLETENESS}), frozenset[str](), frozenset({schools.CITY})),
}
YEARS = ("2023-2024", "2024-2025")
_CONNECTIONS = 16
_WHY = {"purpose": "admission", "reference": "TS10-2026-0001"}


@dataclass(slots=True)
class Sent:
    """One delivery and its answer."""

    delivery: cities.Delivery
    result: api.Result

    @property
    def as_planted(self) -> bool:
        """True when outcome, code and pointer are those that were planted."""
        fault = self.delivery.fault
        if fault is None:
            return self.result.status == 201
        found = {(e["code"], e["pointer"]) for e in self.result.body.get("errors", [])}
        return self.result.outcome == fault.outcome and (fault.code, fault.pointer) in found


@dataclass(slots=True)
class Result:
    """Everything the demo found out."""

    address: str
    output: Path
    sent: list[Sent] = field(default_factory=list)
    repeated: api.Result | None = None
    corrected: Sent | None = None
    planted: dict[str, Counter[str]] = field(default_factory=dict)
    counted: dict[str, Counter[str]] = field(default_factory=dict)
    after_list: dict[str, int] = field(default_factory=dict)
    answers: list[tuple[str, api.Result]] = field(default_factory=list)
    signed: list[demo_answers.Shown] = field(default_factory=list)
    numbers: list[demo_answers.Shown] = field(default_factory=list)
    reminders: reminders.Report | None = None
    sending_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Every answer as planted, every count equal, the same bytes the same receipt."""
        same_receipt = self.repeated is not None and self.repeated.status == 200
        corrected = self.corrected is not None and self.corrected.result.status == 201
        equal = {c: +n for c, n in self.planted.items()} == {c: +n for c, n in self.counted.items()}
        return (
            equal
            and same_receipt
            and corrected
            and all(sent.as_planted for sent in self.sent)
            and self.after_list.get("held") == 0
            and all(shown.good for shown in (*self.signed, *self.numbers))
        )

    @property
    def _reminders(self) -> dict[str, int]:
        done = self.reminders
        return {} if done is None else {"sent": done.sent, "without_contact": done.without_contact}

    def as_json(self) -> dict[str, Any]:
        """The result for a program."""
        return {
            "good": self.good,
            "seconds": round(self.seconds, 1),
            "sent": len(self.sent),
            "per_second": round(len(self.sent) / self.sending_seconds, 1),
            "outcomes": dict(Counter(sent.result.outcome for sent in self.sent)),
            "not_as_planted": [sent.delivery.name for sent in self.sent if not sent.as_planted],
            "planted": {code: dict(counts) for code, counts in self.planted.items()},
            "counted": {code: dict(counts) for code, counts in self.counted.items()},
            "after_list": self.after_list,
            "reminders": self._reminders,
            "verifications": [
                {"question": title, "answer": answer.body.get("answer")} for title, answer in self.answers
            ],
            "numbers": [{"step": each.title, "said": each.said, "good": each.good} for each in self.numbers],
            "signed": [{"question": each.title, "answer": each.said, "good": each.good} for each in self.signed],
        }


async def play(service: Service, pupils: int, output: Path, out: Console, now: datetime) -> Result:
    """Run the whole tour against a running service."""
    result = Result(service.base_url, output)
    out.print(f"registry at {service.base_url}, data in {service.state_dir}")
    made = await asyncio.to_thread(signers.make_trust, schools.all_schools())
    city = cities.make_city(made, pupils=pupils)
    result.planted = city.expected
    keys = {name: pki.new_key("p256") for name in (*schools.VENDORS, *OFFICES)}
    await prepare(service, city, keys, now)
    out.print(
        f"prepared: {len(schools.all_schools())} schools, {sum(map(len, city.rosters.values()))} pupils on rosters"
    )
    clients = {name: api.RegistryClient(service.base_url, name, key, "k1") for name, key in keys.items()}
    try:
        await put_rosters(clients["office-so-gddt"], city)
        await send_all(clients, city, result, out)
        _write_files(result)
        again = next(s for s in result.sent if s.delivery.fault is None)
        result.repeated = await clients[again.delivery.vendor].submit(again.delivery.envelope)
        result.corrected = await _correct(clients, city)
        result.counted = await _count(clients["office-quan-10"])
        result.answers = await _ask(clients["office-tuyen-sinh"], city, result)
        await demo_extract.play(clients, result.sent, output, out)
        result.signed = await demo_answers.play(clients, [sent.delivery for sent in result.sent if sent.as_planted])
        known = [s.result.body["receipt"]["transcript_code"] for s in result.sent if s.delivery.fault is None][:9]
        result.signed += await demo_batch.play(clients, known, output)
        await _publish_late_list(service, city, now)
        result.after_list = await _await_rejudged(clients["office-quan-10"])
        result.numbers = await demo_numbers.play(clients, city, result.sent, output)
        result.answers.append(await demo_withdrawal.play(clients, city, result.sent, _WHY))
        result.reminders = await demo_reminders.play(service, output, out)
    finally:
        for client in clients.values():
            await client.close()
    return result


async def prepare(service: Service, city: cities.City, keys: dict[str, pki.PrivateKey], now: datetime) -> None:
    """What an operator does once: the map, the trust material, the policy, the callers."""
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        await units.import_builtin(world, "hcmc-2025", now)
        await units.import_units(world, schools.units_csv().encode(), now)
        await campaigns.add_file(world, campaigns.builtin("plan"), now)
        await policies.import_version(world, policies.default(), now)
        report = await trust.import_files(world, city.trust.files(now), now, unlisted_anchors=True)
        if report.problems:
            raise RuntimeError(f"the demo's own trust material was not taken: {report.problems[0]}")
        for name, key in keys.items():
            public = callers.read_public_key(
                key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "k1"
            )
            if name in OFFICES:
                scopes, purposes, places = OFFICES[name]
                kind = CallerKind.OFFICE
            else:
                mine = frozenset(f"school:{s.code}" for s in schools.all_schools() if s.vendor == name)
                kind, scopes, purposes, places = CallerKind.VENDOR, frozenset({Scope.SUBMIT}), frozenset[str](), mine
            await callers.register(world, callers.NewCaller(name, kind, name, scopes, purposes, places, public), now)
    finally:
        world.judges.close()
        await world.db.close()


async def put_rosters(operator: api.RegistryClient, city: cities.City) -> None:
    """Every school's roster, as the city's own database would put it."""
    for school in schools.all_schools():
        text = cities.roster_csv(city.rosters[school.code])
        answer = await operator.put_roster(school.code, school.school_year, school.grade, text)
        if answer.status != 200:
            raise RuntimeError(f"roster of {school.code}: status {answer.status}, {answer.codes[:3]}")


async def send_all(clients: dict[str, api.RegistryClient], city: cities.City, result: Result, out: Console) -> None:
    """Both vendors at once, each with its own connections; files are signed while others are on their way."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    queue: asyncio.Queue[cities.Delivery | None] = asyncio.Queue(maxsize=200)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        task = progress.add_task("signing and submitting", total=len(city.jobs))

        async def sign_all() -> None:
            for job in city.jobs:
                await queue.put(await asyncio.to_thread(job))
            for _ in range(_CONNECTIONS):
                await queue.put(None)

        async def send() -> None:
            while (delivery := await queue.get()) is not None:
                result.sent.append(Sent(delivery, await clients[delivery.vendor].submit(delivery.envelope)))
                if delivery.summer and delivery.fault is None:
                    planted = result.planted[delivery.school.code]
                    planted["present"] -= 1
                    planted["awaiting_summer"] += 1
                progress.advance(task)

        await asyncio.gather(sign_all(), *(send() for _ in range(_CONNECTIONS)))
    result.sending_seconds = loop.time() - started


async def _correct(clients: dict[str, api.RegistryClient], city: cities.City) -> Sent:
    """A school sends a second version of a transcript, signed by the same three."""
    assert city.correction is not None, "there is a transcript without a fault"
    delivery = await asyncio.to_thread(city.correction)
    return Sent(delivery, await clients[delivery.vendor].submit(delivery.envelope))


def _write_files(result: Result) -> None:
    """Every faulty file and a few good ones of each school, for the reader to look at."""
    result.output.mkdir(parents=True, exist_ok=True)
    good: Counter[str] = Counter()
    for sent in result.sent:
        delivery = sent.delivery
        if delivery.fault is None:
            good[delivery.school.code] += 1
            if good[delivery.school.code] > 3:
                continue
        (result.output / delivery.name).write_bytes(delivery.envelope)


async def _count(office: api.RegistryClient) -> dict[str, Counter[str]]:
    """Buckets by school as the registry answers them to the district."""
    counted: dict[str, Counter[str]] = {}
    for year in YEARS:
        answer = await office.completeness(schools.DISTRICT, year)
        for child in answer.body["children"]:
            buckets = {name: number for name, number in child["buckets"].items() if number and name != "unexpected"}
            if child["expected"]:
                counted[child["unit"].removeprefix("school:")] = Counter(buckets)
    return counted


async def _ask(office: api.RegistryClient, city: cities.City, result: Result) -> list[tuple[str, api.Result]]:
    """One verification of each kind."""
    assert result.corrected is not None, "sent before the questions"
    code = result.corrected.delivery.pupil_code
    first = next(s for s in result.sent if s.delivery.pupil_code == code and s.delivery.fault is None)
    good = next(s for s in result.sent if s.delivery.fault is None and s is not first)
    held = next(s for s in result.sent if s.result.outcome == "held")
    refused = next(s for s in result.sent if s.result.outcome == "refused")
    receipt = good.result.body["receipt"]
    pupil = next(p for p in city.rosters[good.delivery.school.code] if p.facts.pupil_code == good.delivery.pupil_code)
    number = {"personal_number": pupil.facts.number, "school_year": good.delivery.school.school_year}
    questions: list[tuple[str, dict[str, Any]]] = [
        ("mã học bạ / transcript code", {"transcript_code": receipt["transcript_code"]}),
        ("SHA-256 của tài liệu / of the document", {"sha256": receipt["fingerprint"]}),
        ("số định danh + năm học / number + year", number),
        ("tài liệu đã được đính chính / a corrected document", {"sha256": cities.fingerprint(first.delivery.envelope)}),
        ("tài liệu đang giữ / a held document", {"sha256": cities.fingerprint(held.delivery.envelope)}),
        ("tài liệu bị từ chối / a refused document", {"sha256": cities.fingerprint(refused.delivery.envelope)}),
        ("mã không có / an unknown code", {"transcript_code": "00000000-0000-4000-8000-000000000000"}),
    ]
    return [(title, await office.verify({**question, **_WHY})) for title, question in questions]


async def _publish_late_list(service: Service, city: cities.City, now: datetime) -> None:
    """The CA that had no revocation list publishes one; the operator imports it."""
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        fresh = signers.revocation_list(city.trust.late, now)
        await trust.import_files(world, {"crls/late.crl": fresh}, now)
    finally:
        world.judges.close()
        await world.db.close()


async def _await_rejudged(office: api.RegistryClient) -> dict[str, int]:
    """Held documents are judged again by themselves: wait until the district's table shows it (at most half a minute)."""
    deadline = asyncio.get_running_loop().time() + timedelta(seconds=30).total_seconds()
    while True:
        answer = await office.completeness(schools.DISTRICT, YEARS[0])
        buckets: dict[str, int] = answer.body["buckets"]
        if buckets.get("held") == 0 or asyncio.get_running_loop().time() > deadline:
            return buckets
        await asyncio.sleep(0.5)
