"""How a parameter must be written, for every route of the contract at once: once, by a declared name, and as the contract shows it.

The framework takes the last of two, ignores names where a route declares none, and reads 1.0 as 1 and 0 as a date of 1970: a caller
who meant something else would never learn of it. Who repeats a list's parameter means a list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute

from registry.core import codes
from registry.core.findings import Finding, Refusal

_WHOLE = (re.compile(r"-?(0|[1-9][0-9]*)"), "a whole number in digits, as 1 and not 1.0")
_DAY = (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*"), "a day or moment as YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ")
_MOST_NAMED = 20
_KNOWN: dict[tuple[Callable[..., Any], str], dict[str, _Declared]] = {}


@dataclass(frozen=True, slots=True)
class _Declared:
    """One parameter of a route: whether it is a list, and how each value must look (None: as its route says)."""

    place: str
    many: bool
    shape: tuple[re.Pattern[str], str] | None


async def check(request: Request) -> None:
    """Raise Refusal(request-parameter) that names each parameter sent twice, not declared, with a NUL, or written in another way.

    Pages and what lies outside of the contract are left alone; an undeclared name is refused below /v1/ and never repeated.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not route.include_in_schema:
        return
    if not request.scope["query_string"] and not request.path_params:
        return
    found = list(_findings(_declared(route), request))[:_MOST_NAMED]
    if found:
        raise Refusal(codes.REQUEST_PARAMETER, found)


def _findings(declared: Mapping[str, _Declared], request: Request) -> Iterator[Finding]:
    sent = [(name, text) for name, text in request.query_params.multi_items() if not _in_path(declared, name)]
    if request.url.path.startswith("/v1/") and any(name not in declared for name, _ in sent):
        yield Finding(codes.REQUEST_PARAMETER, "/query", "declared parameters only")
    for name, times in Counter(name for name, _ in sent if name in declared).items():
        if times > 1 and not declared[name].many:
            yield Finding(codes.REQUEST_PARAMETER, f"/query/{name}", "once")
    written = [*sent, *((name, str(value)) for name, value in request.path_params.items())]
    for name in dict.fromkeys(name for name, _ in written if name in declared):
        shape, texts = declared[name].shape, [text for other, text in written if other == name]
        if shape and not all(map(shape[0].fullmatch, texts)):
            yield Finding(codes.REQUEST_PARAMETER, f"/{declared[name].place}/{name}", shape[1])
        elif declared[name].place == "query" and any("\x00" in text for text in texts):  # a database takes no NUL
            yield Finding(codes.REQUEST_PARAMETER, f"/query/{name}", "text without NUL")


def _in_path(declared: Mapping[str, _Declared], name: str) -> bool:
    return name in declared and declared[name].place == "path"


def _declared(route: APIRoute) -> dict[str, _Declared]:
    """The parameters of a route in path and query, by name; found out once."""
    key = route.endpoint, route.path
    if (known := _KNOWN.get(key)) is not None:
        return known
    found: dict[str, _Declared] = {}
    for field in get_flat_params(route.dependant):
        place = getattr(field.field_info, "in_", ParamTypes.query)
        if place in {ParamTypes.path, ParamTypes.query}:
            types = set(_types(field.field_info.annotation))
            shape = _WHOLE if int in types else _DAY if any(issubclass(each, date) for each in types) else None
            found[field.alias] = _Declared(place.value, bool(types & {list, tuple, set, frozenset}), shape)
    return _KNOWN.setdefault(key, found)


def _types(annotation: Any) -> Iterator[type]:
    """Every class that an annotation names, as list and int of `list[int] | None`."""
    if isinstance(origin := get_origin(annotation) or annotation, type):
        yield origin
    for part in get_args(annotation):
        yield from _types(part)
