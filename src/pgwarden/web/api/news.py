"""What happens to an open ticket while somebody looks at it."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pgwarden.agents.ticket_object import event_text
from pgwarden.domain.login import Scope
from pgwarden.web.api.tickets import TicketId, seen
from pgwarden.web.events import EventStream, Tell, streamed
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["tickets"])

LOOK_SECONDS = 1.0
"""Between two looks at a ticket."""
LOOKS = 300
"""After so many looks the stream ends and its reader comes again: a login that was ended meanwhile hears no more."""


class News(BaseModel):
    """What a ticket is now, and what happened to it since it was seen."""

    ticket: str
    status: str
    revision: int
    seen: int = Field(description="How many events it has now.")
    events: list[str] = Field(description="Those since it was seen, as sentences, the oldest first.")
    asked: list[str] = Field(description="Who is asked to decide now.")


@router.get("/tickets/{ticket}/news", status_code=200, response_class=EventStream, responses=streamed("Events `news`"))
async def follow(
    ticket: TicketId,
    visitor: Inside,
    since: Annotated[int, Query(ge=0, le=1_000_000, description="Events of the ticket as it was seen.")] = 0,
) -> EventStream:
    """Follow a ticket as server-sent events: `news` at each change since it had so many events, or another status."""
    view = await seen(ticket, visitor, Scope.ASK)
    app = visitor.app

    async def work(tell: Tell) -> None:
        known = (since, view.standing.status)
        for _ in range(LOOKS):
            now = await app.approval.check_approval_status(ticket, history=False)
            found = (len(now.ticket.events), now.standing.status)
            if found != known:
                known = found
                events = [event_text(event) for event in now.ticket.events[since:]]
                tell(
                    "news",
                    News(
                        ticket=now.ticket.id,
                        status=now.standing.status.value,
                        revision=now.standing.revision,
                        seen=len(now.ticket.events),
                        events=events,
                        asked=list(now.asked),
                    ),
                )
            await asyncio.sleep(LOOK_SECONDS)

    return EventStream(work)
