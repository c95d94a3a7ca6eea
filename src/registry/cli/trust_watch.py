"""`registry trust watch`: which schools can't sign at the next window unless somebody does something, as a table by unit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from registry.api import parameters
from registry.cli import reach
from registry.cli.tables import Table
from registry.core import expiring
from registry.services import signer_watch
from registry.services.world import World
from registry.settings import Settings

_out = Console()
#: More than a person reads; --json gives all.
_MOST_PRINTED = 200


def watch(
    unit: Annotated[
        str | None, typer.Option(help="city:79, district:..., commune:..., school:...; default: the city.")
    ] = None,
    before: Annotated[
        datetime | None, typer.Option(help="What ends before this day; default: the next signing day.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=7000, help="What ends within so many days.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Certificates that end before the next signing window, are revoked or expired, and roles that have none, by unit.

    An entry is "covered" when another certificate of the same school, registered as principal or seal, is good for longer.
    Exit code 1 when something is not covered.
    """
    if before is not None and days is not None:
        raise typer.BadParameter("--before or --days, not both", param_hint="--days")
    now = datetime.now(UTC)
    moment = parameters.moment(before) or expiring.next_day(Settings().signing_day, now)
    if days is not None:
        moment = now + timedelta(days=days)

    async def use(world: World) -> signer_watch.Report:
        return await signer_watch.look(world, unit or await _city(world), moment, now)

    report = reach.run(use)
    if json_output:
        typer.echo(json.dumps(_row(report), ensure_ascii=False))
    else:
        _print(report)
    if report.line.counts.affected:
        raise typer.Exit(1)


async def _city(world: World) -> str:
    """The one city on the map."""
    cities = [code for code, unit in (await world.known()).map.units.items() if unit.kind == "city"]
    if len(cities) != 1:
        raise typer.BadParameter("name a unit: the map has not exactly one city", param_hint="--unit")
    return cities[0]


def _print(report: signer_watch.Report) -> None:
    table = Table("unit", "schools", "affected", "none", "revoked", "expired", "expires", "ends", "covered")
    table.title = f"Before {report.before:%Y-%m-%d %H:%M} UTC"
    for line in (report.line, *report.children):
        counts = line.counts
        numbers = (counts.schools, counts.affected, *counts.by_trouble.values(), counts.covered)
        table.add_row(f"{line.unit.name} ({line.unit.code})", *map(str, numbers))
    _out.print(table)
    entries = Table("school", "role", "", "until", "holder", "covered")
    for item in report.items[:_MOST_PRINTED]:
        until = f"{item.ends_at:%Y-%m-%d}" if item.ends_at else "-"
        school = f"{report.names[item.school_code]} ({item.school_code})"
        entries.add_row(school, item.role, item.trouble, until, item.holder, "yes" if item.covered else "")
    if report.items:
        _out.print(entries)
    if len(report.items) > _MOST_PRINTED:
        _out.print(f"{len(report.items) - _MOST_PRINTED} more: --json, or a smaller unit")


def _row(report: signer_watch.Report) -> dict[str, object]:
    return {
        **_line(report.line),
        "before": report.before.isoformat(),
        "children": [_line(child) for child in report.children],
        "entries": [
            {
                "school_code": item.school_code,
                "school_name": report.names[item.school_code],
                "role": item.role,
                "trouble": item.trouble,
                "certificate": item.certificate.hex() or None,
                "holder": item.holder or None,
                "ends_at": item.ends_at.isoformat() if item.ends_at else None,
                "covered": item.covered,
            }
            for item in report.items
        ],
    }


def _line(line: signer_watch.Line) -> dict[str, object]:
    counts = line.counts
    return {
        "unit": line.unit.code,
        "name": line.unit.name,
        "schools": counts.schools,
        "affected": counts.affected,
        "troubles": counts.by_trouble,
        "covered": counts.covered,
    }
