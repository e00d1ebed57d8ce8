"""A checkpoint as a file: its name sorts by where the chain stood, its text is one JSON object."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path

from pgwarden.domain.audit_checkpoint import Checkpoint, key_name
from pgwarden.domain.errors import AnchorFailed, CheckpointInvalid

LARGEST_FILE = 64 * 1024
"""Bytes; a checkpoint has less than one thousand."""


def file_name(checkpoint: Checkpoint) -> str:
    """``<chain>/<number>-<moment>-<key>.json``, the number padded so that names sort as numbers do."""
    at = checkpoint.at.astimezone(UTC)
    return f"{checkpoint.chain}/{checkpoint.number:015}-{at:%Y%m%dT%H%M%S%f}-{key_name(checkpoint.public_key)}.json"


def to_text(checkpoint: Checkpoint) -> str:
    return json.dumps(checkpoint.to_dict(), indent=2) + "\n"


def from_text(text: str) -> Checkpoint:
    """Raises CheckpointInvalid. Its signature is not looked at."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return Checkpoint.from_dict(value)


def read_checkpoint(file: Path) -> Checkpoint:
    """The checkpoint in a file. Raises CheckpointInvalid."""
    try:
        with file.open(encoding="utf-8") as stream:
            return from_text(stream.read(LARGEST_FILE))
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointInvalid(
            f"{file} cannot be read.", why=f"{error}.", not_done="Nothing was compared.", next_step="Correct the path."
        ) from None


def anchor_failed(name: str, why: str) -> AnchorFailed:
    """``why`` holds no secret."""
    return AnchorFailed(
        f"The anchor {name} did not do its part.",
        why=f"{why.strip().rstrip('.')}.",
        not_done="The checkpoint is not kept there.",
        next_step="Correct the place or its rights, then: pgwarden audit checkpoint",
    )
