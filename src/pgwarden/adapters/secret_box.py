"""Seals secrets that must be read again (second factors), so that whoever has the database or a backup of it has none.

The key lies in a file outside the database, for its owner alone, and is made when it is first needed. AES-256-GCM; what
a secret belongs to is part of the seal, so that one cannot be put in another's place.
"""

from __future__ import annotations

import os
from pathlib import Path

from pgwarden.adapters.private_file import open_to_others, write_whole
from pgwarden.domain.errors import SecretKeyInvalid

MARK = b"pgw1:"
"""Begins what is sealed."""
KEY_BYTES, NONCE_BYTES = 32, 12


class SecretBox:
    """Without a file nothing is sealed."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @property
    def seals(self) -> bool:
        return self._file is not None

    def seal(self, secret: bytes, about: str) -> bytes:
        """The secret of somebody as it is kept; nothing stays nothing. Raises SecretKeyInvalid."""
        if self._file is None or not secret:
            return secret
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not self._file.exists():
            self._make(self._file)
        nonce = os.urandom(NONCE_BYTES)
        return MARK + nonce + AESGCM(self._key()).encrypt(nonce, secret, about.encode())

    def open(self, kept: bytes, about: str) -> bytes:
        """The secret of somebody as it was; what was never sealed is given back. Raises SecretKeyInvalid."""
        if not is_sealed(kept):
            return kept
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, sealed = kept[len(MARK) :][:NONCE_BYTES], kept[len(MARK) + NONCE_BYTES :]
        try:
            return AESGCM(self._key()).decrypt(nonce, sealed, about.encode())
        except (InvalidTag, ValueError):
            raise _invalid("What is kept was sealed with another key, or for somebody else.") from None

    def _key(self) -> bytes:
        if self._file is None:
            raise _invalid("None is set: the second factors were sealed by an installation that has one.")
        try:
            with self._file.open(encoding="ascii") as file:
                if open_to_others(os.fstat(file.fileno())):
                    raise _invalid(f"Others can open {self._file}.")
                key = bytes.fromhex(file.read())
        except OSError as error:
            raise _invalid(f"{self._file}: {error.strerror}.") from None
        except ValueError:  # the parser's words could hold a part of the key
            key = b""
        if len(key) != KEY_BYTES:
            raise _invalid(f"{self._file} holds something else.")
        return key

    def _make(self, file: Path) -> None:
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(file, os.urandom(KEY_BYTES).hex(), 0o600, unless_there=True)
        except OSError as error:
            raise _invalid(f"{file} cannot be written: {error.strerror}.") from None


def is_sealed(kept: bytes) -> bool:
    """Whether these bytes came out of a box."""
    return kept.startswith(MARK)


def _invalid(why: str) -> SecretKeyInvalid:
    return SecretKeyInvalid(
        "The key of the second factors cannot be used.",
        why=why,
        not_done="No second factor was read or kept.",
        next_step="Bring the key back, or name it in secret_key_file; docs/backup.md says what to do without it.",
    )
