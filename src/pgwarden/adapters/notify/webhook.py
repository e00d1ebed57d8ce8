"""Each notification as JSON to one address, signed, so that the receiver knows who sent it and that it is no replay.

``Pgwarden-Signature: v1=HEX`` is the HMAC-SHA256 of ``TIMESTAMP.BODY`` under the shared secret, TIMESTAMP being what
stands in ``Pgwarden-Timestamp``. ``Pgwarden-Delivery`` is the same when a message is sent again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pgwarden.adapters.notify import wording
from pgwarden.adapters.notify.http import SECONDS, HttpSender
from pgwarden.domain.notification import Letter
from pgwarden.domain.person import Person
from pgwarden.domain.stored import to_stored

TIMESTAMP, SIGNATURE, DELIVERY = "pgwarden-timestamp", "pgwarden-signature", "pgwarden-delivery"
REPLAY_SECONDS = 300
"""How old a message may be when the receiver looks at it."""


class WebhookChannel:
    """``ports.NotificationChannel``."""

    def __init__(
        self, url: str, secret: str, clock: Callable[[], datetime], public_url: str = "", *, seconds: float = SECONDS
    ) -> None:
        self._url = url
        self._secret = secret
        self._clock = clock
        self._public_url = public_url
        self._http = HttpSender(seconds=seconds)

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:  # noqa: ARG002 - one for everyone
        for letter in letters:
            body = json.dumps(document(letter, self._public_url), ensure_ascii=False).encode()
            headers = {"content-type": "application/json", **signed(self._secret, body, self._clock())}
            await self._http.post(self._url, content=body, headers={**headers, DELIVERY: letter.delivery.id})
        return ""

    async def update(self, reference: str, letter: Letter) -> None:
        """Every event is a message of its own."""

    async def close(self) -> None:
        await self._http.close()


def document(letter: Letter, public_url: str) -> dict[str, object]:
    """What is sent."""
    notification = letter.notification
    return {
        "id": notification.id,
        "kind": notification.kind.value,
        "urgency": notification.urgency.value,
        "at": notification.at.isoformat(),
        "title": wording.headline(letter),
        "link": wording.link(public_url, notification.summary.ticket),
        "ticket": to_stored(notification.summary),
    }


def signed(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that vouch for a body."""
    timestamp = str(int(at.timestamp()))
    return {TIMESTAMP: timestamp, SIGNATURE: f"v1={_digest(secret, timestamp, body)}"}


def genuine(secret: str, headers: Mapping[str, str], body: bytes, at: datetime) -> bool:
    """For receivers: whether this came from us, unchanged, within the last five minutes. Header names in any case."""
    given = {name.lower(): value for name, value in headers.items()}
    timestamp, signature = given.get(TIMESTAMP, ""), given.get(SIGNATURE, "")
    if not timestamp.isascii() or not timestamp.isdigit():
        return False
    if abs(at.timestamp() - int(timestamp)) > REPLAY_SECONDS:
        return False
    return hmac.compare_digest(signature.encode(), f"v1={_digest(secret, timestamp, body)}".encode())


def _digest(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
