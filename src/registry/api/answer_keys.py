"""GET /.well-known/jwks.json: the keys that signed answers and papers are checked with, past, present and coming."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api.edge import Edge
from registry.core.answer_keys import Use
from registry.services import answer_keys

router = APIRouter(tags=["verification"])
#: A coming key should be published this long before its moment, so that nobody meets it unprepared.
_CACHED_SECONDS = 300


class KeyBody(BaseModel):
    """One public key (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str = Field(description="JWK thumbprint (RFC 7638)")
    use: str
    alg: str
    purpose: Use = Field(description="answer: signed answers; paper: the QR of extracts")
    nbf: int = Field(description="From when it signs, in seconds since the epoch")
    exp: int | None = Field(None, description="Until when it signs; absent for the last one")


class KeySetBody(BaseModel):
    """Every key that ever signed an answer or a paper, of each the oldest first."""

    keys: list[KeyBody]


@router.get("/.well-known/jwks.json", response_model=KeySetBody)
async def get_key_set(request: Request) -> Response:
    """The public keys of signed answers and papers. Old ones stay, so that old answers and papers can be checked for ever."""
    return await _published(request, *Use)


@router.get("/.well-known/extract-keys.json", response_model=KeySetBody)
async def get_paper_keys(request: Request) -> Response:
    """Those of papers alone, at the address that papers' checkers were first told of."""
    return await _published(request, Use.PAPER)


async def _published(request: Request, *uses: Use) -> Response:
    edge: Edge = request.app.state.edge
    keys = [key for use in uses for key in await edge.signer.published(edge.world, datetime.now(UTC), use)]
    headers = {"Cache-Control": f"public, max-age={_CACHED_SECONDS}"}
    return JSONResponse(answer_keys.key_set(keys), headers=headers, media_type="application/jwk-set+json")
