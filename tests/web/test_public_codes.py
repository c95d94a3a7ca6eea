"""/v and /v/{code}: what a stranger with a paper sees, and what no stranger sees, in any answer, log or table."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from registry.core import codes, public_code
from registry.core.findings import Code
from registry.services import audit
from tests.api.conftest import served
from tests.conftest import Urls
from tests.web.papers import CODE, DOCUMENT, Papers, papers

pytestmark = pytest.mark.anyio
__all__ = ["papers"]
NOBODYS = public_code.printed(bytes(range(16)))


def link_for(receiver: str) -> dict[str, Any]:
    ends = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    return {"pupil_code": DOCUMENT["mahocsinh"], "school_years": [DOCUMENT["namhoc"]], "receiver": receiver,
            "purpose": "transfer", "ends_at": ends, "openings": 2}  # fmt: skip


async def test_what_the_page_says_and_what_it_does_not(papers: Papers) -> None:
    await papers.submit()
    code = await papers.public_code()
    page = await papers.anybody.get(f"/v/{code}")
    assert page.status_code == 200
    assert "Đang có hiệu lực" in page.text
    for said in (DOCUMENT["tentruong"], DOCUMENT["namhoc"], public_code.initials(DOCUMENT["hovaten"]), code):
        assert said in page.text
    assert DOCUMENT["ngaythangnamsinh"][:4] in page.text
    for hidden in (DOCUMENT["hovaten"], DOCUMENT["sodinhdanh"], DOCUMENT["mahocsinh"], CODE, DOCUMENT["nxetgvcn"]):
        assert hidden not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert "<script" not in page.text
    assert "In force" in (await papers.anybody.get(f"/v/{code}?lang=en")).text


async def test_a_code_stays_with_its_version(papers: Papers) -> None:
    await papers.submit(1)
    first = await papers.public_code()
    assert await papers.public_code(1) == first
    await papers.submit(2)
    second = await papers.public_code()
    assert second != first
    old = await papers.anybody.get(f"/v/{first}")
    assert "Đã có phiên bản thay thế" in old.text
    assert "phiên bản 2 thay thế" in old.text
    assert second not in old.text, "a photographed paper leads to no other"
    await papers.withdraw(1)
    assert "Đã bị thu hồi" in (await papers.anybody.get(f"/v/{first}")).text
    assert "Đang có hiệu lực" in (await papers.anybody.get(f"/v/{second}")).text
    await papers.withdraw(2)
    page = await papers.anybody.get(f"/v/{second}")
    assert "Đã bị thu hồi" in page.text
    assert "Sai họ tên" not in page.text, "a reason can name somebody"
    told = [
        (row["answer"], row["detail"])
        for row in await papers.rows(
            "SELECT answer, detail FROM question WHERE kind = 'public_page' ORDER BY question_id"
        )
    ]
    assert told == [
        ("genuine_superseded", "version 1"),
        ("genuine_withdrawn", "version 1"),
        ("genuine_current", "version 2"),
        ("genuine_withdrawn", "version 2"),
    ]


async def test_every_kind_of_viewer_is_in_the_list_and_in_the_chain(papers: Papers) -> None:
    await papers.submit()
    code = await papers.public_code()
    await papers.anybody.get(f"/v/{code}")
    link = (
        "/s/"
        + (await papers.mine.post("/v1/shares", json=link_for("Trường THCS B"))).json()["address"].rpartition("/")[2]
    )
    await papers.anybody.get(link)
    await papers.anybody.post(link)
    await papers.office.post(
        "/v1/verifications", json={"purpose": "admission", "reference": "Hồ sơ 1", "transcript_code": CODE}
    )
    body = (await papers.mine.get(f"/v1/pupils/{DOCUMENT['mahocsinh']}/views")).json()
    seen = [(view["viewer"], view["kind"], view["answer"]) for view in body["views"]]
    assert seen == [
        ("school", "views", "shown"),
        ("office", "transcript_code", "genuine_current"),
        ("share_link", "share", "shown"),
        ("share_link", "share_cover", "cover"),
        ("public", "public_page", "genuine_current"),
        ("school", "transcript", "shown"),
    ]
    assert body["views"][2]["reference"] == "Trường THCS B"
    assert body["views"][2]["purpose_vi"] == "Chuyển trường"
    assert body["views"][4]["purpose_vi"] == "Kiểm tra bản giấy"
    text = (await papers.mine.get(f"/v1/pupils/{DOCUMENT['mahocsinh']}/views/export")).text
    assert "Người có mã trên bản giấy" in text
    assert "receiver of a link: Trường THCS B" in text
    report = await audit.check(papers.registry.world, datetime.now(UTC))
    assert (report.places, report.breaks) == (len(seen) + 1, ())


@pytest.mark.parametrize("kind", ["public_page", "share", "share_cover"])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE question SET asked_at = asked_at - interval '1 hour' WHERE kind = $1", codes.AUDIT_EDITED),
        ("UPDATE question SET pupil_id = gen_random_uuid() WHERE kind = $1", codes.AUDIT_EDITED),
        ("DELETE FROM question WHERE kind = $1", codes.AUDIT_MISSING),
    ],
)
async def test_a_changed_or_removed_view_is_found(
    papers: Papers, database_urls: Urls, kind: str, change: str, found: Code
) -> None:
    await papers.submit()
    await papers.anybody.get(f"/v/{await papers.public_code()}")
    link = "/s/" + (await papers.mine.post("/v1/shares", json=link_for("B"))).json()["address"].rpartition("/")[2]
    await papers.anybody.get(link)
    await papers.anybody.post(link)
    await audit.link_all(papers.registry.world, datetime.now(UTC))
    owner = await asyncpg.connect(database_urls.owner.replace("+asyncpg", ""))
    await owner.execute(change, kind)
    await owner.close()
    assert [each.code for each in (await audit.check(papers.registry.world, datetime.now(UTC))).breaks] == [found]


async def test_a_view_that_the_version_before_writes_has_its_place_too(papers: Papers) -> None:
    await papers.submit()
    await papers.public_code()
    moment = datetime.now(UTC)
    async with papers.registry.world.db.hot() as tx:
        await tx.execute(
            "INSERT INTO public_view (code_index, viewed_at, answer) SELECT code_index, $1, 'genuine_current' FROM public_code",
            moment,
        )
    [row] = await papers.rows("SELECT * FROM question WHERE kind = 'public_page'")
    assert (row["asked_at"], row["caller_id"], row["answer"]) == (moment, "public:code", "genuine_current")
    assert row["question_id"].version == 7
    assert row["question_id"].int >> 80 == int(moment.timestamp() * 1000), "lists go by the id"
    assert (await audit.check(papers.registry.world, moment)).breaks == ()


async def test_fifty_at_once_get_one_code(papers: Papers) -> None:
    await papers.submit()
    found = await asyncio.gather(*(papers.public_code() for _ in range(50)))
    assert len(set(found)) == 1
    assert len(await papers.rows("SELECT FROM public_code")) == 1


async def test_a_leaked_database_has_no_working_code(papers: Papers) -> None:
    await papers.submit()
    bits = public_code.read(await papers.public_code())
    assert bits is not None
    [row] = await papers.rows("SELECT * FROM public_code")
    text = repr(dict(row)).encode()
    assert bits not in b"".join(value for value in row.values() if isinstance(value, bytes))
    assert public_code.initials(DOCUMENT["hovaten"]).encode() not in text


async def test_wrong_and_unknown_codes_are_said_apart(papers: Papers) -> None:
    typed = NOBODYS[:-1] + ("0" if NOBODYS[-1] != "0" else "1")
    wrong = await papers.anybody.get(f"/v/{typed}")
    assert (wrong.status_code, "Mã xác thực gõ chưa đúng" in wrong.text) == (400, True)
    unknown = await papers.anybody.get(f"/v/{NOBODYS}")
    assert (unknown.status_code, "Không có bản học bạ nào" in unknown.text) == (404, True)
    for page in (wrong, unknown):
        assert '<form method="post" action="/v"' in page.text
        assert NOBODYS[:20] not in page.text.partition("<main")[2]
    metrics = (await papers.anybody.get("/metrics")).text
    assert 'registry_public_views_total{answer="public-code-unknown",page="code"}' in metrics


async def test_typed_codes_lead_to_their_page(papers: Papers) -> None:
    assert (await papers.anybody.get("/v")).status_code == 200
    for typed in (
        NOBODYS,
        NOBODYS.lower().replace("-", " "),
        f"https://x/v/{NOBODYS}#1.a.b",
        NOBODYS.replace("0", "O"),
    ):
        answer = await papers.anybody.post("/v", data={"code": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/v/{NOBODYS}")
    bad = await papers.anybody.post("/v", data={"code": "<b>abc"})
    assert (bad.status_code, "<b>abc" in bad.text) == (400, False)
    assert (await papers.anybody.post("/v", json={})).status_code == 415
    assert (await papers.anybody.post("/v", data={"code": "0" * 70_000})).status_code == 413


async def test_guessing_ends_after_a_few(papers: Papers) -> None:
    await papers.submit()
    code = await papers.public_code()
    statuses = [
        (await papers.anybody.get(f"/v/{public_code.printed(bytes([each]) * 16)}")).status_code for each in range(12)
    ]
    assert statuses == [404] * 10 + [429] * 2
    stopped = await papers.anybody.get(f"/v/{code}")
    assert stopped.status_code == 429, "else a hit among guesses would still be told"
    assert int(stopped.headers["retry-after"]) > 0


async def test_guessing_at_two_processes_is_counted_together(papers: Papers) -> None:
    await papers.submit()
    code = await papers.public_code()
    if datetime.now(UTC).second > 55:
        await asyncio.sleep(6)  # the count begins anew with each minute
    with served(papers.registry.settings) as base_url:
        async with httpx.AsyncClient(base_url=base_url, timeout=30) as other:
            told = []
            for each in range(12):
                page = await (papers.anybody, other)[each % 2].get(f"/v/{public_code.printed(bytes([each]) * 16)}")
                told.append(page.status_code)
            assert told[10:] == [429] * 2, told
            assert set(told[:10]) == {404}
            assert [(await http.get(f"/v/{code}")).status_code for http in (papers.anybody, other)] == [429] * 2
    rows = await papers.rows("SELECT address_index, misses FROM page_miss")
    assert sum(row["misses"] for row in rows) == 12
    assert b"127.0.0.1" not in b"".join(row["address_index"] for row in rows)


async def test_the_code_is_in_no_log(papers: Papers, log_text: io.StringIO) -> None:
    await papers.submit()
    code = await papers.public_code()
    for path in (f"/v/{code}", f"/v/{code}?lang=en", f"/v/{NOBODYS}", f"/v/{code[:-1]}"):
        await papers.anybody.get(path)
    await papers.anybody.post("/v", data={"code": code})
    text = log_text.getvalue()
    assert '"route": "/v/{code}"' in text
    assert code not in text
    assert NOBODYS not in text
    assert code.replace("-", "") not in text
    assert code not in (await papers.anybody.get("/metrics")).text
