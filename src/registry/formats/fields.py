"""The published fields of a transcript as tables: wire name, meaning, form, length, need. Data only, the one place with wire names.

Family A is the primary record (`thongtinsohocbasotieuhoc`), family B the secondary one (`thongtinsohocbasothcsthpt`), both
with their child lists. `registry.formats.documents` reads by these tables, `registry.formats.schema` publishes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from registry.core import rules_primary, rules_secondary
from registry.core.ids import Level
from registry.formats import code_lists
from registry.formats.code_lists import CodeList
from registry.formats.structure import Field, Form, Need, Rows, Shape, Structure


class Family(Enum):
    """The two record types."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


_REQUIRED, _ASSESSED, _OPTIONAL = Need.REQUIRED, Need.ASSESSED, Need.OPTIONAL

PROVINCE = Shape("^[0-9]{2}$", "2 digits")
COMMUNE = Shape("^[0-9]{5}$", "5 digits")
STAFF_NUMBER = Shape("^[0-9]{12}$", "12 digits")
VERSION = Shape("^[1-9][0-9]{0,8}$", "a whole number from 1 to 999999999, as text")
OPAQUE = Shape("^[A-Za-z0-9_-]{1,20}$", "1 to 20 letters A to Z, digits, - or _")
ENTRY_DOCUMENT = Shape("^[A-Z0-9-]{4,50}$", "4 to 50 letters A to Z in capitals, digits or -")
TRANSCRIPT_CODE = Shape("^[A-Za-z0-9-]{1,36}$", "1 to 36 letters A to Z, digits or -")


def _text(wire: str, length: int, title: str, need: Need = _REQUIRED, path: str = "") -> Field:
    return Field(wire, path, title, Form.TEXT, length, need)


def _shape(wire: str, length: int, title: str, shape: Shape, path: str = "", need: Need = _REQUIRED) -> Field:
    return Field(wire, path, title, Form.SHAPE, length, need, shape=shape)


def _listed(wire: str, length: int, title: str, codes: CodeList, path: str, need: Need = _REQUIRED) -> Field:
    return Field(wire, path, title, Form.LISTED, length, need, codes=codes)


def _flag(wire: str, title: str, path: str) -> Field:
    return Field(wire, path, title, Form.FLAG)


def _date(wire: str, title: str, path: str, need: Need = _REQUIRED) -> Field:
    return Field(wire, path, title, Form.DATE, 10, need)


def _letter(wire: str, length: int, title: str, path: str, letters: tuple[str, ...], need: Need = _OPTIONAL) -> Field:
    return Field(wire, path, title, Form.LETTER, length, need, letters=letters)


def _mark(wire: str, title: str, path: str) -> Field:
    return Field(wire, path, title, Form.MARK, 4, _OPTIONAL)


def _school_year(path: str) -> Field:
    return Field("namhoc", path, "Năm học", Form.SCHOOL_YEAR, 9)


def _place(prefix: str, title: str) -> tuple[Field, ...]:
    return (
        _text(f"{prefix}_diachichitiet", 250, f"{title}: địa chỉ chi tiết"),
        _shape(f"{prefix}_maxa", 5, f"{title}: mã xã", COMMUNE, need=_OPTIONAL),
        _shape(f"{prefix}_matinh", 2, f"{title}: mã tỉnh", PROVINCE, need=_OPTIONAL),
    )


