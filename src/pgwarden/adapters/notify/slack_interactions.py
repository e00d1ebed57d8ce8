"""What people press in Slack: proven to come from there, mapped to an account, handed to whoever decides.

The account comes from Slack's signed word about the member alone; nothing in the message can name another one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qs

from pgwarden.adapters.notify.slack_blocks import DIALOG, PRESSED, REASON, Choice, dialog, notice
from pgwarden.domain.errors import InteractionRefused, PgwardenError
from pgwarden.domain.person import Person
from pgwarden.domain.ticket_events import Decision

REPLAY_SECONDS = 300
LONGEST_BODY = 256 * 1024
"""Bytes; Slack's own are a few thousand."""

Decide = Callable[[Person, Choice, str], Awaitable[None]]
"""Records a person's decision with its reason, or raises why not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What Slack is answered."""

    status: int = 200
    body: Mapping[str, Any] | None = None


class Dialogs(Protocol):
    """Opens dialogs."""

    async def open_dialog(self, trigger: str, view: Mapping[str, Any]) -> None: ...


class SlackInteractions:
    """Answers Slack's requests."""

    def __init__(
        self,
        signing_secret: str,
        dialogs: Dialogs,
        person_of: Callable[[str], Awaitable[Person | None]],
        decide: Decide,
    ) -> None:
        self._secret = signing_secret
        self._dialogs = dialogs
        self._person_of = person_of
        self._decide = decide

    async def handle(self, raw_body: bytes, headers: Mapping[str, str], now: datetime) -> Reply:
        """The answer to one request. InteractionRefused for what is not proven to be Slack's, or is no one's."""
        require_genuine(self._secret, raw_body, headers, now)
        payload = _payload(raw_body)
        match payload.get("type"):
            case "block_actions":
                return await self._pressed(payload)
            case "view_submission" if payload.get("view", {}).get("callback_id") == DIALOG:
                return await self._submitted(payload)
        return Reply()  # presses on links and dialogs of others

    async def _pressed(self, payload: Mapping[str, Any]) -> Reply:
        """A button: ask for the reason. Nothing is decided yet."""
        actions = payload.get("actions", ())
        action = next((each for each in actions if each.get("action_id") in PRESSED), None)
        if action is not None:
            view = dialog(_choice(action.get("value", "")))
            try:
                await self._deciding_person(payload)
            except InteractionRefused as error:  # pressed in Slack, but by nobody we know: told where they look
                view = notice(f"{error.what} {error.next_step}")
            await self._dialogs.open_dialog(str(payload.get("trigger_id", "")), view)
        return Reply()

    async def _submitted(self, payload: Mapping[str, Any]) -> Reply:
        """The dialog: decide. What stands against it is shown in the dialog."""
        view = payload["view"]
        choice = _choice(view.get("private_metadata", ""))
        field = view.get("state", {}).get("values", {}).get(REASON, {}).get(REASON, {})
        reason = str(field.get("value") or "").strip()
        if choice.decision is Decision.DENY and not choice.proposal and not reason:
            return _complaint("Say why you deny it.")
        try:
            await self._decide(await self._deciding_person(payload), choice, reason)
        except PgwardenError as error:
            return _complaint(" ".join(filter(None, (error.what, error.why, error.next_step))))
        return Reply(body={"response_action": "clear"})

    async def _deciding_person(self, payload: Mapping[str, Any]) -> Person:
        """The active account with this Slack member id; whether it may decide is not judged here."""
        member = str(payload.get("user", {}).get("id", ""))
        person = await self._person_of(member) if member else None
        if person is None or not person.active or person.slack != member:
            raise InteractionRefused(
                "No account of pgwarden belongs to this Slack member.",
                not_done="Nothing was decided.",
                next_step="Have an administrator put the member id into your account.",
            )
        return person


def require_genuine(secret: str, raw_body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """InteractionRefused unless Slack signed exactly these bytes within the last five minutes."""
    given = {name.lower(): value for name, value in headers.items()}
    timestamp, signature = given.get("x-slack-request-timestamp", ""), given.get("x-slack-signature", "")
    if not secret or len(raw_body) > LONGEST_BODY or not (timestamp.isascii() and timestamp.isdigit()):
        raise _refused("It carries no signature, or is too long.")
    if abs(now.timestamp() - int(timestamp)) > REPLAY_SECONDS:
        raise _refused("It is older than five minutes, or from the future: a replay, or a wrong clock.")
    expected = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + raw_body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v0={expected}".encode(), signature.encode()):
        raise _refused("The signature does not fit.")


def _payload(raw_body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(parse_qs(raw_body.decode())["payload"][0])
    except (UnicodeDecodeError, KeyError, ValueError):
        raise _refused("It is not in Slack's form.") from None
    if not isinstance(found, dict):
        raise _refused("It is not in Slack's form.")
    return found


def _choice(text: str) -> Choice:
    try:
        return Choice.from_text(text)
    except ValueError:
        raise _refused("It is not about one of our messages.") from None


def _complaint(text: str) -> Reply:
    return Reply(body={"response_action": "errors", "errors": {REASON: text[:1500]}})


def _refused(why: str) -> InteractionRefused:
    return InteractionRefused("This request is not proven to be Slack's.", why=why, not_done="Nothing was decided.")
