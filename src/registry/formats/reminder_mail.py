"""A reminder -> an e-mail (RFC 5322), Vietnamese first and English below. Pure.

Counts only: no pupil's name, code or number is among the values. What goes into a header is one line of visible text, or an address
of a plain shape. The older classes of the standard library are used: the newer ones lose a space where they break a long subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.header import Header
from email.message import Message
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from uuid import UUID

import jinja2

from registry.core.campaigns import Stage
from registry.core.stages import Progress
from registry.formats import contacts_csv

_LOCAL = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Words:
    """A stage in words: its name, what is counted, and what to do, in Vietnamese and English."""

    name: tuple[str, str]
    counted: tuple[str, str]
    to_do: tuple[str, str]


WORDS = {
    Stage.NUMBERS_REVIEWED: Words(
        ("Rà soát số định danh", "Personal numbers reviewed"),
        ("học sinh đã có số định danh", "pupils with a personal number"),
        (
            "bổ sung số định danh cá nhân còn thiếu vào cơ sở dữ liệu của ngành; trường hợp chưa có số thì đề nghị công an cấp xã.",
            "enter the missing personal numbers in the sector's database; where a pupil has none, ask the commune police.",
        ),
    ),
    Stage.CERTIFICATES_READY: Words(
        ("Chứng thư sẵn sàng", "Certificates ready"),
        ("vai ký đã có chứng thư còn hiệu lực", "signing roles with a certificate that lasts"),
        (
            "đăng ký hoặc gia hạn chứng thư số của giáo viên, hiệu trưởng và con dấu còn thiếu.",
            "register or renew the certificates that are missing: teacher, principal, seal.",
        ),
    ),
    Stage.TRANSCRIPTS_SUBMITTED: Words(
        ("Nộp học bạ", "Transcripts submitted"),
        ("học bạ đã có trên sổ đăng ký", "transcripts on record"),
        (
            "ký và gửi các học bạ còn thiếu; sửa và gửi lại các học bạ bị từ chối theo lý do đã nêu.",
            "sign and send the transcripts that are missing; mend and send again those that were refused.",
        ),
    ),
    Stage.DECLARED: Words(
        ("Nhà trường xác nhận hoàn thành", "Declared complete by the school"),
        ("khối lớp đã được hiệu trưởng xác nhận hoàn thành", "grades that the principal has declared complete"),
        (
            "hiệu trưởng ký và gửi bản xác nhận hoàn thành cho từng khối lớp.",
            "the principal signs and sends the declaration for each grade.",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything a message says."""

    reminder_id: UUID
    sender: str
    to: Sequence[str]
    school: str
    campaign: tuple[str, str]
    stage: Stage
    due_on: date
    progress: Progress
    address: str  # of the school's page
    at: datetime


def subject(letter: Letter) -> str:
    """The subject: stage, deadline and school, in Vietnamese."""
    words = WORDS[letter.stage]
    return one_line(f"Nhắc việc: {words.name[0]}, hạn {letter.due_on:%d/%m/%Y} - {letter.school}")


def write(letter: Letter) -> Message:
    """The message, ready to be handed to a mail server. Raises ValueError for what is no plain address."""
    if not letter.to or not all(contacts_csv.is_email(each) for each in (letter.sender, *letter.to)):
        raise ValueError("a message goes from one plain address to others")
    message = MIMEText(_body(letter), "plain", "utf-8")
    message["From"] = formataddr(("Học bạ số", letter.sender))
    message["To"] = ", ".join(letter.to)
    message["Subject"] = Header(subject(letter), "utf-8", header_name="Subject").encode()
    message["Date"] = format_datetime(letter.at.astimezone(_LOCAL))
    message["Message-ID"] = f"<{letter.reminder_id}@{letter.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    message["Content-Language"] = "vi, en"
    return message


def one_line(text: str) -> str:
    """A text without anything that ends a line or can't be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _body(letter: Letter) -> str:
    words, today = WORDS[letter.stage], letter.at.astimezone(_LOCAL).date()
    return _TEMPLATE.render(
        school=one_line(letter.school),
        campaign=tuple(one_line(each) for each in letter.campaign),
        words=words,
        due=f"{letter.due_on:%d/%m/%Y}",
        days=(letter.due_on - today).days,
        done=letter.progress.done,
        of=letter.progress.of,
        address=letter.address,
        at=f"{letter.at.astimezone(_LOCAL):%d/%m/%Y %H:%M}",
    )


_TEMPLATE = jinja2.Environment(
    loader=jinja2.PackageLoader("registry.formats", "."),
    autoescape=False,  # noqa: S701 - plain text
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
).get_template("reminder_mail.txt")