def _head(state_length: int, circular_length: int) -> tuple[Field, ...]:
    """From the state to the policy group: the same in both families but for two lengths."""
    return (
        _listed("trangthaithongtinhocba", state_length, "Trạng thái học bạ", code_lists.STATES, "state"),
        _flag("trichluc", "Trích lục từ học bạ giấy", "extract"),
        _text("tenhuyen", 250, "Tên huyện", _OPTIONAL),
        _shape("phienbanthongtinhocba", 10, "Phiên bản", VERSION, "version"),
        _text("thongtu", circular_length, "Thông tư", path="circular"),
        _shape("madinhdanhhocba", 36, "Mã định danh học bạ", TRANSCRIPT_CODE, "code"),
        _school_year("school_year"),
        _shape("masogd", 2, "Mã sở giáo dục", PROVINCE, "department_code"),
        _text("tensogd", 150, "Tên sở giáo dục"),
        _shape("matruong", 20, "Mã trường", OPAQUE, "school_code"),
        _text("tentruong", 150, "Tên trường", path="school_name"),
        _text("thongtintruong_diachi_tenxa", 150, "Tên xã phường của trường"),
        _text("thongtintruong_diachi_tentinh", 150, "Tên tỉnh của trường"),
        _shape("thongtintruong_diachi_maxa", 5, "Mã xã phường của trường", COMMUNE, need=_OPTIONAL),
        _shape("thongtintruong_diachi_matinh", 2, "Mã tỉnh của trường", PROVINCE),
        _listed("macaphoc", 2, "Mã cấp học", code_lists.LEVELS, "level"),
        _text("sosodangbo", 50, "Số sổ đăng bộ", _OPTIONAL),
        _text("hovaten", 150, "Họ và tên học sinh", path="pupil_name"),
        Field("sodinhdanh", "number", "Số định danh của học sinh", Form.NUMBER, 12),
        _shape("mahocsinh", 20, "Mã học sinh", OPAQUE, "pupil_code"),
        _listed("gioitinh", 1, "Giới tính", code_lists.SEXES, "sex"),
        Field("ngaythangnamsinh", "birth", "Ngày tháng năm sinh", Form.BIRTH, 10, _OPTIONAL),
        Field("thangnamsinh", "birth_month", "Tháng năm sinh", Form.BIRTH, 7, _OPTIONAL),
        Field("namsinh", "birth_year", "Năm sinh", Form.BIRTH, 4, _OPTIONAL),
        *_place("noisinh", "Nơi sinh"),
        *_place("quequan", "Quê quán"),
        *_place("noiohiennay", "Nơi ở hiện nay"),
        _listed("dantoc", 3, "Dân tộc", code_lists.PEOPLES, "people"),
        _listed("quoctich", 2, "Quốc tịch", code_lists.NATIONALITIES, "nationality"),
        _text("doituongchinhsach", 250, "Đối tượng chính sách", _OPTIONAL),
        _flag("cokhuyettatkhongdanhgia", "Học sinh khuyết tật không đánh giá", "disabled_not_assessed"),
        # The project's own: the published exchange names the first elsewhere (50 characters) and has no field for the other two.
        _shape(
            "sogiaytoxnc",
            50,
            "Số giấy tờ xuất nhập cảnh của học sinh nước ngoài",
            ENTRY_DOCUMENT,
            "entry_document",
            _OPTIONAL,
        ),
        _listed("lydophienban", 1, "Lý do lập phiên bản", code_lists.VERSION_REASONS, "version_reason", _OPTIONAL),
        _text("noidunglydo", 500, "Nội dung lý do", _OPTIONAL, "version_note"),
    )


def _family(person: str, title: str, work: bool) -> tuple[Field, ...]:
    name = _text(f"hoten{person}", 150, f"Họ và tên {title}", _OPTIONAL)
    return (name, _text(f"nghenghiep{person}", 150, f"Nghề nghiệp {title}", _OPTIONAL)) if work else (name,)


def _signers(teacher_number: Need) -> tuple[Field, ...]:
    return (
        _text("tengiamhieu", 150, "Tên giám hiệu ký học bạ", path="principal_name"),
        _shape("soddcngiamhieu", 12, "Số định danh của giám hiệu", STAFF_NUMBER, "principal_number"),
        _text("diadanhphathanh", 150, "Địa danh phát hành học bạ"),
        _date("ngaykyphathanh", "Ngày phát hành học bạ", "issued_on"),
        _date("ngaytao", "Ngày tạo học bạ", "made_on"),
        _text("chucvugiamhieu", 150, "Chức vụ giám hiệu", path="principal_title"),
        _text("tengvcn", 150, "Tên giáo viên chủ nhiệm", path="teacher_name"),
        _shape(
            "soddcngvcn", 12, "Số định danh của giáo viên chủ nhiệm", STAFF_NUMBER, "teacher_number", teacher_number
        ),
        _listed("makhoi", 2, "Mã khối", code_lists.GRADES, "grade"),
        _text("tenlop", 10, "Tên lớp học", path="class_name"),
    )


def _quality(wire: str, title: str, path: str, need: Need = _ASSESSED) -> Field:
    return _letter(wire, 1, title, path, rules_primary.LETTERS, need)


