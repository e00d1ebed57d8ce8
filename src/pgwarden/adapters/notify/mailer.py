"""Mail with files in it, over the same server as the notifications."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from email.utils import format_datetime

from pgwarden.adapters.notify.email import MailServer, hand_over
from pgwarden.domain.errors import DeliveryRefused
from pgwarden.domain.person import Person
from pgwarden.domain.question_mail import Mail


class SmtpMailer:
    """``ports.Mailer``."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def send(self, person: Person, mail: Mail) -> None:
        try:
            message = _composed(person, mail, self._server.sender)
        except ValueError as error:
            raise DeliveryRefused("The mail address is malformed.", why=f"{error}.") from None
        await asyncio.to_thread(hand_over, self._server, message)


def _composed(person: Person, mail: Mail, sender: str) -> EmailMessage:
    """ValueError where an address cannot stand in a header."""
    domain = sender.rpartition("@")[2].strip("> ") or "pgwarden"
    message = EmailMessage()
    message["From"] = sender
    message["To"] = person.email
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for file in mail.attachments:
        kind, _, subtype = file.media_type.partition(";")[0].partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return message
