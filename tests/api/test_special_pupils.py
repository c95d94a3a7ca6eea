"""Pupils and papers that are not the usual case, from the signed document over HTTP to what can be read again.

Born in a month or year that is all one knows, disabled and not assessed, foreign, taken over from paper: each is accepted in both
syntaxes, and each with one thing wrong is refused with its code and place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from registry.core.callers import Scope
from registry.demo import transcripts
from registry.demo.city import sign_document
from registry.demo.schools import DemoSchool
from registry.formats import xml_transcript
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio
CITY: SmallCity = small_city()
MEDIA = {"json": "application/jose+json", "xml": "application/xml"}
ALL, PAPER = (0, 1, 2), (1, 2)  # teacher, principal, seal; of an extract from paper principal and seal
_RESULTS = ("xeploai", "hocky1", "hocky2", "canam")


@dataclass(frozen=True)
class Case:
    """A document, and who of teacher, principal and seal signs it."""

    document: dict[str, Any]
    signers: tuple[int, ...] = ALL
    school: DemoSchool = PRIMARY

    def but(self, signers: tuple[int, ...] | None = None, **changes: Any) -> Case:
        """The same with one thing changed; a field that becomes None is left out."""
        document = {k: v for k, v in {**self.document, **changes}.items() if v is not None}
        return Case(document, self.signers if signers is None else signers, self.school)

    def signed(self, syntax: str) -> bytes:
        of_school = CITY.signers_of(self.school)
        return sign_document(self.document, [of_school[each] for each in self.signers], syntax)


def usual(school: DemoSchool = PRIMARY) -> Case:
    return Case(CITY.document(school), school=school)


def born(school: DemoSchool = PRIMARY, **known: Any) -> Case:
    return usual(school).but(ngaythangnamsinh=None, **known)


def disabled(school: DemoSchool, rows: str) -> Case:
    changes: dict[str, Any] = {**dict.fromkeys(_RESULTS), rows: []}
    return usual(school).but(cokhuyettatkhongdanhgia=True, **changes)


BIRTH: str = usual().document["ngaythangnamsinh"]
FOREIGN = usual().but(quoctich="KR", sogiaytoxnc="M1234567", sodinhdanh="")
EXTRACT = usual().but(signers=PAPER, trichluc=True)
HISTORY = EXTRACT.but(thongtu="30/2014", namhoc="2015-2016")

GOOD: dict[str, Case] = {
    "born in a month": born(thangnamsinh=BIRTH[:7]),
    "born in a year": born(namsinh=BIRTH[:4]),
    "born on a day that all three say": usual().but(thangnamsinh=BIRTH[:7], namsinh=BIRTH[:4]),
    "secondary, born in a year": born(SECONDARY, namsinh=CITY.document(SECONDARY)["ngaythangnamsinh"][:4]),
    "disabled, primary": disabled(PRIMARY, "dsbangdiem"),
    "disabled, secondary": disabled(SECONDARY, "bangdiem"),
    "foreign with a document": FOREIGN,
    "foreign with a document and a number": usual().but(quoctich="KR", sogiaytoxnc="M1234567"),
    "from paper": EXTRACT,
    "from paper, signed by the teacher too": EXTRACT.but(signers=ALL),
    "from paper, under an older circular": HISTORY,
}

BAD: dict[str, tuple[Case, str, str]] = {
    "month 13": (born(thangnamsinh=f"{BIRTH[:4]}-13"), "field-format", "/thangnamsinh"),
    "month without its year": (born(thangnamsinh=BIRTH[5:7]), "field-format", "/thangnamsinh"),
    "another year than the number's": (born(thangnamsinh=f"{int(BIRTH[:4]) + 1}-01"), "number-year", "/sodinhdanh"),
    "two digits of a year": (born(namsinh=BIRTH[2:4]), "field-format", "/namsinh"),
    "a year as a number": (born(namsinh=int(BIRTH[:4])), "field-type", "/namsinh"),
    "no birth date at all": (born(), "birth-date-missing", "/ngaythangnamsinh"),
    "day and month apart": (
        usual().but(thangnamsinh=f"{BIRTH[:4]}-{int(BIRTH[5:7]) % 12 + 1:02d}"),
        "birth-date-conflict",
        "/thangnamsinh",
    ),
    "no result, and not said to be disabled": (usual().but(xeploai=None), "field-missing", "/xeploai"),
    "disabled as text": (GOOD["disabled, primary"].but(cokhuyettatkhongdanhgia="true"), "field-type", "/cokhuyettatkhongdanhgia"),
    "disabled, with a result that is none": (GOOD["disabled, primary"].but(xeploai="Giỏi"), "rule-level", "/xeploai"),
    "disabled, without conduct": (GOOD["disabled, secondary"].but(renluyencanam=None), "field-missing", "/renluyencanam"),
    "entry document of a Vietnamese": (usual().but(sogiaytoxnc="M1234567"), "entry-document", "/sogiaytoxnc"),
    "entry document in small letters": (FOREIGN.but(sogiaytoxnc="m1234567"), "field-format", "/sogiaytoxnc"),
    "a nationality that is none": (FOREIGN.but(quoctich="XX"), "field-code", "/quoctich"),
    "from paper without the seal": (EXTRACT.but(signers=(1,)), "signer-role-missing", "/signatures"),
    "from paper without the principal": (EXTRACT.but(signers=(2,)), "signer-role-missing", "/signatures"),
    "from paper, the seal first": (EXTRACT.but(signers=(2, 1)), "signer-role-order", "/signatures/1"),
    "principal and seal of what is not from paper": (usual().but(signers=PAPER), "signer-role-missing", "/signatures"),
    "from paper, of the circular in force, against its rules": (EXTRACT.but(xeploai="CHT"), "rule-result", "/xeploai"),
}  # fmt: skip


@pytest.fixture
async def http(registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    """As the vendor of both schools."""
    await settle(registry.world, CITY)
    units = frozenset({f"school:{each.code}" for each in (PRIMARY, SECONDARY)})
    client = await registry.caller("vendor", Scope.SUBMIT, units=units)
    headers = {"Authorization": f"Bearer {await client.token()}"}
    async with httpx.AsyncClient(base_url=registry.base_url, headers=headers, timeout=30) as opened:
        yield opened


@pytest.mark.parametrize("syntax", MEDIA)
async def test_each_is_accepted_and_reads_as_it_was_sent(http: httpx.AsyncClient, syntax: str) -> None:
    """Each is a pupil of its own."""
    for place, (name, case) in enumerate(GOOD.items()):
        sent = apart(case, place)
        raw = sent.signed(syntax)
        answer = await http.post("/v1/submissions", content=raw, headers={"Content-Type": MEDIA[syntax]})
        assert answer.status_code == 201, (name, answer.text)
        code = sent.document["madinhdanhhocba"]
        told = (await http.get(f"/v1/transcripts/{code}")).json()
        assert told["state"] == "genuine_current"
        read = told["transcript"]
        assert {k: v for k, v in sent.document.items() if v not in ("", [], read.get(k))} == {}, name
        received = await http.get(f"/v1/transcripts/{code}/document")
        assert (received.content, received.headers["Content-Type"]) == (raw, MEDIA[syntax])


def apart(case: Case, place: int) -> Case:
    """The same of another pupil of the school."""
    other = CITY.document(case.school, 100 + place)
    number, own = case.document["sodinhdanh"], other["madinhdanhhocba"]
    fresh = f"{number[:6]}{place:06d}" if number else number
    document = f"M12345{place:02d}" if "sogiaytoxnc" in case.document else None
    return case.but(madinhdanhhocba=own, mahocsinh=other["mahocsinh"], sodinhdanh=fresh, sogiaytoxnc=document)


@pytest.mark.parametrize("syntax", MEDIA)
async def test_each_with_one_thing_wrong_is_refused_at_its_place(http: httpx.AsyncClient, syntax: str) -> None:
    wrong = {}
    for name, (case, code, pointer) in BAD.items():
        if syntax == "xml" and code == "field-type":
            continue  # XML has one type alone
        answer = await http.post(
            "/v1/submissions", content=case.signed(syntax), headers={"Content-Type": MEDIA[syntax]}
        )
        body = answer.json()
        found = [(each["code"], each["pointer"]) for each in body["errors"] if each["effect"] == "refuse"]
        if (answer.status_code, found) != (422, [(code, pointer)]):
            wrong[name] = (answer.status_code, found)
    assert wrong == {}
    assert (await http.get("/v1/changes")).json()["changes"] == []


async def test_each_can_be_tried_out_before_anybody_signs(http: httpx.AsyncClient) -> None:
    """In both syntaxes; nothing of it is in the feed, nor in the way of the submission afterwards."""
    for name, case in GOOD.items():
        bare = {
            "application/json": transcripts.to_bytes(case.document),
            "application/xml": xml_transcript.write(case.document),
        }
        for media_type, raw in bare.items():
            answer = await http.post("/v1/judgements", content=raw, headers={"Content-Type": media_type})
            told = answer.json()
            assert (answer.status_code, told["outcome"], told["signed"]) == (200, "accepted", False), (name, told)
    for name, (case, code, pointer) in BAD.items():
        if code.startswith("signer-"):
            continue
        bare = {"application/json": transcripts.to_bytes(case.document)}
        if code != "field-type":  # in XML everything is a text
            bare["application/xml"] = xml_transcript.write(case.document)
        for media_type, raw in bare.items():
            told = (await http.post("/v1/judgements", content=raw, headers={"Content-Type": media_type})).json()
            refused = [(each["code"], each["pointer"]) for each in told["errors"] if each["effect"] == "refuse"]
            assert (told["outcome"], refused) == ("refused", [(code, pointer)]), (name, media_type)
    assert (await http.get("/v1/changes")).json()["changes"] == []


async def test_a_foreign_pupil_with_neither_document_nor_number_waits(http: httpx.AsyncClient) -> None:
    raw = FOREIGN.but(sogiaytoxnc=None).signed("json")
    answer = await http.post("/v1/submissions", content=raw, headers={"Content-Type": MEDIA["json"]})
    body = answer.json()
    assert (answer.status_code, [(f["code"], f["pointer"]) for f in body["errors"]]) == (
        202,
        [("number-absent", "/sodinhdanh")],
    )
