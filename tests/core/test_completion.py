"""What people write when a grade or a level is completed, and when it is not."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from registry.core import completion


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, False),
        ("", False),
        ("Hoàn thành chương trình trung học cơ sở", True),
        ("Đã hoàn thành  chương trình\nlớp 9", True),
        ("HOÀN THÀNH CHƯƠNG TRÌNH TIỂU HỌC", True),
        (normalize("NFD", "Hoàn thành chương trình lớp 5"), True),
        ("Chưa hoàn thành chương trình lớp 5", False),
        ("Không hoàn thành chương trình lớp 5", False),
        ("Chưa đủ điều kiện hoàn thành chương trình lớp 5", False),
        ("Hiệu trưởng quyết định cho lên lớp", False),
    ],
)
def test_says_completed(text: str | None, expected: bool) -> None:
    assert completion.says(text) is expected
