"""Logging in at an OpenID Connect provider: the authorization code flow with PKCE."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pgwarden.adapters.issuer import Issuer, request_json, safe_address
from pgwarden.domain.provider import ProviderClaims, ProviderRequest, claims_of, refused

LOGIN_LASTS = timedelta(minutes=10)


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
        self._issuer = Issuer(issuer, now)
        self._client_id, self._client_secret = client_id, client_secret
        self._groups_claim, self._now = groups_claim, now

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
        if returned.get("iss", self._issuer.name) != self._issuer.name:
            raise refused("Another provider answered.", "Begin again: pgwarden login --oidc")
        token = await self._exchange(request, returned["code"])
        return claims_of(
            await self._issuer.verified(token),
            request,
            issuer=self._issuer.name,
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
        answer = await request_json("POST", endpoint, data=form, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise refused("The provider gave no ID token.", "Look at the client's settings at the provider.")
        return token

    async def _discover(self) -> Mapping[str, Any]:
        described = await self._issuer.described()
        for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            safe_address(described.get(key))
        return described
