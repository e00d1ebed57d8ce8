"""The end of a login in the browser: a listener on this machine that takes one redirect and then closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

PATH = "/callback"
MOST_BYTES = 16 * 1024
SECONDS = 10.0
PAGE = b"<!doctype html><title>pgwarden</title><p>pgwarden has your answer. You can close this page.</p>"


class Redirect:
    """Where the browser comes back to, and with what."""

    def __init__(self, uri: str, answer: asyncio.Future[Mapping[str, str]]) -> None:
        self.uri = uri
        self._answer = answer

    async def returned(self, seconds: float) -> Mapping[str, str]:
        """The query of the first request to the callback. TimeoutError."""
        return await asyncio.wait_for(asyncio.shield(self._answer), seconds)


@asynccontextmanager
async def redirect_listener() -> AsyncIterator[Redirect]:
    """Listen on loopback, on a port that is free, for the time of the block."""
    answer: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
            found = _query(head)
            writer.write(_response(200 if found is not None else 404))
            await writer.drain()
            if found is not None and not answer.done():
                answer.set_result(found)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # whoever that was, the browser comes with a connection of its own
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MOST_BYTES)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Redirect(f"http://127.0.0.1:{port}{PATH}", answer)


def _query(head: bytes) -> Mapping[str, str] | None:
    """The parameters of a GET of the callback, None for any other request."""
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != 3 or words[0] != "GET":
        return None
    target = urlsplit(words[1])
    return dict(parse_qsl(target.query)) if target.path == PATH else None


def _response(status: int) -> bytes:
    body = PAGE if status == 200 else b""
    head = (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Not Found'}\r\n"
        "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
