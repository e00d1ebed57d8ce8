"""Every channel against a real server on loopback that speaks its protocol."""

from __future__ import annotations

import base64
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

import pytest
from tests.support.http_server import Answer, Got, Listener, listening
from tests.support.letters import ANA, NOON, SQL, letter, notification
from tests.support.mail_server import mail_server

from pgwarden.adapters.notify.apprise import AppriseChannel
from pgwarden.adapters.notify.email import EmailChannel, MailServer
from pgwarden.adapters.notify.http import HttpSender
from pgwarden.adapters.notify.slack import SlackChannel
from pgwarden.adapters.notify.sms import SmsChannel
from pgwarden.adapters.notify.webhook import WebhookChannel, genuine
from pgwarden.domain.alert_summary import alert_summary
from pgwarden.domain.anomaly import Alert, Measure
from pgwarden.domain.errors import DeliveryFailed, DeliveryRefused
from pgwarden.domain.notification import Audience, Channel, Letter, Notification, NotificationKind
from pgwarden.domain.person import Person
from pgwarden.domain.request import Urgency
from pgwarden.ports import NotificationChannel

SECRET = "s3cret-of-the-channel"
PUBLIC = "https://pgwarden.example.org"


@dataclass(frozen=True)
class Bench:
    """One channel, its server, and how to read what arrived there."""

    kind: Channel
    channel: NotificationChannel
    texts: Callable[[], Sequence[str]]
    """Each message as text."""
    misbehave: Callable[[str], None]
    """Let the server be ``down``, ``slow``, or ``refusing``."""

    def letter(self, held_for: str = "", kind: NotificationKind = NotificationKind.APPROVAL_REQUESTED) -> Letter:
        return letter(self.kind, notification(kind), held_for=held_for)


