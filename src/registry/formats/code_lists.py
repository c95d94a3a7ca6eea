"""Code lists of the transcript: what a wire code means. Data only, no reading.

The published structure names its lists without giving their values. Subjects, levels, grades, peoples and nationalities are
therefore tables of the project's own, each with the date it holds from; official values replace them as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from registry.core import ids, rules_primary, rules_secondary, subjects
from registry.core.subjects import Subject
from registry.core.transcript import State, VersionReason


@dataclass(frozen=True, slots=True)
class CodeList:
    """Wire code -> value in the registry's own words, with a Vietnamese name for each code."""

    title: str
    names: Mapping[str, str]
    values: Mapping[str, Any] = field(repr=False)
    valid_from: date = date(2026, 11, 1)


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A subject: own code of at most 3 letters, name, short name of at most 20 characters, spellings met in files."""

    code: str
    subject: Subject
    name: str
    short: str
    variants: tuple[str, ...] = ()

    @property
    def grades(self) -> tuple[int, ...]:
        """Grades in which a row may carry the subject."""
        return tuple(grade for grade in range(1, 13) if self.subject in subjects.taught_in(grade))

    @property
    def needs(self) -> Mapping[int, str]:
        """Grade -> compulsory, elective or optional."""
        return {grade: subjects.taught_in(grade)[self.subject].value for grade in self.grades}

    @property
    def assessed(self) -> Mapping[str, str]:
        """Level of schooling -> how it is assessed: levels, levels and test (primary); scored, comment (secondary)."""
        kinds = {}
        if min(self.grades) <= 5:
            kinds["primary"] = "levels and test" if self.subject in rules_primary.TESTED else "levels"
        if max(self.grades) >= 6:
            kinds["secondary"] = "comment" if self.subject in rules_secondary.COMMENT_ASSESSED else "scored"
        return kinds


def _subject(code: str, subject: Subject, name: str, short: str = "", *variants: str) -> SubjectRow:
    return SubjectRow(code, subject, name, short or name, variants)


SUBJECT_ROWS: tuple[SubjectRow, ...] = (
    _subject("TVI", Subject.VIETNAMESE, "Tiếng Việt"),
    _subject("NGV", Subject.LITERATURE, "Ngữ văn", "", "Văn"),
    _subject("TOA", Subject.MATHEMATICS, "Toán", "", "Toán học"),
    _subject("NN1", Subject.FOREIGN_LANGUAGE_1, "Ngoại ngữ 1", "", "Ngoại ngữ", "Tiếng Anh"),
    _subject("NN2", Subject.FOREIGN_LANGUAGE_2, "Ngoại ngữ 2"),
    _subject("TDT", Subject.MINORITY_LANGUAGE, "Tiếng dân tộc thiểu số", "Tiếng DTTS", "Tiếng dân tộc"),
    _subject("DDU", Subject.ETHICS, "Đạo đức"),
    _subject("GCD", Subject.CIVICS, "Giáo dục công dân", "", "GDCD"),
    _subject("KPL", Subject.ECONOMICS_AND_LAW, "Giáo dục kinh tế và pháp luật", "GDKT và PL", "GDKTPL"),
    _subject("TNX", Subject.NATURE_AND_SOCIETY, "Tự nhiên và Xã hội", "", "TN và XH"),
    _subject("LDL", Subject.HISTORY_AND_GEOGRAPHY, "Lịch sử và Địa lí", "", "Lịch sử và Địa lý"),
    _subject("LSU", Subject.HISTORY, "Lịch sử"),
    _subject("DLI", Subject.GEOGRAPHY, "Địa lí", "", "Địa lý"),
    _subject("KHO", Subject.SCIENCE, "Khoa học"),
    _subject("KTN", Subject.NATURAL_SCIENCE, "Khoa học tự nhiên", "", "KHTN"),
    _subject("VLI", Subject.PHYSICS, "Vật lí", "", "Vật lý"),
    _subject("HHO", Subject.CHEMISTRY, "Hoá học", "", "Hóa học"),
    _subject("SHO", Subject.BIOLOGY, "Sinh học"),
    _subject("TCN", Subject.INFORMATICS_AND_TECHNOLOGY, "Tin học và Công nghệ", "", "TH và CN"),
    _subject("TIN", Subject.INFORMATICS, "Tin học"),
    _subject("CNG", Subject.TECHNOLOGY, "Công nghệ"),
    _subject("GQP", Subject.DEFENCE, "Giáo dục quốc phòng và an ninh", "GDQP và AN", "GDQPAN"),
    _subject("GTC", Subject.PHYSICAL_EDUCATION, "Giáo dục thể chất", "", "GDTC", "Thể dục"),
    _subject("NTH", Subject.ART, "Nghệ thuật"),
    _subject("AMN", Subject.MUSIC, "Âm nhạc", "", "Nghệ thuật (Âm nhạc)"),
    _subject("MTH", Subject.FINE_ART, "Mĩ thuật", "", "Mỹ thuật", "Nghệ thuật (Mĩ thuật)"),
    _subject(
        "HTN", Subject.EXPERIENCE, "Hoạt động trải nghiệm, hướng nghiệp", "HĐTN, HN", "Hoạt động trải nghiệm", "HĐTN"
    ),
    _subject("GDP", Subject.LOCAL_EDUCATION, "Nội dung giáo dục của địa phương", "GD địa phương", "GDĐP"),
)

SUBJECTS = CodeList(
    "Môn học, hoạt động giáo dục", {r.code: r.name for r in SUBJECT_ROWS}, {r.code: r.subject for r in SUBJECT_ROWS}
)

STATES = CodeList(
    "Trạng thái học bạ", {"1": "Có hiệu lực", "2": "Thu hồi"}, {"1": State.IN_FORCE, "2": State.WITHDRAWN}
)

#: The project's own: the published structure has no field for it.
VERSION_REASONS = CodeList(
    "Lý do lập phiên bản",
    {"1": "Đính chính", "2": "Kết quả sau hè", "3": "Thay đổi hộ tịch", "4": "Lý do khác"},
    {
        "1": VersionReason.CORRECTION,
        "2": VersionReason.SUMMER,
        "3": VersionReason.CIVIL_STATUS,
        "4": VersionReason.OTHER,
    },
)

LEVELS = CodeList(
    "Cấp học",
    {"02": "Tiểu học", "03": "Trung học cơ sở", "04": "Trung học phổ thông"},
    {"02": ids.Level.PRIMARY, "03": ids.Level.LOWER_SECONDARY, "04": ids.Level.UPPER_SECONDARY},
)

GRADES = CodeList("Khối", {str(n): f"Lớp {n}" for n in range(1, 13)}, {str(n): n for n in range(1, 13)})

#: QCVN 109:2017/BTTTT; "0" declares no sex.
SEXES = CodeList(
    "Giới tính",
    {"0": "Chưa có thông tin", "1": "Nam", "2": "Nữ"},
    {"0": None, "1": ids.Sex.MALE, "2": ids.Sex.FEMALE},
)

_PEOPLE_ROWS = (
    "Kinh, Tày, Thái, Hoa, Khơ-me, Mường, Nùng, Hmông, Dao, Gia-rai, Ngái, Ê-đê, Ba-na, Xơ-đăng, Sán Chay, Cơ-ho, Chăm, "
    "Sán Dìu, Hrê, Mnông, Ra-glai, Xtiêng, Bru-Vân Kiều, Thổ, Giáy, Cơ-tu, Gié-Triêng, Mạ, Khơ-mú, Co, Ta-ôi, Chơ-ro, Kháng, "
    "Xinh-mun, Hà Nhì, Chu-ru, Lào, La Chí, La Ha, Phù Lá, La Hủ, Lự, Lô Lô, Chứt, Mảng, Pà Thẻn, Cơ Lao, Cống, Bố Y, Si La, "
    "Pu Péo, Brâu, Ơ Đu, Rơ-măm, Người nước ngoài"
)
_PEOPLE_NAMES = {f"{n:02d}": name for n, name in enumerate(_PEOPLE_ROWS.split(", "), start=1)}

#: The 54 peoples in the order of the statistics office's list of 1979, then 55 for foreigners.
PEOPLES = CodeList("Dân tộc", _PEOPLE_NAMES, {code: code for code in _PEOPLE_NAMES})

_COUNTRY_ROWS = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF
CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH
GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW
KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG
NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN
SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT
ZA ZM ZW
"""
_COUNTRIES = _COUNTRY_ROWS.split()

#: ISO 3166-1 alpha-2, all 249 codes.
NATIONALITIES = CodeList("Quốc tịch", {code: code for code in _COUNTRIES}, {code: code for code in _COUNTRIES})

#: Subject -> its row, for writers.
ROW_OF: Mapping[Subject, SubjectRow] = {row.subject: row for row in SUBJECT_ROWS}
