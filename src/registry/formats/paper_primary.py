"""The year's page of a primary học bạ, as the form of TT 27/2020/TT-BGDĐT has it: subjects, qualities, competencies, outcome."""

from __future__ import annotations

from registry.formats import fields
from registry.formats.fields import Family
from registry.formats.paper_blocks import Block, fact, facts, note, table
from registry.formats.paper_content import Members, overall_name, text

_LEVELS = {"T": "Hoàn thành tốt", "H": "Hoàn thành", "C": "Chưa hoàn thành", "M": "Miễn"}
_LETTERS = {"T": "Tốt", "Đ": "Đạt", "C": "Cần cố gắng"}
_TITLES = {field.wire: field.title for field in fields.STRUCTURES[Family.PRIMARY].fields}
_GENERAL = ("nangluctuhoc", "nanglucgiaotiep", "nanglucgiaiquyet")


def blocks(members: Members) -> list[Block]:
    """What follows the learning history."""
    marks = [
        (
            row.get("tenmonhoc"),
            _LEVELS.get(text(row.get("mucdatduoc")), row.get("mucdatduoc")),
            row.get("diemkiemtradinhky"),
        )
        for row in members.get("dsbangdiem") or ()
    ]
    columns = (("Môn học, hoạt động giáo dục", 3, "l"), ("Mức đạt được", 2, "c"), ("Điểm kiểm tra định kỳ", 2, "c"))
    named = [wire for wire in _TITLES if wire.startswith("nangluc")]
    special = [wire for wire in named if wire not in _GENERAL]
    qualities = [wire for wire in _TITLES if wire.startswith("phamchat")]
    return [
        *table("1. Các môn học và hoạt động giáo dục", columns, marks),
        *_letters("2. Những phẩm chất chủ yếu", "Phẩm chất", qualities, members),
        *note("", _said("Nhận xét", members.get("nxetphamchat"))),
        *_letters("3.1. Những năng lực chung", "Năng lực", _GENERAL, members),
        *note("", _said("Nhận xét", members.get("nxetnanglucchung"))),
        *_letters("3.2. Những năng lực đặc thù", "Năng lực", special, members),
        *note("", _said("Nhận xét", members.get("nxetnanglucdacthu"))),
        _outcome(members),
        *note("Nhận xét của giáo viên chủ nhiệm", members.get("nxetgvcn")),
    ]


def _letters(title: str, head: str, wires: list[str] | tuple[str, ...], members: Members) -> list[Block]:
    """Two pairs side by side, so that a year stays near one leaf."""
    pairs = [
        (_TITLES[wire].removeprefix(head).strip().capitalize(), _LETTERS.get(text(members[wire]), members[wire]))
        for wire in wires
        if members.get(wire) is not None
    ]
    if len(pairs) % 2:
        pairs.append(("", ""))
    rows = [(*left, *right) for left, right in zip(pairs[::2], pairs[1::2], strict=True)]
    columns = ((head, 3, "l"), ("Mức", 1, "c"), (head, 3, "l"), ("Mức", 1, "c"))
    return table(title, columns, rows)


def _outcome(members: Members) -> Block:
    get = members.get
    rows = [
        fact("Đánh giá kết quả giáo dục", overall_name(get("xeploai")), wide=True),
        fact("Khen thưởng", get("ndungkhenthuong"), wide=True),
        fact("Khen thưởng đột xuất", get("ndungkhenthuongdotxuat"), wide=True),
        fact("Hoàn thành chương trình lớp học", _yes(get("dahthanhctrinhlophoc"))),
        fact("Được lên lớp", _yes(get("duoclenlop"))),
        fact(
            "Hoàn thành chương trình tiểu học",
            _yes(get("dahthanhctrinhtieuhoc")) if get("dahthanhctrinhtieuhoc") else "",
        ),
        fact("Ghi nhận", get("ndunghoanthanh"), wide=True),
    ]
    return facts("4. Kết quả năm học", rows)


def _yes(value: object) -> str:
    return "Có" if value is True else "Không"


def _said(title: str, value: object) -> str:
    return f"{title}: {text(value)}" if text(value) else ""
