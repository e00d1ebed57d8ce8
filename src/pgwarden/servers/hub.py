"""All MCP servers behind one address: ``/mcp/NAME`` each, bearer tokens, health. An ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mcp.server import MCPServer
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.routes import build_resource_metadata_url, cors_middleware
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl, PrivateAttr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pgwarden.servers.build import SERVERS, build_server
from pgwarden.servers.caller import Caller
from pgwarden.servers.gate import Gate, Verify, admitted
from pgwarden.servers.health import health_routes

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pgwarden.agents.access_desk import AccessDesk
    from pgwarden.bootstrap import App

PREFIX = "/mcp/"
NAMES = (*SERVERS, "all")


class _Token(AccessToken):
    """A verified token, with whom it stands for."""

    _caller: Caller = PrivateAttr()


class _Verifier(TokenVerifier):
    """Takes over what the gate found."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def verify_token(self, token: str) -> AccessToken | None:
        caller = admitted(token)
        if caller is None:
            return None
        found = _Token(
            token=token,
            client_id=caller.account,
            scopes=sorted(caller.scopes),
            subject=caller.identity.name,
            resource=self._url,
        )
        found._caller = caller
        return found


def current_caller() -> Caller:
    """Who stands behind the request that is being answered."""
    token = get_access_token()
    if not isinstance(token, _Token):
        raise AssertionError("the SDK's middleware lets nobody in without a verified token")
    return token._caller


class Hub:
    """Sends each request to its server. Mounted applications would answer ``/mcp/NAME`` with a redirect."""

    def __init__(self, servers: dict[str, ASGIApp], others: Starlette) -> None:
        self._servers, self._others = servers, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        name = path.removeprefix(PREFIX).removesuffix("/") if path.startswith(PREFIX) else ""
        if scope["type"] == "http" and name in self._servers:
            await self._servers[name]({**scope, "path": "/", "raw_path": b"/"}, receive, send)
        else:
            await self._others(scope, receive, send)


def hub(
    app: App,
    verify: Verify,
    *,
    url: str,
    access: AccessDesk | None = None,
    routes: Sequence[BaseRoute] = (),
) -> Hub:
    """The servers of an application as it is reached at ``url`` (scheme, host and port; what clients are told).

    ``access``: what admits with tokens of an authorization server, if any. Requests for other hosts, or from pages of
    other origins, are refused.
    """
    base = url.rstrip("/")
    issuer = access.issuer if access else base
    scopes = access.scopes if access else ()
    found: dict[str, ASGIApp] = {}
    servers: list[MCPServer[Any]] = []
    described: list[Route] = []
    for name in NAMES:
        own = f"{base}{PREFIX}{name}"
        auth = AuthSettings(
            issuer_url=AnyHttpUrl(issuer), resource_server_url=AnyHttpUrl(own), validate_token_resource=False
        )
        server = build_server(name, app, current_caller, auth=auth, token_verifier=_Verifier(own))
        servers.append(server)
        answering = server.streamable_http_app(
            streamable_http_path="/", stateless_http=True, transport_security=_security(base)
        )
        found[name] = Gate(
            answering,
            verify,
            url=own,
            metadata_url=str(build_resource_metadata_url(AnyHttpUrl(own))),
            named=access.asked_for if access else _nothing,
        )
        described.append(_description(name, own, issuer, scopes))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for server in servers:
                await stack.enter_async_context(server.session_manager.run())
            yield

    return Hub(found, Starlette(routes=[*described, *health_routes(app), *routes], lifespan=lifespan))


def _description(name: str, own: str, issuer: str, scopes: Sequence[str]) -> Route:
    """What a client reads to find the authorization server (RFC 9728). Issuers are compared letter by letter."""
    content = {"resource": own, "authorization_servers": [issuer], "bearer_methods_supported": ["header"]}
    content |= {"resource_name": name} | ({"scopes_supported": list(scopes)} if scopes else {})

    async def describe(_: Request) -> Response:
        return JSONResponse(content, headers={"Cache-Control": "public, max-age=3600"})

    path = urlsplit(str(build_resource_metadata_url(AnyHttpUrl(own)))).path
    return Route(path, cors_middleware(describe, ["GET", "OPTIONS"]), methods=["GET", "OPTIONS"])


def _nothing(_scope: str) -> str:
    return ""


def _security(base: str) -> TransportSecuritySettings:
    host = urlsplit(base).netloc
    name = host.partition(":")[0]
    local = name in ("127.0.0.1", "localhost")
    hosts = [f"{each}:*" for each in ("127.0.0.1", "localhost")] if local else [host, name]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=hosts,
        allowed_origins=[f"http://{each}" for each in hosts] if local else [base],
    )
