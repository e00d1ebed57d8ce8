"""Messages over whatever standard input and output are: pipes, sockets, terminals, files, nothing at all."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCNotification, JSONRPCRequest

from pgwarden.servers.stdio import MessageReader, MessageWriter

SECONDS = 20


def line(number: int, **more: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "ping", **more}).encode() + b"\n"


def message(text: str) -> SessionMessage:
    return SessionMessage(JSONRPCNotification(jsonrpc="2.0", method="note", params={"text": text}))


async def ids(reader: MessageReader) -> list[object]:
    """Of the messages up to the end; None for what was none."""
    async with asyncio.timeout(SECONDS):
        return [
            item.message.id if isinstance(item, SessionMessage) and isinstance(item.message, JSONRPCRequest) else None
            async for item in reader
        ]


class Descriptors(set[int]):
    """Those that are open, to be closed at the end."""

    def keep(self, descriptor: int) -> int:
        self.add(descriptor)
        return descriptor

    def close(self, descriptor: int) -> None:
        self.remove(descriptor)
        os.close(descriptor)


@pytest.fixture
def opened() -> Iterator[Descriptors]:
    descriptors = Descriptors()
    yield descriptors
    for descriptor in list(descriptors):
        descriptors.close(descriptor)


Ends = Callable[[str], tuple[int, int]]


@pytest.fixture
def ends(opened: Descriptors) -> Ends:
    """The reading and the writing end of a channel of some kind."""

    def make(kind: str) -> tuple[int, int]:
        if kind == "pipe":
            reading, writing = os.pipe()
        elif kind == "socket":
            left, right = socket.socketpair()
            reading, writing = left.detach(), right.detach()
        else:
            writing, reading = os.openpty()
            tty.setraw(reading)
        return opened.keep(reading), opened.keep(writing)

    return make


@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
async def test_messages_come_however_they_are_cut(ends: Ends, kind: str) -> None:
    reading, writing = ends(kind)
    reader = MessageReader(reading)
    os.write(writing, line(1) + line(2) + line(3)[:20])
    first, second = await reader.receive(), await reader.receive()
    waiting = asyncio.create_task(reader.receive())
    await asyncio.sleep(0)
    os.write(writing, line(3)[20:])
    async with asyncio.timeout(SECONDS):
        found = [first, second, await waiting]
    assert [item.message.id for item in found] == [1, 2, 3]  # type: ignore[union-attr]


async def test_what_is_no_message_is_told_and_the_next_one_comes(ends: Ends, opened: Descriptors) -> None:
    reading, writing = ends("pipe")
    os.write(writing, b"nonsense\n\xff\xfe\n\n" + line(7))
    opened.close(writing)
    assert await ids(MessageReader(reading)) == [None, None, None, 7]


async def test_the_last_line_needs_no_end(ends: Ends, opened: Descriptors) -> None:
    reading, writing = ends("pipe")
    os.write(writing, line(1) + line(2).rstrip())
    opened.close(writing)
    assert await ids(MessageReader(reading)) == [1, 2]


async def test_a_file_is_read_to_its_end(tmp_path: Path, opened: Descriptors) -> None:
    (tmp_path / "calls").write_bytes(line(1) + line(2, params={"text": "x" * 1_000_000}) + line(3))
    assert await ids(MessageReader(opened.keep(os.open(tmp_path / "calls", os.O_RDONLY)))) == [1, 2, 3]
    assert await ids(MessageReader(opened.keep(os.open(os.devnull, os.O_RDONLY)))) == []


@pytest.mark.parametrize("kind", ["pipe", "socket"])
async def test_a_reader_that_is_slow_gets_every_message_whole(ends: Ends, kind: str) -> None:
    reading, writing = ends(kind)
    os.set_blocking(writing, False)
    writer, reader = MessageWriter(writing), MessageReader(reading)
    texts = [str(number) * 300_000 for number in range(5)]
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        for text in texts:
            group.create_task(writer.send(message(text)))
        await asyncio.sleep(0)
        found = [await reader.receive() for _ in texts]
    assert [item.message.params["text"] for item in found] == texts  # type: ignore[union-attr, index]


async def test_a_message_whose_sender_was_cancelled_is_not_left_in_half(ends: Ends) -> None:
    reading, writing = ends("pipe")
    os.set_blocking(writing, False)
    writer, reader = MessageWriter(writing), MessageReader(reading)
    sending = asyncio.create_task(writer.send(message("a" * 1_000_000)))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        group.create_task(writer.send(message("b")))
        found = [await reader.receive(), await reader.receive()]
    assert [item.message.params["text"][:1] for item in found] == ["a", "b"]  # type: ignore[union-attr, index]


async def test_a_client_that_left_is_told_to_the_sender(ends: Ends, opened: Descriptors) -> None:
    reading, writing = ends("pipe")
    opened.close(reading)
    with pytest.raises(anyio.BrokenResourceError):
        await MessageWriter(writing).send(message("x"))


PROGRAM = """
import asyncio, os, sys
from pgwarden.servers.stdio import standard_streams

async def main():
    async with standard_streams() as (reading, writing):
        print("printed by somebody", flush=True)
        assert sys.stdin.read() == "", "the client's messages are not for others"
        async for item in reading:
            await writing.send(item)

asyncio.run(main())
print("after", flush=True)
"""


@pytest.mark.parametrize("kind", ["pipes", "files"])
def test_nothing_that_is_printed_gets_between_the_messages(tmp_path: Path, kind: str) -> None:
    asked = line(1) + line(2)
    (tmp_path / "in").write_bytes(asked)
    command = [sys.executable, "-c", PROGRAM]
    if kind == "pipes":
        ran = subprocess.run(command, input=asked, capture_output=True, timeout=60, check=False)
        said = ran.stdout
    else:
        with (tmp_path / "in").open("rb") as given, (tmp_path / "out").open("wb") as taken:
            ran = subprocess.run(command, stdin=given, stdout=taken, stderr=subprocess.PIPE, timeout=60, check=False)
        said = (tmp_path / "out").read_bytes()
    assert ran.returncode == 0, ran.stderr.decode()
    assert [json.loads(each)["id"] for each in said.splitlines()[:2]] == [1, 2]
    assert said.splitlines()[2:] == [b"after"]
    assert b"printed by somebody" in ran.stderr
