"""Stock phrases of made-up transcripts: addresses, remarks, decisions. Data and choice only."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

CITY = "Thành phố Hồ Chí Minh"
STREETS = (
    "Tô Hiến Thành",
    "Cách Mạng Tháng Tám",
    "Lý Thường Kiệt",
    "Thành Thái",
    "Sư Vạn Hạnh",
    "Ngô Gia Tự",
    "Vĩnh Viễn",
)
BIRTH_PLACES = ("Bệnh viện Từ Dũ, Thành phố Hồ Chí Minh", "Bệnh viện Hùng Vương, Thành phố Hồ Chí Minh", "Tỉnh Long An")
HOMES = (
    "Tỉnh Quảng Ngãi",
    "Tỉnh Bình Định",
    "Tỉnh Tiền Giang",
    "Thành phố Hồ Chí Minh",
    "Tỉnh Nam Định",
    "Tỉnh Thanh Hóa",
)
JOBS = ("Công nhân", "Kinh doanh tự do", "Nhân viên văn phòng", "Giáo viên", "Tài xế", "Nội trợ", "Kỹ sư", "Thợ may")

PRIMARY_AWARDS: Mapping[str, str] = {
    "HTXS": "Học sinh Xuất sắc",
    "HTT": "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện",
}

_GOOD = (
    "Em học tập tích cực, nắm chắc kiến thức các môn học, biết giúp đỡ bạn bè và tham gia tốt các hoạt động của lớp.",
    "Em chăm ngoan, tiếp thu bài nhanh, trình bày sạch đẹp, mạnh dạn phát biểu và hợp tác tốt trong nhóm.",
)
_FAIR = (
    "Em có cố gắng trong học tập, cần luyện tập thêm kỹ năng tính toán và đọc hiểu, mạnh dạn hơn khi phát biểu.",
    "Em thực hiện đầy đủ nội quy của lớp; cần dành thêm thời gian ôn bài ở nhà và tập trung hơn trong giờ học.",
)
_SUBJECT_REMARKS = (
    "Nắm vững kiến thức, vận dụng tốt vào bài tập.",
    "Có tiến bộ trong học kỳ II, cần phát huy.",
    "Hoàn thành các yêu cầu cần đạt của môn học.",
    "Tích cực tham gia hoạt động học tập.",
    "Cần luyện tập thêm để chắc kiến thức hơn.",
)
_QUALITIES = (
    "Em biết yêu thương, chia sẻ với bạn bè, trung thực và có trách nhiệm với việc được giao.",
    "Em lễ phép, chăm chỉ, biết giữ gìn của công và tham gia việc lớp.",
)
_GENERAL = (
    "Em biết tự chuẩn bị đồ dùng học tập, tự thực hiện nhiệm vụ được giao và hợp tác với bạn.",
    "Em giao tiếp mạch lạc, biết trình bày ý kiến và lắng nghe bạn khi làm việc nhóm.",
)
_SPECIAL = (
    "Em đọc lưu loát, viết đúng chính tả, tính toán chính xác và yêu thích hoạt động nghệ thuật.",
    "Em vận dụng được kiến thức đã học vào cuộc sống, tham gia tốt hoạt động thể chất.",
)


def remark(rng: Random, good: bool) -> str:
    """What a homeroom teacher writes at the end of the year."""
    return rng.choice(_GOOD if good else _FAIR)


def subject(rng: Random) -> str:
    """What a subject teacher writes."""
    return rng.choice(_SUBJECT_REMARKS)


def qualities(rng: Random) -> str:
    """On qualities, primary."""
    return rng.choice(_QUALITIES)


def general(rng: Random) -> str:
    """On general competencies, primary."""
    return rng.choice(_GENERAL)


def special(rng: Random) -> str:
    """On special competencies, primary."""
    return rng.choice(_SPECIAL)


def completion(grade: int, passed: bool) -> str:
    """What a primary year ended with (TT 27/2020 art. 11)."""
    if not passed:
        return f"Chưa hoàn thành chương trình lớp {grade}"
    return "Hoàn thành chương trình tiểu học" if grade == 5 else f"Hoàn thành chương trình lớp {grade}"


def promotion(grade: int, promoted: bool) -> str:
    """What a secondary year ended with (TT 22/2021 art. 12)."""
    if not promoted:
        return "Chưa đủ điều kiện lên lớp"
    if grade in (9, 12):
        return f"Hoàn thành chương trình lớp {grade}"
    return f"Được lên lớp {grade + 1}"
