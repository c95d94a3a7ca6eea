"""/healthz, /readyz and /metrics: for the machines that watch the service."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from registry.api import access, problems
from registry.api.edge import Edge
from registry.core import codes
from registry.core.callers import Scope
from registry.core.findings import Finding
from registry.services import health

router = APIRouter(tags=["operation"])
_RETRY_SECONDS = "2"


@router.get("/healthz")
async def get_healthz() -> JSONResponse:
    """The process lives. Asks nobody else."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
async def get_readyz(request: Request) -> Response:
    """The process can answer: database, schema, sealing key and register are there; else 503 names what is missing."""
    edge: Edge = request.app.state.edge
    lacking = await health.missing(edge.world)
    if lacking is None:
        return JSONResponse({"status": "ready"})
    code = codes.SERVICE_DATABASE if lacking == health.DATABASE else codes.SERVICE_UNREADY
    finding = Finding(code, "", f"missing: {lacking}")
    return problems.problem(
        request, code, [finding], headers={"Retry-After": _RETRY_SECONDS}, extra={"missing": lacking}
    )


@router.get("/metrics", response_class=Response)
async def get_metrics(request: Request) -> Response:
    """Prometheus metrics of all workers together; for this machine, for scope operate, or for all when so configured."""
    edge: Edge = request.app.state.edge
    if not (edge.settings.metrics_open or _is_local(request)):
        await access.authenticate(request, frozenset({Scope.OPERATE}), datetime.now(UTC))
    return Response(edge.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_local(request: Request) -> bool:
    """From this machine itself, and not through a proxy on it that speaks for somebody else."""
    if request.client is None or any(name in request.headers for name in ("forwarded", "x-forwarded-for", "via")):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
