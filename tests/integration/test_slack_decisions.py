"""Deciding from Slack, over real HTTP both ways: a message with buttons, a press, a dialog, a decision, an update."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

import httpx
import pytest
from tests.support.http_server import Answer, Got, Listener, listening
from tests.support.tickets import NOON, opened, request
from tests.support.web_server import served

from pgwarden.adapters.notify.slack import SlackChannel
from pgwarden.adapters.notify.slack_app import slack_app
from pgwarden.adapters.notify.slack_blocks import APPROVE, CONFIRM, DENY, DIALOG, DISCARD, Choice
from pgwarden.adapters.notify.slack_interactions import SlackInteractions
from pgwarden.agents.approval_workflow import ApprovalWorkflowAgent
from pgwarden.agents.chat_decisions import ChatDecisions
from pgwarden.agents.notifier import Notifier
from pgwarden.agents.proposed_decisions import ProposedDecisions
from pgwarden.agents.recipients import Recipients
from pgwarden.agents.ticket_desk import TicketDesk
from pgwarden.agents.ticket_history import TicketHistory
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.notification import Channel
from pgwarden.domain.person import Person, Role
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_change import Change
from pgwarden.domain.ticket_events import ApprovalGiven, Decision, TicketDenied
from pgwarden.domain.ticket_status import status_of
from pgwarden.testing import MemoryDataRightsStore, MemoryNotificationStore, MemoryTicketStore
from pgwarden.testing.people import MemoryPeople, MemoryPeopleStore

SECRET = "the signing secret"
RISKS = (RiskLevel.LOW, RiskLevel.MEDIUM)
NOW = NOON + timedelta(minutes=5)
APPROVERS = frozenset({Role.REQUESTER, Role.APPROVER})
PEOPLE = (
    Person("ana", slack="U0ANA"),
    Person("max", roles=APPROVERS, level=2, slack="U0MAX"),
    Person("lea", roles=APPROVERS, level=1, slack="U0LEA"),
    Person("gone", roles=APPROVERS, level=3, slack="U0GONE", active=False),
)


@dataclass
class Scene:
    """The application that Slack talks to, and the Slack that it talks to."""

    url: str
    slack: Listener
    tickets: MemoryTicketStore
    notifier: Notifier
    proposals: ProposedDecisions

    async def message(self) -> dict[str, Any]:
        """The message that max got about the ticket."""
        await self.notifier.notify({"ticket": "T-1", "kind": "approval_requested", "to": ["max"]})
        for letter in await self.notifier._store.of_ticket("T-1"):
            await self.notifier.deliver({"delivery": letter.delivery.id})
        return self.calls("chat.postMessage")[-1]

    async def passed_on(self, ticket: str = "T-1", decision: Decision = Decision.APPROVE) -> dict[str, Any]:
        """The message that max got about a decision which an agent passed on in his name."""
        robot = Identity("robot", IdentityKind.AGENT)
        await self.proposals.propose(
            ticket, decision, approver="max", identity=robot, comment="go ahead", client="Desk 1", via="mcp http"
        )
        for job in self.tickets.jobs.deferred:
            if job.args.get("kind") == "decision_proposed":
                await self.notifier.notify(job.args)
        for letter in await self.notifier._store.of_ticket(ticket):
            await self.notifier.deliver({"delivery": letter.delivery.id})
        return self.calls("chat.postMessage")[-1]

    def calls(self, method: str) -> list[dict[str, Any]]:
        return [json.loads(got.body) for got in self.slack.got if got.path == f"/api/{method}"]

    async def press(self, value: str, member: str = "U0MAX", action: str = APPROVE) -> httpx.Response:
        return await self.send(
            {
                "type": "block_actions",
                "user": {"id": member},
                "trigger_id": "13345224609.738474920.8088930838d88f008e0",
                "actions": [{"action_id": action, "value": value}],
            }
        )

    async def submit(self, metadata: str, reason: str, member: str = "U0MAX") -> httpx.Response:
        return await self.send(
            {
                "type": "view_submission",
                "user": {"id": member},
                "view": {
                    "callback_id": DIALOG,
                    "private_metadata": metadata,
                    "state": {"values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}},
                },
            }
        )

    async def send(self, payload: dict[str, Any], *, at: datetime = NOW, secret: str = SECRET) -> httpx.Response:
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.post(body, signature(body, at, secret))

    async def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(f"{self.url}/interactions", content=body, headers=headers)

    async def status(self, ticket: str = "T-1") -> TicketStatus:
        return status_of(await self.tickets.load(ticket), NOW)


def signature(body: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return {
        "content-type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={mac.hexdigest()}",
    }


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """Values by action id."""
    elements = [each for block in message["blocks"] if block["type"] == "actions" for each in block["elements"]]
    return {each["action_id"]: each["value"] for each in elements}


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    def api(got: Got) -> Answer:
        assert got.path in ("/api/chat.postMessage", "/api/chat.update", "/api/views.open")
        return Answer(body=json.dumps({"ok": True, "channel": "D1", "ts": "1.5"}).encode())

    tickets, people = MemoryTicketStore(), MemoryPeopleStore(MemoryPeople(PEOPLE))
    await tickets.open("T-1", Change((opened(request(risk=RiskLevel.MEDIUM)),)))
    await tickets.open("T-2", Change((opened(request(risk=RiskLevel.HIGH)),)))
    desk = TicketDesk(tickets, people, lambda: NOW)
    workflow = ApprovalWorkflowAgent(desk, cast(Any, None), TicketHistory(tickets, lambda: NOW))

    async def person_of(member: str) -> Person | None:
        return await people.find(slack=member)

    proposals = ProposedDecisions(desk)
    decisions = ChatDecisions(workflow, proposals, RISKS, "slack")

    async def decide(person: Person, choice: Choice, reason: str) -> None:
        await decisions.decide(
            person,
            choice.ticket,
            choice.decision,
            seal=choice.seal,
            reason=reason,
            proposal=choice.proposal,
            discard=choice.discard,
        )

    with listening(api) as slack:
        channel = SlackChannel("xoxb-1", base_url=f"{slack.url}/api/", approves=RISKS)
        store = MemoryNotificationStore()
        recipients = Recipients(people, store, MemoryDataRightsStore())
        notifier = Notifier(tickets, people, store, recipients, {Channel.SLACK: channel}, lambda: NOW)
        interactions = SlackInteractions(SECRET, channel, person_of, decide)
        async with served(slack_app(interactions, lambda: NOW)) as url:
            yield Scene(url, slack, tickets, notifier, proposals)


async def test_a_press_a_reason_and_the_ticket_is_decided_and_the_message_says_so(scene: Scene) -> None:
    pressed = buttons(await scene.message())[APPROVE]
    assert (await scene.press(pressed)).status_code == 200
    assert await scene.status() is TicketStatus.PENDING  # nothing is decided by a press alone
    (view,) = scene.calls("views.open")
    answer = await scene.submit(view["view"]["private_metadata"], "looks right")
    assert answer.json() == {"response_action": "clear"}
    assert await scene.status() is TicketStatus.APPROVED
    event = (await scene.tickets.load("T-1")).events[-1]
    assert isinstance(event, ApprovalGiven)
    assert (event.actor, event.comment, event.via) == ("max", "looks right", "slack")
    await scene.notifier.update_messages({"ticket": "T-1"})
    (update,) = scene.calls("chat.update")
    assert (update["channel"], update["ts"]) == ("D1", "1.5")
    assert "APPROVED" in json.dumps(update)
    assert not buttons(update)


async def test_a_no_needs_a_reason(scene: Scene) -> None:
    pressed = buttons(await scene.message())[DENY]
    await scene.press(pressed, action=DENY)
    answer = await scene.submit(pressed, "  ")
    assert answer.json()["response_action"] == "errors"
    assert await scene.status() is TicketStatus.PENDING
    await scene.submit(pressed, "wrong table")
    event = (await scene.tickets.load("T-1")).events[-1]
    assert isinstance(event, TicketDenied)
    assert event.reason == "wrong table"


async def test_whoever_may_not_decide_is_told_so_in_the_dialog(scene: Scene) -> None:
    pressed = buttons(await scene.message())[APPROVE]
    for member in ("U0ANA", "U0LEA", "U0GONE", "U0NOBODY", ""):
        answer = await scene.submit(pressed, "please", member=member)
        assert answer.json()["response_action"] == "errors", member
        assert answer.json()["errors"]["reason"]
    assert await scene.status() is TicketStatus.PENDING


async def test_a_stranger_who_presses_is_told_where_they_look(scene: Scene) -> None:
    pressed = buttons(await scene.message())[APPROVE]
    await scene.press(pressed, member="U0NOBODY")
    (view,) = scene.calls("views.open")
    assert "No account" in json.dumps(view)
    assert "submit" not in view["view"]


async def test_a_button_counts_for_the_request_that_was_shown(scene: Scene) -> None:
    pressed = Choice.from_text(buttons(await scene.message())[APPROVE])
    stale = replace(pressed, seal="0" * 64).to_text()
    answer = await scene.submit(stale, "looks right")
    assert answer.json()["response_action"] == "errors"
    assert await scene.status() is TicketStatus.PENDING


async def test_the_same_decision_sent_again_has_no_second_effect(scene: Scene) -> None:
    pressed = buttons(await scene.message())[APPROVE]
    for _ in range(3):
        await scene.submit(pressed, "looks right")
    assert sum(isinstance(event, ApprovalGiven) for event in (await scene.tickets.load("T-1")).events) == 1


async def test_what_an_agent_passed_on_is_confirmed_by_that_person_alone(scene: Scene) -> None:
    message = await scene.passed_on()
    assert "Decided in your name by an agent" in json.dumps(message)
    assert "robot through Desk 1 (mcp http" in json.dumps(message)
    pressed = buttons(message)
    assert set(pressed) == {CONFIRM, DISCARD}
    await scene.press(pressed[CONFIRM], action=CONFIRM)
    (view,) = scene.calls("views.open")
    assert view["view"]["title"]["text"] == "Confirm: approve"
    for member in ("U0LEA", "U0ANA", "U0NOBODY"):
        answer = await scene.submit(pressed[CONFIRM], "", member=member)
        assert answer.json()["response_action"] == "errors", member
    assert await scene.status() is TicketStatus.PENDING
    assert (await scene.submit(view["view"]["private_metadata"], "")).json() == {"response_action": "clear"}
    assert await scene.status() is TicketStatus.APPROVED
    event = (await scene.tickets.load("T-1")).events[-1]
    assert isinstance(event, ApprovalGiven)
    assert (event.actor, event.comment, event.via, event.proposal) == ("max", "go ahead", "slack", 1)


async def test_what_was_discarded_in_slack_is_asked_no_more(scene: Scene) -> None:
    pressed = buttons(await scene.passed_on())
    assert (await scene.submit(pressed[DISCARD], "not me")).json() == {"response_action": "clear"}
    assert await scene.status() is TicketStatus.PENDING
    assert (await scene.submit(pressed[CONFIRM], "")).json()["response_action"] == "errors"
    assert await scene.status() is TicketStatus.PENDING
    await scene.notifier.update_messages({"ticket": "T-1"})
    (update,) = scene.calls("chat.update")
    assert not buttons(update)
    assert "no longer waits for your word" in json.dumps(update)


async def test_a_yes_beyond_what_a_chat_may_approve_is_not_confirmed_there_and_a_no_is(scene: Scene) -> None:
    pressed = buttons(await scene.passed_on("T-2"))
    assert set(pressed) == {DISCARD}
    forged = replace(Choice.from_text(pressed[DISCARD]), discard=False).to_text()
    answer = await scene.submit(forged, "")
    assert "fresh proof" in answer.json()["errors"]["reason"]
    assert await scene.status("T-2") is TicketStatus.PENDING
    denied = buttons(await scene.passed_on("T-2", Decision.DENY))
    await scene.submit(denied[CONFIRM], "")
    assert await scene.status("T-2") is TicketStatus.DENIED


@pytest.mark.parametrize("age", [301, -301, 10**6])
async def test_an_old_request_is_a_replay(scene: Scene, age: int) -> None:
    pressed = buttons(await scene.message())[APPROVE]
    payload = {"type": "view_submission", "user": {"id": "U0MAX"}, "view": {"private_metadata": pressed}}
    assert (await scene.send(payload, at=NOW - timedelta(seconds=age))).status_code == 401
    assert (await scene.send({"type": "event"}, at=NOW - timedelta(seconds=299))).status_code == 200


async def test_only_the_signed_bytes_count(scene: Scene) -> None:
    body = urlencode({"payload": json.dumps({"type": "event"})}).encode()
    headers = signature(body)
    assert (await scene.post(body, headers)).status_code == 200
    forged = [
        (body + b" ", headers),
        (body, signature(body, secret="another")),
        (body, {**headers, "X-Slack-Signature": headers["X-Slack-Signature"].upper()}),
        (body, {**headers, "X-Slack-Request-Timestamp": str(int(headers["X-Slack-Request-Timestamp"]) + 1)}),
        (body, {**headers, "X-Slack-Request-Timestamp": "soon"}),
        (body, {"content-type": headers["content-type"]}),
        (b"x" * 300_000, signature(b"x" * 300_000)),
    ]
    for bytes_, given in forged:
        assert (await scene.post(bytes_, given)).status_code in (401, 413)


@pytest.mark.parametrize(
    "body", [b"payload=%ff%fe", b"payload=not+json", b"nothing=1", b"payload=%5B%5D", b"payload=%7B%22type%22%3A1%7D"]
)
async def test_what_is_not_in_slacks_form_changes_nothing(scene: Scene, body: bytes) -> None:
    assert (await scene.post(body, signature(body))).status_code in (200, 401)
    assert await scene.status() is TicketStatus.PENDING


@pytest.mark.parametrize("value", ["", "[]", "{}", '["T-1", "1", "s", "approve"]', '["T-1", 1, "s", "maybe"]'])
async def test_a_button_that_is_not_ours_is_refused(scene: Scene, value: str) -> None:
    assert (await scene.press(value)).status_code == 401
    assert (await scene.submit(value, "please")).status_code == 401


async def test_a_yes_to_what_takes_a_password_is_refused_even_when_the_press_is_made_up(scene: Scene) -> None:
    seal = (await scene.tickets.load("T-2")).request.seal
    yes, no = (Choice("T-2", 1, seal, decision).to_text() for decision in (Decision.APPROVE, Decision.DENY))
    answer = await scene.submit(yes, "looks right")
    assert "pgwarden ticket approve T-2" in answer.json()["errors"]["reason"]
    assert await scene.status("T-2") is TicketStatus.PENDING
    await scene.submit(no, "not now")
    assert await scene.status("T-2") is TicketStatus.DENIED