_QUALITIES = (
    _quality("nangluctuhoc", "Năng lực tự chủ, tự học", "competencies/autonomy"),
    _quality("nanglucgiaotiep", "Năng lực giao tiếp, hợp tác", "competencies/communication"),
    _quality("nanglucgiaiquyet", "Năng lực giải quyết vấn đề, sáng tạo", "competencies/problem_solving"),
    _quality("nanglucngonngu", "Năng lực ngôn ngữ", "competencies/language"),
    _quality("nangluctinhtoan", "Năng lực tính toán", "competencies/calculation"),
    _quality("nangluckhoahoc", "Năng lực khoa học", "competencies/science"),
    _quality("nangluccongnghe", "Năng lực công nghệ", "competencies/technology", _OPTIONAL),
    _quality("nangluctinhoc", "Năng lực tin học", "competencies/informatics", _OPTIONAL),
    _quality("nanglucthammi", "Năng lực thẩm mĩ", "competencies/aesthetics"),
    _quality("nanglucthechat", "Năng lực thể chất", "competencies/fitness"),
    _quality("phamchatyeunuoc", "Phẩm chất yêu nước", "qualities/patriotism"),
    _quality("phamchatnhanai", "Phẩm chất nhân ái", "qualities/compassion"),
    _quality("phamchatchamchi", "Phẩm chất chăm chỉ", "qualities/diligence"),
    _quality("phamchattrungthuc", "Phẩm chất trung thực", "qualities/honesty"),
    _quality("phamchattrachnhiem", "Phẩm chất trách nhiệm", "qualities/responsibility"),
)

_HISTORY = Rows(
    "quatrinhhoctap",
    "history",
    "Quá trình học tập",
    (
        _school_year("school_year"),
        _text("tenlop", 100, "Tên lớp", path="class_name"),
        _text("tentruong", 250, "Tên trường", path="school_name"),
        _text("tentinh", 150, "Tên tỉnh", path="province_name"),
        _date("ngaytrangthaichuyenden", "Ngày chuyển đến", "arrived_on", _OPTIONAL),
    ),
    _OPTIONAL,
    30,
)

_PRIMARY_MARKS = Rows(
    "dsbangdiem",
    "marks",
    "Bảng điểm",
    (
        _listed("mamonhoc", 3, "Mã môn học", code_lists.SUBJECTS, "subject"),
        _text("tenmonhoc", 50, "Tên môn học", path="subject_name"),
        _letter("mucdatduoc", 1, "Mức đạt được", "level", rules_primary.LEVELS),
        _mark("diemkiemtradinhky", "Điểm kiểm tra định kỳ", "test_mark"),
    ),
    _REQUIRED,
    40,
)

_SECONDARY_MARKS = Rows(
    "bangdiem",
    "marks",
    "Bảng điểm",
    (
        _listed("mamonhoc", 3, "Mã môn học", code_lists.SUBJECTS, "subject"),
        _text("tenmonhoc", 20, "Tên môn học", path="subject_name"),
        _mark("diemhocky1", "Điểm học kỳ 1", "term1"),
        _mark("diemhocky2", "Điểm học kỳ 2", "term2"),
        _mark("diemcanam", "Điểm cả năm", "year"),
        _mark("diemkttralai", "Điểm kiểm tra lại", "retake"),
        _text("nxetmonhoc", 2000, "Nhận xét môn học", _OPTIONAL),
        _shape("soddcngvbm", 12, "Số định danh của giáo viên bộ môn", STAFF_NUMBER, "teacher_number"),
        _text("gvbm", 150, "Giáo viên bộ môn", path="teacher_name"),
    ),
    _REQUIRED,
    40,
)

_CERTIFICATES = Rows(
    "chungchi",
    "certificates",
    "Chứng chỉ",
    (
        _text("tenchungchi", 150, "Tên chứng chỉ", _OPTIONAL, "name"),
        _text("loaichungchi", 500, "Loại chứng chỉ", _OPTIONAL, "kind"),
    ),
    _OPTIONAL,
    50,
)

