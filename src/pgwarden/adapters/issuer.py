"""A provider that signs tokens: where it says what, its published keys, and whether one of them signed a token."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pgwarden.domain.errors import ProviderRefused, ProviderUnavailable
from pgwarden.domain.provider import refused

if TYPE_CHECKING:
    import httpx

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Asymmetric ones alone: with a shared secret, whoever can check a token can make one."""
SECONDS = 10.0
MOST_BYTES = 1024 * 1024
LONGEST_TOKEN = 16 * 1024
REDISCOVERED_AFTER = timedelta(hours=1)
KEYS_REFRESHED_AFTER = timedelta(seconds=30)
"""An unknown key makes us fetch the keys anew, but not more often than this."""
ASKED_AGAIN_AFTER = timedelta(seconds=5)
"""How long a provider that did not answer is left alone; meanwhile nobody is let in on its word."""
PLACES = ("{origin}{path}/.well-known/openid-configuration", "{origin}/.well-known/oauth-authorization-server{path}")
"""Where a provider describes itself: OpenID Connect Discovery, else RFC 8414."""


class Issuer:
    """``ports.TokenIssuer``."""

    def __init__(self, issuer: str, now: Callable[[], datetime]) -> None:
        self.name = issuer
        self._now = now
        self._found: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, Mapping[str, Any]] | None = None
        self._failed: tuple[datetime, str] | None = None
        self._one_fetches = asyncio.Lock()

    async def verified(self, token: str) -> Mapping[str, Any]:
        """What the token says, when one of the provider's keys signed it. ProviderRefused, ProviderUnavailable."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet

        if len(token) > LONGEST_TOKEN:
            raise refused("The token is too long.", "Begin again.")
        for fresh in (False, True):
            try:
                keys = KeySet.import_key_set(await self._jwks(fresh=fresh))  # type: ignore[arg-type]  # a mapping
                claims: Mapping[str, Any] = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            except InvalidKeyIdError:
                continue  # the provider may have a new key since
            except (JoseError, ValueError) as error:
                raise refused(
                    f"The token's signature does not hold ({type(error).__name__}).", "Begin again."
                ) from None
            return claims
        raise refused("The token is signed with a key that the provider does not publish.", "Begin again.")

    async def described(self) -> Mapping[str, Any]:
        """How the provider describes itself; its addresses are not checked. ProviderUnavailable."""
        now = self._now()
        if self._found is None or now - self._found[0] > REDISCOVERED_AFTER:
            described = await self._description()
            if described.get("issuer") != self.name:
                raise unavailable("It calls itself another issuer.")
            self._found = (now, described)
        return self._found[1]

    async def _description(self) -> Mapping[str, Any]:
        parts = urlsplit(self.name)
        origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
        first, second = (place.format(origin=origin, path=path) for place in PLACES)
        try:
            return await request_json("GET", first)
        except ProviderUnavailable as error:
            try:
                return await request_json("GET", second)
            except ProviderUnavailable:
                raise error from None

    async def _jwks(self, *, fresh: bool) -> Mapping[str, Any]:
        async with self._one_fetches:
            now, known = self._now(), self._keys
            if known is not None and now - known[0] <= (KEYS_REFRESHED_AFTER if fresh else REDISCOVERED_AFTER):
                return known[1]
            if self._failed is not None and now - self._failed[0] < ASKED_AGAIN_AFTER:
                raise unavailable(self._failed[1])
            try:
                keys = await request_json("GET", safe_address((await self.described()).get("jwks_uri")))
            except ProviderUnavailable as error:
                self._failed = (now, error.why)
                raise
            self._keys, self._failed = (now, keys), None
            return keys


async def request_json(method: str, url: str, **rest: Any) -> Mapping[str, Any]:
    """A JSON object from the provider. ProviderUnavailable; ProviderRefused for what it does not take."""
    import httpx

    try:
        async with httpx.AsyncClient(verify=_tls(), timeout=SECONDS, follow_redirects=False) as client:
            return _content(await client.request(method, url, **rest), method)
    except httpx.HTTPError as error:
        raise unavailable(f"{type(error).__name__}.") from None


def safe_address(url: object) -> str:
    """The address, when nobody between can be the provider in its place. ProviderUnavailable."""
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not loopback:
        raise unavailable("One of its addresses is not https.")
    return str(url)


def unavailable(why: str) -> ProviderUnavailable:
    """The error for a provider whose word cannot be had."""
    return ProviderUnavailable(
        "The identity provider cannot be used.",
        why=why,
        not_done="Nobody was logged in.",
        next_step="Look at the setting oidc_issuer or oauth_issuer, and at the provider.",
    )


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the authorities takes longer than asking the provider."""
    return ssl.create_default_context()


def _content(response: httpx.Response, method: str) -> Mapping[str, Any]:
    if method == "POST" and response.status_code in (400, 401):
        raise ProviderRefused(
            "The login at the identity provider is not accepted.",
            why="The provider does not take the code that it gave; it serves once.",
            not_done="Nobody was logged in.",
            next_step="Begin again: pgwarden login --oidc",
        )
    if response.status_code != 200 or len(response.content) > MOST_BYTES:
        raise unavailable(f"It answers {response.status_code}.")
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise unavailable("It does not answer with a JSON object.")
    return content
