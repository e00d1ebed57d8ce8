"""A streamed answer ends with what came of the work, and a reader who goes away ends the work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import BaseModel

from pgwarden.domain.errors import RightMissing
from pgwarden.web.events import EventStream, Tell


class Said(BaseModel):
    text: str


async def sent(work: Callable[[Tell], Awaitable[None]], *, gone: asyncio.Event | None = None) -> list[dict[str, Any]]:
    """What a reader got, who goes away when told to."""
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)

    await EventStream(work)({"type": "http"}, receive, send)
    return messages


def text_of(messages: list[dict[str, Any]]) -> str:
    return b"".join(message.get("body", b"") for message in messages).decode()


async def test_events_come_in_order_and_the_stream_ends() -> None:
    async def work(tell: Tell) -> None:
        tell("step", Said(text="one\ntwo"))
        tell("answer", Said(text="done"))

    messages = await sent(work)
    assert text_of(messages) == ('event: step\ndata: {"text":"one\\ntwo"}\n\nevent: answer\ndata: {"text":"done"}\n\n')
    assert not messages[-1].get("more_body", False)


async def test_an_error_of_ours_is_the_last_event() -> None:
    async def work(tell: Tell) -> None:
        raise RightMissing("No.", not_done="Nothing.", next_step="Ask.")

    text = text_of(await sent(work))
    assert text.startswith("event: problem\n")
    assert RightMissing.code in text


async def test_an_error_that_nobody_foresaw_is_the_servers_and_tells_the_reader_nothing() -> None:
    async def work(tell: Tell) -> None:
        raise ZeroDivisionError("secret")

    with pytest.raises(ZeroDivisionError):
        await sent(work)


async def test_a_reader_who_goes_away_ends_the_work() -> None:
    gone, ended = asyncio.Event(), asyncio.Event()

    async def work(tell: Tell) -> None:
        gone.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    await asyncio.wait_for(sent(work, gone=gone), 20)
    assert ended.is_set()
