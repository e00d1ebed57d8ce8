"""What holds for every request before anything looks at it: host, size, and the headers that fence a page in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from pgwarden.domain.errors import RequestRefused, TooManyAttempts
from pgwarden.web.problems import problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pgwarden.web.door import Door

MOST_BODY = 4 * 1024 * 1024
"""Bytes of a request's body: the longest statement, and what goes with it."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware around the page and its API."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door
        self._headers = dict(HEADERS)
        if door.secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def fenced(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        if not self._door.knows_host(headers.get("host", "")):
            refused = _refused("This pgwarden is not reached under that name.", "The Host header names another one.")
            await problem_response(refused)(scope, receive, fenced)
            return
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BODY:
            await _too_large()(scope, receive, fenced)
            return
        try:
            self._count(scope)
        except TooManyAttempts as error:
            await problem_response(error)(scope, receive, fenced)
            return
        await self._app(scope, _measured(receive), fenced)

    def _count(self, scope: Scope) -> None:
        """One more request of this address; files of the page do not count. TooManyAttempts."""
        if not scope["path"].startswith("/static/"):
            client = scope.get("client")
            self._door.limits.addresses.take(client[0] if client else "unknown")


def _measured(receive: Receive) -> Receive:
    """The body as it comes, ended where it is longer than allowed: a sender need not say the length before."""
    got = 0

    async def measure() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > MOST_BODY:
            raise _large()
        return message

    return measure


def _too_large() -> ASGIApp:
    return problem_response(_large())


def _large() -> RequestRefused:
    return _refused("The request is too large.", f"{MOST_BODY:,} bytes are the limit.")


def _refused(what: str, why: str) -> RequestRefused:
    return RequestRefused(
        what, why=why, not_done="Nothing was done.", next_step="Use the address that `pgwarden serve` tells."
    )