@pytest.fixture(params=["email", "slack", "sms", "webhook", "apprise"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    with ExitStack() as stack:
        made: Bench = BENCHES[request.param](stack)
        yield made
        await made.channel.close()


def email_bench(stack: ExitStack) -> Bench:
    box = stack.enter_context(mail_server())
    slow = stack.enter_context(silent_server())
    channel = EmailChannel(MailServer(box.host, box.port, "pgwarden@example.org", "none"), PUBLIC)

    def misbehave(how: str) -> None:
        box.reply = "550 nobody here" if how == "refusing" else "451 later"
        if how == "slow":
            server = MailServer("127.0.0.1", slow, "pgwarden@example.org", "none", seconds=0.2)
            channel._server = server

    def texts() -> list[str]:
        found = []
        for mail in box.mails:
            body = mail.get_body(("plain",))
            assert body
            found.append(f"{mail['subject']}\n{body.get_content()}")
        return found

    return Bench(Channel.EMAIL, channel, texts, misbehave)


def slack_bench(stack: ExitStack) -> Bench:
    def api(got: Got) -> Answer:
        assert got.headers["authorization"] == f"Bearer {SECRET}"
        known = json.loads(got.body)["channel"] in ("U0ANA", "D1")
        body = {"ok": True, "channel": "D1", "ts": "1.5"} if known else {"ok": False, "error": "channel_not_found"}
        return Answer(body=json.dumps(body).encode())

    listener = stack.enter_context(listening(api))
    channel = SlackChannel(SECRET, PUBLIC, base_url=f"{listener.url}/api/")

    def texts() -> list[str]:
        return [json.dumps(json.loads(got.body), ensure_ascii=False) for got in listener.got]

    refusing = Answer(body=b'{"ok": false, "error": "account_inactive"}')

    def hasten() -> None:
        channel._seconds = 1

    return Bench(Channel.SLACK, channel, texts, misbehaving(listener, refusing, hasten))


def sms_bench(stack: ExitStack) -> Bench:
    def api(got: Got) -> Answer:
        assert got.path == "/2010-04-01/Accounts/AC1/Messages.json"
        expected = base64.b64encode(f"AC1:{SECRET}".encode()).decode()
        assert got.headers["authorization"] == f"Basic {expected}"
        return Answer(201, b'{"sid": "SM1"}')

    listener = stack.enter_context(listening(api))
    channel = SmsChannel("AC1", SECRET, "+15550199", PUBLIC, base_url=listener.url)

    def texts() -> list[str]:
        forms = [parse_qs(got.body.decode()) for got in listener.got]
        assert all((form["To"], form["From"]) == (["+15550100"], ["+15550199"]) for form in forms)
        return [form["Body"][0] for form in forms]

    def hasten() -> None:
        channel._http = HttpSender(seconds=0.2)

    return Bench(Channel.SMS, channel, texts, misbehaving(listener, Answer(400, b'{"code": 21211}'), hasten))


def webhook_bench(stack: ExitStack) -> Bench:
    def api(got: Got) -> Answer:
        assert genuine(SECRET, got.headers, got.body, NOON)
        return Answer(204, b"")

    listener = stack.enter_context(listening(api))
    channel = WebhookChannel(f"{listener.url}/hook?key={SECRET}", SECRET, lambda: NOON, PUBLIC)

    def hasten() -> None:
        channel._http = HttpSender(seconds=0.2)

    return Bench(
        Channel.WEBHOOK,
        channel,
        lambda: [got.body.decode() for got in listener.got],
        misbehaving(listener, Answer(410, b"gone"), hasten),
    )


def apprise_bench(stack: ExitStack) -> Bench:
    listener = stack.enter_context(listening(lambda _: Answer()))
    address = listener.url.replace("http://", "json://")
    channel = AppriseChannel([f"{address}/{SECRET}"], PUBLIC)

    def hasten() -> None:
        channel._urls = (f"{address}/{SECRET}?rto=0.2&cto=0.2",)

    def misbehave(how: str) -> None:
        if how == "refusing":
            channel._urls = (f"no-such-service://{SECRET}",)
        else:
            misbehaving(listener, Answer(400), hasten)(how)

    def texts() -> list[str]:
        found = [json.loads(got.body) for got in listener.got]
        return [f"{each['title']}\n{each['message']}" for each in found]

    return Bench(Channel.APPRISE, channel, texts, misbehave)


BENCHES = {
    "email": email_bench,
    "slack": slack_bench,
    "sms": sms_bench,
    "webhook": webhook_bench,
    "apprise": apprise_bench,
}


def misbehaving(listener: Listener, refusing: Answer, hasten: Callable[[], None]) -> Callable[[str], None]:
    """``hasten`` makes the channel impatient, so that a slow server is soon given up."""
    answers = {"down": Answer(503, b"{}"), "slow": Answer(late=True), "refusing": refusing}

    def misbehave(how: str) -> None:
        listener.answer = lambda _: answers[how]
        if how == "slow":
            hasten()

    return misbehave


async def test_a_message_says_what_is_at_stake_and_where_to_look(bench: Bench) -> None:
    await bench.channel.send(ANA, [bench.letter()])
    (text,) = bench.texts()
    for part in ("T-1", "DELETE", "1,204", "shop", "HIGH", "rob"):
        assert part in text
    assert f"{PUBLIC}/tickets/T-1" in text


async def test_no_message_decides_by_being_opened(bench: Bench) -> None:
    await bench.channel.send(ANA, [bench.letter()])
    (text,) = bench.texts()
    assert not any(word in text.lower() for word in ("tickets/t-1/", "approve?", "deny?", "tickets/t-1?"))


async def test_what_was_held_comes_as_one_message_that_says_why(bench: Bench) -> None:
    held = "rob caused more than 6 messages within an hour: the rest came together."
    first = bench.letter(held)
    second = letter(bench.kind, notification(NotificationKind.EXECUTED, ticket="T-2"), held_for=held)
    await bench.channel.send(ANA, [first, second])
    texts = bench.texts()
    if bench.kind is Channel.WEBHOOK:  # programs get each event
        assert len(texts) == 2
    else:
        (text,) = texts
        if bench.kind is not Channel.SMS:
            assert "T-1" in text
            assert "T-2" in text
        if bench.kind is not Channel.APPRISE:
            assert held in text


async def test_without_an_address_it_is_refused(bench: Bench) -> None:
    if bench.kind in (Channel.WEBHOOK, Channel.APPRISE):
        return  # they have one address for everyone
    with pytest.raises(DeliveryRefused):
        await bench.channel.send(Person("nobody"), [bench.letter()])


@pytest.mark.parametrize("how", ["down", "slow"])
async def test_a_server_in_trouble_means_later(bench: Bench, how: str) -> None:
    bench.misbehave(how)
    with pytest.raises(DeliveryFailed) as caught:
        await bench.channel.send(ANA, [bench.letter()])
    assert SECRET not in str(caught.value.to_dict())


async def test_a_refusal_is_final_and_shows_no_secret(bench: Bench) -> None:
    bench.misbehave("refusing")
    with pytest.raises(DeliveryRefused) as caught:
        await bench.channel.send(ANA, [bench.letter()])
    assert SECRET not in str(caught.value.to_dict())


@pytest.mark.parametrize("how", ["", "down", "refusing"])
async def test_no_secret_is_logged_whatever_is_logged(bench: Bench, how: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    if how:
        bench.misbehave(how)
        with pytest.raises((DeliveryFailed, DeliveryRefused)):
            await bench.channel.send(ANA, [bench.letter()])
    else:
        await bench.channel.send(ANA, [bench.letter()])
    assert SECRET not in caplog.text


async def test_only_those_involved_see_the_statement(bench: Bench) -> None:
    await bench.channel.send(ANA, [bench.letter()])
    seen = bench.letter()
    watching = Letter(replace(seen.delivery, audience=Audience.WATCHER), seen.notification)
    await bench.channel.send(ANA, [watching])
    involved, watcher = bench.texts()
    if bench.kind in (Channel.EMAIL, Channel.SLACK):
        assert "delete from orders" in involved
    if bench.kind is not Channel.WEBHOOK:  # what is configured for everyone has no watchers
        assert SQL not in watcher
        assert "delete from orders" not in watcher


@contextmanager
def silent_server() -> Iterator[int]:
    """A port where somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_an_alert_is_told_in_its_own_words_and_never_as_a_ticket(bench: Bench) -> None:
    alert = Alert("a1f3", Measure.ROWS_WRITTEN, "shop", NOON, 12345, 20, 1000)
    fault = Alert("b2c4", Measure.GIVEN_UP, "", NOON, 3, 0, 0)
    told = (
        (NotificationKind.ALERT_OPENED, alert, Urgency.HIGH),
        (NotificationKind.ALERT_CLOSED, replace(alert, closed_at=NOON), Urgency.NORMAL),
        (NotificationKind.ALERT_OPENED, fault, Urgency.EMERGENCY),
    )
    for kind, each, urgency in told:
        found = Notification.of(kind, urgency, NOON, alert_summary(each, urgency), number=0)
        await bench.channel.send(ANA, [letter(bench.kind, found)])
    opened, closed, broken = bench.texts()
    assert "Out of the ordinary: 12,345 rows written in shop; usual are 20, the limit is 1,000" in opened
    assert "Ordinary again: 12,345 rows written in shop" in closed
    assert "3 jobs and messages given up" in broken
    assert "usual" not in broken, "one is too many"
    for text in (opened, closed, broken):
        assert not [word for word in ("ticket show", "/tickets/", "approve", "deny", SQL) if word in text.lower()]
