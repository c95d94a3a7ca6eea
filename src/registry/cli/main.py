"""`registry`: the map of the program. Each command turns arguments into one use-case call and prints the answer.

A command's module is imported when it is called: the map itself, and a check of one file, must not wait for the web framework
and the database driver.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Entry(NamedTuple):
    """Where a command is (`registry.cli.<module>`, the function or group in it), its place in the map, and its first sentence."""

    module: str
    attribute: str
    panel: str
    sentence: str


_RUN = "Run the service"
_KEEP = "Keep the register (operator)"
_SEND = "Send and check transcripts (vendor)"
_MAKE = "Show and measure"

COMMANDS = {
    "serve": Entry("serve", "serve", _RUN, "Run the service: HTTP workers and background work, on DATABASE_URL or on an embedded PostgreSQL of its own."),
    "work": Entry("serve", "work", _RUN, "Run the background work alone: held documents are judged again, trust material is fetched, what has expired is removed."),
    "migrate": Entry("show", "migrate", _RUN, "Bring the database to this version's schema (the service does it at start by itself)."),
    "settings": Entry("show", "settings", _RUN, "List every setting with its value and meaning; secrets are not shown."),
    "trust": Entry("trust", "app", _KEEP, "Trust material: what is trusted, since when, and how fresh it is."),
    "signer": Entry("signers", "app", _KEEP, "Signers: whose certificates may sign for which school, in which role."),
    "unit": Entry("units", "app", _KEEP, "The map: city, legacy districts, communes, clusters, schools."),
    "caller": Entry("callers", "app", _KEEP, "Vendors and offices: who may call, for what, for whom, with which keys."),
    "person": Entry("people", "app", _KEEP, "People: who may sign in to the pages, for which units, and who saw names."),
    "roster": Entry("rosters", "app", _KEEP, "Rosters: the pupils of whom transcripts are expected."),
    "number": Entry("numbers", "app", _KEEP, "Numbers: pupils who lack a personal number, the file for the police, and what comes back."),
    "campaign": Entry("campaigns", "app", _KEEP, "Campaigns: which year, grades and units, and by when each stage is due."),
    "readiness": Entry("readiness", "show", _KEEP, "Readiness: which schools of a unit can deliver their transcripts, and what the others lack."),
    "contact": Entry("contacts", "app", _KEEP, "Contacts: which office of a school is called and written to."),
    "reminder": Entry("reminders", "app", _KEEP, "Reminders: which school is late with which stage, and is written to."),
    "completeness": Entry("completeness", "app", _KEEP, "Completeness: check the counts that are kept ready, and prove that holes are found."),
    "approval": Entry("approvals", "app", _KEEP, "Four eyes: corrections and withdrawals of a frozen school year wait here until the city approves or rejects them."),
    "pupil": Entry("pupils", "app", _KEEP, "Pupils: new numbers, merges, and held documents that wait for a person."),
    "purpose": Entry("purposes", "app", _KEEP, "Purposes: for what offices may ask, which fields and claims each one allows."),
    "audit": Entry("audit", "app", _KEEP, "Who looked: check the chain of questions and views for gaps and edits."),
    "keys": Entry("answer_keys", "app", _KEEP, "Keys that sign the registry's answers: which one signs when, and the next one."),
    "evidence": Entry("evidence", "export", _KEEP, "Export the evidence of a verdict: document, report, certificates, revocation data, registrations, policy."),
    "submit": Entry("submit", "submit", _SEND, "Submit signed transcripts; shows a table of outcomes."),
    "sign": Entry("submit", "sign", _SEND, "Sign a transcript with key files, each signature over everything before it."),
    "declaration": Entry("declarations", "app", _SEND, "Declarations: a school's signed statement that its year is complete."),
    "judge": Entry("judge", "judge", _SEND, "Judge signed transcripts exactly as the registry would; one JSON line per file."),
    "batch": Entry("batches", "app", _SEND, "Batches: up to 10,000 questions of an office in one file, answered in the background."),
    "verify": Entry("verify", "verify", _SEND, "Check a signed answer of a registry, or the QR of an extract, offline, against its published keys."),
    "rules": Entry("rules", "app", _MAKE, "Rules of the circulars: what is in force when, by which clause, and the proof that it is checked."),
    "demo": Entry("demo", "demo", _MAKE, "Start a registry, build a synthetic Quận 10, submit its transcripts as two vendors would, and show every answer."),
    "bench": Entry("bench", "app", _MAKE, "Measure accepted submissions/s and look-ups/s over HTTP, and this machine's own limits beside them."),
    "openapi": Entry("contract", "openapi", _MAKE, "Write the OpenAPI document, the table of codes and the transcript schemas, all generated from the code."),
}  # fmt: skip


def load(name: str) -> Any:
    """The whole command of that name, imported now."""
    entry = COMMANDS[name]
    found = getattr(importlib.import_module(f"registry.cli.{entry.module}"), entry.attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        alone.command(name)(found)
        found = alone
    return typer.main.get_command(found)


class Map(TyperGroup):
    """Knows each command by its sentence until it is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.sentence, rich_help_panel=entry.panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the command itself in the place of its sentence."""
        if args[0] in COMMANDS:
            self.add_command(load(args[0]), args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="registry",
    cls=Map,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)


@app.callback(
    help="City registry of Học bạ số: signed school transcripts come in, are judged, stored, counted and verified.\n\n"
    "First time here: `registry demo`. To run the service: `registry serve`. To send transcripts: `registry submit`."
)
def _registry() -> None:
    """The map has no options of its own."""


if __name__ == "__main__":
    app()
