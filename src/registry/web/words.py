"""Words for what the code names in English: buckets, stages, lights, roles. Vietnamese here, English in the catalogues."""

from __future__ import annotations

from typing import Any

from registry.core.calls import Trouble
from registry.core.campaigns import Stage
from registry.core.completeness import Bucket
from registry.core.ids import Sex
from registry.core.numbers import Doubt, Why
from registry.core.readiness import Light
from registry.core.reminders import Sending, State
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
WHY_NO_NUMBER = {Why.ABSENT: _("Chưa có số"), Why.REFUSED: _("Số bị từ chối")}
DOUBTS = {
    Doubt.SEVERAL: _("nhiều học sinh có thể là người này"),
    Doubt.NAME: _("họ tên viết khác"),
    Doubt.BIRTH: _("ngày sinh khác hoặc chưa đủ"),
    Doubt.SEX: _("giới tính khác hoặc chưa rõ"),
    Doubt.CODE: _("mã học sinh khác"),
    Doubt.REPLACES: _("học sinh đã có số khác"),
}
SEXES = {Sex.MALE: _("Nam"), Sex.FEMALE: _("Nữ")}
ROLES = {Role.TEACHER: _("giáo viên"), Role.PRINCIPAL: _("hiệu trưởng"), Role.SEAL: _("con dấu")}
STATES = {
    State.DUE: _("Cần nhắc"),
    State.NO_CONTACT: _("Chưa có đầu mối"),
    State.FAILED: _("Gửi không được"),
    State.REMINDED: _("Đã nhắc"),
}
SENDINGS = {
    Sending.SENDING: _("đang gửi"),
    Sending.SENT: _("đã gửi"),
    Sending.FAILED: _("không gửi được"),
    Sending.UNCERTAIN: _("không rõ đã đi"),
}
TROUBLES = {Trouble.LATE: _("Trễ hạn"), Trouble.SLOW: _("Sẽ trễ hạn"), Trouble.SOON: _("Sắp đến hạn")}
#: What the pages of reminders and calls share: words, and the classes that colour them.
REMINDERS: dict[str, Any] = {
    "stages": STAGES,
    "state_words": STATES,
    "sendings": SENDINGS,
    "troubles": TROUBLES,
    "state_looks": {State.DUE: "warn", State.NO_CONTACT: "bad", State.FAILED: "bad", State.REMINDED: "good"},
    "sending_looks": {Sending.SENDING: "", Sending.SENT: "good", Sending.FAILED: "bad", Sending.UNCERTAIN: "warn"},
    "trouble_looks": {Trouble.LATE: "bad", Trouble.SLOW: "warn", Trouble.SOON: "warn"},
}
