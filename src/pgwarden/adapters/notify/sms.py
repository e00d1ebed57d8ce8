"""Urgent text messages through Twilio: who, what, how risky and where to look; never the statement."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.adapters.notify import wording
from pgwarden.adapters.notify.http import SECONDS, HttpSender
from pgwarden.domain.errors import DeliveryRefused
from pgwarden.domain.notification import Letter
from pgwarden.domain.person import Person

TWILIO = "https://api.twilio.com"
LONGEST = 320
"""Characters: two parts of a text message at most."""


class SmsChannel:
    """``ports.NotificationChannel``."""

    def __init__(
        self,
        account: str,
        token: str,
        sender: str,
        public_url: str = "",
        *,
        base_url: str = TWILIO,
        seconds: float = SECONDS,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        self._login = (account, token)
        self._sender = sender
        self._public_url = public_url
        self._http = HttpSender(seconds=seconds)

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:
        if person is None or not person.phone:
            raise DeliveryRefused(
                "There is no telephone number in the account.", next_step="pgwarden people set NAME --phone …"
            )
        content = {"To": person.phone, "From": self._sender, "Body": text(letters, self._public_url)}
        answer = await self._http.post(self._url, data=content, auth=self._login)
        return str(answer.json().get("sid", ""))

    async def update(self, reference: str, letter: Letter) -> None:
        """A text message stays as it is."""

    async def close(self) -> None:
        await self._http.close()


def text(letters: Sequence[Letter], public_url: str) -> str:
    """The message, short enough to be read on a locked screen."""
    if len(letters) > 1:
        return f"pgwarden: {wording.subject(letters)}. {wording.why_held(letters)}"[:LONGEST]
    summary = letters[0].notification.summary
    by = f", asked by {summary.requester}" if summary.ticket else ""
    said = f"pgwarden: {wording.headline(letters[0])}{by}."
    place = f" {wording.where(public_url, summary.ticket)}"
    return " ".join(said.split())[: LONGEST - len(place)] + place
