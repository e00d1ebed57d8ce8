"""Codes of a second factor that change with the clock (TOTP, RFC 6238, over HOTP, RFC 4226)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32decode, b32encode
from collections.abc import Callable
from datetime import datetime

PERIOD = 30
"""Seconds that one code is shown."""
DIGITS = 6
SECRET_BYTES = 20
"""160 bits, as RFC 4226 recommends."""
TOLERATED_STEPS = 1
"""How many codes before and after the current one are taken, for clocks that differ and fingers that are slow."""


def step_at(moment: datetime) -> int:
    """The number of the period that a moment is in."""
    return int(moment.timestamp()) // PERIOD


def code_of(
    secret: bytes, step: int, *, digits: int = DIGITS, algorithm: Callable[..., hashlib._Hash] = hashlib.sha1
) -> str:
    """The code that belongs to a step."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), algorithm).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, moment: datetime) -> int | None:
    """The step that a code belongs to, if it is one of those tolerated now; the store takes each step once."""
    given = code.replace(" ", "").encode()
    now = step_at(moment)
    found = None
    for step in range(max(0, now - TOLERATED_STEPS), now + TOLERATED_STEPS + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), given):
            found = step
    return found


def written_secret(secret: bytes) -> str:
    """The secret as authenticator apps take it, in base 32 without padding."""
    return b32encode(secret).decode().rstrip("=")


def read_secret(text: str) -> bytes:
    """The secret of ``written_secret``. ValueError for anything else."""
    plain = text.replace(" ", "").upper()
    return b32decode(plain + "=" * (-len(plain) % 8))


def provisioning_uri(secret: bytes, account: str, issuer: str = "pgwarden") -> str:
    """The address that an authenticator app reads, from a QR code or pasted."""
    label, parameters = _quoted(f"{issuer}:{account}"), f"issuer={_quoted(issuer)}&digits={DIGITS}&period={PERIOD}"
    return f"otpauth://totp/{label}?secret={written_secret(secret)}&{parameters}"


def _quoted(text: str) -> str:
    """Percent-encoded, as RFC 3986 has it for everything but letters, digits and ``-._~``."""
    plain = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in text.encode())
