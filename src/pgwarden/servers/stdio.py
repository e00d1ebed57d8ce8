"""Standard input and output as a transport, read and written by the event loop itself: no threads, no copies between.

The SDK's own hands every line to a worker thread, three times a call; here a descriptor that is ready is read at once.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Self

import anyio
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

READ_BYTES = 1 << 18
FIRST_PRIVATE = 3
"""Descriptors below are standard input, output and error."""


class _Stream:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()

    async def aclose(self) -> None:
        """Whoever opened the descriptor closes it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class MessageReader(_Stream):
    """Messages from a descriptor (pipe, socket, terminal or file), one a line; what is no message as its error."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._lines: deque[bytes] = deque()
        self._rest = bytearray()
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def receive(self) -> SessionMessage | Exception:
        """The next message. Raises EndOfStream after the last."""
        while not self._lines:
            if self._ended:
                raise anyio.EndOfStream
            await self._read()
        line = self._lines.popleft().decode("utf-8", "replace")
        try:
            return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
        except ValueError as error:
            return error

    async def _read(self) -> None:
        await self._ready()
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:  # somebody else made it so, and took what was there
            return
        self._rest += data
        if b"\n" in data:
            *lines, self._rest = self._rest.split(b"\n")
            self._lines.extend(map(bytes, lines))
        if not data:
            self._ended = True
            if self._rest:
                self._lines.append(bytes(self._rest))

    async def _ready(self) -> None:
        """Until there is something to read. A file always has, and cannot be waited for."""
        ready = self._loop.create_future()
        try:
            self._loop.add_reader(self._descriptor, _wake, ready)
        except PermissionError:
            await asyncio.sleep(0)
            return
        try:
            await ready
        finally:
            self._loop.remove_reader(self._descriptor)


class MessageWriter(_Stream):
    """Messages to a descriptor, one a line. It waits for a reader that is slow, and never in the middle of a call to
    the system: what a reader has no room for stays here."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._left = bytearray()
        self._writing = asyncio.Lock()

    async def send(self, item: SessionMessage) -> None:
        """Write a message. Raises BrokenResourceError when nobody reads any more.

        Where the caller is cancelled, the rest of its line goes out before the next one.
        """
        self._left += item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
        async with self._writing:
            while self._left:
                try:
                    written = os.write(self._descriptor, self._left)
                except BlockingIOError:
                    await self._ready()
                except OSError:
                    self._left.clear()
                    raise anyio.BrokenResourceError from None
                else:
                    del self._left[:written]

    async def _ready(self) -> None:
        ready = self._loop.create_future()
        self._loop.add_writer(self._descriptor, _wake, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._descriptor)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


@asynccontextmanager
async def standard_streams() -> AsyncIterator[tuple[MessageReader, MessageWriter]]:
    """The client's end of this process. Meanwhile standard input is empty for everybody else in it, and standard
    output is standard error, so that nothing that is printed gets between the messages."""
    with ExitStack() as stack:
        reading = stack.enter_context(_claimed(0, lambda: os.open(os.devnull, os.O_RDONLY)))
        writing = stack.enter_context(_claimed(1, lambda: os.dup(2)))
        stack.enter_context(_never_blocking(writing))
        yield MessageReader(reading), MessageWriter(writing)


@contextmanager
def _claimed(descriptor: int, instead: Callable[[], int]) -> Iterator[int]:
    """A standard descriptor under a number that nobody else knows; ``instead`` opens what the others get."""
    private = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_PRIVATE)
    try:
        other = instead()
        os.dup2(other, descriptor)
        os.close(other)
        yield private
    finally:
        os.dup2(private, descriptor)
        os.close(private)


@contextmanager
def _never_blocking(descriptor: int) -> Iterator[None]:
    """Pipes and sockets say when they are full. A terminal is shared with others, who would not expect that; a file
    is never full."""
    kind = os.fstat(descriptor).st_mode
    blocking = os.get_blocking(descriptor)
    if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
        os.set_blocking(descriptor, False)
    try:
        yield
    finally:
        os.set_blocking(descriptor, blocking)
