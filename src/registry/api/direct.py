"""The routes that are asked for most, reached without the framework's way to them, which took as long as what they do.

A request goes directly when the framework has nothing to do for it: a route that takes the request alone, at its very path, without a
query. What is asked of every request (`arrival`, `logs`, the figures, refusals as problems) is asked here by the same parts. Whatever
else comes for these routes goes through the framework, where they are declared like all others, as the contract has them.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from registry.api import arrival, logs, telemetry
from registry.core.findings import Refusal


class Application(FastAPI):
    """FastAPI, with a direct way to some of its routes."""

    def __init__(self, *, direct: Iterable[APIRouter], hosts: Iterable[str], **more: Any) -> None:
        super().__init__(**more)
        self._hosts = tuple(hosts)
        routes = [route for router in direct for route in router.routes if isinstance(route, APIRoute)]
        timed = telemetry.Durations(self)
        self._direct: dict[tuple[str, str], ASGIApp] = {
            (method, route.path): logs.RequestLog(arrival.Arrival(_Endpoint(route), self._hosts), timed.note)
            for route in routes
            for method in route.methods or ()
        }
        self.add_middleware(arrival.Arrival, hosts=self._hosts)
        self.add_middleware(logs.RequestLog)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; anything but HTTP, and whatever is not plain, goes through the framework."""
        plain = scope["type"] == "http" and not scope["query_string"]
        way = self._direct.get((scope["method"], scope["path"])) if plain else None
        if way is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await way(scope, receive, send)


class _Endpoint:
    """Pure ASGI: what one route answers, or the refusal that it raises."""

    def __init__(self, route: APIRoute) -> None:
        parameters = list(inspect.signature(route.endpoint).parameters)
        if parameters != ["request"] or route.dependencies:
            raise TypeError(f"{route.path} takes more than the request: the framework has to make it")
        self._route, self._answer = route, route.endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self._route
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refusal as refusal:
            response = await scope["app"].exception_handlers[Refusal](request, refusal)
        await response(scope, receive, send)
