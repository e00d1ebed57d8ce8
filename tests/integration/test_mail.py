"""Mail handed over to a real server: encrypted or not, with a login or not; and what stands in it."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.support.letters import ANA, SQL, letter, notification
from tests.support.mail_server import Mailbox, mail_server, make_certificate

from pgwarden.adapters.notify.email import EmailChannel, MailServer, compose
from pgwarden.domain.errors import DeliveryFailed, DeliveryRefused
from pgwarden.domain.notification import Audience, Channel
from pgwarden.domain.person import Person

SENDER = "pgwarden <pgwarden@example.org>"
PUBLIC = "https://pgwarden.example.org"
PASSWORD = "s3cret-mail"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


def channel(box: Mailbox, **changes: object) -> EmailChannel:
    server = MailServer(box.host, box.port, SENDER, "none", seconds=10)
    return EmailChannel(replace(server, **changes), PUBLIC)  # type: ignore[arg-type]


async def test_a_login_over_starttls(certificate: Path) -> None:
    with mail_server(certificate, PASSWORD) as box:
        mail = channel(box, tls="starttls", ca_file=certificate, user="pgwarden", password=PASSWORD)
        reference = await mail.send(ANA, [letter()])
        (got,) = box.mails
        assert got["Message-ID"] == reference
        assert got["To"] == "ana@example.org"
        assert box.logins == ["pgwarden"]


async def test_encrypted_from_the_start(certificate: Path) -> None:
    with mail_server(certificate, tls_from_the_start=True) as box:
        await channel(box, tls="tls", ca_file=certificate).send(ANA, [letter()])
        assert len(box.mails) == 1


async def test_a_server_that_nobody_vouches_for_gets_nothing(certificate: Path) -> None:
    with mail_server(certificate, PASSWORD) as box:
        with pytest.raises(DeliveryFailed):
            await channel(box, tls="starttls", user="pgwarden", password=PASSWORD).send(ANA, [letter()])
        assert box.mails == []
        assert box.logins == []


async def test_without_the_encryption_that_was_asked_for_nothing_is_sent() -> None:
    with mail_server() as box:
        with pytest.raises(DeliveryRefused):
            await channel(box, tls="starttls", user="pgwarden", password=PASSWORD).send(ANA, [letter()])
        assert box.mails == []


async def test_a_wrong_password_is_final_and_shown_nowhere(certificate: Path) -> None:
    with mail_server(certificate, "another") as box:
        mail = channel(box, tls="starttls", ca_file=certificate, user="pgwarden", password=PASSWORD)
        with pytest.raises(DeliveryRefused) as caught:
            await mail.send(ANA, [letter()])
    assert PASSWORD not in str(caught.value.to_dict())
    assert PASSWORD not in repr(mail._server)


async def test_nobody_there() -> None:
    with mail_server() as box:
        gone = channel(box)
    with pytest.raises(DeliveryFailed):
        await gone.send(ANA, [letter()])


@pytest.mark.parametrize(("reply", "error"), [("451 later", DeliveryFailed), ("550 nobody here", DeliveryRefused)])
async def test_the_servers_word_decides_whether_it_is_tried_again(reply: str, error: type[Exception]) -> None:
    with mail_server() as box:
        box.reply = reply
        with pytest.raises(error):
            await channel(box).send(ANA, [letter()])


@pytest.mark.parametrize("address", ["ana@example.org\nBcc: all@example.org", "ana@example.org\r\n\r\nhello"])
def test_an_address_cannot_add_a_header(address: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compose(Person("ana", email=address), [letter()], SENDER, PUBLIC)


def test_a_headline_stays_one_line() -> None:
    told = notification(database="shop\r\nBcc: all@example.org")
    mail = compose(ANA, [letter(told=told)], SENDER, PUBLIC)
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]


def test_everything_that_the_decision_needs_is_in_both_forms() -> None:
    text, page = both(compose(ANA, [letter()], SENDER, PUBLIC))
    for part in (
        SQL,
        "they are <old> & done",
        "rob",
        "HIGH",
        "1,204",
        "public.orders: 204 deleted",
        "public.orders → public.order_items: CASCADE, 1,000 rows",
        "Deletes reach other tables. (Look at the cascade.)",
        "3 rows in public.refunds refer to them.",
        "Put back public.orders, then public.order_items.",
        "The sequence moves on.",
        "HIGH below 10,000 rows: level 2.",
        "2026-03-02 21:00 (Europe/Berlin)",
        "T-1",
    ):
        assert part in text
        assert part in page
    assert f"{PUBLIC}/tickets/T-1" in text


def test_the_page_loads_nothing_runs_nothing_and_links_to_the_ticket_alone() -> None:
    html = compose(ANA, [letter()], SENDER, PUBLIC).get_body(("html",))
    assert html is not None
    seen = Seen()
    seen.feed(html.get_content())
    assert not seen.tags & {"script", "img", "form", "input", "iframe", "link", "b"}
    assert seen.links == [f"{PUBLIC}/tickets/T-1"]


def test_a_watchers_mail_has_no_statement() -> None:
    text, page = both(compose(ANA, [letter(audience=Audience.WATCHER)], SENDER, PUBLIC))
    for form in (text, page):
        assert "delete from" not in form
        assert "they are" not in form
        assert "T-1" in form


def test_the_same_delivery_is_the_same_mail() -> None:
    first, again = (compose(ANA, [letter()], SENDER, PUBLIC)["Message-ID"] for _ in range(2))
    assert first == again
    other = compose(ANA, [letter(Channel.SMS)], SENDER, PUBLIC)
    assert other["Message-ID"] != first


def test_a_very_long_statement_is_cut_and_says_so() -> None:
    text, _ = both(compose(ANA, [letter(told=notification(sql="x" * 100_000))], SENDER, PUBLIC))
    assert len(text) < 40_000
    assert "80,000 more characters in the ticket" in text


def both(mail: EmailMessage) -> tuple[str, str]:
    """The plain text, and what is read on the HTML page."""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    seen = Seen()
    seen.feed(html.get_content())
    return plain.get_content(), re.sub(r"\n+", "\n", seen.text)


class Seen(HTMLParser):
    """What a reader of a page sees."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags, self.links = "", set[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data
