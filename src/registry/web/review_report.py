"""The one-page report of a unit for the review meeting, as PDF in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from registry.core.completeness import Bucket, Counts
from registry.core.frozen import Beside
from registry.services import completeness, review_report
from registry.services.completeness import By
from registry.web import asking, buckets, grouping, overview, rendering, signed_in, words
from registry.web.asking import Subject

router = APIRouter(route_class=rendering.PageRoute)

#: More parts don't fit on a page that has nothing else; the page itself sets as many as there is room for.
_MOST_PARTS = 60
_COLOURS = {
    Bucket.PRESENT: "#2c6e49",
    Bucket.AWAITING_SUMMER: "#8fbf9f",
    Bucket.HELD: "#e0a93b",
    Bucket.AWAITING_NUMBER: "#6b8fc4",
    Bucket.REFUSED: "#a3201d",
    Bucket.MISSING: "#d5dbe3",
}


@router.get("/report.pdf")
async def get_report(request: Request, somebody: signed_in.Counting, by: str = "") -> Response:
    """The unit in buckets, its stages, and its parts (or `by` something else, as on the overview), those that lack most first."""
    now = rendering.now()
    about = await asking.subject(request, somebody, now)
    grouped = grouping.chosen(about, by)
    found, ready, said = await overview.look(request, somebody.caller, about, grouped)
    stages = overview.stages(about, found.line.counts, ready, said)
    body = await review_report.pdf(_report(request, about, found, grouped, stages))
    name = f"report-{about.unit.code.replace(':', '-')}-{about.year}.pdf"
    headers = {**rendering.HEADERS, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(body, media_type=review_report.MEDIA_TYPE, headers=headers)


def _report(
    request: Request, about: Subject, found: completeness.Report, by: By | None, stages: Sequence[overview.Progress]
) -> review_report.Report:
    _, show, counts = rendering.translator(request), rendering.Shown(rendering.language(request)), found.line.counts
    parts = [row for row in grouping.rows(request, found, by) if row.counts.expected]
    parts.sort(key=lambda row: (buckets.on_record(row.counts) - row.counts.expected, row.name))
    kind, head = grouping.WORDS[by] if by else ("đơn vị trực thuộc", "Đơn vị")
    bars = [
        review_report.Bar(
            _(words.BUCKETS[each.bucket]), show.number(each.pupils), show.share(each.pupils, counts.expected),
            each.width / 1000, _COLOURS[each.bucket],
        )
        for each in buckets.shares(counts)
    ]  # fmt: skip
    plan = about.plan.campaign if about.plan else None
    return review_report.Report(
        language=show.language,
        title=f"{about.unit.name}, {_('năm học')} {about.year}",
        subtitle=(plan.name_en if show.language == "en" else plan.name) if plan else _("Học bạ số"),
        as_of=f"{_('Số liệu lúc')} {rendering.moment(about.now)}",
        bars_title=_("Học bạ so với danh sách"),
        bars=bars,
        expected=(_("Dự kiến"), show.number(counts.expected)),
        frozen_title=_("Chốt số liệu"),
        frozen=[] if found.frozen is None else _frozen(found.frozen, _, show),
        not_frozen=_("Đợt này chưa được chốt.") if plan else "",
        stages_title=_("Tiến độ so với thời hạn"),
        stage_heads=[_("Giai đoạn"), _("Hạn"), _("Còn lại"), _("Đã xong")],
        stages=_stages(stages, _, show),
        parts_title=f"{_('Theo')} {_(kind)}",
        part_heads=[_(head), _("Dự kiến"), _("Trên sổ"), *(_(words.BUCKETS[each]) for each in buckets.LACKING)],
        parts=[_part(row, show) for row in parts[:_MOST_PARTS]],
        parts_in_all=len(parts),
        rest=_("dòng nữa, đã gần đủ hơn các dòng trên"),
        signatures=[_("Người lập"), _("Lãnh đạo đơn vị")],
    )


def _frozen(beside: Beside, _: Callable[[str], str], show: rendering.Shown) -> Sequence[tuple[str, str]]:
    """When, and the unit as it was frozen, as it is, and what came after it; last the fingerprint of the snapshot."""
    line = beside.line
    return [
        (_("Chốt lúc"), rendering.moment(beside.freeze.frozen_at)),
        (_("Trên sổ lúc chốt"), _on_record(line.frozen, show)),
        (_("Trên sổ hiện nay"), _on_record(line.now, show)),
        (_("Đến sau khi chốt"), show.number(line.arrived)),
        (_("SHA-256 của bản chốt"), beside.freeze.fingerprint.hex()),
    ]


def _on_record(counts: Counts, show: rendering.Shown) -> str:
    held = buckets.on_record(counts)
    share = f" ({show.share(held, counts.expected)})" if counts.expected else ""
    return f"{show.number(held)} / {show.number(counts.expected)}{share}"


def _part(row: grouping.Row, show: rendering.Shown) -> Sequence[str]:
    held = buckets.on_record(row.counts)
    share = f"{show.number(held)} ({show.share(held, row.counts.expected)})"
    lacking = (show.number(row.counts.of(each)) for each in buckets.LACKING)
    return [row.name, show.number(row.counts.expected), share, *lacking]


def _stages(
    found: Sequence[overview.Progress], _: Callable[[str], str], show: rendering.Shown
) -> Sequence[Sequence[str]]:
    rows = []
    for each in found:
        late = (
            f"{_('quá hạn')} {-each.days_left} {_('ngày')}" if each.days_left < 0 else f"{each.days_left} {_('ngày')}"
        )
        done = f"{show.number(each.done)} / {show.number(each.of)} {_('trường') if each.of_schools else _('học sinh')}"
        left = _("đã đủ") if each.of and each.done == each.of else late
        rows.append([_(words.STAGES[each.stage]), rendering.calendar_day(each.deadline.due_on), left, done])
    return rows
