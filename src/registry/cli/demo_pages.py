"""The demo's pages: somebody of the district office is registered, and a one-time link leads to the overview."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from rich.console import Console

from registry.cli.service import Service
from registry.core.callers import Scope
from registry.core.ids import Sex
from registry.core.people import Person
from registry.demo import people as made_up
from registry.demo import schools
from registry.services import people, sign_in
from registry.services.world import World
from registry.storage.database import Database
from registry.storage.sealing import Sealer, load_key

_WHO = "can-bo-quan-10"


async def show(service: Service, out: Console) -> str:
    """Register the person and print the address of the first page with the link; returns it."""
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    now = datetime.now(UTC)
    name = made_up.name(Random(_WHO), Sex.FEMALE)  # noqa: S311 - the same made-up person each time
    scopes, units = frozenset({Scope.COMPLETENESS, Scope.OPERATE}), frozenset({schools.DISTRICT})
    try:
        await people.register(world, Person(_WHO, name, scopes, True, units), None, now)
        secret = await sign_in.make_link(world, _WHO, now)
    finally:
        world.judges.close()
        await world.db.close()
    address = f"{service.base_url}/sign-in?link={secret}"
    out.print(f"\npages for people (one-time link, {sign_in.LINK_LASTS.seconds // 60} minutes, this machine only):")
    out.print(f"[bold]{address}[/bold]", soft_wrap=True)
    out.print(
        "then: overview against the deadlines, schools (sort, filter, CSV, XLSX), a school, readiness, call today, reminders, campaigns, report (PDF)"
    )
    return address
