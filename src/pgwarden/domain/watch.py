"""Who looks on: people who want to know what happens to a ticket, a table or a database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WatchKind(StrEnum):
    """What is watched."""

    TICKET = "ticket"
    TABLE = "table"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Watch:
    """One person's interest in one thing."""

    person: str
    kind: WatchKind
    name: str
    """A ticket's id, a database's registered name, or ``DATABASE SCHEMA.TABLE``."""


def table_name(database: str, table: str) -> str:
    """How a table is named in a watch."""
    return f"{database} {table}"
