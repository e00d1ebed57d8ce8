"""What values must be to be stored and given back unchanged."""

from __future__ import annotations

from datetime import datetime

from pgwarden.domain.errors import InputInvalid


def require_storable(what: str, text: str, *, most: int) -> None:
    """Refuse text that PostgreSQL cannot hold (NUL, lone surrogates) or that is longer than ``most`` characters."""
    if len(text) > most:
        raise InputInvalid(
            f"The {what} is too long.",
            why=f"It has {len(text)} characters; at most {most} are kept.",
            not_done="Nothing was stored.",
            next_step="Shorten it.",
        )
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InputInvalid(
            f"The {what} holds a character that cannot be stored.",
            why="It is not valid Unicode text: a NUL, or bytes that are not UTF-8.",
            not_done="Nothing was stored.",
            next_step="Remove that character.",
        )


def require_zone(moment: datetime) -> None:
    """Refuse a moment without time zone: a server would take it as its own local time, and move it unseen."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
