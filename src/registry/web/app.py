"""create_app: the API and the pages as one application. Nothing is decided here."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from registry.api import app as api_app
from registry.settings import Settings
from registry.web import (
    calls,
    campaigns,
    home,
    me,
    numbers,
    overview,
    provider,
    public_codes,
    readiness,
    reminders,
    rendering,
    review_report,
    school,
    schools,
    shares,
    sign_in,
    trend,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application under these settings (default: from the environment, as uvicorn's factory call needs)."""
    settings = settings or Settings()
    app = api_app.create_app(settings, first=[public_codes.router])
    app.state.provider = provider.configured(settings)
    app.mount(rendering.STATIC_PATH, StaticFiles(directory=rendering.STATIC_FOLDER), name="static")
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    return app


#: Routers of pages, but for the one that strangers ask for most; each route's class is `rendering.PageRoute`, so that refusals become pages too.
ROUTERS = (
    home.router,
    sign_in.router,
    me.router,
    overview.router,
    trend.router,
    schools.router,
    school.router,
    readiness.router,
    numbers.router,
    campaigns.router,
    calls.router,
    reminders.router,
    review_report.router,
    shares.router,
)
