"""The demo's tables: what was sent, what each planted fault was answered, who is missing, what a verification says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from registry.cli import demo_answers, demo_numbers
from registry.cli.demo_run import Result
from registry.core.completeness import Bucket
from registry.demo import schools

#: Narrow enough for 80 columns.
_PLAIN: dict[str, Any] = {"title_justify": "left", "box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0), "pad_edge": False}
_COLUMNS = {
    Bucket.PRESENT: "đã có\npresent",
    Bucket.AWAITING_SUMMER: "chờ hè\nsummer",
    Bucket.MISSING: "thiếu\nmissing",
    Bucket.AWAITING_NUMBER: "chờ số\nnumber",
    Bucket.HELD: "giữ\nheld",
    Bucket.REFUSED: "từ chối\nrefused",
}


def show(result: Result, out: Console) -> None:
    """Print everything the demo found out."""
    _sent(result, out)
    _faults(result, out)
    _completeness(result, out)
    _verifications(result, out)
    demo_answers.show(result.signed, out)
    demo_numbers.show(result.numbers, out)
    good = "[green]every answer and every number as planted[/green]" if result.good else "[red]NOT as planted[/red]"
    out.print(f"\n{good}; {result.seconds:.0f} s in all; the files that were sent are in {result.output}/")


def _sent(result: Result, out: Console) -> None:
    table = Table(title="Sent / Đã gửi", **_PLAIN)
    for column in ("vendor", "sent", "accepted", "held", "refused"):
        table.add_column(column, justify="left" if column == "vendor" else "right")
    for vendor in schools.VENDORS:
        mine = Counter(sent.result.outcome for sent in result.sent if sent.delivery.vendor == vendor)
        table.add_row(vendor, str(sum(mine.values())), *(str(mine[name]) for name in ("accepted", "held", "refused")))
    out.print(table)
    rate = len(result.sent) / result.sending_seconds
    out.print(f"{len(result.sent)} transcripts in {result.sending_seconds:.1f} s ({rate:.0f}/s, signing them included)")
    if result.repeated is not None:
        out.print(f"the same bytes again: status {result.repeated.status}, the same receipt")
    if result.corrected is not None:
        out.print(f"a corrected version of one of them: status {result.corrected.result.status}")


def _faults(result: Result, out: Console) -> None:
    table = Table("đã cài\nplanted", "trả lời: mã và chỗ\nanswer: code and pointer", "as planted",
                  title="Faults / Lỗi đã cài", **_PLAIN)  # fmt: skip
    by_fault: dict[str, list[int]] = {}
    for position, sent in enumerate(result.sent):
        if sent.delivery.fault is not None:
            by_fault.setdefault(sent.delivery.fault.slug, []).append(position)
    for positions in by_fault.values():
        first = result.sent[positions[0]]
        fault = first.delivery.fault
        assert fault is not None
        right = sum(result.sent[position].as_planted for position in positions)
        colour = "green" if right == len(positions) else "red"
        answer = f"{first.result.status} [bold]{fault.code}[/bold]\n{fault.pointer}"
        table.add_row(fault.title.replace(" / ", "\n"), answer, f"[{colour}]{right} of {len(positions)}[/{colour}]")
    out.print(table)


def _completeness(result: Result, out: Console) -> None:
    table = Table(title="Completeness of Quận 10 / Tình trạng nộp học bạ", **_PLAIN)
    table.add_column("trường\nschool", no_wrap=True)
    for title in ("dự kiến\nexpected", *_COLUMNS.values(), ""):
        table.add_column(title, justify="right", no_wrap=True)
    for school in schools.all_schools():
        planted, counted = result.planted.get(school.code, Counter()), result.counted.get(school.code, Counter())
        numbers = [str(counted[name]) for name in _COLUMNS]
        table.add_row(school.short_name, str(counted.total()), *numbers, _mark(+planted == +counted))
    planted_all, counted_all = _total(result.planted), _total(result.counted)
    totals = [str(counted_all[name]) for name in _COLUMNS]
    table.add_section()
    table.add_row("Quận 10", str(counted_all.total()), *totals, _mark(+planted_all == +counted_all), style="bold")
    out.print(table)
    waiting, present = result.after_list.get("held"), result.after_list.get("present")
    out.print(
        f"after the missing revocation list was imported: held {waiting}, present {present} (2023-2024), by itself"
    )


def _total(counts: dict[str, Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts.values():
        total.update(each)
    return total


def _mark(equal: bool) -> str:
    return "[green]=[/green]" if equal else "[red]differs[/red]"


def _since(said: Mapping[str, Any]) -> str:
    """By which version it was replaced, or why it was withdrawn."""
    if said.get("withdrawn"):
        return f"; withdrawn: {said['withdrawn']['reason']}"
    return f"; replaced by {said['replaced_by']}" if said.get("replaced_by") else ""


def _verifications(result: Result, out: Console) -> None:
    table = Table(
        "hỏi bằng\nasked by",
        "trả lời\nanswer",
        "học bạ\nrecord",
        title="Verifications / Xác thực",
        **_PLAIN,
    )
    for title, answer in result.answers:
        school = answer.body.get("school") or {}
        version = answer.body.get("version")
        table.add_row(
            title.replace(" / ", "\n"),
            str(answer.body.get("answer")),
            f"{school['name']}, {answer.body['school_year']}, version {version}{_since(answer.body)}"
            if version
            else "-",
        )
    out.print(table)
