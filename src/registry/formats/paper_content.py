"""What a transcript's members say, in the words and the order of the printed học bạ. Pure; the marks are those that were signed.

Texts are composed (NFC) for the page alone: what was signed is never touched, and fonts set composed letters best.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from unicodedata import normalize

from registry.core.public_code import Face, initials

Members = Mapping[str, Any]

_RESULTS = {
    "HTXS": "Hoàn thành xuất sắc",
    "HTT": "Hoàn thành tốt",
    "HT": "Hoàn thành",
    "CHT": "Chưa hoàn thành",
}
_LEVELS = {"T": "Tốt", "K": "Khá", "Đ": "Đạt", "CĐ": "Chưa đạt"}


def text(value: object) -> str:
    """A member as text, composed; "" for one that is not there."""
    return "" if value is None else normalize("NFC", str(value)).strip()


def day(value: object) -> str:
    """ "2025-05-30" -> "30/05/2025", "2013-11" -> "11/2013"."""
    return "/".join(reversed(text(value).split("-")))


def birth(members: Members) -> str:
    """The most precise form of the birth date that is given, as the document has it."""
    return text(members.get("ngaythangnamsinh") or members.get("thangnamsinh") or members.get("namsinh"))


def face(members: Members, signed_at: datetime | None) -> Face:
    """What a stranger may be told of the document."""
    born = birth(members)
    return Face(
        initials(text(members["hovaten"])),
        int(born[:4]) if born else None,
        text(members["tentruong"]),
        day(members["ngaykyphathanh"]),
        signed_at,
    )


def level_name(letter: object) -> str:
    """A result's letter of TT 22/2021 in words."""
    return _LEVELS.get(text(letter), text(letter))


def overall_name(letter: object) -> str:
    """An overall result of TT 27/2020 in words."""
    return _RESULTS.get(text(letter), text(letter))


def is_primary(members: Members) -> bool:
    """Whether the document is of the primary family."""
    return "dsbangdiem" in members


def result_line(members: Members) -> str:
    """The year in one line: results and whether the pupil moves up. It is printed, signed in the QR, and has no mark."""
    parts = []
    if members.get("cokhuyettatkhongdanhgia") is True:
        parts.append("Không đánh giá (học sinh khuyết tật)")
    elif is_primary(members):
        parts.append(overall_name(members.get("xeploai")))
    else:
        parts.append("Học tập: " + level_name(members.get("kqhoctaplai") or members.get("canam")))
        parts.append("Rèn luyện: " + level_name(members.get("renluyenlai") or members.get("renluyencanam")))
    parts.append("Được lên lớp" if members.get("duoclenlop") is True else "Chưa được lên lớp")
    if members.get("dahthanhctrinhtieuhoc") is True:
        parts.append("Hoàn thành chương trình tiểu học")
    return "; ".join(part for part in parts if part)
