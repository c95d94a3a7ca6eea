"""The sheet of an extract: head, statement and blocks in the order of the printed học bạ, for the template. Pure data.

The blocks that differ between the circulars are in `paper_primary` (TT 27/2020) and `paper_secondary` (TT 22/2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.formats import code_lists, paper_content, paper_primary, paper_secondary
from registry.formats.paper_blocks import Block, fact, facts, note, table
from registry.formats.paper_content import Members, day, text

_ISSUER = "Sổ đăng ký học bạ số của thành phố"
_ROLES = {"teacher": "Giáo viên chủ nhiệm", "principal": "", "seal": "Nhà trường"}


@dataclass(frozen=True, slots=True)
class Issue:
    """What the registry adds to a transcript when it hands out an extract of it."""

    number: str
    issued_at: str
    code: str
    version: int
    accepted_at: str
    fingerprint: str


def sheet(members: Members, signatures: Sequence[Mapping[str, Any]], issue: Issue) -> dict[str, Any]:
    """Everything the template prints but the QR. `signatures` have role and signed_at ("dd/mm/yyyy hh:mm" or "")."""
    code = issue.code
    return {
        "title": f"Bản thể hiện học bạ số {issue.number}",
        "issuer": _ISSUER,
        "department": text(members.get("tensogd")),
        "school": text(members.get("tentruong")),
        "place": f"{text(members.get('thongtintruong_diachi_tenxa'))}, {text(members.get('thongtintruong_diachi_tentinh'))}",
        "heading": "HỌC BẠ SỐ",
        "subheading": f"{code_lists.LEVELS.names.get(text(members.get('macaphoc')), '')} – Năm học {text(members['namhoc'])}",
        "statement": "BẢN THỂ HIỆN của học bạ số đã được ký số và lưu tại sổ đăng ký của thành phố. Bản gốc là dữ liệu điện "
        "tử có chữ ký số; bản này chỉ thể hiện nội dung và được sổ đăng ký ký số. Quét mã QR hoặc nhập mã xác thực để "
        "biết học bạ còn hiệu lực hay không.",
        "scan": "Quét để kiểm tra",
        "code": code,
        "code-lines": [code[:19], code[20:]],
        "number": f"Số: {issue.number}",
        "footer": f"Bản thể hiện số {issue.number}, phát hành {issue.issued_at} – {text(members['hovaten'])}, "
        f"năm học {text(members['namhoc'])}, phiên bản {issue.version}",
        "blocks": [*blocks(members), _signers(members, signatures)],
        "closing": f"Phiên bản {issue.version} của học bạ {text(members['madinhdanhhocba'])}, vào sổ đăng ký lúc "
        f"{issue.accepted_at}. SHA-256 của tài liệu gốc: {issue.fingerprint}. Kết quả năm học: "
        f"{paper_content.result_line(members)}.",
    }


def blocks(members: Members) -> list[Block]:
    """Who the pupil is, where it learned, and the year: all but the signers."""
    family = paper_primary if paper_content.is_primary(members) else paper_secondary
    return [*_person(members), *_history(members), *family.blocks(members)]


def _person(members: Members) -> list[Block]:
    get = members.get
    named = code_lists
    rows = [
        fact("Họ và tên", get("hovaten")),
        fact("Giới tính", named.SEXES.names.get(text(get("gioitinh")), "")),
        fact("Ngày sinh", day(paper_content.birth(members))),
        fact("Số định danh cá nhân", get("sodinhdanh") or get("sogiaytoxnc")),
        fact("Dân tộc", named.PEOPLES.names.get(text(get("dantoc")), text(get("dantoc")))),
        fact("Quốc tịch", named.NATIONALITIES.names.get(text(get("quoctich")), "")),
        fact("Mã học sinh", get("mahocsinh")),
        fact("Số sổ đăng bộ", get("sosodangbo")),
        fact("Nơi sinh", get("noisinh_diachichitiet"), wide=True),
        fact("Quê quán", get("quequan_diachichitiet"), wide=True),
        fact("Nơi ở hiện nay", get("noiohiennay_diachichitiet"), wide=True),
        *(_relative(members, title, name) for title, name in _RELATIVES),
        fact("Đối tượng chính sách", get("doituongchinhsach"), wide=True),
        fact("Lớp", get("tenlop")),
        fact("Đánh giá theo", get("thongtu")),
        fact("Trích lục từ học bạ giấy", "Có" if get("trichluc") is True else ""),
        fact("Học sinh khuyết tật không đánh giá", "Có" if get("cokhuyettatkhongdanhgia") is True else ""),
    ]
    reason = " – ".join(
        part
        for part in (named.VERSION_REASONS.names.get(text(get("lydophienban")), ""), text(get("noidunglydo")))
        if part
    )
    return [facts("", rows), *note("Lý do lập phiên bản", reason)]


_RELATIVES = (("Họ và tên cha", "cha"), ("Họ và tên mẹ", "me"), ("Họ và tên người giám hộ", "nguoigiamho"))


def _relative(members: Members, title: str, name: str) -> tuple[str, str, bool]:
    work = text(members.get(f"nghenghiep{name}"))
    person = text(members.get(f"hoten{name}"))
    return fact(title, f"{person} – nghề nghiệp: {work}" if person and work else person, wide=True)


def _history(members: Members) -> list[Block]:
    rows = [
        (stay.get("namhoc"), stay.get("tenlop"), stay.get("tentruong"), stay.get("tentinh"), day(stay.get("ngaytrangthaichuyenden")))
        for stay in members.get("quatrinhhoctap") or ()
    ]  # fmt: skip
    columns = (
        ("Năm học", 0, "c"),
        ("Lớp", 0, "c"),
        ("Tên trường", 3, "l"),
        ("Tỉnh, thành phố", 2, "l"),
        ("Ngày chuyển đến", 0, "c"),
    )
    return table("Quá trình học tập", columns, rows)


def _signers(members: Members, signatures: Sequence[Mapping[str, Any]]) -> Block:
    names = {
        "teacher": members.get("tengvcn"),
        "principal": members.get("tengiamhieu"),
        "seal": members.get("tentruong"),
    }
    signed: dict[str, str] = {}
    for each in signatures:
        role = each.get("role")
        if role in names and role not in signed:  # of several teachers the homeroom teacher signs first
            signed[role] = each.get("signed_at") or ""
    people = [
        {
            "role": _ROLES[role] or text(members.get("chucvugiamhieu")) or "Hiệu trưởng",
            "name": text(names[role]),
            "signed": f"Đã ký số {moment}" if moment else "Đã ký số",
        }
        for role, moment in signed.items()
    ]
    place = f"{text(members.get('diadanhphathanh'))}, ngày {day(members['ngaykyphathanh'])}"
    return {"kind": "signers", "title": "", "place": place, "signers": people}
