"""The report of a unit is one page, however many parts it has and whatever is said of a freeze."""

from __future__ import annotations

import io

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from registry.formats import review_report
from registry.formats.review_report import Bar, Report

FROZEN = [("Chốt lúc", "30/08/2026 10:00"), ("Đến sau khi chốt", "12.345"), ("SHA-256 của bản chốt", "ab" * 32)]


def report(parts: int, frozen: list[tuple[str, str]]) -> Report:
    stage = ["Nhà trường xác nhận hoàn thành", "30/08/2026", "quá hạn 12 ngày", "1.234 / 3.509 trường"]
    part = ["Phường có một tên rất dài, hai dòng cũng chưa đủ", "123.456", "123.456 (99,9 %)", *["12.345"] * 5]
    return Report(
        language="vi",
        title="Thành phố Hồ Chí Minh, năm học 2024-2025",
        subtitle="Thí điểm",
        as_of="Số liệu lúc 28/11/2026 10:00",
        bars_title="Học bạ so với danh sách",
        bars=[Bar("Đã có", "1.234.567", "12,3 %", 1 / 6, "#2c6e49")] * 6,
        expected=("Dự kiến", "2.050.000"),
        frozen_title="Chốt số liệu",
        frozen=frozen,
        not_frozen="Đợt này chưa được chốt.",
        stages_title="Tiến độ",
        stage_heads=["Giai đoạn", "Hạn", "Còn lại", "Đã xong"],
        stages=[stage] * 5,
        parts_title="Theo đơn vị trực thuộc",
        part_heads=["Đơn vị", "Dự kiến", "Trên sổ", *["Chờ đánh giá hè"] * 5],
        parts=[part] * min(parts, 60),
        parts_in_all=parts,
        rest="đơn vị khác",
        signatures=["Người lập", "Lãnh đạo đơn vị"],
    )


@pytest.mark.parametrize("parts", [0, 1, 12, 30, 190])
@pytest.mark.parametrize("frozen", [[], FROZEN], ids=["open", "frozen"])
def test_one_page(parts: int, frozen: list[tuple[str, str]]) -> None:
    made = PdfFileReader(io.BytesIO(review_report.pdf(report(parts, frozen))))
    assert made.root["/Pages"]["/Count"] == 1
