"""The tables of the missing-number workbench as files. The file for the police is made elsewhere, and is on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import Request

from registry.core.numbers import Lacking
from registry.services.number_returns import Return
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
