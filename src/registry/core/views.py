"""Who looked, in the words of the family and the school: Vietnamese first, English second. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from uuid import UUID

from registry.core.audit import Look
from registry.core.callers import CallerKind

#: Who looks without being a caller, why, and at what. A caller's own id has no colon.
PUBLIC, PAPER_CHECK, PUBLIC_PAGE = "public:code", "paper_check", "public_page"
_LINK = "share:"


class Viewer(StrEnum):
    """What kind of viewer looked."""

    OFFICE = "office"
    SCHOOL = "school"  # a school's own system
    SHARE_LINK = "share_link"  # whoever was given a link
    PUBLIC = "public"  # whoever holds a paper's code
    CLOSED = "closed"  # a caller that is no longer registered


#: What was done, by the kind of the row.
KINDS: dict[str, tuple[str, str]] = {
    "transcript_code": ("Hỏi theo mã học bạ", "Asked by transcript code"),
    "document": ("Hỏi theo tệp học bạ", "Asked by the document"),
    "number": ("Hỏi theo số định danh", "Asked by personal number"),
    "pupil_code": ("Hỏi theo mã học sinh", "Asked by pupil code"),
    "claim": ("Hỏi một kết quả (đúng hay không)", "Asked whether a result is so"),
    "transcript": ("Xem nội dung học bạ", "Read the transcript"),
    "original": ("Nhận tài liệu gốc", "Was handed the document as received"),
    "evidence": ("Nhận hồ sơ chứng cứ, có tài liệu gốc", "Was handed the evidence, with the document as received"),
    "versions": ("Xem các phiên bản", "Looked at the versions"),
    "identify": ("Đối chiếu nhân thân", "Compared the pupil's identity"),
    "views": ("Xem ai đã tra cứu", "Looked at who looked"),
    "extract": ("Nhận bản thể hiện (PDF)", "Was handed an extract (PDF)"),
    "share": ("Mở đường liên kết chia sẻ", "Opened a share link"),
    "share_cover": ("Xem bìa của đường liên kết, chưa mở", "Saw the cover of a share link, unopened"),
    PUBLIC_PAGE: ("Xem trang công khai của mã xác thực", "Looked at the public page of a verification code"),
}
#: Purposes that are no office's: a school's or the city's work on its own records.
OWN_PURPOSES: dict[str, tuple[str, str]] = {
    "own_school": ("Hồ sơ của trường mình", "The school's own records"),
    "identify": ("Trước khi ký học bạ", "Before a transcript is signed"),
    PAPER_CHECK: ("Kiểm tra bản giấy", "Checking a paper"),
}
_ANSWERS: dict[str, tuple[str, str]] = {
    "not_known": ("không được trả lời gì", "was told nothing"),
    "unknown": ("không được trả lời gì", "was told nothing"),
    "cover": ("chưa thấy gì về học sinh", "saw nothing of the pupil"),
}
_TOLD = ("đã được trả lời", "was answered")


@dataclass(frozen=True, slots=True)
class View:
    """One look with the names that people read. `office` is the caller's name; None for one that is closed."""

    look: Look
    office: str | None
    purpose_vi: str
    purpose_en: str
    viewer: Viewer

    @property
    def who(self) -> str:
        """The viewer as a family reads it: a name where there is one."""
        named = {
            Viewer.PUBLIC: "Người có mã trên bản giấy / whoever has the code on a paper",
            Viewer.SHARE_LINK: f"Người nhận đường liên kết / receiver of a link: {self.look.reference}",
        }.get(self.viewer)
        return named or (f"{self.office} ({self.look.caller_id})" if self.office else self.look.caller_id)

    @property
    def kind(self) -> tuple[str, str]:
        """What was done, in both languages."""
        return KINDS.get(self.look.kind, (self.look.kind, self.look.kind))

    @property
    def outcome(self) -> tuple[str, str]:
        """Whether anything was told, in both languages."""
        return _ANSWERS.get(self.look.answer, _TOLD)


def viewer(caller_id: str, kind: CallerKind | None) -> Viewer:
    """What kind of viewer an id belongs to; `kind` is the registered caller's, None for one that is none."""
    if kind is not None:
        return Viewer.OFFICE if kind is CallerKind.OFFICE else Viewer.SCHOOL
    if caller_id.startswith(_LINK):
        return Viewer.SHARE_LINK
    return Viewer.PUBLIC if caller_id == PUBLIC else Viewer.CLOSED


def link(share_id: UUID) -> str:
    """The id under which a link's receiver is written down."""
    return f"{_LINK}{share_id}"


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
    reference = f"Thủ tục / procedure: {look.reference}" if look.reference else None
    detail = f"Chi tiết / detail: {look.detail}" if look.detail else None
    rows = [
        f"{number}. {_moment(look.asked_at, here)} - {view.who}",
        f"{view.kind[0]}; {view.outcome[0]}. / {view.kind[1]}; {view.outcome[1]}.",
        f"Mục đích / purpose: {view.purpose_vi} / {view.purpose_en}",
        f"Năm học / school year: {look.school_year}" if look.school_year else None,
        reference,
        detail,
    ]
    return [*(row if n == 0 else f"   {row}" for n, row in enumerate(rows) if row), ""]


def _moment(moment: datetime, here: tzinfo) -> str:
    return f"{moment.astimezone(here):%d/%m/%Y %H:%M:%S}"
