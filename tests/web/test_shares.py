"""Share links: who makes them, what they show, how often, and that nobody learns anything from one that is over."""

from __future__ import annotations

import asyncio
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from registry.core import public_code
from tests.formats.test_extract_pdf import holds
from tests.web.papers import CODE, DOCUMENT, Papers, papers

pytestmark = pytest.mark.anyio
__all__ = ["papers"]
NOBODYS = public_code.printed(bytes(range(16)))


def body(**changes: Any) -> dict[str, Any]:
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    good = {
        "pupil_code": DOCUMENT["mahocsinh"], "school_years": [DOCUMENT["namhoc"]], "receiver": "Trường THCS B",
        "purpose": "transfer", "ends_at": ends, "openings": 2,
    }  # fmt: skip
    return {**good, **changes}


async def made(papers: Papers, caller: httpx.AsyncClient | None = None, **changes: Any) -> dict[str, Any]:
    answer = await (caller or papers.mine).post("/v1/shares", json=body(**changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return {**found, "path": "/s/" + found["address"].rpartition("/")[2]}


def main(page: httpx.Response) -> str:
    return page.text.partition("<main")[2]


async def test_cover_opening_and_the_extract(papers: Papers) -> None:
    await papers.submit()
    link = await made(papers)
    cover = await papers.anybody.get(link["path"])
    assert cover.status_code == 200
    assert "Trường THCS B" in cover.text
    for hidden in (DOCUMENT["hovaten"], DOCUMENT["tentruong"], DOCUMENT["namhoc"]):
        assert hidden not in cover.text, "a cover shows nothing of the pupil"
    opened = await papers.anybody.post(link["path"])
    for said in (DOCUMENT["hovaten"], DOCUMENT["nxetgvcn"], DOCUMENT["dsbangdiem"][0]["tenmonhoc"]):
        assert said in opened.text
    assert opened.headers["cache-control"] == "no-store"
    ticket = re.findall('name="ticket" value="([^"]+)"', opened.text)[0]
    pdf = await papers.anybody.post(f"{link['path']}/extract.pdf", data={"ticket": ticket, "record": "0"})
    assert pdf.headers["content-type"] == "application/pdf"
    seal = papers.registry.settings.paper_seal_path.read_bytes()
    assert await asyncio.to_thread(holds, pdf.content, seal)
    [issue] = (await papers.mine.get(f"/v1/transcripts/{CODE}/extracts")).json()["extracts"]
    assert (issue["caller"], issue["purpose"]) == (f"share:{link['share_id']}", "transfer")
    kinds = [
        row["kind"]
        for row in await papers.rows("SELECT kind FROM question WHERE caller_id LIKE 'share:%' ORDER BY asked_at")
    ]
    assert kinds == ["share_cover", "share", "extract"]


async def test_one_opening_is_no_press(papers: Papers) -> None:
    """Each extract takes a number and the registry's time: so many of a record within the half hour, also all at once."""
    await papers.submit()
    link = await made(papers)
    opened = await papers.anybody.post(link["path"])
    ticket = re.findall('name="ticket" value="([^"]+)"', opened.text)[0]
    sent = {"ticket": ticket, "record": "0"}
    tries = [papers.anybody.post(f"{link['path']}/extract.pdf", data=sent) for _ in range(7)]
    said = sorted(await asyncio.gather(*tries), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in said] == [200] * 5 + [429] * 2
    assert int(said[-1].headers["retry-after"]) > 0
    assert len(await papers.rows("SELECT FROM extract_issue")) == 5


async def test_a_link_opens_so_often_and_no_oftener(papers: Papers) -> None:
    await papers.submit()
    link = await made(papers, openings=3)
    for _ in range(5):
        assert (await papers.anybody.get(link["path"])).status_code == 200, "looking at the cover counts nothing"
    statuses = await asyncio.gather(*(papers.anybody.post(link["path"]) for _ in range(8)))
    assert sorted(answer.status_code for answer in statuses) == [200] * 3 + [404] * 5
    assert [row["number"] for row in await papers.rows("SELECT number FROM share_opening ORDER BY 1")] == [1, 2, 3]
    [listed] = (await papers.mine.get("/v1/shares")).json()["shares"]
    assert (listed["openings"], listed["most_openings"]) == (3, 3)


async def test_all_that_is_over_looks_the_same(papers: Papers) -> None:
    await papers.submit()
    revoked, used, ended = [await made(papers, openings=1) for _ in range(3)]
    assert (await papers.mine.post(f"/v1/shares/{revoked['share_id']}/revocation")).status_code == 204
    assert (await papers.mine.post(f"/v1/shares/{revoked['share_id']}/revocation")).status_code == 204
    await papers.anybody.post(used["path"])
    soon = datetime.now(UTC) + timedelta(seconds=1)
    ended = await made(papers, ends_at=soon.isoformat())
    await asyncio.sleep(1.1)
    for call in (papers.anybody.get, papers.anybody.post):
        pages = [await call(path) for path in (revoked["path"], used["path"], ended["path"], f"/s/{NOBODYS}", "/s/x")]
        assert {page.status_code for page in pages} == {404}
        assert len({main(page) for page in pages}) == 1
        assert len({len(page.headers) for page in pages}) == 1
        assert "không dùng được nữa" in pages[0].text


async def test_a_revoked_link_gives_no_extract_and_a_foreign_ticket_none(papers: Papers) -> None:
    await papers.submit()
    first, second = [await made(papers), await made(papers)]
    tickets = []
    for link in (first, second):
        opened = await papers.anybody.post(link["path"])
        tickets.append(re.findall('name="ticket" value="([^"]+)"', opened.text)[0])
    later = str(int(tickets[0].partition(".")[0]) + 1) + "." + tickets[0].partition(".")[2]
    past = "1." + tickets[0].partition(".")[2]
    for ticket, record in (
        (tickets[1], "0"),
        (later, "0"),
        (past, "0"),
        ("", "0"),
        ("x.y", "0"),
        (tickets[0], "7"),
        (tickets[0], "x"),
    ):
        answer = await papers.anybody.post(f"{first['path']}/extract.pdf", data={"ticket": ticket, "record": record})
        assert answer.status_code == 404, (ticket, record)
    assert (await papers.mine.post(f"/v1/shares/{first['share_id']}/revocation")).status_code == 204
    answer = await papers.anybody.post(f"{first['path']}/extract.pdf", data={"ticket": tickets[0], "record": "0"})
    assert answer.status_code == 404


async def test_a_purpose_that_needs_no_marks_shows_none(papers: Papers) -> None:
    await papers.submit()
    link = await made(papers, purpose="attendance_proof")
    opened = await papers.anybody.post(link["path"])
    assert DOCUMENT["hovaten"] in opened.text
    for hidden in (DOCUMENT["nxetgvcn"], DOCUMENT["sodinhdanh"], "extract.pdf", "Mức đạt được"):
        assert hidden not in opened.text


async def test_a_withdrawn_record_is_not_shown(papers: Papers) -> None:
    await papers.submit()
    link = await made(papers)
    await papers.withdraw(1)
    opened = await papers.anybody.post(link["path"])
    assert "không còn hiệu lực" in opened.text
    assert DOCUMENT["hovaten"] not in opened.text


async def test_only_own_schools_share_and_revoke(papers: Papers) -> None:
    await papers.submit()
    link = await made(papers, papers.operator)
    assert (await papers.other.post("/v1/shares", json=body())).json()["code"] == "record-unknown"
    assert (await papers.mine.post("/v1/shares", json=body(pupil_code="nobody"))).json()["code"] == "record-unknown"
    assert (await papers.mine.post("/v1/shares", json=body(school_years=["2019-2020"]))).json()[
        "code"
    ] == "record-unknown"
    foreign = await papers.other.post(f"/v1/shares/{link['share_id']}/revocation")
    nobodys = await papers.other.post(f"/v1/shares/{UUID(int=0)}/revocation")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "share-unknown")
    assert nobodys.json()["code"] == "share-unknown"
    assert (await papers.other.get("/v1/shares")).json()["shares"] == []
    assert (await papers.mine.post(f"/v1/shares/{link['share_id']}/revocation")).status_code == 204


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/body/purpose", {"purpose": "curiosity"}),
        ("/body/ends_at", {"ends_at": "2020-01-01T00:00:00Z"}),
        ("/body/ends_at", {"ends_at": "2099-01-01T00:00:00Z"}),
        ("/body/ends_at", {"ends_at": "tomorrow"}),
        ("/body/openings", {"openings": 0}),
        ("/body/openings", {"openings": 51}),
        ("/body/school_years", {"school_years": []}),
        ("/body/school_years", {"school_years": ["2024"]}),
        ("/body/school_years", {"school_years": [DOCUMENT["namhoc"]] * 2}),
        ("/body/receiver", {"receiver": "ông A 079216570174"}),
        ("/body/receiver", {"receiver": ""}),
    ],
)
async def test_what_a_link_may_not_be(papers: Papers, pointer: str, changes: dict[str, Any]) -> None:
    answer = await papers.mine.post("/v1/shares", json=body(**changes))
    assert answer.status_code == 400, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_the_secret_is_in_no_log_and_no_table(papers: Papers, log_text: io.StringIO) -> None:
    await papers.submit()
    link = await made(papers)
    secret = link["path"].removeprefix("/s/")
    await papers.anybody.get(link["path"])
    opened = await papers.anybody.post(link["path"])
    ticket = re.findall('name="ticket" value="([^"]+)"', opened.text)[0]
    await papers.anybody.post(f"{link['path']}/extract.pdf", data={"ticket": ticket, "record": "0"})
    assert '"route": "/s/{secret}"' in log_text.getvalue()
    assert secret not in log_text.getvalue()
    assert secret not in (await papers.mine.get("/v1/shares")).text
    bits = public_code.read(secret)
    assert bits is not None
    [row] = await papers.rows("SELECT * FROM share")
    assert bits not in b"".join(value for value in row.values() if isinstance(value, bytes))


async def test_guessing_links_ends_after_a_few(papers: Papers) -> None:
    statuses = [
        (await papers.anybody.get(f"/s/{public_code.printed(bytes([each]) * 16)}")).status_code for each in range(12)
    ]
    assert statuses == [404] * 10 + [429] * 2
