"""A hostile stranger on the pages without sign-in: what every answer carries, and what no answer tells."""

from __future__ import annotations

import io

import pytest

from registry.core import public_code
from tests.web.papers import Papers, papers
from tests.web.test_public_codes import link_for

pytestmark = pytest.mark.anyio
__all__ = ["papers"]
NOBODYS = public_code.printed(bytes(range(16)))
ASKED = ("/v", "/v/", "/v/{code}", "/v/{code}/", "/v/{code}%00", "/v/{code}%0d%0aX:1", "/v/%2e%2e/metrics", "/v/%ff%fe", "/v/" + "0" * 3000,
         "/s/{secret}", "/s/{secret}/", "/s/{secret}/extract.pdf", "/s/%00", "/s/" + NOBODYS, "/v/" + NOBODYS, "/v/{code}?lang=%3Cscript%3E",
         "/v/{code}?lang=xx&lang=en", "//evil.example/v/{code}")  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_whatever_is_asked_nothing_is_kept_or_indexed(papers: Papers, method: str, log_text: io.StringIO) -> None:
    await papers.submit()
    code = await papers.public_code()
    secret = (await papers.mine.post("/v1/shares", json=link_for("B"))).json()["address"].rpartition("/")[2]
    wrong = []
    for path in ASKED:
        answer = await papers.anybody.request(method, path.format(code=code, secret=secret))
        said = answer.headers
        kept = said.get("cache-control") != "no-store" or "noindex" not in said.get("x-robots-tag", "")
        told = said.get("referrer-policy") not in ("no-referrer", "same-origin")
        odd = answer.status_code >= 500 or "location" in said or "<script" in answer.text or "X" in said
        if kept or told or odd:
            wrong.append((path, answer.status_code, dict(said)))
    assert wrong == []
    assert code not in log_text.getvalue()
    assert secret not in log_text.getvalue(), "in an address that is none too"


async def test_a_code_that_looks_alike_is_the_same_or_none(papers: Papers) -> None:
    await papers.submit()
    code = await papers.public_code()
    same = [
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        code.replace("0", "o").replace("1", "l"),
        f" {code} ",
    ]
    for typed in same:
        assert (await papers.anybody.post("/v", data={"code": typed})).headers["location"] == f"/v/{code}"
    other = [code.replace("-", "\u200b"), code.translate({ord("A"): "\u0410", ord("0"): "\u041e", ord("E"): "\u0415"}) + "\u0430",
             "".join(chr(0xFF10 + int(c)) if c.isdecimal() else c for c in code) + "\uff10", code + code, code[:-1], code + "0",
             "\u202e" + code]  # fmt: skip
    for typed in other:
        answer = await papers.anybody.post("/v", data={"code": typed})
        assert answer.status_code == 400, typed
        assert (await papers.anybody.get(f"/v/{typed}")).status_code == 400
    seen = await papers.rows("SELECT FROM question WHERE kind = 'public_page'")
    assert seen == [], "nothing was shown"
