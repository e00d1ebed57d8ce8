"""The data rights as they stood at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.identity import DEFAULT_RIGHTS, DataRight
from pgwarden.domain.storable import require_storable, require_zone


@dataclass(frozen=True, slots=True)
class RightsVersion:
    """Every line in force, in the order people wrote them, and who wrote this version."""

    number: int
    """Counts up from 1; 0 is what holds before anyone wrote any."""
    lines: tuple[DataRight, ...]
    author: str = ""
    at: datetime | None = None
    """None only for number 0."""

    def __post_init__(self) -> None:
        if self.at is not None:
            require_zone(self.at)
        for line in self.lines:
            _require_effective(line)


def _require_effective(line: DataRight) -> None:
    """Refuse a line that could never apply: a misspelt subject of a denial would let everyone through."""
    kind, _, name = line.subject.partition(":")
    if line.subject != "*" and (kind not in ("person", "group", "token") or not name.strip()):
        raise InputInvalid(
            f"A data right has the subject {line.subject!r}.",
            why="It would apply to nobody.",
            not_done="The data rights were not changed.",
            next_step="Write person:NAME, group:NAME, token:ID or *.",
        )
    for what, text in _texts(line):
        require_storable(what, text, most=1000)
        if not text:
            raise InputInvalid(
                f"A data right for {line.subject} has an empty {what}.",
                why="It would cover nothing.",
                not_done="The data rights were not changed.",
                next_step="Write * for all.",
            )


def _texts(line: DataRight) -> tuple[tuple[str, str], ...]:
    return (
        ("subject", line.subject),
        ("database", line.database),
        ("schema", line.schema),
        ("table", line.table),
        ("column", line.column),
    )


ORIGINAL_RIGHTS = RightsVersion(0, DEFAULT_RIGHTS)


class RightsChangedError(Exception):
    """The data rights in force are no longer those that something was decided by. It is to be decided anew."""
