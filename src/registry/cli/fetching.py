"""How bytes come from a configured address: HTTP with limits on size, time, redirects and repetitions.

Private and loopback addresses are allowed: the operator configured them, nobody else can. No cookies, no credentials, no proxy
or netrc of the environment. Errors name a limit or a status, never the address.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import tenacity

from registry.services.refresh import Ask, Fetch, Fetched, FetchError

#: Octets of one answer, and seconds from the question to its last octet.
LARGEST, SECONDS = 10 * 1024 * 1024, 20.0
_TRIES, _LONGEST_PAUSE, _MOST_REDIRECTS = 3, 5.0, 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"User-Agent": "hocbaso-registry", "Accept": "*/*", "Accept-Encoding": "identity"}


class _PassingError(FetchError):
    """A failure that may be over in a moment: the connection, or a status that says so."""


@asynccontextmanager
async def fetcher(seconds: float = SECONDS, largest: int = LARGEST) -> AsyncIterator[Fetch]:
    """A function that asks an address, within these limits for each try."""
    timeout = httpx.Timeout(seconds, connect=min(5.0, seconds))
    async with httpx.AsyncClient(timeout=timeout, trust_env=False, headers=_HEADERS, follow_redirects=False) as client:
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=_LONGEST_PAUSE),
            retry=tenacity.retry_if_exception_type(_PassingError),
            reraise=True,
        )

        async def once(ask: Ask) -> Fetched:
            try:
                async with asyncio.timeout(seconds):
                    return await _asked(client, ask, largest)
            except TimeoutError:
                raise FetchError(f"not answered within {seconds:g} s") from None
            except httpx.InvalidURL:
                raise FetchError("an address that can't be asked") from None
            except httpx.HTTPError as error:
                raise _PassingError(f"no connection ({type(error).__name__})") from None

        yield lambda ask: retrying(once, ask)


async def _asked(client: httpx.AsyncClient, ask: Ask, largest: int) -> Fetched:
    """One answer, after at most three redirects on the same host."""
    url = httpx.URL(ask.url)
    for _ in range(1 + _MOST_REDIRECTS):
        request = client.build_request("GET" if ask.body is None else "POST", url, content=ask.body, headers=_sent(ask))
        response = await client.send(request, stream=True)
        try:
            if response.status_code not in _REDIRECTS:
                return await _answer(response, largest)
            url = _elsewhere(url, response)
        finally:
            await response.aclose()
    raise FetchError(f"more than {_MOST_REDIRECTS} redirects")


def _sent(ask: Ask) -> dict[str, str]:
    if ask.body is not None:
        return {"Content-Type": "application/ocsp-request"}
    validators = {"If-None-Match": ask.etag, "If-Modified-Since": ask.last_modified}
    return {name: value for name, value in validators.items() if value}


def _elsewhere(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    """Where a redirect leads: the same host and port, or from http to https of the same host; anything else is refused."""
    try:
        target = url.join(response.headers.get("location", ""))
    except httpx.InvalidURL:
        raise FetchError("a redirect to an address that can't be asked") from None
    upgraded = (url.scheme, target.scheme) == ("http", "https") and url.port is None and target.port is None
    same = (url.scheme, url.port) == (target.scheme, target.port)
    if target.host != url.host or target.userinfo or not (same or upgraded):
        raise FetchError("a redirect to another host; configure that address if it is right")
    return target


async def _answer(response: httpx.Response, largest: int) -> Fetched:
    if response.status_code == httpx.codes.NOT_MODIFIED:
        return Fetched(None)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.status_code >= 500:
        raise _PassingError(f"status {response.status_code}")
    if response.status_code != httpx.codes.OK:
        raise FetchError(f"status {response.status_code}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchError("an answer with a content coding")
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > largest:
            raise FetchError(f"more than {largest} octets")
    return Fetched(bytes(raw), response.headers.get("etag"), response.headers.get("last-modified"))
