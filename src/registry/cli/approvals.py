"""`registry approval`: corrections and withdrawals that wait for the city, decisions on them, and frozen school years."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from registry.cli import reach
from registry.cli.tables import Table
from registry.core import ids
from registry.services import approvals, submission
from registry.services.world import World

app = typer.Typer(
    no_args_is_help=True,
    help="Four eyes: corrections and withdrawals of a frozen school year wait here until the city approves or rejects them.",
)
_out = Console()
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_Reason = Annotated[str, typer.Option(help="Why; kept for ever with the decision.")]
_Submission = Annotated[UUID, typer.Argument(help="The submission, as `registry approval list` names it.")]


@app.command("list")
def list_pending(json_output: _Json = False) -> None:
    """What waits for a decision, the oldest first, and what needs one now."""

    async def use(world: World) -> tuple[list[approvals.Pending], approvals.Policy]:
        return await approvals.pending(world), await approvals.policy(world)

    found, policy = reach.run(use)
    if json_output:
        typer.echo(json.dumps({"approvals": [_row(each) for each in found], "policy": _policy(policy)}))
        return
    table = Table("submission", "received", "by", "kind", "school", "year", "transcript")
    for each in found:
        row = _row(each)
        table.add_row(*(row[name] for name in ("submission_id", "received_at", "submitted_by", "kind")),
                      each.school_code, each.school_year, each.transcript_code)  # fmt: skip
    _out.print(table if found else "Nothing waits for a decision.")
    years = ", ".join(f"{each.school_year} (since {each.frozen_at:%d/%m/%Y})" for each in policy.frozen) or "none"
    _out.print(
        f"Frozen school years: {years}. Needed in every year for: {', '.join(sorted(policy.required)) or 'nothing'}."
    )


@app.command()
def approve(submission_id: _Submission, reason: _Reason) -> None:
    """Let a change take effect. Only exactly these bytes are approved; who submitted them may not do it."""
    _decide(submission_id, True, reason)


@app.command()
def reject(submission_id: _Submission, reason: _Reason) -> None:
    """Refuse a change for good; it has to be made and signed anew."""
    _decide(submission_id, False, reason)


@app.command()
def freeze(
    school_year: Annotated[str, typer.Argument(help="For example 2025-2026.")],
    reason: _Reason,
) -> None:
    """Freeze a school year: every later correction and withdrawal in it needs approval. This can't be undone."""
    year = ids.SchoolYear.parse(school_year)
    if year is None:
        raise typer.BadParameter("YYYY-YYYY, two consecutive years", param_hint="SCHOOL_YEAR")
    reach.run(lambda world: approvals.freeze(world, None, year, reason, datetime.now(UTC)))
    _out.print(f"{year} is frozen: its corrections and withdrawals wait for approval from now on.")


@app.command()
def require(
    kind: Annotated[approvals.Kind, typer.Argument(help="Sort of change.")],
    off: Annotated[bool, typer.Option("--off", help="No longer in every year; frozen years stay as they are.")] = False,
) -> None:
    """Let changes of a kind need approval in every school year, not only in frozen ones."""
    reach.run(lambda world: approvals.require(world, kind, not off, datetime.now(UTC)))
    _out.print(f"{kind.value}: approval is needed in {'frozen years alone' if off else 'every year'}.")


def _decide(submission_id: UUID, approved: bool, reason: str) -> None:
    async def use(world: World) -> submission.Answer | None:
        now = datetime.now(UTC)
        await approvals.decide(world, None, submission_id, approved, reason, now)
        return await submission.rejudge(world, submission_id, now)

    answer = reach.run(use)
    state = "judged meanwhile" if answer is None else answer.outcome.value
    codes = "" if answer is None else ", ".join(finding.code.slug for finding in answer.findings)
    _out.print(f"{submission_id}: {state}{f' ({codes})' if codes else ''}")


def _row(change: approvals.Pending) -> dict[str, str]:
    return {
        "submission_id": str(change.submission_id),
        "received_at": change.received_at.isoformat(timespec="seconds"),
        "submitted_by": change.caller_id,
        "kind": "correction" if change.kind == "transcript" else "withdrawal",
        "school_code": change.school_code,
        "school_year": change.school_year,
        "transcript_code": change.transcript_code,
        "fingerprint": change.fingerprint.hex(),
    }


def _policy(policy: approvals.Policy) -> dict[str, object]:
    years = [
        {"school_year": f.school_year, "frozen_at": f.frozen_at.isoformat(), "by": f.caller_id, "reason": f.reason}
        for f in policy.frozen
    ]
    return {"frozen": years, "required_in_every_year": sorted(policy.required)}
