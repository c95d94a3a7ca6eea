"""The demo's tables: what was sent, what each planted fault was answered, who is missing, what a verification says."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table

from registry.cli.demo_run import Result
from registry.demo import schools

_BUCKETS = ("present", "missing", "awaiting_number", "held", "refused")


def show(result: Result, out: Console) -> None:
    """Print everything the demo found out."""
    _sent(result, out)
    _faults(result, out)
    _completeness(result, out)
    _verifications(result, out)
    good = "[green]every answer and every number as planted[/green]" if result.good else "[red]NOT as planted[/red]"
    out.print(f"\n{good}; {result.seconds:.0f} s in all; the files that were sent are in {result.output}/")


def _sent(result: Result, out: Console) -> None:
    table = Table(title="Sent / Đã gửi", title_justify="left")
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


def _faults(result: Result, out: Console) -> None:
    table = Table("planted / đã cài", "files", "status", "code", "pointer", "as planted", title="Faults / Lỗi đã cài",
                  title_justify="left")  # fmt: skip
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
        shown = f"[{colour}]{right} of {len(positions)}[/{colour}]"
        table.add_row(fault.title, str(len(positions)), str(first.result.status), fault.code, fault.pointer, shown)
    out.print(table)


def _completeness(result: Result, out: Console) -> None:
    table = Table(title="Completeness of Quận 10 / Tình trạng nộp học bạ (counted = planted?)", title_justify="left")
    table.add_column("school")
    for name in ("expected", *_BUCKETS, ""):
        table.add_column(name.replace("_", " "), justify="right")
    for school in schools.all_schools():
        planted, counted = result.planted.get(school.code, Counter()), result.counted.get(school.code, Counter())
        numbers = [str(counted[name]) for name in _BUCKETS]
        table.add_row(school.name, str(counted.total()), *numbers, _mark(+planted == +counted))
    planted_all, counted_all = _total(result.planted), _total(result.counted)
    totals = [str(counted_all[name]) for name in _BUCKETS]
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


def _verifications(result: Result, out: Console) -> None:
    table = Table(
        "asked by / hỏi bằng", "answer", "school", "version", title="Verifications / Xác thực", title_justify="left"
    )
    for title, answer in result.answers:
        school = answer.body.get("school") or {}
        table.add_row(
            title, str(answer.body.get("answer")), str(school.get("name", "-")), str(answer.body.get("version") or "-")
        )
    out.print(table)
