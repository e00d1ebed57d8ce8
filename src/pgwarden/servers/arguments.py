"""What a tool may be called with, before anything else is looked at; each refusal says how to mend the call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from pgwarden.domain.errors import InputInvalid

NOT_DONE = "Nothing was read or run."
MOST_TOLD = 5


def require_sound(tool: str, taken: Iterable[str], given: Mapping[str, Any]) -> None:
    """Raises InputInvalid for an argument that the tool does not take, which would be passed over silently, and for
    text that no database can hold."""
    names = list(taken)
    strange = [name for name in given if name not in names][:MOST_TOLD]
    if strange:
        near = {name: get_close_matches(name, names, 1) for name in strange}
        hints = [f"{close[0]} instead of {name!r}" for name, close in near.items() if close]
        raise InputInvalid(
            f"{tool} takes no argument {', '.join(repr(name[:100]) for name in strange)}.",
            why=f"It takes {', '.join(names)}.",
            not_done=NOT_DONE,
            next_step=f"Use {', '.join(hints)}." if hints else "Leave it out.",
        )
    for name, value in given.items():
        require_text(name, value)


def require_text(name: str, value: Any) -> None:
    """Raises InputInvalid when a NUL or half a surrogate pair is in the text, or anywhere in the object."""
    if any(not _is_text(text) for text in _texts(value)):
        raise InputInvalid(
            f"{name} holds a character that is no text.",
            why="A NUL, or half of a surrogate pair.",
            not_done=NOT_DONE,
            next_step="Remove that character.",
        )


def argument_error(tool: str, error: ValidationError) -> InputInvalid:
    """What pydantic found, by the arguments' names; the values stay out."""
    wrong = [
        f"{'.'.join(str(part) for part in e['loc']) or 'the call'}: {e['msg']}" for e in error.errors()[:MOST_TOLD]
    ]
    return InputInvalid(
        f"{tool} cannot take these arguments.",
        why="; ".join(wrong) + ".",
        not_done=NOT_DONE,
        next_step="Correct the arguments that are named; the tool's input schema says what each takes.",
    )


def _is_text(text: str) -> bool:
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
