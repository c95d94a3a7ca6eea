"""A reminder as a message: both languages, headers that nothing can break out of, and nobody's name or number."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.campaigns import Stage
from registry.core.stages import OF_SCHOOLS, Progress
from registry.formats import reminder_mail
from registry.formats.reminder_mail import Letter

LETTER = Letter(
    UUID(int=7), "nhac-viec@so.example", ("vt@a.example", "cntt@a.example"), "Trường Tiểu học Hoa Sen (thử nghiệm)",
    ("Quận 10: học bạ số lớp 1", "Quận 10: digital transcripts of grade 1"), Stage.TRANSCRIPTS_SUBMITTED, date(2026, 6, 30),
    Progress(7, 10), "https://hocba.example/schools/79771101?year=2025-2026", datetime(2026, 6, 27, 2, tzinfo=UTC),
)  # fmt: skip
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "Content-Type",
           "Content-Transfer-Encoding", "MIME-Version"}  # fmt: skip


def read(letter: Letter) -> tuple[EmailMessage, str]:
    message = message_from_bytes(reminder_mail.write(letter).as_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message, message.get_content()


def test_a_message_in_both_languages() -> None:
    message, text = read(LETTER)
    assert message["To"] == "vt@a.example, cntt@a.example"
    assert message["From"].addresses[0].addr_spec == "nhac-viec@so.example"
    assert message["Subject"] == "Nhắc việc: Nộp học bạ, hạn 30/06/2026 - Trường Tiểu học Hoa Sen (thử nghiệm)"
    assert message["Message-ID"] == "<00000000-0000-0000-0000-000000000007@so.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert text.index("Kính gửi Trường") < text.index("To Trường")
    for part in ("còn 3 ngày", "in 3 days", "7 / 10 học bạ", "7 / 10 transcripts", "27/06/2026 09:00", LETTER.address):
        assert part in text


@pytest.mark.parametrize(
    ("day", "vietnamese", "english"),
    [(29, "còn 1 ngày", "in 1 day."), (30, "là hôm nay", "today"), (31, "đã quá hạn 1 ngày", "1 day ago")],
)
def test_before_on_and_after_the_day(day: int, vietnamese: str, english: str) -> None:
    at = datetime(2026, 6, day, 2, tzinfo=UTC) if day < 31 else datetime(2026, 7, 1, 2, tzinfo=UTC)
    _, text = read(replace(LETTER, at=at))
    assert vietnamese in text
    assert english in text


def test_every_stage_of_a_school_has_its_words() -> None:
    assert set(reminder_mail.WORDS) == set(OF_SCHOOLS)
    assert len({reminder_mail.subject(replace(LETTER, stage=stage)) for stage in OF_SCHOOLS}) == len(OF_SCHOOLS)


@settings(max_examples=20)
@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_becomes_a_header(school: str, campaign: str) -> None:
    lines = len(read(LETTER)[1].splitlines())
    for ends in ("", "\r\nBcc: somebody@evil.example\r\n\r\n", "\n.\nQUIT\r\n", "\u2028X: y", "\x00"):
        message, text = read(replace(LETTER, school=school + ends, campaign=(campaign + ends, ends + campaign)))
        assert set(message.keys()) == HEADERS
        assert message["To"] == "vt@a.example, cntt@a.example"
        assert len(text.splitlines()) == lines, "nor a line of its own"


def test_what_is_no_plain_address_is_never_written_to() -> None:
    for address in ("", "a@b.vn\r\nBcc: c@d.vn", "a@b.vn, c@d.vn", "Ha <a@b.vn>"):
        with pytest.raises(ValueError):  # noqa: PT011 - the standard library says which
            reminder_mail.write(replace(LETTER, to=(address,)))
