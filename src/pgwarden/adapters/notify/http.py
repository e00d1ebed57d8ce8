"""What the channels over HTTP share: one client, patience, and which answers are worth another try."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pgwarden.domain.errors import DeliveryFailed, DeliveryRefused

if TYPE_CHECKING:
    import httpx

SECONDS = 20.0
LATER = frozenset({408, 425, 429})
"""Answers below 500 that ask to come back."""


class HttpSender:
    """Posts with a client that is made when it is first needed. Redirects are not followed."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._client: httpx.AsyncClient | None = None

    async def post(self, url: str, **content: Any) -> httpx.Response:
        """The answer, where it is one of success. DeliveryFailed, DeliveryRefused; no address or body is in them."""
        import httpx

        if self._client is None:
            logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, with what is secret in them
            self._client = httpx.AsyncClient(timeout=self._seconds, follow_redirects=False)
        try:
            answer = await self._client.post(url, **content)
        except httpx.InvalidURL:
            raise DeliveryRefused("The address of the service is malformed.") from None
        except httpx.HTTPError as error:
            raise DeliveryFailed("The service cannot be reached.", why=f"{type(error).__name__}.") from None
        if answer.is_success:
            return answer
        why = f"It answered {answer.status_code}."
        if answer.status_code >= 500 or answer.status_code in LATER:
            raise DeliveryFailed("The service cannot take it now.", why=why)
        raise DeliveryRefused("The service does not take it.", why=why)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
