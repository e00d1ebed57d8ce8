"""The little that must be remembered between starts: port and passwords, in a file that only its owner reads."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pgwarden.domain.errors import EmbeddedServerError

SUPERUSER = "postgres"


@dataclass(slots=True)
class Record:
    """``passwords``: role name → password. ``keep``: leave the server running when the last user closes."""

    port: int = 0
    keep: bool = False
    passwords: dict[str, str] = field(default_factory=lambda: {SUPERUSER: new_password()}, repr=False)


def new_password() -> str:
    return secrets.token_urlsafe(24)


def load(path: Path) -> Record | None:
    """The record, or None before the first start."""
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except PermissionError:
        raise EmbeddedServerError(
            "This embedded PostgreSQL belongs to another user.",
            why=f"{path} holds its passwords and is closed to you.",
            not_done="Nothing was started.",
            next_step="Run as the user who made it, or choose another directory (PGWARDEN_HOME).",
        ) from None
    try:
        return Record(**json.loads(content))
    except (ValueError, TypeError):
        raise EmbeddedServerError(
            "The record of the embedded PostgreSQL is damaged.",
            why=f"{path} cannot be read as its JSON.",
            not_done="Nothing was started; the data was not touched.",
            next_step="Restore that file from a backup, or move the whole directory away to begin afresh.",
        ) from None


def save(path: Path, record: Record) -> None:
    """Write it in one step, readable by its owner only from the first moment."""
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(record), file)
    partial.replace(path)
