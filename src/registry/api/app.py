"""create_app: wiring, lifespan and limits. Nothing is decided here."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI

from registry.api import (
    access,
    answer_keys,
    approvals,
    batches,
    calls,
    campaign_progress,
    campaigns,
    cases,
    changes,
    claims,
    completeness,
    contacts,
    contract,
    declarations,
    direct,
    docs,
    edge,
    extracts,
    freezing,
    health,
    judgements,
    logs,
    number_cases,
    number_returns,
    numbers,
    office_logs,
    plainly,
    problems,
    pupils,
    readiness,
    reminders,
    report,
    rosters,
    shares,
    signer_register,
    signers,
    submission,
    telemetry,
    transcripts,
    units,
    unnamed,
    verification,
    views,
    withdrawals,
)
from registry.settings import Settings

_DESCRIPTION = (
    "Sổ đăng ký học bạ số của thành phố: nhận, kiểm tra, lưu giữ, đối chiếu và xác thực học bạ đã ký số.\n\n"
    "The city's registry of signed school transcripts: judged, stored, counted and verified.\n\n"
    "Mỗi tham số viết đúng một lần (trừ danh sách), đúng tên đã công bố; số viết bằng chữ số (`1`, không phải `1.0`). "
    "Every parameter stands once (lists excepted) and under a declared name; whole numbers in digits (`1`, not `1.0`)."
)


#: A request makes some thousands of objects, which its end frees without the collector; what it is there for, cycles, is rare.
_MADE_BEFORE_A_ROUND = 50_000


def create_app(settings: Settings | None = None, first: Sequence[APIRouter] = ()) -> FastAPI:
    """The ASGI application under these settings (default: from the environment, as uvicorn's factory call needs).

    Routes are tried one after the other: those of `first` before all others.
    """
    settings = settings or Settings()
    logs.configure(settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with edge.opened(settings) as opened:
            app.state.edge = opened
            leave_alone_what_stays()
            yield

    app = direct.Application(
        direct=DIRECT,
        hosts=settings.allowed_hosts.split(","),
        title="Học bạ số – City registry",
        version="1.0",
        summary="Signed transcripts in, verdicts, completeness and proofs out",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=telemetry.configuration(),
        dependencies=[Depends(plainly.check)],
    )
    for router in (*first, *ROUTERS):
        app.include_router(router)
    docs.install(app)
    problems.install(app)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def leave_alone_what_stays() -> None:
    """What was made by now lives as long as the process: left to the collector, each of its full rounds would go through all of it
    and hold up every request for a tenth of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MADE_BEFORE_A_ROUND, *gc.get_threshold()[1:])


def _described(app: FastAPI) -> dict[str, object]:
    if app.openapi_schema is None:
        app.openapi_schema = contract.describe(app)
    return app.openapi_schema


#: Asked within weeks by everybody who admits pupils, many times a second.
DIRECT = (verification.router, claims.router)

#: The routes are tried in this order: the two that most requests ask for come first.
ROUTERS = (
    submission.router,
    verification.router,
    claims.router,
    batches.router,
    report.router,
    approvals.router,
    changes.router,
    judgements.router,
    transcripts.router,
    extracts.router,
    shares.router,
    withdrawals.router,
    declarations.router,
    declarations.listing,
    access.router,
    completeness.router,
    unnamed.router,
    readiness.router,
    campaigns.router,
    campaign_progress.router,
    units.router,
    freezing.router,
    contacts.router,
    reminders.router,
    calls.router,
    rosters.router,
    numbers.router,
    number_returns.router,
    number_cases.router,
    numbers.listing,
    signers.router,
    signer_register.router,
    pupils.router,
    views.router,
    cases.router,
    office_logs.router,
    office_logs.listing,
    answer_keys.router,
    health.router,
    contract.router,
)
