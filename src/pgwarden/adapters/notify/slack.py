"""Messages in Slack: to each person directly, with buttons to decide, kept up to date when somebody else decided."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pgwarden.adapters.notify import wording
from pgwarden.adapters.notify.slack_blocks import blocks
from pgwarden.domain.errors import DeliveryFailed, DeliveryRefused
from pgwarden.domain.notification import Letter
from pgwarden.domain.person import Person
from pgwarden.domain.question import RiskLevel

if TYPE_CHECKING:
    from slack_sdk import WebClient

LATER = frozenset(
    {"ratelimited", "rate_limited", "fatal_error", "internal_error", "service_unavailable", "request_timeout"}
)
"""Slack's errors that pass; every other one is about the token, the address or the message."""


class SlackChannel:
    """``ports.NotificationChannel``; also opens the dialog that asks for a reason."""

    def __init__(
        self,
        token: str,
        public_url: str = "",
        *,
        base_url: str = "https://slack.com/api/",
        seconds: float = 20.0,
        approves: Collection[RiskLevel] | None = frozenset(),
    ) -> None:
        """``approves``: risks that may be approved by a button; None: no buttons, for nobody listens to them."""
        self._token = token
        self._approves = None if approves is None else frozenset(level.value for level in approves)
        self._public_url = public_url
        self._base_url = base_url if base_url.endswith("/") else f"{base_url}/"
        self._seconds = max(1, round(seconds))
        self._client: WebClient | None = None

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:
        if person is None or not person.slack:
            raise DeliveryRefused(
                "There is no Slack member id in the account.", next_step="pgwarden people set NAME --slack …"
            )
        answer = await self._call("chat.postMessage", self._message(person.slack, letters))
        alone = len(letters) == 1  # a message about several tickets is never changed to one about one of them
        return f"{answer['channel']} {answer['ts']}" if alone else ""

    async def update(self, reference: str, letter: Letter) -> None:
        channel, _, timestamp = reference.partition(" ")
        await self._call("chat.update", {**self._message(channel, [letter]), "ts": timestamp})

    async def open_dialog(self, trigger: str, view: Mapping[str, Any]) -> None:
        """Show a dialog to whoever pressed a button; the trigger is good for three seconds."""
        await self._call("views.open", {"trigger_id": trigger, "view": view})

    async def close(self) -> None:
        self._client = None

    def _message(self, channel: str, letters: Sequence[Letter]) -> dict[str, Any]:
        return {
            "channel": channel,
            "text": wording.subject(letters),
            "blocks": blocks(letters, self._public_url, self._approves),
            "unfurl_links": False,
        }

    async def _call(self, method: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """One call of Slack's API. DeliveryFailed, DeliveryRefused; the token is in neither."""
        from slack_sdk.errors import SlackApiError

        try:
            answer = await asyncio.to_thread(self._ready().api_call, method, json=dict(content))
        except SlackApiError as error:
            raise _trouble(error) from None
        except (OSError, TimeoutError) as error:  # urllib's errors among them
            raise DeliveryFailed("Slack cannot be reached.", why=f"{type(error).__name__}.") from None
        found: Mapping[str, Any] = dict(answer.data) if isinstance(answer.data, dict) else {}
        return found

    def _ready(self) -> WebClient:
        if self._client is None:
            from slack_sdk import WebClient

            self._client = WebClient(self._token, base_url=self._base_url, timeout=self._seconds)
        return self._client


def _trouble(error: Any) -> DeliveryFailed | DeliveryRefused:
    status = int(getattr(error.response, "status_code", 0) or 0)
    data = error.response.data if isinstance(error.response.data, dict) else {}
    name = str(data.get("error", ""))
    if status >= 500 or status == 429 or name in LATER:
        return DeliveryFailed("Slack cannot take it now.", why=f"It answered {name or status}.")
    return DeliveryRefused("Slack does not take it.", why=f"It answered {name or status}.")
