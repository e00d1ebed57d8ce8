"""Messages by mail: HTML and plain text, with all that a decision needs, and a link to where it is made.

There is no link that approves: mail scanners and previews follow links.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from pgwarden.adapters.notify import wording
from pgwarden.adapters.notify.email_html import as_html
from pgwarden.domain.errors import DeliveryFailed, DeliveryRefused
from pgwarden.domain.notification import Letter
from pgwarden.domain.person import Person

FOR_GOOD = range(500, 600)
"""SMTP replies that will not change by themselves."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where and how mail is handed over."""

    host: str
    port: int
    sender: str
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = ""
    ca_file: Path | None = None
    """Authorities to trust instead of the system's."""
    seconds: float = 20.0
    """Patience for each step of the conversation."""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, {self.tls})"


class EmailChannel:
    """``ports.NotificationChannel``."""

    def __init__(self, server: MailServer, public_url: str = "") -> None:
        self._server = server
        self._public_url = public_url

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:
        if person is None or not person.email:
            raise DeliveryRefused(
                "There is no mail address in the account.", next_step="pgwarden people set NAME --email …"
            )
        try:
            message = compose(person, letters, self._server.sender, self._public_url)
        except ValueError as error:
            raise DeliveryRefused("The mail address is malformed.", why=f"{error}.") from None
        await asyncio.to_thread(hand_over, self._server, message)
        return str(message["Message-ID"])

    async def update(self, reference: str, letter: Letter) -> None:
        """Mail that was sent stays as it is."""

    async def close(self) -> None: ...


def compose(person: Person, letters: Sequence[Letter], sender: str, public_url: str) -> EmailMessage:
    """The mail. ValueError where an address cannot stand in a header."""
    first = letters[0]
    domain = sender.rpartition("@")[2].strip("> ") or "pgwarden"
    message = EmailMessage()
    message["From"] = sender
    message["To"] = person.email
    message["Subject"] = wording.subject(letters)
    message["Date"] = format_datetime(first.notification.at)
    message["Message-ID"] = f"<{first.delivery.id}@{domain}>"  # the same delivery sent twice is one mail
    message["References"] = (
        f"<ticket-{first.notification.summary.ticket or first.notification.summary.alert_id}@{domain}>"
    )
    tickets = [each.notification.summary.ticket for each in letters]
    message["Auto-Submitted"] = "auto-generated"
    message["X-Pgwarden-Ticket"] = ", ".join(dict.fromkeys(filter(None, tickets)))
    message.set_content(as_text(person, letters, public_url))
    message.add_alternative(as_html(person, letters, public_url), subtype="html")
    return message


def as_text(person: Person, letters: Sequence[Letter], public_url: str) -> str:
    """The plain-text form."""
    parts = [held] if (held := wording.why_held(letters)) else []
    for letter in letters:
        lines = [wording.headline(letter), ""]
        lines += [f"{label + ':':<11} {text}" for label, text in wording.facts(letter, person.zone)]
        if text := wording.statement(letter):
            lines += ["", text]
        for section in wording.sections(letter):
            lines += ["", section.heading, *(f"  {line}" for line in section.lines)]
        lines += ["", f"See it whole: {wording.where(public_url, letter.notification.summary.ticket)}"]
        parts.append("\n".join(lines))
    return ("\n\n" + "-" * 60 + "\n\n").join(parts) + "\n"


def hand_over(server: MailServer, message: EmailMessage) -> None:
    """Give the mail to the server. Raises DeliveryFailed or DeliveryRefused."""
    try:
        with _connected(server) as connection:
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise _trouble(code, "The mail server does not take mail for this address.") from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryRefused(
            "The mail server does not offer what the settings ask for.",
            why=f"Encryption is set to {server.tls}, or a login is set, and it has none.",
        ) from None
    except smtplib.SMTPResponseException as error:  # its text may repeat what we sent, the login included
        raise _trouble(error.smtp_code, "The mail server refused.") from None
    except (OSError, smtplib.SMTPException) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise DeliveryFailed("The mail server cannot be used now.", why=f"{server.host}: {reason}.") from None


@contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A conversation, encrypted as the settings say; its socket is closed whatever happens."""
    if server.tls == "tls":
        with smtplib.SMTP_SSL(server.host, server.port, timeout=server.seconds, context=_trust(server)) as connection:
            yield connection
        return
    with smtplib.SMTP(server.host, server.port, timeout=server.seconds) as connection:
        if server.tls == "starttls":
            connection.starttls(context=_trust(server))
        yield connection


def _trust(server: MailServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)


def _trouble(code: int, what: str) -> DeliveryFailed | DeliveryRefused:
    kind = DeliveryRefused if code in FOR_GOOD else DeliveryFailed
    return kind(what, why=f"It answered {code}.")
