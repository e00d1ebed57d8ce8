"""Everything else (Teams, Discord, PagerDuty and some hundred more) through apprise, an optional extra."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pgwarden.adapters.notify import wording
from pgwarden.domain.errors import ChannelMissing, DeliveryFailed, DeliveryRefused
from pgwarden.domain.notification import Letter
from pgwarden.domain.person import Person

if TYPE_CHECKING:
    from apprise import Apprise


class AppriseChannel:
    """``ports.NotificationChannel``. ChannelMissing where the extra is not installed."""

    def __init__(self, urls: Sequence[str], public_url: str = "") -> None:
        if importlib.util.find_spec("apprise") is None:
            raise ChannelMissing(
                "Messages through apprise are set up, but apprise is not installed.",
                why="It is an optional extra.",
                not_done="Nothing was started.",
                next_step="Install pgwarden[notify], or unset PGWARDEN_APPRISE_URLS.",
            )
        self._urls = tuple(urls)
        self._public_url = public_url

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:  # noqa: ARG002 - one for everyone
        services = self._services()
        if not await services.async_notify(title=wording.subject(letters), body=body(letters, self._public_url)):
            raise DeliveryFailed("apprise could not deliver to every service.")
        return ""

    def _services(self) -> Apprise:
        with warnings.catch_warnings():  # its first use loads some hundred modules, old ones among them
            warnings.simplefilter("ignore", DeprecationWarning)
            from apprise import Apprise

            for name in ("apprise", "urllib3"):  # below warnings they log addresses, with what is secret in them
                logging.getLogger(name).setLevel(logging.WARNING)
            services = Apprise()
            for number, url in enumerate(self._urls, start=1):
                if not services.add(url):  # the address holds secrets: it is told by its number
                    raise DeliveryRefused(f"apprise does not understand address number {number}.")
        return services

    async def update(self, reference: str, letter: Letter) -> None:
        """What was sent stays as it is."""

    async def close(self) -> None: ...


def body(letters: Sequence[Letter], public_url: str) -> str:
    """Plain text without the statement: who reads along in a shared room is not known."""
    parts = []
    for letter in letters:
        lines = [f"{label}: {text}" for label, text in wording.facts(letter, "UTC")]
        parts.append("\n".join([*lines, wording.where(public_url, letter.notification.summary.ticket)]))
    return "\n\n".join(parts)
