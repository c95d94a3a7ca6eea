"""`registry person`: who may sign in to the pages, with which rights and units; one-time links; who saw names of pupils."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core.callers import Scope
from registry.core.people import Person
from registry.services import name_views, people, sessions, sign_in
from registry.services.callers import NotTakenError
from registry.services.world import World
from registry.settings import Settings

T = TypeVar("T")
app = typer.Typer(
    help="People: who may sign in to the pages, for which units, and who saw names.", no_args_is_help=True
)
_out = Console()

_PersonId = Annotated[
    str, typer.Argument(help="Small letters, digits, dots, hyphens, underscores; never given out twice.")
]
_Scopes = Annotated[list[Scope], typer.Option(help="completeness: see counts; operate: change the register. Repeat.")]
_Names = Annotated[bool, typer.Option("--names/--no-names", help="May see names of pupils; each view is written down.")]
_Login = Annotated[str, typer.Option(help="The value of the claim (REGISTRY_OIDC_CLAIM) at the configured provider.")]
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command()
def add(
    person_id: _PersonId,
    name: Annotated[str, typer.Option(help="The person's name.")],
    unit: Annotated[list[str], typer.Option(help="city:79, district:..., commune:... or school:...; repeat.")],
    scope: _Scopes,
    names: _Names = False,
    login: _Login = "",
) -> None:
    """Register a person."""
    new = Person(person_id, name, frozenset(scope), names, frozenset(unit))
    known = _login(login) if login else None
    _change(lambda world: people.register(world, new, known, datetime.now(UTC)))
    typer.echo(f"{person_id} may sign in" + (f" as {login}" if login else " by a link (registry person link)"))


@app.command()
def login(person_id: _PersonId, value: Annotated[str, typer.Argument(help="The value of the claim.")]) -> None:
    """Give a person one more login at the provider."""
    _change(lambda world: people.add_login(world, person_id, _login(value), datetime.now(UTC)))
    typer.echo(f"{person_id} may sign in as {value}")


@app.command()
def rights(person_id: _PersonId, scope: _Scopes, names: _Names = False) -> None:
    """Change a person's rights, from the next page on."""
    _change(lambda world: people.change(world, person_id, frozenset(scope), sees_names=names))
    typer.echo(f"{person_id}: {' '.join(sorted(scope))}, names {'yes' if names else 'no'}")


@app.command()
def link(person_id: _PersonId) -> None:
    """Print a one-time sign-in link: fifteen minutes, one use, from this machine only unless REGISTRY_SIGN_IN_LINKS is set."""
    secret = _change(lambda world: sign_in.make_link(world, person_id, datetime.now(UTC)))
    typer.echo(f"{Settings().issuer.rstrip('/')}/sign-in?link={secret}")


@app.command("sign-out")
def sign_out(person_id: _PersonId) -> None:
    """End every session of a person, everywhere."""
    ended = _change(lambda world: sessions.end_all(world, person_id, datetime.now(UTC)))
    typer.echo(f"{person_id}: {ended} sessions ended")


@app.command()
def close(person_id: _PersonId) -> None:
    """Close a person for ever, sessions included, at once."""
    _change(lambda world: people.close(world, person_id, datetime.now(UTC)))
    typer.echo(f"{person_id} is closed")


@app.command("list")
def show(json_output: _Json = False) -> None:
    """Everybody who may sign in."""
    found, logins = _change(people.everyone)
    rows = [
        {
            "person_id": each.person_id,
            "name": each.name,
            "scopes": sorted(each.scopes),
            "names": each.sees_names,
            "units": sorted(each.units),
            "logins": logins.get(each.person_id, []),
        }
        for each in found
    ]
    if json_output:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("id", "name", "scopes", "names", "units", "logins")
    for row in rows:
        table.add_row(*(" ".join(cell) if isinstance(cell, list) else str(cell) for cell in row.values()))
    _out.print(table)


@app.command()
def views(
    person_id: Annotated[str | None, typer.Argument(help="Only this person's.")] = None,
    most: Annotated[int, typer.Option(min=1, max=name_views.MOST_VIEWS, help="How many, newest first.")] = 100,
) -> None:
    """Who saw names of pupils: time, person (or caller of the API), screen, unit, school year, how many; separated by tabs, newest first."""
    for view in _change(lambda world: name_views.newest(world, person_id, most)):
        cells = (
            view.at.isoformat(timespec="seconds"),
            view.viewer,
            view.screen,
            view.unit_code,
            view.school_year or "",
        )
        typer.echo("\t".join((*cells, str(view.names))))


def _login(value: str) -> people.Login:
    issuer = Settings().oidc_issuer
    if not issuer:
        _refuse("logins belong to a provider: set REGISTRY_OIDC_ISSUER first")
    return people.Login(issuer, value)


def _change(use: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    """Run one use case; what can't be done ends with its sentence and exit code 1."""
    try:
        return reach.run(use)
    except NotTakenError as error:
        _refuse(str(error))


def _refuse(sentence: str) -> NoReturn:
    reach.errors.print(sentence, style="red", markup=False)
    raise typer.Exit(1)
