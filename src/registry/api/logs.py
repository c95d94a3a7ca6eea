"""One JSON line per request and for everything else that is logged, with no personal data: what may stand in a line is decided here.

Never in a line: query strings, raw paths, header values, bodies, texts of exceptions (they quote rows and statements). Of an
exception there are its type, its SQLSTATE and the places it came through.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor, WrappedLogger

from registry.services import pace

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)
_LONGEST_MESSAGE = 300
_MOST_FRAMES = 25
#: What nginx writes too when the client has gone away before the answer.
_CLIENT_GONE = 499

#: Made once: json.dumps makes one for each line unless everything is as by default.
_AS_JSON = json.JSONEncoder(ensure_ascii=False, default=repr).encode

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_facts: ContextVar[dict[str, Any] | None] = ContextVar("request_facts", default=None)
_started: ContextVar[float] = ContextVar("request_started", default=0.0)
#: Writes the lines of requests: bound when it is configured, which otherwise would happen for each line.
_lines: list[structlog.typing.FilteringBoundLogger] = [structlog.get_logger()]


def request_id() -> str:
    """The id of the request that this code runs for; "" outside of one."""
    return _request_id.get()


def started() -> float:
    """When the present request came, by the clock of `pace`."""
    return _started.get()


def note(**facts: Any) -> None:
    """Add facts to the line of the present request (caller, outcome, codes, size): never anything that was sent."""
    present = _facts.get()
    if present is not None:
        present.update(facts)


def fault(log: logging.Logger, error: BaseException) -> None:
    """Log a bug: its type and the places it came through, never its text."""
    log.error("fault", exc_info=error)


def configure(level: str) -> None:
    """Send everything that this process logs to standard output, each a line of JSON made by the same steps.

    The line of a request is written at once: by way of `logging` it would cost twice as much.
    """
    line: list[Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _with_request_id,
        _without_exception_text,
        structlog.processors.JSONRenderer(serializer=lambda event, **_: _AS_JSON(event)),
    ]
    structlog.configure(
        processors=line,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )
    _lines[:] = [structlog.get_logger().bind()]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.add_log_level, _short],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *line],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "pgqueuer", "alembic"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"  # its lines have raw paths and query strings
    # Their INFO lines name statements (sqlalchemy) or every step of every migration context (alembic).
    for name in ("sqlalchemy", "asyncpg", "alembic", "httpx", "pgqueuer"):
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))


class RequestLog:
    """Pure ASGI: gives each request an id, times it, and writes its line when it has been answered.

    It also answers what nothing else caught, by the application's own handler for `Exception`: left to go up, the server
    would log it once more, with its text.
    """

    def __init__(self, app: ASGIApp, timed: Callable[[Scope, int, float], None] | None = None) -> None:
        """`timed` is told of each request that has been answered: its status (0: none was sent) and seconds."""
        self._app, self._timed = app, timed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; anything but HTTP passes untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts: dict[str, Any] = {}
        identity = _identity(scope)
        _request_id.set(identity)
        _facts.set(facts)
        _started.set(pace.started())
        status = 0
        started = time.perf_counter()

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", identity.encode("ascii"))]
            await send(message)

        try:
            await self._app(scope, receive, answering)
        except ClientDisconnect:
            status = _CLIENT_GONE
        except Exception as error:
            if status:
                fault(logging.getLogger(__name__), error)  # too late for another answer: the connection breaks
                raise _BrokenAnswerError from None
            await _answer_fault(scope, receive, answering, error)
        finally:
            seconds = time.perf_counter() - started
            if self._timed is not None:
                self._timed(scope, status, seconds)
            self._write(scope, status, seconds, facts)

    def _write(self, scope: Scope, status: int, seconds: float, facts: dict[str, Any]) -> None:
        method = scope["method"]
        _lines[0].info(
            "request",
            level="info",
            method=method if method in _METHODS else "OTHER",
            route=route_template(scope),
            status=status or _CLIENT_GONE,
            duration_ms=round(seconds * 1000, 2),
            **facts,
        )


class _BrokenAnswerError(Exception):
    """An answer that broke off in the middle; the reason has been logged."""


async def _answer_fault(scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
    handler = scope["app"].exception_handlers[Exception]
    response = await handler(Request(scope, receive), error)
    await response(scope, receive, send)


def route_template(scope: Scope) -> str | None:
    """The declared path of the route that took the request ("/v1/submissions/{submission_id}"), None when none did."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else None


def _identity(scope: Scope) -> str:
    """The caller's own X-Request-Id when it is harmless, else a fresh one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _GIVEN_ID.fullmatch(given):
                return str(given)
    return secrets.token_hex(8)


def _short(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The first line of another library's message: asyncio puts the text of exceptions into the lines after it."""
    event["event"] = str(event.get("event", "")).split("\n", 1)[0][:_LONGEST_MESSAGE]
    return event


def _with_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    identity = _request_id.get()
    if identity:
        event["request_id"] = identity
    return event


def _without_exception_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    elif error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = _described(error)
    return event


def _described(error: BaseException) -> list[dict[str, Any]]:
    """The chain of exceptions, newest first: type, SQLSTATE, and frames as "file:line function"."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    present: BaseException | None = error
    while present is not None and id(present) not in seen and len(chain) < 5:
        seen.add(id(present))
        frames = traceback.extract_tb(present.__traceback__)[-_MOST_FRAMES:]
        entry: dict[str, Any] = {
            "type": f"{type(present).__module__}.{type(present).__qualname__}",
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        state = getattr(present, "sqlstate", None)
        if isinstance(state, str):
            entry["sqlstate"] = state
        chain.append(entry)
        present = present.__cause__ or (None if present.__suppress_context__ else present.__context__)
    return chain
