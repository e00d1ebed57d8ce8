"""The Ed25519 key that signs the audit's checkpoints. Its file lies outside the database, for its owner alone.

Beside ``audit.key`` lie the public keys, ``audit-<name>.pub``: of the present key and of those before it, so that
what they signed can be checked for ever, without the key and by anyone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pgwarden.adapters.private_file import open_to_others, write_whole
from pgwarden.domain.audit_chain import AuditHead
from pgwarden.domain.audit_checkpoint import Checkpoint, key_name, signed_payload
from pgwarden.domain.errors import AuditKeyInvalid, CheckpointInvalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class AuditKey:
    """``ports.CheckpointSigner``: a key file, read when something is to be signed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def file(self) -> Path:
        return self._file

    @property
    def exists(self) -> bool:
        return self._file.exists()

    def public_key(self) -> str:
        """Hexadecimal. Raises AuditKeyInvalid."""
        return _public(self._private())

    def sign(self, head: AuditHead, at: datetime) -> Checkpoint:
        """A checkpoint of that head. Raises AuditKeyInvalid."""
        key = self._private()
        public = _public(key)
        signature = key.sign(signed_payload(head, at, public)).hex()
        return Checkpoint(head.chain, head.number, head.hash, at, public, signature)

    def create(self) -> str:
        """A new key in the place of the one that is there, or was; the public one, which is kept beside it."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.generate()
        public = _public(key)
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._file, key.private_bytes_raw().hex(), 0o600)
            write_whole(self._file.with_name(f"audit-{key_name(public)}.pub"), public, 0o644)
        except OSError as error:
            raise self._invalid(f"It cannot be written: {error.strerror}.", "Correct the path or its rights.") from None
        return public

    def known(self) -> frozenset[str]:
        """Every public key that lies beside the key, whether or not the key is still there."""
        found = set()
        for file in self._file.parent.glob("audit-*.pub"):
            public = read_public_key(file)
            if file.name == f"audit-{key_name(public)}.pub":
                found.add(public)
        return frozenset(found)

    def _private(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            with self._file.open(encoding="ascii") as file:
                self._require_private(os.fstat(file.fileno()))
                return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(file.read()))
        except FileNotFoundError:
            raise self._invalid("There is none.", "Make one: pgwarden audit key --new") from None
        except OSError as error:
            raise self._invalid(f"It cannot be read: {error.strerror}.", "Correct its rights.") from None
        except ValueError:  # the parser's words could hold a part of the key
            raise self._invalid("It holds something else.", "Bring it back from where you keep it.") from None

    def _require_private(self, status: os.stat_result) -> None:
        if open_to_others(status):
            raise self._invalid("Others can open it.", f"chmod 600 {self._file}, or make a new one if they may have.")

    def _invalid(self, why: str, next_step: str) -> AuditKeyInvalid:
        return AuditKeyInvalid(
            f"The audit's key {self._file} cannot be used.",
            why=why,
            not_done="Nothing was signed.",
            next_step=next_step,
        )


def read_public_key(file: Path) -> str:
    """A public key from its file. Raises CheckpointInvalid."""
    try:
        text = file.read_text(encoding="ascii").strip()
        if len(bytes.fromhex(text)) != 32:
            raise ValueError("another length")
    except (OSError, ValueError):
        raise CheckpointInvalid(
            f"{file} is no public key.", not_done="Nothing was compared.", next_step="Give an audit-….pub file."
        ) from None
    return text


def require_signed(checkpoints: Iterable[Checkpoint], trusted: frozenset[str]) -> None:
    """Refuse a checkpoint that no trusted key signed. Raises CheckpointInvalid."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for checkpoint in checkpoints:
        if checkpoint.public_key not in trusted:
            raise _not_signed("Its key is none of those that are trusted.")
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.public_key))
            key.verify(bytes.fromhex(checkpoint.signature), checkpoint.payload)
        except (InvalidSignature, ValueError):
            raise _not_signed("Its signature does not fit what it says: it was changed.") from None


def _not_signed(why: str) -> CheckpointInvalid:
    return CheckpointInvalid(
        "The checkpoint proves nothing.",
        why=why,
        not_done="Nothing was compared with it.",
        next_step="Name the public key that you trust with --key, or use another checkpoint.",
    )


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()
