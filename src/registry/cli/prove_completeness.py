"""The proof of completeness: the demo's city with its faults, two pupils who go, and every bucket asked for pupil by pupil."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from rich.console import Console

from registry.cli import demo_run
from registry.cli.service import Service
from registry.client import api
from registry.core import completeness
from registry.core.completeness import Bucket, Score
from registry.demo import city as cities
from registry.demo import pki, schools, signers
from registry.services import standing
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer, load_key

_SETTLED_SECONDS = 60


async def play(service: Service, pupils: int, out: Console, *, spoil: bool) -> dict[str, Score]:
    """Scores by bucket of the lists, and one of the counts, that the district's office is answered."""
    trust = await asyncio.to_thread(signers.make_trust, schools.all_schools())
    city = cities.make_city(trust, pupils=pupils)
    keys = {name: pki.new_key("p256") for name in (*schools.VENDORS, *demo_run.OFFICES)}
    await demo_run.prepare(service, city, keys, datetime.now(UTC))
    clients = {name: api.RegistryClient(service.base_url, name, key, "k1") for name, key in keys.items()}
    result = demo_run.Result(service.base_url, Path(), planted=city.expected)
    try:
        await demo_run.put_rosters(clients["office-so-gddt"], city)
        await demo_run.send_all(clients, city, result, out)
        for sent in result.sent:
            if sent.delivery.summer and sent.delivery.fault is None:
                city.fates[sent.delivery.school.code, sent.delivery.pupil_code] = Bucket.AWAITING_SUMMER
        await _move(clients["office-so-gddt"], city)
        await _settle(service, city if spoil else None)
        return await _ask(clients["office-quan-10"], city)
    finally:
        for client in clients.values():
            await client.close()


async def _move(operator: api.RegistryClient, city: cities.City) -> None:
    """Of the first school one pupil with a transcript goes to the second, another one is on no roster any more."""
    here, there = schools.all_schools()[:2]
    mine = city.rosters[here.code]
    moved, gone = [pupil for pupil in mine if city.fates[here.code, pupil.facts.pupil_code] == Bucket.PRESENT][:2]
    rosters = {here: [pupil for pupil in mine if pupil not in (moved, gone)], there: [*city.rosters[there.code], moved]}
    for school, roster in rosters.items():
        answer = await operator.put_roster(school.code, school.school_year, school.grade, cities.roster_csv(roster))
        if answer.status != 200:
            raise RuntimeError(f"roster of {school.code}: status {answer.status}, {answer.codes[:3]}")
    city.fates[here.code, moved.facts.pupil_code] = Bucket.TRANSFERRED
    city.fates[there.code, moved.facts.pupil_code] = Bucket.MISSING
    city.fates[here.code, gone.facts.pupil_code] = Bucket.UNEXPECTED


async def _settle(service: Service, spoiled: cities.City | None) -> None:
    """Wait until everybody is counted; then lose how many are missing at one school, if that is wanted."""
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        await asyncio.wait_for(standing.settle_all(world), _SETTLED_SECONDS)
    finally:
        world.judges.close()
        await world.db.close()
    if spoiled is not None:
        school = next(school for (school, _), fate in spoiled.fates.items() if fate == Bucket.MISSING)
        link = await asyncpg.connect(service.database_url.replace("+asyncpg", ""))
        lost = "UPDATE standing_count SET pupils = 0 WHERE school_code = $1 AND key = ANY($2)"
        await link.execute(lost, school, list(completeness.keys_of(Bucket.MISSING)))
        await link.close()


async def _ask(office: api.RegistryClient, city: cities.City) -> dict[str, Score]:
    """Every list of the district to its end, beside what was planted; and the counts, one for each school and bucket."""
    found: dict[str, set[tuple[str, ...]]] = {bucket.value: set() for bucket in Bucket}
    counted: set[tuple[str, ...]] = set()
    for year in demo_run.YEARS:
        for bucket in Bucket:
            found[bucket] |= await _listed(office, year, bucket)
        answer = await office.completeness(schools.DISTRICT, year, by="school")
        counted |= {
            (child["unit"].removeprefix("school:"), bucket, str(number))
            for child in answer.body["children"]
            for bucket, number in child["buckets"].items()
            if number
        }
    planted: dict[str, set[tuple[str, ...]]] = {bucket.value: set() for bucket in Bucket}
    sizes: dict[tuple[str, str], int] = {}
    for (school, pupil), fate in city.fates.items():
        planted[fate].add((school, pupil))
        sizes[school, fate] = sizes.get((school, fate), 0) + 1
    scores = {bucket.value: completeness.score(planted[bucket], found[bucket]) for bucket in Bucket}
    numbers = {(school, str(fate), str(number)) for (school, fate), number in sizes.items()}
    return {**scores, "counts by school": completeness.score(numbers, counted)}


async def _listed(office: api.RegistryClient, year: str, bucket: Bucket) -> set[tuple[str, ...]]:
    found, after = set[tuple[str, ...]](), dict[str, str]()
    while True:
        page = await office.pupils(schools.DISTRICT, year, bucket.value, limit="200", **after)
        if page.status != 200:
            raise RuntimeError(f"pupils: status {page.status}, {page.codes[:3]}")
        found |= {(row["school_code"], row["pupil_code"]) for row in page.body["pupils"]}
        if page.body["next"] is None:
            return found
        after = {"after": page.body["next"]}
