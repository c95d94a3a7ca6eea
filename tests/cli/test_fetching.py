"""Bytes from a configured address over real HTTP: the limits, the redirects, the repetitions."""

from __future__ import annotations

import time

import pytest

from registry.cli import fetching
from registry.services.refresh import Ask, Fetched, FetchError
from tests.trust_server import Reply, Site, serving

pytestmark = pytest.mark.anyio


async def ask(site: Site, path: str, *, seconds: float = 5, largest: int = 1000, **more: str) -> Fetched:
    async with fetching.fetcher(seconds, largest) as fetch:
        return await fetch(Ask(site.url(path), **more))  # type: ignore[arg-type]


async def refused(site: Site, path: str, **more: float) -> str:
    with pytest.raises(FetchError) as caught:
        await ask(site, path, **more)  # type: ignore[arg-type]
    assert "127.0.0.1" not in str(caught.value)
    return str(caught.value)


async def test_bytes_and_validators() -> None:
    with serving() as site:
        site.replies["/a"] = Reply(b"list", headers={"ETag": '"1"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"})
        first = await ask(site, "/a")
        assert first == Fetched(b"list", '"1"', "Mon, 01 Jan 2024 00:00:00 GMT")
        assert (await ask(site, "/a", etag='"1"')).raw is None
        assert site.asked[-1][2]["if-none-match"] == '"1"'


async def test_the_largest_answer() -> None:
    with serving() as site:
        site.replies |= {"/fits": Reply(bytes(1000)), "/large": Reply(bytes(1001))}
        assert len((await ask(site, "/fits")).raw or b"") == 1000
        assert "octets" in await refused(site, "/large")


async def test_a_slow_answer_ends_in_time() -> None:
    with serving() as site:
        site.replies["/slow"] = Reply(bytes(500), drip=0.05)
        begun = time.monotonic()
        assert "within" in await refused(site, "/slow", seconds=0.5)
        assert time.monotonic() - begun < 3


async def test_redirects_stay_on_the_host() -> None:
    with serving() as site, serving() as other:
        site.replies |= {
            "/here": Reply(status=302, headers={"Location": "/a"}),
            "/there": Reply(status=302, headers={"Location": other.url("/a")}),
            "/name": Reply(status=302, headers={"Location": site.url("/a").replace("127.0.0.1", "localhost")}),
            "/file": Reply(status=302, headers={"Location": "file:///etc/hostname"}),
            "/round": Reply(status=307, headers={"Location": "/round"}),
            "/a": Reply(b"list"),
        }
        other.replies["/a"] = Reply(b"other")
        assert (await ask(site, "/here")).raw == b"list"
        for path in ("/there", "/name", "/file"):
            assert "another host" in await refused(site, path)
        assert "redirects" in await refused(site, "/round")
        assert other.asked == []


async def test_what_passes_is_tried_again_and_what_does_not_is_not() -> None:
    with serving() as site:
        site.replies |= {"/busy": [Reply(status=503), Reply(b"list")], "/down": Reply(status=500)}
        assert (await ask(site, "/busy")).raw == b"list"
        assert "500" in await refused(site, "/down")
        assert "404" in await refused(site, "/none")
        paths = [path for _, path, _ in site.asked]
        assert (paths.count("/busy"), paths.count("/down"), paths.count("/none")) == (2, 3, 1)


async def test_a_content_coding_is_refused_whatever_was_asked_for() -> None:
    with serving() as site:
        site.replies["/gzip"] = Reply(b"x", headers={"Content-Encoding": "gzip"})
        assert "coding" in await refused(site, "/gzip")
        assert site.asked[0][2]["accept-encoding"] == "identity"


async def test_nobody_answers() -> None:
    with serving() as site:
        pass
    assert "connection" in await refused(site, "/")
