"""The year's page of a secondary học bạ, as the form of TT 22/2021/TT-BGDĐT has it: subjects with their teachers, results, outcome."""

from __future__ import annotations

from registry.formats.paper_blocks import Block, fact, facts, note, table
from registry.formats.paper_content import Members, level_name, text


def blocks(members: Members) -> list[Block]:
    """What follows the learning history."""
    return [
        *_subjects(members),
        *_results(members),
        _outcome(members),
        *table(
            "Chứng chỉ",
            (("Tên chứng chỉ", 1, "l"), ("Loại", 1, "l")),
            [(each.get("tenchungchi"), each.get("loaichungchi")) for each in members.get("chungchi") or ()],
        ),
        *note("Kết quả tham gia các cuộc thi", members.get("kquathamgiacuocthi")),
        *note("Khen thưởng", members.get("ndungkhenthuong")),
        *note("Kết quả rèn luyện trong hè", members.get("ndungkquarenluyen")),
        *note("Nhận xét của giáo viên chủ nhiệm", members.get("nxetgvcn")),
    ]


def _subjects(members: Members) -> list[Block]:
    """The column of re-assessed results stands there only when there is one, as schools print it."""
    given = members.get("bangdiem") or ()
    again = any(row.get("diemkttralai") is not None for row in given)
    columns = [("Môn học, hoạt động giáo dục", 5, "l"), ("Học kỳ I", 2, "c"), ("Học kỳ II", 2, "c"), ("Cả năm", 2, "c")]
    if again:
        columns.append(("Sau đánh giá lại", 2, "c"))
    columns += [("Nhận xét", 7, "l"), ("Giáo viên bộ môn", 5, "l")]
    rows = [
        (
            row.get("tenmonhoc"),
            *(_mark(row.get(name)) for name in ("diemhocky1", "diemhocky2", "diemcanam")),
            *((_mark(row.get("diemkttralai")),) if again else ()),
            row.get("nxetmonhoc"),
            row.get("gvbm"),
        )
        for row in given
    ]
    return table("Kết quả các môn học, hoạt động giáo dục", columns, rows)


def _results(members: Members) -> list[Block]:
    get = members.get
    rows = [
        ("Học kỳ I", level_name(get("hocky1")), level_name(get("renluyenhocky1"))),
        ("Học kỳ II", level_name(get("hocky2")), level_name(get("renluyenhocky2"))),
        ("Cả năm", level_name(get("canam")), level_name(get("renluyencanam"))),
    ]
    if get("kqhoctaplai") is not None or get("renluyenlai") is not None:
        rows.append(
            ("Sau đánh giá lại, rèn luyện trong hè", level_name(get("kqhoctaplai")), level_name(get("renluyenlai")))
        )
    columns = (("", 2, "l"), ("Kết quả học tập", 2, "c"), ("Kết quả rèn luyện", 2, "c"))
    return table("Kết quả học tập và rèn luyện", columns, rows)


def _outcome(members: Members) -> Block:
    get = members.get
    return facts(
        "Kết quả năm học",
        [
            fact("Được lên lớp", "Có" if get("duoclenlop") is True else "Không"),
            fact("Số buổi nghỉ học cả năm", _mark(get("sobuoinghi"))),
            fact("Ghi nhận", get("ndungduoclenlop"), wide=True),
            fact("Hoàn thành chương trình", get("ndunghoanthanh"), wide=True),
        ],
    )


def _mark(value: object) -> str:
    """With the comma that people in Vietnam write: 8.5 -> 8,5."""
    return text(value).replace(".", ",")