_PRIMARY = Structure(
    "thongtinsohocbasotieuhoc",
    "Học bạ số cấp tiểu học",
    (Level.PRIMARY,),
    (
        *_head(30, 10),
        *_family("cha", "cha", work=False),
        *_family("me", "mẹ", work=False),
        *_family("nguoigiamho", "người giám hộ", work=False),
        *_signers(_REQUIRED),
        _letter("xeploai", 50, "Kết quả xếp loại", "overall", rules_primary.RESULTS, _ASSESSED),
        _flag("duoclenlop", "Được lên lớp", "promoted"),
        _text("ndunghoanthanh", 2000, "Nội dung hoàn thành chương trình lớp học", _OPTIONAL, "completion_note"),
        _flag("dahthanhctrinhlophoc", "Đã hoàn thành chương trình lớp học", "grade_completed"),
        _flag("dahthanhctrinhtieuhoc", "Đã hoàn thành chương trình tiểu học", "level_completed"),
        _text("ndungkhenthuong", 2000, "Nội dung khen thưởng", _OPTIONAL, "awards"),
        _text("ndungkhenthuongdotxuat", 2000, "Nội dung khen thưởng đột xuất", _OPTIONAL),
        _text("nxetgvcn", 2000, "Nhận xét của giáo viên chủ nhiệm"),
        *_QUALITIES,
        _text("nxetphamchat", 500, "Nhận xét phẩm chất", _OPTIONAL),
        _text("nxetnanglucchung", 500, "Nhận xét năng lực chung"),
        _text("nxetnanglucdacthu", 500, "Nhận xét năng lực đặc thù"),
    ),
    (_HISTORY, _PRIMARY_MARKS),
)


def _result(wire: str, title: str, path: str, need: Need) -> Field:
    return _letter(wire, 2, title, path, rules_secondary.LEVELS, need)


_SECONDARY = Structure(
    "thongtinsohocbasothcsthpt",
    "Học bạ số cấp trung học cơ sở và trung học phổ thông",
    (Level.LOWER_SECONDARY, Level.UPPER_SECONDARY),
    (
        *_head(1, 30),
        *_family("cha", "cha", work=True),
        *_family("me", "mẹ", work=True),
        *_family("nguoigiamho", "người giám hộ", work=True),
        *_signers(_OPTIONAL),
        _flag("duoclenlop", "Được lên lớp", "promoted"),
        _text("ndungduoclenlop", 150, "Nội dung được lên lớp"),
        _text("ndunghoanthanh", 150, "Nội dung hoàn thành chương trình lớp học", _OPTIONAL, "completion_note"),
        _text("kquathamgiacuocthi", 2000, "Kết quả tham gia các cuộc thi", _OPTIONAL),
        _text("ndungkquarenluyen", 500, "Nội dung kết quả rèn luyện trong hè", _OPTIONAL),
        _text("ndungkhenthuong", 2000, "Nội dung khen thưởng", _OPTIONAL, "awards"),
        _text("nxetgvcn", 2000, "Nhận xét của giáo viên chủ nhiệm"),
        _result("hocky1", "Kết quả học tập học kỳ 1", "learning/term1", _ASSESSED),
        _result("hocky2", "Kết quả học tập học kỳ 2", "learning/term2", _ASSESSED),
        _result("canam", "Kết quả học tập cả năm", "learning/year", _ASSESSED),
        Field("sobuoinghi", "absences", "Tổng số buổi nghỉ học cả năm", Form.DOUBLE, 0, _OPTIONAL, limits=(1, 300)),
        _result("renluyenhocky1", "Kết quả rèn luyện học kỳ 1", "conduct/term1", _REQUIRED),
        _result("renluyenhocky2", "Kết quả rèn luyện học kỳ 2", "conduct/term2", _REQUIRED),
        _result("renluyencanam", "Kết quả rèn luyện cả năm", "conduct/year", _REQUIRED),
        _result("renluyenlai", "Kết quả rèn luyện lại trong hè", "conduct_retaken", _OPTIONAL),
        _result("kqhoctaplai", "Kết quả học tập lại trong hè", "learning_retaken", _OPTIONAL),
    ),
    (_HISTORY, _CERTIFICATES, _SECONDARY_MARKS),
)

STRUCTURES: Mapping[Family, Structure] = {Family.PRIMARY: _PRIMARY, Family.SECONDARY: _SECONDARY}


def family_of(level: Level) -> Family:
    """The family that carries transcripts of the level."""
    return Family.PRIMARY if level is Level.PRIMARY else Family.SECONDARY
