"""Where a birth was registered: the first three digits of a personal number (TT 07/2016/TT-BCA annexes). Data only.

The 63 provinces keep their codes for ever: numbers given out before the merger of July 2025 do not change. Two pairs of
country rows share one ISO code in every copy of the annex we could read (113/114, 147/148), so a known code says that the
place exists, never which country it is.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Province code -> name at the time of the annex.
PROVINCES: Mapping[str, str] = {
    "001": "Hà Nội",
    "002": "Hà Giang",
    "004": "Cao Bằng",
    "006": "Bắc Kạn",
    "008": "Tuyên Quang",
    "010": "Lào Cai",
    "011": "Điện Biên",
    "012": "Lai Châu",
    "014": "Sơn La",
    "015": "Yên Bái",
    "017": "Hòa Bình",
    "019": "Thái Nguyên",
    "020": "Lạng Sơn",
    "022": "Quảng Ninh",
    "024": "Bắc Giang",
    "025": "Phú Thọ",
    "026": "Vĩnh Phúc",
    "027": "Bắc Ninh",
    "030": "Hải Dương",
    "031": "Hải Phòng",
    "033": "Hưng Yên",
    "034": "Thái Bình",
    "035": "Hà Nam",
    "036": "Nam Định",
    "037": "Ninh Bình",
    "038": "Thanh Hóa",
    "040": "Nghệ An",
    "042": "Hà Tĩnh",
    "044": "Quảng Bình",
    "045": "Quảng Trị",
    "046": "Thừa Thiên Huế",
    "048": "Đà Nẵng",
    "049": "Quảng Nam",
    "051": "Quảng Ngãi",
    "052": "Bình Định",
    "054": "Phú Yên",
    "056": "Khánh Hòa",
    "058": "Ninh Thuận",
    "060": "Bình Thuận",
    "062": "Kon Tum",
    "064": "Gia Lai",
    "066": "Đắk Lắk",
    "067": "Đắk Nông",
    "068": "Lâm Đồng",
    "070": "Bình Phước",
    "072": "Tây Ninh",
    "074": "Bình Dương",
    "075": "Đồng Nai",
    "077": "Bà Rịa - Vũng Tàu",
    "079": "Hồ Chí Minh",
    "080": "Long An",
    "082": "Tiền Giang",
    "083": "Bến Tre",
    "084": "Trà Vinh",
    "086": "Vĩnh Long",
    "087": "Đồng Tháp",
    "089": "An Giang",
    "091": "Kiên Giang",
    "092": "Cần Thơ",
    "093": "Hậu Giang",
    "094": "Sóc Trăng",
    "095": "Bạc Liêu",
    "096": "Cà Mau",
}

#: Codes 101 to 295 for births registered abroad -> ISO 3166 alpha-2, in the order of the annex.
_COUNTRY_ROWS = """
AF EG AL DZ AD AO GB AG AT SA AR AM AZ AZ IN BS BH PL BD BB BY BZ BJ BT BE BO BA BW PT CI
BR BN BG BF BI CV AE CM KH CA CL CO KM CG CD CR HR HR CU DJ DM DO DK TL DE EC SV ER EE ET
FJ GA GM GH GD GE GT GW GQ GN GY HT NL KR US HN HU GR IS ID IR IQ IE IL JM JO KZ KE KI KW
CY KG LA LV LS LB LR LY LI LT LU MK MG MW MY MV ML MT MA MH MR MU MX FM MD MC MN ME MZ MM
NA SS ZA NR NO NP NZ NI NE NG RU JP OM PK PW PA PG PY PE FR FI PH QA RO RW KN LC VC WS SM
ST CZ SN RS SC SL SG SK SI SB SO LK SD SR SZ SY TJ TZ ES TD TH TR SE CH TG TO KP TT CN CF
TN TM TV AU UG UA UY UZ VU VA VE IT YE ZM ZW
"""
COUNTRIES: Mapping[str, str] = {str(number): iso for number, iso in enumerate(_COUNTRY_ROWS.split(), start=101)}

#: Every value the first three digits of a personal number can have.
KNOWN: frozenset[str] = frozenset(PROVINCES) | frozenset(COUNTRIES)
