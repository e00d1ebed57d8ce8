"""A real SMTP server on loopback, with TLS and logins where a test wants them."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """What arrived, and how the server behaves."""

    mails: list[EmailMessage] = field(default_factory=list)
    reply: str = ""
    """What every recipient is answered instead of being taken, as ``550 no such user``."""
    host: str = "127.0.0.1"
    port: int = 0
    logins: list[str] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    async def until(self, count: int, seconds: float = 30.0) -> None:
        """Wait for so many mails; TimeoutError after the given time."""

        def wait() -> bool:
            with self._news:
                return self._news.wait_for(lambda: len(self.mails) >= count, seconds)

        if not await asyncio.to_thread(wait):
            raise TimeoutError(f"{len(self.mails)} of {count} mails came within {seconds:.0f} seconds")

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.reply:
            return self.reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        with self._news:
            self.mails.append(found)
            self._news.notify_all()
        return "250 taken"


@contextmanager
def mail_server(
    certificate: Path | None = None, password: str = "", *, tls_from_the_start: bool = False
) -> Iterator[Mailbox]:
    """A server for the block. With a certificate (PEM with its key) it asks for STARTTLS, or speaks TLS at once."""
    box = Mailbox()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        box.logins.append(data.login.decode())
        return AuthResult(success=data.password.decode() == password, handled=False)

    options: dict[str, Any] = {"hostname": box.host, "port": 0, "server_hostname": "localhost"}
    if context and tls_from_the_start:
        options["ssl_context"] = context
    elif context:
        options |= {"tls_context": context, "require_starttls": True}
    if password:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": context is not None}
    controller = _Controller(box, **options)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


class _Controller(Controller):
    """On a port that the system chooses; the library's start-up knock would go to port 0."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def make_certificate(path: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, vouching for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path
