"""``pgwarden serve``: the MCP servers over HTTP, with a worker in the same process unless told otherwise."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match, Mount

from pgwarden.bootstrap import slack_app
from pgwarden.domain.errors import PgwardenError
from pgwarden.servers.caller import Caller, caller_of
from pgwarden.servers.hub import hub
from pgwarden.servers.metrics_page import TimedRequests, metrics_route
from pgwarden.servers.standing import settle

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from pgwarden.bootstrap import App

SOURCE = "mcp http"
Page = Callable[["App", str], "ASGIApp"]
"""Makes the page of an application that is reached at a URL."""


class _Rest(BaseRoute):
    """What no route before it takes. A ``Mount`` would leave out paths with a line break, which may be in a name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


async def verify(app: App, token: str, resources: Collection[str]) -> Caller | None:
    """The caller behind a bearer token, or None when it is not good.

    ``resources``: the addresses that an access token may be meant for. Ours are no JWT, which has two dots.
    """
    try:
        if app.access is not None and token.count(".") == 2:
            return caller_of(await app.access.admit(token, resources, SOURCE), SOURCE)
        return caller_of(await app.front_desk.admit_token(token, SOURCE), SOURCE)
    except PgwardenError:
        return None


def web_app(app: App, url: str, pages: Sequence[Page] = ()) -> TimedRequests:
    """The ASGI application of one pgwarden, reached at ``url``; ``pages`` take what is neither MCP nor Slack."""

    async def good(token: str, server: str) -> Caller | None:
        return await verify(app, token, (server, url))

    app.metrics.begin()
    slack = slack_app(app)
    mounted = [Mount("/slack", slack)] if slack is not None else []
    measured = metrics_route(app)
    served = hub(
        app,
        good,
        url=url,
        access=app.access,
        routes=[*mounted, *([measured] if measured else []), *(_Rest(page(app, url)) for page in pages)],
    )
    return TimedRequests(served, app.metrics.requested)


async def serve(
    app: App,
    listening: socket.socket,
    url: str,
    *,
    jobs: int,
    pages: Sequence[Page] = (),
    started: Callable[[], None] = lambda: None,
    certificate: tuple[Path, Path] | None = None,
) -> None:
    """Answer until SIGTERM or Ctrl-C; requests under way end first. ``jobs``: how many are done at once, 0: none.

    ``certificate`` and its key: speak TLS (1.2 at least).
    """
    import uvicorn

    settle()

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Ours, since uvicorn's own would end the process by the signal once it has stopped."""
            loop = asyncio.get_running_loop()
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(each, self.handle_exit, each, None)
            try:
                yield
            finally:
                for each in (signal.SIGTERM, signal.SIGINT):
                    loop.remove_signal_handler(each)

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                started()

    config = uvicorn.Config(
        web_app(app, url, pages),
        log_level="warning",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=20,
        ssl_certfile=certificate[0] if certificate else None,
        ssl_keyfile=certificate[1] if certificate else None,
    )
    if not jobs:
        await Server(config).serve(sockets=[listening])
        return
    worker = app.worker(jobs)
    working = asyncio.create_task(worker.run())
    try:
        await Server(config).serve(sockets=[listening])
    finally:
        worker.stop()
        await working
