"""An application and a real MCP client in one process, and what tests ask of answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from mcp import Client
from mcp.types import CallToolResult, TextContent

from pgwarden.bootstrap import App, build
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.servers.build import build_server
from pgwarden.servers.caller import Caller
from pgwarden.servers.desk import ERROR
from pgwarden.servers.serving import web_app
from pgwarden.settings import Settings, load

AGENT = Caller(Identity("robot", IdentityKind.AGENT), "mcp test")


@dataclass(frozen=True, slots=True)
class Desktop:
    """What an agent sits at: a client, connected to a server of an application."""

    client: Client
    app: App

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        return await self.client.call_tool(tool, arguments)

    async def answer(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a call that must succeed."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, text_of(result)
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    async def refused(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The error of a call that must fail."""
        result = await self.call(tool, **arguments)
        return error_of(result)


def error_of(result: CallToolResult) -> dict[str, Any]:
    """The code and parts of an error, which is no answer and so has nothing that would have to fit its schema."""
    assert result.is_error, text_of(result)
    assert result.structured_content is None
    assert result.meta is not None, text_of(result)
    parts = result.meta[ERROR]
    assert isinstance(parts, dict)
    return parts


def text_of(result: CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


def settings_of(home: Path, control: str, database: str, **more: Any) -> Settings:
    """Settings of one test: its own control database, and one target under the name "default"."""
    return load(home=home, control_url=control, database_url=database, user="ada", **more)


@asynccontextmanager
async def desktop(settings: Settings, *, name: str = "all", caller: Caller = AGENT) -> AsyncIterator[Desktop]:
    """An application of these settings with a client on one of its servers."""
    async with build(settings) as app, Client(build_server(name, app, lambda: caller)) as client:
        yield Desktop(client, app)


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """What `pgwarden serve` serves, at an address of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(web_app(app, url), log_level="warning", ws="none"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield url
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def in_own_task(context: AbstractAsyncContextManager[Desktop]) -> AsyncIterator[Desktop]:
    """For fixtures, whose two halves run in different tasks: the client's cancel scopes must begin and end in one."""
    ready: asyncio.Future[Desktop] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def hold() -> None:
        try:
            async with context as found:
                ready.set_result(found)
                await done.wait()
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    task = asyncio.create_task(hold())
    try:
        yield await ready
    finally:
        done.set()
        await task
