"""What every request finds: the application behind the page, how it is reached, and what renders and serves it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request

from pgwarden.web.address_limit import AddressLimit
from pgwarden.web.assets import Assets
from pgwarden.web.rate_limit import RateLimits
from pgwarden.web.templates import Templates

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Door:
    """One pgwarden as browsers reach it."""

    app: App
    url: str
    """Scheme, host and port, without a slash at the end."""
    assets: Assets
    templates: Templates
    limits: RateLimits
    logins: AddressLimit = field(default_factory=lambda: AddressLimit(most=20, seconds=60))
    """Attempts to log in, and requests whose login or token is not valid."""

    @property
    def secure(self) -> bool:
        """Whether browsers come by HTTPS; then cookies never travel without it."""
        return self.url.startswith("https://")

    @property
    def local(self) -> bool:
        """Whether it is reached on this machine alone, by whatever port."""
        return (urlsplit(self.url).hostname or "") in LOCAL

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this door: other names are somebody's who points theirs at this address."""
        if self.local:
            return _place(f"//{host}")[1] in LOCAL
        own = urlsplit(self.url)
        return host.lower() in (own.netloc, own.hostname)

    def knows_origin(self, origin: str) -> bool:
        """Whether an Origin header names a page of this door."""
        if self.local:
            scheme, name, port = _place(origin)
            return scheme == "http" and name in LOCAL and port == urlsplit(self.url).port
        return origin == self.url

    def cookie(self, name: str) -> str:
        """The name of a cookie. ``__Host-`` keeps other hosts of the same domain from setting it."""
        return f"__Host-pgwarden-{name}" if self.secure else f"pgwarden-{name}"


def _place(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of what somebody sent; nothing of what is no address."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return "", "", None


def door_of(request: Request) -> Door:
    """The door that a request came to."""
    door = request.app.state.door
    assert isinstance(door, Door)
    return door


def address_of(request: Request) -> str:
    """The client's address; behind a proxy on this machine, the one that the proxy tells."""
    return request.client.host if request.client else "unknown"


def source_of(request: Request) -> str:
    """The door and the address, as the audit tells it."""
    return f"web {address_of(request)}"


def page_token(secret: str) -> str:
    """The token that a page of this session sends with every change. It cannot be made without the cookie's secret."""
    return hmac.new(secret.encode(), b"pgwarden page", hashlib.sha256).hexdigest()


def same(given: str, expected: str) -> bool:
    """Whether a token that somebody sent, whatever text that is, is the expected one; takes as long in any case."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
