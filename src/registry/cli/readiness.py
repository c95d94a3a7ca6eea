"""`registry readiness`: which schools of a unit can deliver their transcripts, and what the others lack, as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from registry.api import parameters
from registry.cli import reach
from registry.cli.tables import Table
from registry.core import expiring
from registry.core.readiness import Light, Row
from registry.services import readiness
from registry.services.world import World
from registry.settings import Settings

_out = Console()
_COLOURS = {Light.RED: "red", Light.AMBER: "yellow", Light.GREEN: "green"}
#: More than a person reads; --json gives all.
_MOST_PRINTED = 200


def show(
    unit: Annotated[str, typer.Argument(help="city:79, district:..., commune:..., cluster:..., school:...")],
    year: Annotated[str | None, typer.Option(help="School year, YYYY-YYYY; this or --campaign.")] = None,
    campaign: Annotated[
        str | None, typer.Option(help="Its school year, grades and units, and signing until its deadlines.")
    ] = None,
    grade: Annotated[
        list[int] | None, typer.Option(min=1, max=12, help="Grades whose pupils count; with --year.")
    ] = None,
    before: Annotated[
        datetime | None, typer.Option(help="Certificates must last until then; default: the deadlines or signing day.")
    ] = None,
    light: Annotated[Light | None, typer.Option(help="Only schools that show this light.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Readiness: which schools of a unit can deliver their transcripts, and what the others lack.

    One traffic light for each school of a unit with the reasons in words. Exit code 1 when a school shows red."""
    if (year is None) is (campaign is None) or (campaign is not None and grade):
        raise typer.BadParameter("--year (and --grade) or --campaign, one of the two", param_hint="--year")
    now = datetime.now(UTC)

    async def use(world: World) -> tuple[readiness.Asked, readiness.Report]:
        until, usual = parameters.moment(before), expiring.next_day(Settings().signing_day, now)
        if campaign is not None:
            asked = await readiness.for_campaign(world, None, unit, campaign, until, usual, now)
        else:
            asked = readiness.Asked(unit, parameters.school_year(year or "", "--year"), until or usual)
            asked = replace(asked, grades=tuple(sorted(set(grade))) if grade else None)
        return asked, await readiness.look(world, None, asked, now)

    asked, report = reach.run(use)
    rows = [row for row in report.rows if light in (None, row.light)]
    if json_output:
        typer.echo(json.dumps(_json(asked, report, rows), ensure_ascii=False))
    else:
        _print(asked, report, rows)
    if report.lights[Light.RED]:
        raise typer.Exit(1)


def _print(asked: readiness.Asked, report: readiness.Report, rows: Sequence[Row]) -> None:
    table = Table("school", "", "with number", "reasons", "vendor", "last contact")
    table.title = f"{report.unit.name}, {asked.school_year}, signing until {asked.before:%Y-%m-%d %H:%M} UTC"
    order = list(Light)
    for row in sorted(rows, key=lambda each: order.index(each.light))[:_MOST_PRINTED]:
        facts, numbers = row.facts, row.facts.numbers
        why = [f"{each.code.title_en}{f' ({each.detail})' if each.detail else ''}" for each in row.reasons]
        table.add_row(
            f"{report.names[facts.school_code]} ({facts.school_code})",
            f"[{_COLOURS[row.light]}]{row.light}[/]",
            f"{numbers.with_number} / {numbers.pupils}",
            "\n".join(why),
            ", ".join(report.vendors[vendor] for vendor in facts.vendors),
            f"{facts.last_contact:%Y-%m-%d}" if facts.last_contact else "-",
        )
    _out.print(table)
    if len(rows) > _MOST_PRINTED:
        _out.print(f"{len(rows) - _MOST_PRINTED} more: --json, --light, or a smaller unit")
    _out.print(", ".join(f"{light}: {schools}" for light, schools in report.lights.items()))


def _json(asked: readiness.Asked, report: readiness.Report, rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "unit": report.unit.code,
        "school_year": str(asked.school_year),
        "before": asked.before.isoformat(),
        "lights": {light.value: schools for light, schools in report.lights.items()},
        "schools": [
            {
                "school_code": row.facts.school_code,
                "school_name": report.names[row.facts.school_code],
                "light": row.light.value,
                "pupils": row.facts.numbers.pupils,
                "without_number": row.facts.numbers.without_number,
                "vendors": list(row.facts.vendors),
                "last_contact": row.facts.last_contact.isoformat() if row.facts.last_contact else None,
                "refused": row.facts.refused,
                "reasons": [
                    {"code": r.code.slug, "pointer": r.pointer, "detail": r.detail, "detail_vi": r.detail_vi}
                    for r in row.reasons
                ],
            }
            for row in rows
        ],
    }
