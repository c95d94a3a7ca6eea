"""The OpenID provider as this process sees it: where it is, its keys, and tokens for codes. Whether a token is good is decided elsewhere.

Only the configured issuer and the addresses that its own discovery document names are asked, over https (plain http on
loopback, for trials), with limits on time and size, and without redirects, proxies or cookies.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from registry.core import codes
from registry.core.findings import Refusal
from registry.services import sign_in
from registry.settings import Settings

_SECONDS, _LARGEST = 10.0, 262_144
_KEPT_SECONDS, _SHORTEST_SECONDS = 3600.0, 30.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class _UnusableError(Exception):
    """The provider gave something that can't be used."""


class Provider:
    """One configured provider; what it says of itself is kept for an hour."""

    def __init__(self, settings: Settings) -> None:
        self._issuer, self._client_id = settings.oidc_issuer.rstrip("/"), settings.oidc_client_id
        self._named = settings.oidc_issuer
        self._secret = settings.oidc_client_secret
        self._scopes = settings.oidc_scopes
        self._redirect = f"{settings.issuer.rstrip('/')}/sign-in/callback"
        self._known: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self.expected = sign_in.Provider(
            self._named, self._client_id, frozenset(settings.oidc_algorithms.split(",")), settings.oidc_claim
        )

    async def address(self, attempt: sign_in.Attempt) -> str:
        """Where to send the browser; raises Refusal(session-provider)."""
        async with _asking() as http:
            place = (await self._discovery(http))["authorization_endpoint"]
        address: str = prepare_grant_uri(
            place,
            client_id=self._client_id,
            response_type="code",
            redirect_uri=self._redirect,
            scope=self._scopes,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
        return address

    async def id_token(self, code: str, attempt: sign_in.Attempt) -> str:
        """The ID token for a code; raises Refusal: session-provider, session-answer (the provider refuses the code)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": attempt.verifier,
            "client_id": self._client_id,
        }
        if self._secret is not None:
            form["client_secret"] = self._secret.get_secret_value()
        async with _asking() as http:
            place = (await self._discovery(http))["token_endpoint"]
            async with http.stream("POST", place, data=form, headers={"Accept": "application/json"}) as answer:
                if 400 <= answer.status_code < 500:
                    raise sign_in.refused_by_provider()
                token = (await _json(answer)).get("id_token")
        if not isinstance(token, str):
            raise sign_in.refused_by_provider()
        return token

    async def keys(self, *, again: bool = False) -> Mapping[str, Any]:
        """The provider's key set; `again`: asked for anew, unless that was just now. Raises Refusal(session-provider)."""
        async with _asking() as http:
            place = (await self._discovery(http))["jwks_uri"]
            return await self._kept(http, place, _SHORTEST_SECONDS if again else _KEPT_SECONDS)

    async def _discovery(self, http: httpx.AsyncClient) -> Mapping[str, Any]:
        """The discovery document, which must be the configured issuer's own (OpenID Connect Discovery 1.0 section 4.3)."""
        found = await self._kept(http, f"{self._issuer}/.well-known/openid-configuration", _KEPT_SECONDS)
        if found.get("issuer") != self._named or not all(_usable(found.get(name)) for name in _ENDPOINTS):
            raise _UnusableError
        return found

    async def _kept(self, http: httpx.AsyncClient, url: str, seconds: float) -> Mapping[str, Any]:
        at, document = self._known.get(url, (0.0, {}))
        if not document or time.monotonic() - at >= seconds:
            if not _usable(url):
                raise _UnusableError
            async with http.stream("GET", url) as answer:
                document = await _json(answer)
            self._known[url] = (time.monotonic(), document)
        return document


def configured(settings: Settings) -> Provider | None:
    """The provider of these settings, if any."""
    return Provider(settings) if settings.oidc_issuer and settings.oidc_client_id else None


@asynccontextmanager
async def _asking() -> AsyncIterator[httpx.AsyncClient]:
    """A client for one exchange; whatever goes wrong with it is Refusal(session-provider)."""
    try:
        async with (
            asyncio.timeout(_SECONDS),
            httpx.AsyncClient(timeout=_SECONDS, trust_env=False, follow_redirects=False) as http,
        ):
            yield http
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, _UnusableError):
        raise Refusal(codes.SESSION_PROVIDER, retry_after=30) from None


async def _json(answer: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of an answer with status 200, of limited size."""
    if answer.status_code != httpx.codes.OK:
        raise _UnusableError
    raw = bytearray()
    async for part in answer.aiter_bytes():
        raw += part
        if len(raw) > _LARGEST:
            raise _UnusableError
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise _UnusableError from None
    if not isinstance(found, dict):
        raise _UnusableError
    return found


def _usable(url: object) -> bool:
    """https; plain http on this machine only."""
    try:
        parsed = httpx.URL(url) if isinstance(url, str) else None
    except httpx.InvalidURL:
        return False
    return parsed is not None and (parsed.scheme == "https" or (parsed.scheme == "http" and parsed.host in _LOOPBACK))
