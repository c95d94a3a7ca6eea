"""`registry openapi`: writes the published contract into openapi/, or says where it differs."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from registry.api.app import create_app
from registry.core import codes
from registry.formats import schema, xsd
from registry.formats.fields import Family
from registry.settings import Settings

_out = Console()


def openapi(
    folder: Annotated[Path, typer.Option(help="Where the contract lies.")] = Path("openapi"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 when a file differs.")] = False,
) -> None:
    """Write the OpenAPI document, the table of codes and the transcript schemas, all generated from the code."""
    differing = 0
    for name, text in _documents().items():
        file = folder / name
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        if before == text:
            continue
        differing += 1
        if check:
            lines = difflib.unified_diff(
                before.splitlines(), text.splitlines(), str(file), "generated", lineterm="", n=1
            )
            typer.echo("\n".join(list(lines)[:40]))
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            _out.print(f"{file} written")
    if check and differing:
        _out.print(f"{differing} files of the contract differ: run `registry openapi` and commit them")
        raise typer.Exit(1)


class _InFull(yaml.SafeDumper):
    """Writes what occurs twice twice: not every reader of OpenAPI understands YAML's anchors."""

    def ignore_aliases(self, data: object) -> bool:
        """Always."""
        return True


def _documents() -> dict[str, str]:
    app = create_app(Settings())
    return {
        "registry.yaml": yaml.dump(app.openapi(), Dumper=_InFull, allow_unicode=True, sort_keys=False, width=120),
        "problems.md": _problems(),
        "transcript-primary.schema.json": _json(schema.schema(Family.PRIMARY)),
        "transcript.xsd": xsd.document().decode(),
        "transcript-secondary.schema.json": _json(schema.schema(Family.SECONDARY)),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _problems() -> str:
    """The table of codes for people, with the same words as the answers."""
    lines = [
        "# Codes",
        "",
        "Every answer of the registry names one of these codes. A code never changes its meaning and is never used again.",
        "Effect: `refuse` nothing is stored; `hold` kept and judged again by itself; `warn` accepted all the same.",
        "",
        "| code | effect | Tiếng Việt | English |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{c.slug}` | {c.effect.value} | **{c.title_vi}.** {c.fix_vi} | **{c.title_en}.** {c.fix_en} |"
        for c in codes.all_codes()
    ]
    return "\n".join(lines).replace("|| ", "| ") + "\n"
