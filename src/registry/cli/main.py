"""`registry`: the map of the program. Each command turns arguments into one use-case call and prints the answer."""

from __future__ import annotations

import typer

from registry.cli import bench, callers, contract, demo, judge, rosters, serve, show, submit, trust, units

app = typer.Typer(
    name="registry",
    help="City registry of Học bạ số: signed school transcripts come in, are judged, stored, counted and verified.\n\n"
    "First time here: `registry demo`. To run the service: `registry serve`. To send transcripts: `registry submit`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)

_RUN = "Run the service"
_KEEP = "Keep the register (operator)"
_SEND = "Send and check transcripts (vendor)"
_MAKE = "Show and measure"

app.command(rich_help_panel=_RUN)(serve.serve)
app.command(rich_help_panel=_RUN)(serve.work)
app.command(rich_help_panel=_RUN)(show.migrate)
app.command("settings", rich_help_panel=_RUN)(show.settings)
app.add_typer(trust.app, name="trust", rich_help_panel=_KEEP)
app.add_typer(units.app, name="unit", rich_help_panel=_KEEP)
app.add_typer(callers.app, name="caller", rich_help_panel=_KEEP)
app.add_typer(rosters.app, name="roster", rich_help_panel=_KEEP)
app.command(rich_help_panel=_SEND)(submit.submit)
app.command(rich_help_panel=_SEND)(submit.sign)
app.command(rich_help_panel=_SEND)(judge.judge)
app.command(rich_help_panel=_MAKE)(demo.demo)
app.command(rich_help_panel=_MAKE)(bench.bench)
app.command(rich_help_panel=_MAKE)(contract.openapi)

if __name__ == "__main__":
    app()
