"""A signed statement about where the audit's chain stood at a moment. What it covers cannot be rewritten unnoticed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pgwarden.domain.audit_chain import AuditHead, moment
from pgwarden.domain.canonical_json import canonical_json
from pgwarden.domain.errors import CheckpointInvalid

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``hash`` is that of entry ``number``. Keys and signature are Ed25519, hexadecimal."""

    chain: str
    number: int
    hash: str
    at: datetime
    public_key: str
    signature: str

    @property
    def payload(self) -> bytes:
        """What is signed."""
        return signed_payload(AuditHead(self.chain, self.number, self.hash), self.at, self.public_key)

    def to_dict(self) -> dict[str, Any]:
        return {
            "pgwarden_checkpoint": FORMAT,
            "chain": self.chain,
            "number": self.number,
            "hash": self.hash,
            "at": moment(self.at),
            "public_key": self.public_key,
            "signature": self.signature,
        }

    @classmethod
    def from_dict(cls, value: object) -> Checkpoint:
        """Raises CheckpointInvalid. Whether the signature holds is another question."""
        try:
            if not isinstance(value, Mapping) or value["pgwarden_checkpoint"] != FORMAT:
                raise ValueError("not a checkpoint of format 1")
            texts = [str(value[name]) for name in ("chain", "hash", "public_key", "signature")]
            return cls(texts[0], int(value["number"]), texts[1], datetime.fromisoformat(value["at"]), *texts[2:])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointInvalid(
                "That is no checkpoint.",
                why=f"A part is missing or malformed: {error}.",
                not_done="Nothing was compared with it.",
                next_step="Give a file that `pgwarden audit checkpoint` or an anchor wrote, unchanged.",
            ) from None


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint, and where it was taken. The list is for convenience: only what lies elsewhere proves anything."""

    checkpoint: Checkpoint
    anchors: tuple[str, ...]


def signed_payload(head: AuditHead, at: datetime, public_key: str) -> bytes:
    """The bytes that an Ed25519 key signs for a checkpoint."""
    content = {
        "pgwarden_checkpoint": FORMAT,
        "chain": head.chain,
        "number": head.number,
        "hash": head.hash,
        "at": moment(at),
        "public_key": public_key,
    }
    return canonical_json(content).encode()


def key_name(public_key: str) -> str:
    """A short name for a public key, for files and people: the start of its SHA-256."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:16]
