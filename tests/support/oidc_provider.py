"""A real OpenID Connect provider on loopback: it signs, checks PKCE and client secrets, and gives each code once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "pgwarden-client"


@cache
def new_key(name: str, number: int = 0) -> RSAKey:
    """A key of that name; another number, another key."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


class Provider:
    """Its knobs are plain attributes; ``person`` are the claims of whoever logs in."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.client_secret = ""
        self.person: dict[str, Any] = {"sub": "42", "email": "ana@example.org", "email_verified": True}
        self.key = new_key("one")
        self.published = [self.key]
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.change: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.described: dict[str, Any] = {}
        self.refuses = ""
        self.keys_fetched = 0
        self.place = "/.well-known/openid-configuration"
        """Where it describes itself."""
        self._codes: dict[str, dict[str, str]] = {}

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def access_token(self, audience: object, **claims: Any) -> str:
        """An access token for somebody's program, for the person of the moment."""
        now = int(time.time())
        said = {"iss": self.issuer, "aud": audience, "iat": now, "exp": now + 300, "client_id": "desktop"}
        said |= {"scope": "openid pgwarden:ask pgwarden:request pgwarden:execute"}
        return self.sign(self.change(said | self.person | claims))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/{rest:path}", self._describe),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/jwks", self._jwks),
            ]
        )

    async def _describe(self, request: Request) -> Response:
        if request.url.path != self.place:
            return Response(status_code=404)
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        return JSONResponse(described | self.described)

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if asked.get("code_challenge_method") != "S256" or "openid" not in asked.get("scope", ""):
            return Response(status_code=400)
        back = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            back["error"] = self.refuses
        else:
            back["code"] = secrets.token_urlsafe(16)
            self._codes[back["code"]] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)

    async def _token(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        basic = base64.b64encode(f"{CLIENT}:{self.client_secret}".encode()).decode()
        if self.client_secret and request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or challenge.decode().rstrip("=") != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
            or form.get("client_id") != asked["client_id"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        return JSONResponse(
            {"access_token": "x", "token_type": "Bearer", "id_token": self.sign(self.change(claims | self.person))}
        )

    async def _jwks(self, _request: Request) -> Response:
        self.keys_fetched += 1
        return JSONResponse(KeySet(list(self.published)).as_dict(private=False))


@asynccontextmanager
async def running_provider() -> AsyncIterator[Provider]:
    """A provider that answers for the time of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        provider = Provider(listening.getsockname()[1])
        server = uvicorn.Server(uvicorn.Config(provider.app(), log_level="error", lifespan="off", ws="none"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield provider
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 30)
