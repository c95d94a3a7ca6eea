"""Which rule set judges a transcript: circulars with the grades and school years they are in force for, as data.

A new circular is one module with a `check` function and its RULES, and one row of dates in `ROWS`: what it replaces ends by
itself in the year before, grade by grade. `openapi/rules.md` is made of what stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from registry.core import codes, rules_primary, rules_secondary
from registry.core.findings import Finding
from registry.core.ids import SchoolYear
from registry.core.rule_sets import Change, Rule, RuleSet
from registry.core.transcript import Transcript

#: What changed when, the newest last. Its version is named in every verdict.
CHANGES: tuple[Change, ...] = (
    Change(
        "2026-11-1",
        date(2026, 11, 1),
        ("Bộ quy tắc đầu tiên: môn học, mức đánh giá, điểm, kết quả.",),
        ("The first rules: subjects, levels, marks, results.",),
    ),
    Change(
        "2026-11-2",
        date(2026, 11, 24),
        (
            "Lên lớp, hoàn thành chương trình, đánh giá lại, rèn luyện trong hè, khen thưởng được kiểm tra.",
            "Quy tắc dựa trên hiểu biết chưa kiểm chứng chỉ cảnh báo: thiếu môn học, môn không thuộc khối lớp, điểm kiểm tra "
            "tiểu học có phần thập phân, thiếu điểm kiểm tra môn Khoa học.",
            "Thông tư cũ được nhận như lịch sử, chỉ kiểm tra hình thức.",
            "Phiên bản từ thứ hai trở đi ghi lý do (lydophienban); học sinh nước ngoài dùng sogiaytoxnc và quoctich.",
        ),
        (
            "Promotion, completion, re-assessment, training in summer and awards are checked.",
            "Rules that rest on unverified knowledge only warn: a missing subject, a subject of another grade, primary test "
            "marks with decimals, no test mark in Khoa học.",
            "Older circulars are taken as history, with checks of shape alone.",
            "From the second version on a reason is given (lydophienban); foreign pupils have sogiaytoxnc and quoctich.",
        ),
    ),
    Change(
        "2026-11-3",
        date(2026, 11, 27),
        (
            "Mã trong các danh mục được so với ngày phát hành (code-date, chỉ cảnh báo).",
            "Thông tư sai được báo kèm thông tư áp dụng cho khối lớp và năm học.",
        ),
        (
            "Codes of the lists are compared with the day of issue (code-date, a warning).",
            "A wrong circular is answered with those in force for the grade and school year.",
        ),
    ),
    Change(
        "2026-11-4",
        date(2026, 11, 28),
        (
            "Miễn học (M) trái với điểm của cùng môn bị từ chối (rule-exempt); M chỉ ở điểm kiểm tra không thay cho điểm.",
            "Điều kiện lên lớp được kiểm tra cả khi việc đánh giá lại chỉ bị cảnh báo.",
            "Cảnh báo mới: chỉ một học kỳ có điểm, vào học từ học kỳ II, hơn bốn môn lựa chọn, thiếu năng lực công nghệ hoặc tin "
            "học từ lớp 3, ghi hoàn thành chương trình khi chưa đủ điều kiện, danh hiệu Học sinh Tiêu biểu.",
            "Nghỉ quá 45 buổi thì không chờ kết quả hè. Các văn bản 32/2009, 30/2005, 40/2006, 51/2008 được nhận như lịch sử; "
            "tên thông tư được viết thêm “Thông tư”, “QĐ”.",
            "Văn bản không có trong danh mục, của năm học trước thông tư hiện hành, chỉ bị cảnh báo (rule-circular-unsure).",
        ),
        (
            "M (exempt) against marks of the same subject is refused (rule-exempt); M in the test's column alone is no test mark.",
            "Conditions of promotion are checked also where a re-assessment is only warned of.",
            "New warnings: marks of one term alone, a pupil who came with term 2, more than four electives, no competency in "
            "technology or informatics from grade 3 on, completion said before the conditions are met, Học sinh Tiêu biểu.",
            "After more than 45 half-days of absence no summer is waited for. Older ones (32/2009, 30/2005, 40/2006, 51/2008) are "
            "taken as history; a circular may be named with “Thông tư”, a decision with “QĐ”.",
            "One that no list names, of a school year before the circular now in force, is only warned of (rule-circular-unsure).",
        ),
    ),
    Change(
        "2026-11-5",
        date(2026, 11, 28),
        (
            "Năm học đầu tiên của TT 22/2021 ở lớp 6, 7, 8, 10, 11 cũng chưa kiểm chứng hết: văn bản cũ trước năm học 2023-2024, hoặc "
            "TT 22/2021 sớm một năm, chỉ bị cảnh báo (rule-circular-unsure) như ở lớp 9, 12; văn bản cũ của cấp học khác cũng vậy.",
            "Mã dân tộc ngoài danh mục chỉ bị cảnh báo (code-unlisted): danh mục chưa được so với QCVN 109:2017.",
            "Môn ghép ghi cả chung lẫn riêng từng phần chỉ bị cảnh báo (rule-subject-parts); kết quả được tính theo mọi cách hiểu.",
        ),
        (
            "The first school year of TT 22/2021 in grades 6, 7, 8, 10 and 11 isn't verified either: an older one before 2023-2024, or "
            "TT 22/2021 a year early, is only warned of (rule-circular-unsure), as in grades 9 and 12; so is an older one of another level.",
            "A people's code that the list lacks is only warned of (code-unlisted): it has not been compared with QCVN 109:2017.",
            "A combined subject given both whole and in parts is only warned of (rule-subject-parts); results count in every reading.",
        ),
    ),
)
version = CHANGES[-1].version


def _years(first: dict[int, int]) -> dict[int, SchoolYear]:
    return {grade: SchoolYear(year) for grade, year in first.items()}


_PRIMARY_FIRST = _years({grade: 2019 + grade for grade in range(1, 6)})
_SECONDARY_FIRST = _years({6: 2021, 7: 2022, 8: 2023, 9: 2024, 10: 2022, 11: 2023, 12: 2024})
#: All that was read of its roadmap: in 2023-2024 it assessed grades 6, 7, 8, 10 and 11, and by 2025-2026 all of them.
_SECONDARY_SURE = _years({6: 2023, 7: 2023, 8: 2023, 9: 2025, 10: 2023, 11: 2023, 12: 2025})


def _shape_alone(_transcript: Transcript) -> list[Finding]:
    return []


def _history(circular: str, year: int, grades: Iterable[int]) -> RuleSet:
    """A circular of the past: its shape alone is asked, from its year on until another replaces it."""
    return RuleSet(circular, _shape_alone, {grade: SchoolYear(year) for grade in grades})


#: One row for each circular. Both in force came grade by grade (27/2020: its closing provisions were read).
ROWS: tuple[RuleSet, ...] = (
    RuleSet(
        "27/2020", rules_primary.check, _PRIMARY_FIRST, rules=rules_primary.RULES,
        replaces=("30/2014", "22/2016", "32/2009", "30/2005"),
    ),
    RuleSet(
        "22/2021", rules_secondary.check, _SECONDARY_FIRST, rules=rules_secondary.RULES,
        sure=_SECONDARY_SURE, replaces=("58/2011", "26/2020", "40/2006", "51/2008"),
    ),
    _history("30/2014", 2014, _PRIMARY_FIRST),
    _history("22/2016", 2016, _PRIMARY_FIRST),
    _history("58/2011", 2011, _SECONDARY_FIRST),
    _history("26/2020", 2020, _SECONDARY_FIRST),
    # Of books older than that, and of decisions: named from unverified knowledge, so that each lasts as long as it can.
    _history("32/2009", 2009, _PRIMARY_FIRST),
    _history("30/2005", 2005, _PRIMARY_FIRST),
    _history("40/2006", 2006, _SECONDARY_FIRST),
    _history("51/2008", 2008, _SECONDARY_FIRST),
)  # fmt: skip


def timeline(rows: Iterable[RuleSet]) -> tuple[RuleSet, ...]:
    """The rows with their ends: what another circular replaces assesses a grade until the year before that one's first."""
    rows = tuple(rows)
    ends: dict[str, dict[int, SchoolYear]] = {row.circular: dict(row.last) for row in rows}
    for row in rows:
        for gone in row.replaces:
            ends[gone] |= {grade: SchoolYear(first.first - 1) for grade, first in row.first.items()}
    return tuple(replace(row, last=ends[row.circular]) for row in rows)


