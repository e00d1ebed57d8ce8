"""What happens to the queue of tickets while somebody looks at it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pgwarden.domain.login import Scope
from pgwarden.web.api.queue import Counts, Filters, read_queue
from pgwarden.web.events import EventStream, Tell, streamed
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["tickets"])

LOOK_SECONDS = 1.0
"""Between two looks at the queue."""
LOOKS = 300
"""After so many looks the stream ends and its reader comes again: a login that was ended meanwhile hears no more."""


class Followed(Filters):
    """The part of the queue that somebody looks at, as they have it."""

    seen: str = Field(default="", max_length=64, description="The `mark` of the queue as it was seen.")


class QueueNews(BaseModel):
    """The queue is another one now."""

    mark: str
    counts: Counts


@router.get("/queue/news", status_code=200, response_class=EventStream, responses=streamed("Events `news`"))
async def follow(visitor: Inside, filters: Annotated[Followed, Query()]) -> EventStream:
    """Follow the queue as server-sent events: `news` whenever a ticket comes, changes or goes; at once if one did."""
    visitor.require(Scope.ASK)

    async def work(tell: Tell) -> None:
        known, mark = filters.seen, ""
        for _ in range(LOOKS):
            now = await visitor.app.approval.mark(filters.stored(datetime.now(UTC)))
            if now != mark:
                mark, found = now, await read_queue(visitor, filters)
                if found.mark != known:  # else only tickets changed that this reader may not see, or does not look for
                    known = found.mark
                    tell("news", QueueNews(mark=found.mark, counts=found.counts))
            await asyncio.sleep(LOOK_SECONDS)

    return EventStream(work)
