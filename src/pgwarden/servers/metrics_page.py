"""``/metrics`` for Prometheus: to whom the setting says, and to nobody else; and requests counted and traced."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pgwarden.domain.errors import LoginNeeded, PgwardenError, RightMissing
from pgwarden.domain.login import Scope
from pgwarden.tracing import resumed, span

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Send
    from starlette.types import Scope as AsgiScope

    from pgwarden.bootstrap import App

SOURCE = "metrics"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
PLACES = ("mcp", "slack", "health", "metrics", "api")
PROXY = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers of a request that somebody passed on: it comes from elsewhere, whatever its address says."""
LOCAL_NAMES = ("127.0.0.1", "::1", "localhost")


def metrics_route(app: App) -> Route | None:
    """The route of the metrics; None where the setting switches them off."""
    if app.settings.metrics_access == "off":
        return None
    return Route("/metrics", _page(app), methods=["GET"])


def _page(app: App) -> Callable[[Request], Awaitable[Response]]:
    async def metrics(request: Request) -> Response:
        try:
            await _admit(app, request)
        except PgwardenError as error:
            refused = isinstance(error, RightMissing)
            headers = {} if refused else {"WWW-Authenticate": "Bearer"}
            return JSONResponse(error.to_dict(), status_code=403 if refused else 401, headers=headers)
        return Response(app.metrics.exposition(), media_type=TEXT)

    return metrics


async def _admit(app: App, request: Request) -> None:
    """Raises LoginNeeded, TokenInvalid or RightMissing."""
    if app.settings.metrics_access == "loopback":
        if not from_this_machine(request):
            raise RightMissing(
                "The metrics are for this machine only.",
                why="The setting metrics_access is loopback, and the request came from elsewhere or through a proxy.",
                not_done="Nothing was shown.",
                next_step="Set metrics_access to token, and give the scraper a token with the scope metrics.",
            )
        return
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise LoginNeeded(
            "The metrics need a token.",
            why="The request has no Authorization: Bearer header.",
            not_done="Nothing was shown.",
            next_step="Give the scraper a token with the scope metrics: pgwarden token create.",
        )
    (await app.front_desk.admit_token(secret.strip(), SOURCE)).require(Scope.METRICS)


def from_this_machine(request: Request) -> bool:
    """Whether it was made here and passed on by nobody, to a name of this machine: no page of elsewhere rebinds it."""
    if request.client is None or request.url.hostname not in LOCAL_NAMES:
        return False
    try:
        local = ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    return local and not any(name in request.headers for name in PROXY)


class TimedRequests:
    """An ASGI application whose HTTP requests are counted by place and class of status, each a span of a trace."""

    def __init__(self, inner: ASGIApp, took: Callable[[str, str, float], None]) -> None:
        """``took`` gets the place, the class of the status (``2xx``; ``none`` without an answer), and seconds."""
        self._inner, self._took = inner, took

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started, status = time.perf_counter(), "none"

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
            await send(message)

        where, headers = place(scope["path"]), dict(scope["headers"])
        asked = headers.get(b"traceparent", b"").decode("ascii", "replace")
        with resumed(asked), span(f"http {where}", server=True) as opened:
            try:
                await self._inner(scope, receive, sent)
            finally:
                opened.note(pgwarden__status=status)
                self._took(where, status, time.perf_counter() - started)


def place(path: str) -> str:
    """The first part of a path where it is one of PLACES, else ``page``: a caller must not make up labels."""
    first = path.lstrip("/").partition("/")[0]
    return first if first in PLACES else "page"
