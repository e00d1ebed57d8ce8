"""Which channels there are: those that the settings describe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pgwarden.domain.notification import Channel
from pgwarden.domain.question import RiskLevel
from pgwarden.ports import Mailer, NotificationChannel

if TYPE_CHECKING:
    from pgwarden.adapters.notify.email import MailServer


class Secret(Protocol):
    """A value that shows itself only when it is asked to."""

    def get_secret_value(self) -> str: ...


class ChannelSettings(Protocol):
    """What of the settings is about channels; settings.py says what each is."""

    @property
    def public_url(self) -> str: ...
    @property
    def smtp_host(self) -> str: ...
    @property
    def smtp_port(self) -> int: ...
    @property
    def smtp_from(self) -> str: ...
    @property
    def smtp_tls(self) -> Literal["starttls", "tls", "none"]: ...
    @property
    def smtp_user(self) -> str: ...
    @property
    def smtp_password(self) -> Secret | None: ...
    @property
    def smtp_ca_file(self) -> Path | None: ...
    @property
    def slack_token(self) -> Secret | None: ...
    @property
    def slack_signing_secret(self) -> Secret | None: ...
    @property
    def slack_url(self) -> str: ...
    @property
    def slack_approves(self) -> Sequence[RiskLevel]: ...
    @property
    def twilio_account(self) -> str: ...
    @property
    def twilio_token(self) -> Secret | None: ...
    @property
    def twilio_from(self) -> str: ...
    @property
    def twilio_url(self) -> str: ...
    @property
    def webhook_url(self) -> Secret | None: ...
    @property
    def webhook_secret(self) -> Secret | None: ...
    @property
    def apprise_urls(self) -> Secret | None: ...


def channels_of(settings: ChannelSettings, clock: Callable[[], datetime]) -> dict[Channel, NotificationChannel]:
    """The channels, nothing opened yet. ChannelMissing where an optional extra is needed and not installed."""
    found: dict[Channel, NotificationChannel] = {}
    public = settings.public_url
    if settings.smtp_host:
        found[Channel.EMAIL] = _email(settings)
    if settings.slack_token:
        found[Channel.SLACK] = _slack(settings)
    if settings.twilio_account:
        from pgwarden.adapters.notify.sms import SmsChannel

        token, sender = plain(settings.twilio_token), settings.twilio_from
        found[Channel.SMS] = SmsChannel(settings.twilio_account, token, sender, public, base_url=settings.twilio_url)
    if settings.webhook_url:
        from pgwarden.adapters.notify.webhook import WebhookChannel

        address, secret = plain(settings.webhook_url), plain(settings.webhook_secret)
        found[Channel.WEBHOOK] = WebhookChannel(address, secret, clock, public)
    if settings.apprise_urls:
        from pgwarden.adapters.notify.apprise import AppriseChannel

        found[Channel.APPRISE] = AppriseChannel(plain(settings.apprise_urls).split(), public)
    return found


def plain(secret: Secret | None) -> str:
    """The value, '' where there is none."""
    return secret.get_secret_value() if secret else ""


def mailer_of(settings: ChannelSettings) -> Mailer | None:
    """What sends mail that is no notification; None without a mail server."""
    if not settings.smtp_host:
        return None
    from pgwarden.adapters.notify.mailer import SmtpMailer

    return SmtpMailer(_mail_server(settings))


def _email(settings: ChannelSettings) -> NotificationChannel:
    from pgwarden.adapters.notify.email import EmailChannel

    return EmailChannel(_mail_server(settings), settings.public_url)


def _mail_server(settings: ChannelSettings) -> MailServer:
    from pgwarden.adapters.notify.email import MailServer

    return MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_from,
        settings.smtp_tls,
        settings.smtp_user,
        plain(settings.smtp_password),
        settings.smtp_ca_file,
    )


def _slack(settings: ChannelSettings) -> NotificationChannel:
    from pgwarden.adapters.notify.slack import SlackChannel

    return SlackChannel(
        plain(settings.slack_token),
        settings.public_url,
        base_url=settings.slack_url,
        approves=settings.slack_approves if settings.slack_signing_secret else None,
    )
