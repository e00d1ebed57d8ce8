"""Moments as they are written on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from pgwarden.domain.errors import InputInvalid

Since = Annotated[str, typer.Option("--since", help="From this moment on: 2026-03-01, 2026-03-01T12:00+01:00, or 7d.")]
Until = Annotated[str, typer.Option("--until", help="Before this moment, written like --since.")]


def moment_of(text: str) -> datetime:
    """The moment that is meant; without a time zone it is UTC. Raises InputInvalid."""
    try:
        if text.endswith("d"):
            return datetime.now(UTC) - timedelta(days=float(text[:-1]))
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InputInvalid(
            f"{text!r} is no moment.", next_step="Write 2026-03-01, 2026-03-01T12:00+01:00, or 7d for seven days ago."
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
