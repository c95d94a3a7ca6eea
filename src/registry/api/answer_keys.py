"""GET /.well-known/jwks.json: the keys that signed answers are checked with, past, present and coming."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api.edge import Edge
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
    nbf: int = Field(description="From when it signs, in seconds since the epoch")
    exp: int | None = Field(None, description="Until when it signs; absent for the last one")


class KeySetBody(BaseModel):
    """Every key that ever signed an answer, the oldest first."""

    keys: list[KeyBody]


@router.get("/.well-known/jwks.json", response_model=KeySetBody)
async def get_key_set(request: Request) -> Response:
    """The public keys of signed answers. Old ones stay, so that old answers can be checked (openapi/verification.md)."""
    edge: Edge = request.app.state.edge
    keys = await edge.signer.published(edge.world, datetime.now(UTC))
    headers = {"Cache-Control": f"public, max-age={_CACHED_SECONDS}"}
    return JSONResponse(answer_keys.key_set(keys), headers=headers, media_type="application/jwk-set+json")