RULE_SETS: tuple[RuleSet, ...] = timeline(ROWS)

#: What is asked of every transcript, whatever its circular.
GENERAL: tuple[Rule, ...] = (
    Rule(
        codes.RULE_CIRCULAR,
        "TT 27/2020, TT 22/2021: lộ trình / roadmaps",
        "Thông tư ghi trong học bạ áp dụng cho khối lớp và năm học",
        "The circular named was in force for the grade and school year",
    ),
    Rule(
        codes.RULE_CIRCULAR_UNSURE,
        "TT 22/2021: lộ trình / roadmap; văn bản cũ / older ones",
        "Năm học đầu tiên của TT 22/2021 ở từng khối lớp; trước thông tư hiện hành là các văn bản cũ nêu ở dưới",
        "The first school year of TT 22/2021 in each grade; before the circular in force there were the older ones below",
        unverified=True,
    ),
    Rule(
        codes.FIELD_CODE,
        "Danh mục của hệ thống / the registry's own lists",
        "Mã thuộc danh mục đã công bố (môn học, cấp học, khối, quốc tịch)",
        "Codes are those of the published lists (subjects, levels, grades, nationalities)",
    ),
    Rule(
        codes.CODE_UNLISTED,
        "Danh mục của hệ thống / the registry's own lists",
        "Mã dân tộc thuộc danh mục đã công bố",
        "The code of a people is of the published list",
        unverified=True,
    ),
    Rule(
        codes.CODE_NAME,
        "Danh mục của hệ thống / the registry's own lists",
        "Tên môn học là một cách viết của mã; so sánh theo mã",
        "A subject's name is a spelling of its code; what counts is the code",
        unverified=True,
    ),
    Rule(
        codes.CODE_DATE,
        "Danh mục của hệ thống / the registry's own lists",
        "Mã có hiệu lực vào ngày phát hành học bạ",
        "A code is in force on the day of issue",
        unverified=True,
    ),
    Rule(
        codes.VERSION_REASON,
        "Quy ước của hệ thống / the registry's own",
        "Phiên bản từ thứ hai ghi lý do; lý do 1, 3, 4 ghi thêm nội dung",
        "Every version after the first gives its reason; reasons 1, 3 and 4 also in words",
    ),
    Rule(
        codes.ENTRY_DOCUMENT,
        "Cấu trúc công bố: sogiaytoxnc, quoctich",
        "Giấy tờ xuất nhập cảnh chỉ dùng cho học sinh nước ngoài, thay cho số định danh",
        "An entry document is for pupils of other nationalities, in the place of a personal number",
    ),
    Rule(
        codes.SIGNER_PERSON,
        "CV 2817/SGDĐT-VP",
        "Chứng thư có số định danh phải là của người học bạ nêu tên (giám hiệu, một giáo viên)",
        "A certificate that names a person names the principal, or one of the teachers names the homeroom teacher",
    ),
    Rule(
        codes.SIGNER_ROLE_MISSING,
        "CV 2817/SGDĐT-VP",
        "Đủ các vai trò mà bảng chính sách ký yêu cầu",
        "Every role that the signature policy requires signs",
    ),
    Rule(
        codes.CERTIFICATE_POLICY,
        "RFC 5280 6.1",
        "Chính sách chứng thư, nơi bảng chính sách ký yêu cầu",
        "Certificate policies, where the signature policy asks for them",
    ),
    Rule(
        codes.SIGNER_TIME_STAMP,
        "RFC 3161",
        "Dấu thời gian, nơi bảng chính sách ký yêu cầu",
        "Time-stamps, where the signature policy asks for them",
    ),
)

