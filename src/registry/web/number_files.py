"""The tables of the missing-number workbench as files. The file for the police is made elsewhere, and is on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fastapi import Request

from registry.core.findings import Finding
from registry.core.ids import Sex
from registry.core.numbers import Doubt, Lacking
from registry.services.number_cases import Candidate, NumberCase
from registry.services.number_returns import Report, Return
from registry.services.numbers import Export
from registry.services.tables_out import Cell, Column, TableOut
from registry.web import rendering, words


def lacking(request: Request, rows: Sequence[Lacking], schools: Mapping[str, str], *, names: bool) -> TableOut:
    """Who lacks a number; names and birth dates only for who may see them."""
    _ = rendering.translator(request)
    who = [Column(_("Họ và tên"), 30), Column(_("Ngày sinh"), 12)] if names else []
    heads = [Column(_("Mã học sinh"), 16), *who, Column(_("Giới tính"), 9), Column(_("Lớp"), 8), Column(_("Khối"), 6),
             Column(_("Mã trường"), 12), Column(_("Trường"), 40), Column(_("Lý do"), 18), Column(_("Mã lỗi"), 30)]  # fmt: skip

    def cells(row: Lacking) -> list[Cell]:
        person: list[Cell] = [row.name, str(row.birth) if row.birth else None] if names else []
        sex = _(words.SEXES[row.sex]) if row.sex else None
        place: list[Cell] = [row.class_name, row.grade, row.school_code, schools[row.school_code]]
        return [row.pupil_code, *person, sex, *place, _(words.WHY_NO_NUMBER[row.why]), " ".join(row.codes)]

    return TableOut("numbers", heads, (cells(row) for row in rows))


def cases(request: Request, rows: Sequence[NumberCase], schools: Mapping[str, str]) -> TableOut:
    """Numbers that wait for a person: what the file said, why it is doubtful, and each pupil who can be meant, one a line."""
    _ = rendering.translator(request)
    heads = [Column(_("Lúc"), 18), Column(_("Năm học"), 12), Column(_("Ô"), 8), Column(_("Tệp ghi: họ và tên"), 30),
             Column(_("Tệp ghi: ngày sinh"), 12), Column(_("Tệp ghi: giới tính"), 9), Column(_("Lý do"), 40),
             Column(_("Mã học sinh"), 16), Column(_("Họ và tên"), 30), Column(_("Ngày sinh"), 12), Column(_("Giới tính"), 9),
             Column(_("Lớp"), 8), Column(_("Mã trường"), 12), Column(_("Trường"), 40)]  # fmt: skip

    def sex(value: str | None) -> str | None:
        return _(words.SEXES[Sex(value)]) if value else None

    def cells(row: NumberCase, each: Candidate) -> list[Cell]:
        why = "; ".join(_(words.DOUBTS[Doubt(doubt)]) for doubt in row.doubts)
        told: list[Cell] = [row.told_name, row.told_birth, sex(row.told_sex), why]
        who: list[Cell] = [
            each.pupil_code,
            each.name or _("đã rời danh sách"),
            each.birth,
            sex(each.sex),
            each.class_name,
        ]
        return [row.raised_at, row.school_year, row.place, *told, *who, each.school_code, schools[each.school_code]]

    return TableOut("number-cases", heads, (cells(row, each) for row in rows for each in row.candidates))


def report(request: Request, found: Report | None, wrong: Iterable[Finding]) -> TableOut:
    """What came of a returned file: how many rows of each sort, and each row that is not simply done. It names nobody."""
    _ = rendering.translator(request)
    english = rendering.language(request) == "en"
    heads = [
        Column(_("Kết quả"), 36),
        Column(_("Số dòng"), 10),
        Column(_("Ô"), 40),
        Column(_("Lý do"), 50),
        Column(_("Cách sửa"), 60),
    ]

    def wrong_row(each: Finding) -> list[Cell]:
        code = each.code
        why, fix = (code.title_en, code.fix_en) if english else (code.title_vi, code.fix_vi)
        return [_("Dòng sai"), None, each.detail, why, fix]

    rows: list[list[Cell]] = []
    if found is not None:
        doubts = {each.place: "; ".join(_(words.DOUBTS[doubt]) for doubt in each.doubts) for each in found.doubtful}
        counts = ((_("Số dòng"), found.rows), (_("Được gắn số"), found.applied), (_("Chờ quyết định"), len(doubts)),
                  (_("Đã biết từ trước"), found.repeated), (_("Không tìm thấy học sinh thiếu số"), len(found.unmatched)),
                  (_("Không có số"), found.without), (_("Dòng sai bị bỏ qua"), len(found.findings)))  # fmt: skip
        rows += [[name, number, None, None, None] for name, number in counts]
        rows += [[_("Chờ quyết định"), None, place, why, None] for place, why in doubts.items()]
        rows += [[_("Không tìm thấy học sinh thiếu số"), None, place, None, None] for place in found.unmatched]
    return TableOut("number-report", heads, [*rows, *map(wrong_row, wrong)])


def exports(request: Request, rows: Sequence[Export]) -> TableOut:
    """What went out."""
    _ = rendering.translator(request)
    heads = [Column(_("Số"), 8), Column(_("Lúc"), 18), Column(_("Đơn vị"), 20), Column(_("Năm học"), 12),
             Column(_("Học sinh"), 10), Column(_("Người thực hiện"), 24), Column("SHA-256", 66)]  # fmt: skip
    return TableOut("exports", heads, (
        [row.export_number, row.exported_at, row.unit_code, row.school_year, row.pupils, row.caller_id, row.fingerprint.hex()]
        for row in rows
    ))  # fmt: skip


def returns(request: Request, rows: Sequence[Return]) -> TableOut:
    """What came back."""
    _ = rendering.translator(request)
    heads = [Column(_("Lúc"), 18), Column(_("Đơn vị"), 20), Column(_("Năm học"), 12), Column(_("Người thực hiện"), 24),
             Column(_("Số dòng"), 10), Column(_("gắn ngay"), 10), Column(_("chờ quyết định"), 10),
             Column(_("đã hoàn tác"), 10), Column("SHA-256", 66)]  # fmt: skip
    return TableOut("returns", heads, (
        [row.received_at, row.unit_code, row.school_year, row.caller_id, row.rows, row.applied, row.doubtful, row.undone,
         row.fingerprint.hex()]
        for row in rows
    ))  # fmt: skip
