"""Questions as rows of a sheet, and their answers as a table. Pure.

Columns are named in Vietnamese or by the member's own name; compared without diacritics, case, blanks and signs.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from registry.core import codes, names
from registry.core.content import ContentField
from registry.core.findings import Finding
from registry.core.tables_out import Cell, Column, TableOut
from registry.formats import sheets
from registry.formats.batch_lines import Line
from registry.formats.xlsx_guard import Bounds, UnreadableError

#: member -> its column; the first name is the one that is written.
ASKED: Mapping[str, tuple[str, ...]] = {
    "transcript_code": ("Mã học bạ", "Mã định danh học bạ"),
    "version": ("Phiên bản hỏi",),
    "sha256": ("SHA-256",),
    "personal_number": ("Số định danh cá nhân", "Số định danh", "CCCD", "Số CCCD"),
    "pupil_code": ("Mã học sinh",),
    "school_year": ("Năm học",),
    "level": ("Cấp học",),
    "fields": ("Nội dung cần xem",),
    "claim": ("Khẳng định",),
    "grade": ("Khối",),
    "subject": ("Môn học",),
    "threshold": ("Ngưỡng",),
    "purpose": ("Mục đích",),
    "reference": ("Số hồ sơ", "Số tham chiếu"),
}
#: Ten thousand rows of all columns, with as much again for formats and empty ones: no more work than a file may be worth.
_BOUNDS = Bounds(unpacked=40_000_000, cells=500_000)
_NUMBERS = frozenset({"version", "grade"})
_LIST = "fields"
_MOST_DIGITS = 10
_ANSWERS = {
    "genuine_current": "Thật, đang có hiệu lực",
    "genuine_superseded": "Thật, đã có bản thay thế",
    "genuine_withdrawn": "Thật, đã bị thu hồi",
    "held": "Đang chờ kiểm tra",
    "not_known": "Không tìm thấy",
}
_CLAIMS = {"yes": "Đúng", "no": "Không đúng", "cannot_say": "Không trả lời được"}
_TOLD: Mapping[str, str] = {
    "school_year": "Năm học (trả lời)",
    "level": "Cấp học (trả lời)",
    "grade": "Khối (trả lời)",
    "transcript_code": "Mã học bạ (trả lời)",
    "version": "Phiên bản",
    "current_version": "Phiên bản mới nhất",
    "replaced_by": "Được thay bằng phiên bản",
    "awaits_summer": "Chờ rèn luyện hè",
    "accepted_at": "Tiếp nhận lúc",
    "fingerprint": "SHA-256 (trả lời)",
    "extract": "Số bản thể hiện",
    "policy": "Chính sách chữ ký",
    "rules": "Bộ quy tắc",
}
_CONTENT: Mapping[ContentField, str] = {
    ContentField.PUPIL_NAME: "Họ và tên",
    ContentField.BIRTH_DATE: "Ngày sinh",
    ContentField.SEX: "Giới tính",
    ContentField.CLASS_NAME: "Lớp",
    ContentField.PROMOTED: "Được lên lớp",
    ContentField.RESULT: "Kết quả cả năm",
    ContentField.CONDUCT: "Kết quả rèn luyện",
    ContentField.GRADE_COMPLETED: "Hoàn thành chương trình lớp",
    ContentField.LEVEL_COMPLETED: "Hoàn thành cấp học",
    ContentField.SUBJECTS: "Các môn học",
    ContentField.ABSENCES: "Số buổi nghỉ",
    ContentField.AWARDS: "Khen thưởng",
    ContentField.HISTORY: "Quá trình học tập",
    ContentField.ISSUED_ON: "Ngày cấp",
    ContentField.SIGNERS: "Họ tên người ký",
}


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", names.search_key(text))


_BY_KEY = {_key(spelling): member for member, all_ in ASKED.items() for spelling in (member, *all_)}


def read(raw: bytes, most: int) -> list[Line]:
    """The questions of the first sheet that people see; one more than `most` at the most. Raises UnreadableError.

    What is wrong with a cell's type is a finding of its line.
    """
    places: dict[int, str] = {}
    found: list[Line] = []
    for sheet in sheets.sheets(io.BytesIO(raw), _BOUNDS):
        for number, cells in sheet.rows:
            if not places:
                places = _header(number, cells)
                continue
            found.append(_line(number, cells, places))
            if len(found) > most:
                break
        break
    if not places:
        raise UnreadableError(1, _expected())
    return found


def _header(number: int, cells: Sequence[sheets.Cell]) -> dict[int, str]:
    """Where each member stands. Every column must be known: one that nobody reads would be a question half asked."""
    places: dict[int, str] = {}
    for position, cell in enumerate(cells):
        if cell == "":
            continue
        member = _BY_KEY.get(_key(str(cell)))
        if member is None or member in places.values():
            raise UnreadableError(number, f"{sheets.letters(position)}{number}: {_expected()}")
        places[position] = member
    if not {"purpose", "reference"} <= set(places.values()):
        raise UnreadableError(number, _expected())
    return places


def _expected() -> str:
    return "a header of these columns, each once: " + ", ".join(each[0] for each in ASKED.values())


def _line(number: int, cells: Sequence[sheets.Cell], places: Mapping[int, str]) -> Line:
    members: dict[str, Any] = {}
    wrong: list[Finding] = []
    letters = {member: sheets.letters(position) for position, member in places.items()}
    for position, cell in enumerate(cells):
        if cell == "":
            continue
        member = places.get(position)
        if member is None:
            where = f"{sheets.letters(position)}{number}"
            wrong.append(Finding(codes.REQUEST_PARAMETER, "", f"{where}: no cell outside of the named columns"))
            continue
        value = _value(member, cell)
        if value is None:
            expected = "a whole number" if member in _NUMBERS else "a cell of text: other cells lose zeros"
            wrong.append(Finding(codes.REQUEST_PARAMETER, f"/{member}", expected))
        else:
            members[member] = value
    line = Line(number, members, cells=letters)
    return Line(number, members, tuple(line.placed(each) for each in wrong), letters) if wrong else line


def _value(member: str, cell: sheets.Cell) -> Any:
    """The member that a cell gives; None for one of another type."""
    if member in _NUMBERS:
        return _whole(cell)
    if not isinstance(cell, str):
        return None
    if member == _LIST:
        return [part.strip() for part in cell.split(",") if part.strip()]
    return cell.strip()


def _whole(cell: sheets.Cell) -> int | None:
    """A number as sheets keep it: of any type, or as text."""
    if isinstance(cell, str):
        text = cell.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS else None
    if isinstance(cell, bool) or not isinstance(cell, int | float) or cell != cell // 1:
        return None
    return int(cell) if abs(cell) < 10**_MOST_DIGITS else None


# --- the result ------------------------------------------------------------------------------------------------------------

_WIDE = 24
#: Of what was asked everything is repeated except what the answer has a better place for.
_REPEATED = tuple(ASKED)


def table(title: str, lines: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> TableOut:
    """The result as a table: what was asked (its members) beside what was answered (the line of the NDJSON result)."""
    columns = [Column("Dòng", 8), *(Column(ASKED[member][0], _WIDE) for member in _REPEATED)]
    columns += [
        Column(name, _WIDE)
        for name in ("Trả lời", "Mã trả lời", "Hỏi lúc", "Mã câu hỏi", "Mã trường", "Trường", "Đơn vị")
    ]
    columns += [Column(name, _WIDE) for name in _TOLD.values()]
    columns += [Column(name, _WIDE) for name in ("Thu hồi lúc", "Lý do thu hồi", "Người ký")]
    columns += [Column(name, _WIDE) for name in _CONTENT.values()]
    return TableOut(title, columns, (_row(asked, said) for asked, said in lines))


def _row(asked: Mapping[str, Any], said: Mapping[str, Any]) -> list[Cell]:
    answer: Mapping[str, Any] = said.get("answer") or {}
    error: Mapping[str, Any] = said.get("error") or {}
    code = answer.get("answer") or said.get("claim") or error.get("code")
    words = _ANSWERS.get(str(code)) or _CLAIMS.get(str(code)) or error.get("title")
    about = answer if answer else said
    school, withdrawn = answer.get("school") or {}, answer.get("withdrawn") or {}
    content = answer.get("content") or {}
    return [
        said["row"],
        *(_cell(asked.get(member)) for member in _REPEATED),
        words, code, _moment(about.get("asked_at")), about.get("question_id"), school.get("code"), school.get("name"),
        _units(school.get("units") or ()),
        *(_moment(answer.get(name)) if name == "accepted_at" else _cell(answer.get(name)) for name in _TOLD),
        _moment(withdrawn.get("at")), withdrawn.get("reason"), _signers(answer.get("signers") or ()),
        *(_cell(content.get(name.value)) for name in _CONTENT),
    ]  # fmt: skip


def _units(units: Sequence[Mapping[str, Any]]) -> str | None:
    return "; ".join(f"{each['name']} ({each['code']})" for each in units) or None


def _signers(signers: Sequence[Mapping[str, Any]]) -> str | None:
    return "; ".join(f"{each['role']} {each['signed_at']}" for each in signers) or None


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def lines_of(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """(kept question, answered line) as bytes -> the same as values, one pair in memory at a time."""
    for question, answer in pairs:
        yield json.loads(question)[1], json.loads(answer)
