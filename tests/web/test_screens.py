"""Every page for those who sign in stands in README's table with the routes that give what it shows, and these are there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from fastapi.routing import APIRoute

from registry.web import app, public_codes, shares, sign_in

ROOT = Path(__file__).parents[2]
CONTRACT = yaml.safe_load((ROOT / "openapi/registry.yaml").read_text())["paths"]
#: Pages without figures, and those of people who don't sign in.
OTHERS = {"/"} | {
    route.path
    for router in (sign_in.router, shares.router, public_codes.router)
    for route in router.routes
    if isinstance(route, APIRoute)
}


def table() -> dict[str, list[str]]:
    """page -> the routes of its rows; a row without a page belongs to the one above."""
    text = (ROOT / "README.md").read_text().partition("| page | shows | routes |")[2]
    found: dict[str, list[str]] = {}
    pages: list[str] = []
    for line in text.splitlines()[2:]:
        if not line.startswith("|"):
            break
        page, _, routes = (cell.strip() for cell in line.strip("|").split("|"))
        pages = re.findall(r"`([^`]+)`", page) or pages
        for each in pages:
            found.setdefault(each, []).extend(re.findall(r"`(/v1[^`]*)`", routes))
    return found


def test_every_page_has_its_routes_and_they_are_there() -> None:
    here = {
        route.path
        for router in app.ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    }
    assert set(table()) == here - OTHERS
    for page, routes in table().items():
        assert routes, page
        assert [route for route in routes if "get" not in CONTRACT.get(route, {})] == [], page
