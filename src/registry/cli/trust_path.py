"""`registry trust check-path`: one certificate's path judged from files, by the code that judges submissions."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from registry.core.findings import Finding, Outcome
from registry.core.verdict import RevocationUsed
from registry.services import path_check

_EXIT = {Outcome.ACCEPTED: 0, Outcome.HELD: 3, Outcome.REFUSED: 1}


def check_path(
    leaf: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="The certificate (PEM, DER, .p7b); more: its chain."),
    ],
    anchors: Annotated[list[Path], typer.Option(exists=True, help="Trusted roots: a folder or a file; repeatable.")],
    chain: Annotated[
        list[Path] | None, typer.Option(exists=True, help="CA certificates between, in any order; repeatable.")
    ] = None,
    crls: Annotated[list[Path] | None, typer.Option(exists=True, help="Revocation lists; repeatable.")] = None,
    ocsp: Annotated[list[Path] | None, typer.Option(exists=True, help="OCSP answers (DER); repeatable.")] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(metavar="OID", help="A certificate policy of which the path must carry one; repeatable."),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            help="Moment of signing, receipt and judging (UTC where no offset is given); default now.",
        ),
    ] = None,
    purpose: Annotated[
        path_check.Purpose,
        typer.Option(
            help="document: a signer's certificate; time-stamp: an authority of RFC 3161; lists: a signer of revocation lists; any: whatever it is for, a CA's included."
        ),
    ] = path_check.Purpose.DOCUMENT,
    explicit_policy: Annotated[bool, typer.Option(help="Some policy must be valid (--policy implies it).")] = False,
    inhibit_mapping: Annotated[bool, typer.Option(help="No policy mapping (RFC 5280 6.1.1 e).")] = False,
    inhibit_any: Annotated[bool, typer.Option(help="anyPolicy counts for nothing (RFC 5280 6.1.1 g).")] = False,
) -> None:
    """Judge the path of one certificate as the registry would if exactly these files had been imported; prints JSON.

    Files or folders; needs neither database nor network. Exit code: 0 accepted, 3 held, 1 refused.
    """
    settings = path_check.PolicySettings(
        explicit=explicit_policy, inhibit_mapping=inhibit_mapping, inhibit_any=inhibit_any
    )
    if policy:
        settings = replace(settings, policies=frozenset(policy), explicit=True)
    files = _Files(leaf, anchors, chain or [], crls or [], ocsp or [])
    checked, problems = _checked(files, at or datetime.now(UTC), purpose, settings)
    typer.echo(json.dumps(_row(checked, problems), ensure_ascii=False))
    raise typer.Exit(_EXIT[checked.outcome])


@dataclass(frozen=True, slots=True)
class _Files:
    """Where everything is that the path is judged from."""

    leaf: list[Path]
    anchors: list[Path]
    chain: list[Path]
    crls: list[Path]
    ocsp: list[Path]


def _checked(
    files: _Files, moment: datetime, purpose: path_check.Purpose, settings: path_check.PolicySettings
) -> tuple[path_check.Checked, list[str]]:
    """The path as it is judged, and what of the files could not be read."""
    first, rest = _read(files.leaf[:1]), _read([*files.leaf[1:], *files.chain])
    own = path_check.leaf_first(first.certificates)
    along = [*own[1:], *rest.certificates]
    roots, lists, answers = _read(files.anchors), _read(files.crls), _read(files.ocsp)
    index = path_check.index_of(roots.certificates, along, lists.lists, answers.answers)
    subject = own[0] if own else files.leaf[0].read_bytes()
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    problems = [p for pieces in (first, rest, roots, lists, answers) for p in pieces.problems]
    checked = path_check.check(subject, along, index, moment, purpose=purpose, settings=settings)
    return checked, [*problems, *index.problems]


def _read(places: list[Path]) -> path_check.Pieces:
    """Everything in files, and in folders with what is below them."""
    files = [f for place in places for f in (sorted(place.rglob("*")) if place.is_dir() else [place]) if f.is_file()]
    return path_check.read_files({str(file): file.read_bytes() for file in files})


def _row(checked: path_check.Checked, problems: list[str]) -> dict[str, object]:
    return {
        "outcome": checked.outcome.value,
        "codes": list(dict.fromkeys(finding.code.slug for finding in checked.findings)),
        "findings": [_finding(finding) for finding in checked.findings],
        "path": [{"subject": step.subject, "sha256": step.fingerprint.hex()} for step in checked.path],
        "policies": sorted(checked.policies),
        "revocation": [_used(used) for used in checked.revocation],
        "problems": problems,
    }


def _finding(finding: Finding) -> dict[str, str]:
    code = finding.code
    return {
        "code": code.slug,
        "effect": code.effect.value,
        "pointer": finding.pointer,
        "detail": finding.detail,
        "vi": f"{code.title_vi}. {code.fix_vi}",
        "en": f"{code.title_en}. {code.fix_en}",
    }


def _used(used: RevocationUsed) -> dict[str, object]:
    return {
        "kind": used.kind.value,
        "issuer": used.issuer,
        "number": used.number,
        "this_update": used.this_update.isoformat(),
        "next_update": used.next_update.isoformat() if used.next_update else None,
        "sha256": used.fingerprint.hex(),
    }