_NAME = re.compile(r"(?:(?:TT|QĐ|Thông tư|Quyết định)(?: số)? ?)?([0-9]{1,3}/[0-9]{4})(?:/(?:TT|QĐ)-BGD&?[ĐD]T)?")


def by_name(rule_sets: Iterable[RuleSet]) -> Mapping[str, RuleSet]:
    """Rule sets by the number and year of their circular."""
    return {rule_set.circular: rule_set for rule_set in rule_sets}


_BY_NAME = by_name(RULE_SETS)


def named(transcript: Transcript, known: Mapping[str, RuleSet] = _BY_NAME) -> RuleSet | None:
    """The rule set of the circular that the transcript names, whether or not it was in force.

    Spellings taken: "27/2020", "27/2020/TT-BGDĐT", each also after "TT " or "Thông tư "; decisions (QĐ) alike.
    """
    name = _NAME.fullmatch(transcript.circular)
    return known.get(name[1]) if name is not None else None


def check(transcript: Transcript, known: Mapping[str, RuleSet] = _BY_NAME) -> list[Finding]:
    """Every finding of the circular in force; rule-circular alone when the named one was not.

    Pointers are in the registry's own words, to be turned into wire names by the reader of the format.
    """
    meant = named(transcript, known)
    if meant is not None and meant.in_force(transcript.grade, transcript.school_year):
        return meant.check(transcript)
    doubt = None if meant is None else _doubtful(meant, transcript, known.values())
    if meant is not None and doubt is not None:
        return [Finding(codes.RULE_CIRCULAR_UNSURE, "/circular", doubt), *meant.check(transcript)]
    if _is_of_the_past(meant, transcript, known.values()):
        return [Finding(codes.RULE_CIRCULAR_UNSURE, "/circular", _in_force(transcript, known.values()))]
    return [Finding(codes.RULE_CIRCULAR, "/circular", _in_force(transcript, known.values()))]


