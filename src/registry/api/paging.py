"""Lists page by page, in the one way that all of them have: `limit` rows, `next` to go on, `after` to say so."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from registry.api.edge import Edge
from registry.services import cursors
from registry.services.cursors import Place

MOST_ROWS = 500
#: What `next` of a list's answer is.
NEXT = "For `after`; null on the last page"


class Paged(BaseModel):
    """What every list is asked with. An unknown parameter is an error: a misspelled one would be another question."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(None, max_length=cursors.LONGEST, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Rows of one page")


def behind(request: Request, question: Paged) -> Place | None:
    """Where the page before ended; None: this is the first. Raises Refusal(request-parameter): no cursor of this question."""
    edge: Edge = request.app.state.edge
    return None if question.after is None else cursors.place(edge.world, _mark(request, question), question.after)


def behind_code(request: Request, question: Paged) -> str:
    """The same where a list is in the order of a code; empty: this is the first page."""
    place = behind(request, question)
    return "" if place is None else str(place[0])


def behind_id(request: Request, question: Paged) -> UUID | None:
    """The same where a list is in the order of its rows' ids."""
    place = behind(request, question)
    return None if place is None else UUID(str(place[0]))


def following(request: Request, question: Paged, place: Place | str | int | UUID | None) -> str | None:
    """The cursor of the next page, which begins behind a place (or a code, number or id alone); None: there is none."""
    edge: Edge = request.app.state.edge
    if place is None:
        return None
    whole = place if isinstance(place, tuple) else (str(place) if isinstance(place, UUID) else place,)
    return cursors.given(edge.world, _mark(request, question), whole)


def _mark(request: Request, question: Paged) -> str:
    """Names a question whatever its page: a cursor continues no other one."""
    return f"{request.url.path} {question.model_dump_json(exclude={'after', 'limit'})}"
