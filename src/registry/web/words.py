"""Words for what the code names in English: buckets, stages, lights, roles. Vietnamese here, English in the catalogues."""

from __future__ import annotations

from registry.core.campaigns import Stage
from registry.core.completeness import Bucket
from registry.core.readiness import Light
from registry.core.trust import Role


def _(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


BUCKETS = {
    Bucket.PRESENT: _("Đã có"),
    Bucket.AWAITING_SUMMER: _("Chờ đánh giá hè"),
    Bucket.HELD: _("Đang giữ"),
    Bucket.AWAITING_NUMBER: _("Chờ số định danh"),
    Bucket.REFUSED: _("Bị từ chối"),
    Bucket.MISSING: _("Còn thiếu"),
    Bucket.TRANSFERRED: _("Đã chuyển trường"),
    Bucket.UNEXPECTED: _("Ngoài danh sách"),
}
STAGES = {
    Stage.NUMBERS_REVIEWED: _("Rà soát số định danh"),
    Stage.CERTIFICATES_READY: _("Chứng thư sẵn sàng"),
    Stage.TRANSCRIPTS_SUBMITTED: _("Nộp học bạ"),
    Stage.DECLARED: _("Nhà trường xác nhận hoàn thành"),
    Stage.REVIEWED: _("Sơ kết"),
}
LIGHTS = {Light.RED: _("Chưa sẵn sàng"), Light.AMBER: _("Cần lưu ý"), Light.GREEN: _("Sẵn sàng")}
ROLES = {Role.TEACHER: _("giáo viên"), Role.PRINCIPAL: _("hiệu trưởng"), Role.SEAL: _("con dấu")}