def _is_of_the_past(meant: RuleSet | None, transcript: Transcript, rule_sets: Iterable[RuleSet]) -> bool:
    """True of a school year before the first circular with rules came to the grade, and of any older one but of a later year.

    What was in force then is not known for sure: books hold decisions that no list here names, and of which grades the ones that
    are named were was not read.
    """
    if meant is not None and (meant.rules or meant.issued > transcript.school_year):
        return False
    firsts = [each.first[transcript.grade] for each in rule_sets if each.rules and transcript.grade in each.first]
    return all(transcript.school_year < first for first in firsts)


def _in_force(transcript: Transcript, rule_sets: Iterable[RuleSet]) -> str:
    """The circulars that assess the grade in the school year, as a transcript would name them."""
    fits = (each.circular for each in rule_sets if each.in_force(transcript.grade, transcript.school_year))
    return ", ".join(fits) or "no circular is known for this grade and school year"


def _doubtful(meant: RuleSet, transcript: Transcript, rule_sets: Iterable[RuleSet]) -> str | None:
    """What is thought, for a year on the wrong side of a change whose date rests on unverified knowledge; None for any other.

    The new circular may have come a year earlier, and the old one may have stayed until the new one is known to be there.
    """
    grade, year = transcript.grade, transcript.school_year
    for unsure in rule_sets:
        first, sure = unsure.first.get(grade), unsure.sure.get(grade)
        if first is None or sure is None or grade not in meant.first:
            continue
        early = meant is unsure and year == SchoolYear(first.first - 1) >= unsure.issued
        late = meant.circular in unsure.replaces and first <= year < sure
        if early or late:
            return f"{unsure.circular}: {first}"
    return None
