"""The published structure, field by field: names, lengths and needs of both families as they were published, nothing lost.

Each word is a name and its type (a number of characters, b boolean, d date, f double) with ! for mandatory and ? for mandatory
unless the pupil is disabled and not assessed.
"""

from __future__ import annotations

import pytest

from registry.formats import fields
from registry.formats.fields import Family
from registry.formats.structure import Field, Form, Need

BOTH = """
trichluc:b! tenhuyen:250 phienbanthongtinhocba:10! madinhdanhhocba:36! namhoc:9! masogd:2! tensogd:150! matruong:20!
tentruong:150! thongtintruong_diachi_tenxa:150! thongtintruong_diachi_tentinh:150! thongtintruong_diachi_maxa:5
thongtintruong_diachi_matinh:2! macaphoc:2! sosodangbo:50 hovaten:150! sodinhdanh:12! mahocsinh:20! gioitinh:1!
ngaythangnamsinh:d thangnamsinh:7 namsinh:4 noisinh_diachichitiet:250! noisinh_maxa:5 noisinh_matinh:2
quequan_diachichitiet:250! quequan_maxa:5 quequan_matinh:2 noiohiennay_diachichitiet:250! noiohiennay_maxa:5
noiohiennay_matinh:2 dantoc:3! quoctich:2! doituongchinhsach:250 cokhuyettatkhongdanhgia:b! hotencha:150 hotenme:150
hotennguoigiamho:150 tengiamhieu:150! soddcngiamhieu:12! diadanhphathanh:150! ngaykyphathanh:d! ngaytao:d!
chucvugiamhieu:150! tengvcn:150! makhoi:2! tenlop:10! duoclenlop:b! ndungkhenthuong:2000 nxetgvcn:2000!
"""
PRIMARY = """
trangthaithongtinhocba:30! thongtu:10! soddcngvcn:12! xeploai:50? ndunghoanthanh:2000 dahthanhctrinhlophoc:b!
dahthanhctrinhtieuhoc:b! ndungkhenthuongdotxuat:2000 nangluctuhoc:1? nanglucgiaotiep:1? nanglucgiaiquyet:1?
nanglucngonngu:1? nangluctinhtoan:1? nangluckhoahoc:1? nangluccongnghe:1 nangluctinhoc:1 nanglucthammi:1?
nanglucthechat:1? phamchatyeunuoc:1? phamchatnhanai:1? phamchatchamchi:1? phamchattrungthuc:1? phamchattrachnhiem:1?
nxetphamchat:500 nxetnanglucchung:500! nxetnanglucdacthu:500!
"""
SECONDARY = """
trangthaithongtinhocba:1! thongtu:30! soddcngvcn:12 ndunghoanthanh:150 nghenghiepcha:150 nghenghiepme:150
nghenghiepnguoigiamho:150 ndungduoclenlop:150! kquathamgiacuocthi:2000 ndungkquarenluyen:500 hocky1:2? hocky2:2?
canam:2? sobuoinghi:f renluyenhocky1:2! renluyenhocky2:2! renluyencanam:2! renluyenlai:2 kqhoctaplai:2
"""
LISTS = {
    "quatrinhhoctap": """
namhoc:9! tenlop:100! tentruong:250! tentinh:150! ngaytrangthaichuyenden:d
""",
    "dsbangdiem": """
mamonhoc:3! tenmonhoc:50! mucdatduoc:1 diemkiemtradinhky:4
""",
    "chungchi": """
tenchungchi:150 loaichungchi:500
""",
    "bangdiem": """
mamonhoc:3! tenmonhoc:20! diemhocky1:4 diemhocky2:4 diemcanam:4 diemkttralai:4 nxetmonhoc:2000 soddcngvbm:12! gvbm:150!
""",
}
#: What the published structure has elsewhere or not at all.
OWN = {"sogiaytoxnc", "lydophienban", "noidunglydo"}
_NEEDS = {Need.REQUIRED: "!", Need.ASSESSED: "?", Need.OPTIONAL: ""}
_KINDS = {Form.FLAG: "b", Form.DATE: "d", Form.DOUBLE: "f"}


def said(field: Field) -> str:
    """The word of a field."""
    kind = "d" if field.wire == "ngaythangnamsinh" else _KINDS.get(field.form, str(field.length))
    return f"{field.wire}:{kind}{_NEEDS[field.need]}"


@pytest.mark.parametrize(("family", "published"), [(Family.PRIMARY, PRIMARY), (Family.SECONDARY, SECONDARY)])
def test_every_published_field_is_there_and_no_other(family: Family, published: str) -> None:
    found = {said(field) for field in fields.STRUCTURES[family].fields if field.wire not in OWN}
    assert found == set(BOTH.split()) | set(published.split())


@pytest.mark.parametrize(
    ("family", "names"),
    [
        (Family.PRIMARY, ("quatrinhhoctap", "dsbangdiem")),
        (Family.SECONDARY, ("quatrinhhoctap", "chungchi", "bangdiem")),
    ],
)
def test_every_published_list_is_there_with_its_fields(family: Family, names: tuple[str, ...]) -> None:
    lists = {rows.wire: {said(field) for field in rows.fields} for rows in fields.STRUCTURES[family].lists}
    assert lists == {name: set(LISTS[name].split()) for name in names}
