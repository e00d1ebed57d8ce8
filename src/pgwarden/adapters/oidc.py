"""An OpenID Connect provider: discovery, the authorization code flow with PKCE, signatures by its published keys."""

from __future__ import annotations

import base64
import hashlib
import secrets
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pgwarden.domain.errors import ProviderRefused, ProviderUnavailable
from pgwarden.domain.provider import ProviderClaims, ProviderRequest, claims_of, refused

if TYPE_CHECKING:
    import httpx

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Asymmetric ones alone: with a shared secret, whoever can check a token can make one."""
SECONDS = 10.0
MOST_BYTES = 1024 * 1024
LOGIN_LASTS = timedelta(minutes=10)
REDISCOVERED_AFTER = timedelta(hours=1)
KEYS_REFRESHED_AFTER = timedelta(seconds=30)
"""An unknown key makes us fetch the keys anew, but not more often than this."""


class OidcProvider:
    """``ports.IdentityProvider``."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        now: Callable[[], datetime],
        *,
        client_secret: str = "",
        groups_claim: str = "groups",
    ) -> None:
        self._issuer, self._client_id, self._client_secret = issuer, client_id, client_secret
        self._groups_claim, self._now = groups_claim, now
        self._found: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, Mapping[str, Any]] | None = None

    async def begin(self, redirect_uri: str) -> ProviderRequest:
        """A login to send a browser on. ProviderUnavailable."""
        described = await self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        parameters = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = described["authorization_endpoint"]
        url = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"
        return ProviderRequest(url, state, nonce, verifier, redirect_uri, self._now() + LOGIN_LASTS)

    async def finish(self, request: ProviderRequest, returned: Mapping[str, str]) -> ProviderClaims:
        """Who came back with this query string. ProviderRefused, ProviderUnavailable."""
        if not secrets.compare_digest(returned.get("state", "").encode(), request.state.encode()):
            raise refused("The answer belongs to another login.", "Begin again: pgwarden login --oidc")
        if self._now() >= request.expires_at:
            raise refused("The login took too long.", "Begin again: pgwarden login --oidc")
        if "error" in returned or not returned.get("code"):
            raise refused(
                f"The provider says {returned.get('error', 'nothing')[:100]!r}.", "Begin again, or ask there."
            )
        if returned.get("iss", self._issuer) != self._issuer:
            raise refused("Another provider answered.", "Begin again: pgwarden login --oidc")
        token = await self._exchange(request, returned["code"])
        return claims_of(
            await self._verified(token),
            request,
            issuer=self._issuer,
            client_id=self._client_id,
            groups_claim=self._groups_claim,
            at=self._now(),
        )

    async def _exchange(self, request: ProviderRequest, code: str) -> str:
        endpoint = (await self._discover())["token_endpoint"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": request.redirect_uri,
            "client_id": self._client_id,
            "code_verifier": request.verifier,
        }
        auth = (self._client_id, self._client_secret) if self._client_secret else None
        answer = await self._json("POST", endpoint, data=form, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise refused("The provider gave no ID token.", "Look at the client's settings at the provider.")
        return token

    async def _verified(self, token: str) -> Mapping[str, Any]:
        """What the token says, when one of the provider's keys signed it."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet

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

    async def _discover(self) -> Mapping[str, Any]:
        now = self._now()
        if self._found is None or now - self._found[0] > REDISCOVERED_AFTER:
            described = await self._json("GET", self._issuer.rstrip("/") + "/.well-known/openid-configuration")
            if described.get("issuer") != self._issuer:
                raise _unavailable("It calls itself another issuer.")
            for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _require_safe(described.get(key))
            self._found = (now, described)
        return self._found[1]

    async def _jwks(self, *, fresh: bool) -> Mapping[str, Any]:
        now = self._now()
        known = self._keys
        if known is None or now - known[0] > (KEYS_REFRESHED_AFTER if fresh else REDISCOVERED_AFTER):
            known = self._keys = (now, await self._json("GET", (await self._discover())["jwks_uri"]))
        return known[1]

    async def _json(self, method: str, url: str, **rest: Any) -> Mapping[str, Any]:
        import httpx

        try:
            async with httpx.AsyncClient(verify=_tls(), timeout=SECONDS, follow_redirects=False) as client:
                return _content(await client.request(method, url, **rest), method)
        except httpx.HTTPError as error:
            raise _unavailable(f"{type(error).__name__}.") from None


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
        raise _unavailable(f"It answers {response.status_code}.")
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _unavailable("It does not answer with a JSON object.")
    return content


def _require_safe(url: object) -> None:
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not loopback:
        raise _unavailable("One of its addresses is not https.")


def _unavailable(why: str) -> ProviderUnavailable:
    return ProviderUnavailable(
        "The identity provider cannot be used.",
        why=why,
        not_done="Nobody was logged in.",
        next_step="Look at the setting oidc_issuer, and at the provider.",
    )
