"""Server-sent events of a work that is under way; when the reader goes away, the work is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from starlette.responses import Response

from pgwarden.domain.errors import PgwardenError
from pgwarden.web.problems import problem

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PING = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection."""
Tell = Callable[[str, BaseModel], None]
"""Sends one event: its name and its data."""
_END, _GONE = "", "\0"


def streamed(told: str) -> dict[int | str, dict[str, Any]]:
    """What a path says of its events in the API's description."""
    return {200: {"content": {"text/event-stream": {}}, "description": told}}


class EventStream(Response):
    """A response whose events a work tells; an error of pgwarden is its last event, named ``problem``."""

    def __init__(self, work: Callable[[Tell], Awaitable[None]]) -> None:
        super().__init__(media_type="text/event-stream")
        self._work = work

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        queue: asyncio.Queue[str] = asyncio.Queue()
        working = asyncio.create_task(self._run(queue))
        watching = asyncio.create_task(_watch(receive, queue))
        headers = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            while (text := await _next(queue)) not in (_END, _GONE):
                await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
            if text == _END:
                await working  # what nobody foresaw goes to the server's log, and the stream ends unfinished
                await send({"type": "http.response.body", "body": b""})
        finally:
            for task in (working, watching):
                task.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)

    async def _run(self, queue: asyncio.Queue[str]) -> None:
        def tell(name: str, data: BaseModel) -> None:
            queue.put_nowait(event_text(name, data))

        try:
            await self._work(tell)
        except PgwardenError as error:
            tell("problem", problem(error))
        finally:
            queue.put_nowait(_END)


def event_text(name: str, data: BaseModel) -> str:
    """One event as it travels; JSON has no line breaks in it."""
    return f"event: {name}\ndata: {data.model_dump_json()}\n\n"


async def _next(queue: asyncio.Queue[str]) -> str:
    try:
        return await asyncio.wait_for(queue.get(), PING)
    except TimeoutError:
        return ": still here\n\n"


async def _watch(receive: Receive, queue: asyncio.Queue[str]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    queue.put_nowait(_GONE)
