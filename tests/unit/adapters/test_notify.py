"""Signatures, text messages and Slack's blocks, without a network."""

from __future__ import annotations

import inspect
import json
import re
from datetime import timedelta

import pytest
from tests.support.letters import NOON, SQL, letter, notification

from pgwarden.adapters.notify import sms
from pgwarden.adapters.notify.apprise import AppriseChannel
from pgwarden.adapters.notify.slack_blocks import Choice, blocks, dialog
from pgwarden.adapters.notify.webhook import genuine, signed
from pgwarden.adapters.postgres.control import notifications
from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.errors import ChannelMissing
from pgwarden.domain.notification import Audience, Channel, Notification, NotificationKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_events import Decision

ALL = frozenset(level.value for level in RiskLevel)
SECRET, BODY = "a shared secret", b'{"a": 1}'


def test_a_receiver_can_tell_what_is_genuine() -> None:
    headers = signed(SECRET, BODY, NOON)
    assert genuine(SECRET, {name.title(): value for name, value in headers.items()}, BODY, NOON)
    assert genuine(SECRET, headers, BODY, NOON + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("secret", "body", "seconds", "changes"),
    [
        ("another", BODY, 0, {}),
        (SECRET, BODY + b" ", 0, {}),
        (SECRET, BODY, 301, {}),
        (SECRET, BODY, -301, {}),
        (SECRET, BODY, 0, {"pgwarden-timestamp": str(int(NOON.timestamp()) + 1)}),
        (SECRET, BODY, 0, {"pgwarden-timestamp": "soon"}),
        (SECRET, BODY, 0, {"pgwarden-timestamp": ""}),
        (SECRET, BODY, 0, {"pgwarden-signature": ""}),
        (SECRET, BODY, 0, {"pgwarden-signature": "v1=é"}),
    ],
)
def test_anything_else_is_not_genuine(secret: str, body: bytes, seconds: int, changes: dict[str, str]) -> None:
    headers = {**signed(SECRET, BODY, NOON), **changes}
    assert not genuine(secret, headers, body, NOON + timedelta(seconds=seconds))


def test_a_text_message_is_short_and_keeps_its_way_to_the_ticket() -> None:
    told = notification(database="a_very_long_name_" * 40)
    said = sms.text([letter(Channel.SMS, told)], "https://pgwarden.example.org")
    assert len(said) <= sms.LONGEST
    assert said.endswith("https://pgwarden.example.org/tickets/T-1")
    assert "\n" not in said
    assert SQL not in said


def test_slack_gets_texts_and_no_markup_of_ours() -> None:
    told = notification(reason="<!channel> & <https://evil.example|click>")
    whole = json.dumps(blocks([letter(Channel.SLACK, told)], "", ALL))
    assert "<!channel>" not in whole
    assert "<https://evil" not in whole
    assert "&lt;!channel&gt;" in whole


def test_no_block_is_longer_than_slack_takes() -> None:
    told = notification(sql="'```'" * 10_000, reason="r" * 10_000, database="d" * 500)
    found = blocks([letter(Channel.SLACK, told)], "", ALL)
    assert len(found) <= 50
    for block in found:
        if "text" in block:
            assert len(block["text"]["text"]) <= (150 if block["type"] == "header" else 3000)
        for field in block.get("fields", ()):
            assert len(field["text"]) <= 2000
    many = [letter(Channel.SLACK, notification(number=n), held_for="Held.") for n in range(200)]
    assert len(blocks(many, "", ALL)) <= 50


def buttons(told: Notification, approves: frozenset[str] | None, audience: Audience = Audience.INVOLVED) -> list[str]:
    found = blocks([letter(Channel.SLACK, told, audience=audience)], "", approves)
    return [each["text"]["text"] for block in found if block["type"] == "actions" for each in block["elements"]]


def test_only_a_ticket_that_waits_for_the_reader_has_buttons() -> None:
    assert buttons(notification(), ALL) == ["Approve", "Deny"]
    escalated = notification(NotificationKind.ESCALATED, status=TicketStatus.ESCALATED)
    assert buttons(escalated, ALL) == ["Approve", "Deny"]
    assert buttons(notification(status=TicketStatus.APPROVED), ALL) == []
    assert buttons(notification(NotificationKind.COMMENTED), ALL) == []
    assert buttons(notification(), ALL, Audience.WATCHER) == []
    assert buttons(notification(), None) == []


def test_what_takes_a_password_has_no_button_for_a_yes() -> None:
    assert buttons(notification(risk="HIGH"), frozenset({"LOW", "MEDIUM"})) == ["Deny"]
    assert buttons(notification(risk="MEDIUM"), frozenset({"LOW", "MEDIUM"})) == ["Approve", "Deny"]


def test_a_choice_survives_the_way_through_slack() -> None:
    choice = Choice('T-"1"', 2, "5ea1", Decision.DENY)
    assert Choice.from_text(choice.to_text()) == choice
    view = dialog(choice)
    assert Choice.from_text(view["private_metadata"]) == choice
    assert not view["blocks"][-1]["optional"]
    assert len(view["title"]["text"]) <= 24
    for text in ("", "null", "[]", '["T", "1", "s", "approve"]', '["T", true, "s", "approve"]', "["):
        with pytest.raises(ValueError, match=r".*"):
            Choice.from_text(text)


def test_without_the_extra_apprise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ChannelMissing) as caught:
        AppriseChannel(["json://127.0.0.1"])
    assert "pgwarden[notify]" in caught.value.next_step


def test_every_query_on_notifications_is_sent() -> None:
    code = inspect.getsource(notifications)
    sent = set(re.findall(r'(?:notification_sql|_letters)\("(\w+)"', code))
    assert sent == set(named_queries("notifications.sql", 14))
