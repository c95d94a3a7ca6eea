"""Who looked, in the words of the family and the school: Vietnamese first, English second. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from registry.core.audit import Look

#: What was done, by the kind of the row.
KINDS: dict[str, tuple[str, str]] = {
    "transcript_code": ("Hỏi theo mã học bạ", "Asked by transcript code"),
    "document": ("Hỏi theo tệp học bạ", "Asked by the document"),
    "number": ("Hỏi theo số định danh", "Asked by personal number"),
    "pupil_code": ("Hỏi theo mã học sinh", "Asked by pupil code"),
    "claim": ("Hỏi một kết quả (đúng hay không)", "Asked whether a result is so"),
    "transcript": ("Xem nội dung học bạ", "Read the transcript"),
    "versions": ("Xem các phiên bản", "Looked at the versions"),
    "identify": ("Đối chiếu nhân thân", "Compared the pupil's identity"),
    "views": ("Xem ai đã tra cứu", "Looked at who looked"),
}
#: Purposes that are no office's: a school's or the city's work on its own records.
OWN_PURPOSES: dict[str, tuple[str, str]] = {
    "own_school": ("Hồ sơ của trường mình", "The school's own records"),
    "identify": ("Trước khi ký học bạ", "Before a transcript is signed"),
}
_ANSWERS: dict[str, tuple[str, str]] = {
    "not_known": ("không được trả lời gì", "was told nothing"),
    "unknown": ("không được trả lời gì", "was told nothing"),
}
_TOLD = ("đã được trả lời", "was answered")


@dataclass(frozen=True, slots=True)
class View:
    """One look with the names that people read. `office` is the caller's name; None for one that is closed."""

    look: Look
    office: str | None
    purpose_vi: str
    purpose_en: str

    @property
    def kind(self) -> tuple[str, str]:
        """What was done, in both languages."""
        return KINDS.get(self.look.kind, (self.look.kind, self.look.kind))

    @property
    def outcome(self) -> tuple[str, str]:
        """Whether anything was told, in both languages."""
        return _ANSWERS.get(self.look.answer, _TOLD)


def as_text(pupil_code: str, views: Iterable[View], made_at: datetime, here: tzinfo) -> str:
    """A plain text for the family: one paragraph for each look, newest first."""
    lines = [
        f"AI ĐÃ TRA CỨU HỌC BẠ CỦA HỌC SINH {pupil_code}",
        f"WHO LOOKED AT THE TRANSCRIPTS OF PUPIL {pupil_code}",
        f"Lập lúc / made at: {_moment(made_at, here)}",
        "",
    ]
    number = 0
    for number, view in enumerate(views, 1):
        lines += _paragraph(number, view, here)
    if not number:
        lines += ["Chưa có ai tra cứu.", "Nobody has looked."]
    return "\n".join([*lines, ""])


def _paragraph(number: int, view: View, here: tzinfo) -> Sequence[str]:
    look = view.look
    office = f"{view.office} ({look.caller_id})" if view.office else look.caller_id
    reference = f"Thủ tục / procedure: {look.reference}" if look.reference else None
    detail = f"Chi tiết / detail: {look.detail}" if look.detail else None
    rows = [
        f"{number}. {_moment(look.asked_at, here)} - {office}",
        f"{view.kind[0]}; {view.outcome[0]}. / {view.kind[1]}; {view.outcome[1]}.",
        f"Mục đích / purpose: {view.purpose_vi} / {view.purpose_en}",
        f"Năm học / school year: {look.school_year}" if look.school_year else None,
        reference,
        detail,
    ]
    return [*(row if n == 0 else f"   {row}" for n, row in enumerate(rows) if row), ""]


def _moment(moment: datetime, here: tzinfo) -> str:
    return f"{moment.astimezone(here):%d/%m/%Y %H:%M:%S}"
