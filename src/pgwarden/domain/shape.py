"""The facts about a table that capture and undo stand on, read under the execution's own locks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pgwarden.domain.catalog import Name


class ShapeColumn(NamedTuple):
    """A stored column; generated ones are left out, the server computes them again."""

    name: str
    type_name: str
    identity_always: bool


class ShapeSwitch(NamedTuple):
    """A user trigger or rule that an undo must keep silent. ``enabled`` is ``tgenabled`` / ``ev_enabled``."""

    relation: Name
    name: str
    enabled: str


class ShapeReference(NamedTuple):
    """A foreign key: ``columns`` of ``relation`` point at ``foreign_columns`` of ``foreign``."""

    name: str
    relation: int
    columns: tuple[str, ...]
    foreign: int
    foreign_columns: tuple[str, ...]
    on_delete: str


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table, or a partition tree seen from its root."""

    oid: int
    name: Name
    members: tuple[tuple[int, Name], ...]
    """The table itself and, for a partitioned one, every partition below it."""
    columns: tuple[ShapeColumn, ...]
    key: tuple[str, ...]
    """Columns of the primary key, else of a unique index over NOT NULL columns, else of one that others reference
    (see ``key_nullable``), else empty."""
    unique: tuple[tuple[str, ...], ...] = ()
    """Columns of every further plain unique index."""
    triggers: tuple[ShapeSwitch, ...] = ()
    rules: tuple[ShapeSwitch, ...] = ()
    references: tuple[ShapeReference, ...] = ()
    """Foreign keys of this table, and those of others that point at it."""
    key_nullable: bool = False
    """Whether rows may have no key value: these are told apart by content, like those of a table without a key."""
    partitioned: bool = False
    inheritance: bool = False
    """Whether other tables inherit from it or it from others (partitions apart)."""
    obstacle: str = ""
    """Why its rows cannot be captured exactly ('' when they can), as a sentence's end."""

    @property
    def keyed(self) -> bool:
        """Whether every row has a key of its own."""
        return bool(self.key) and not self.key_nullable

    @property
    def rows(self) -> str:
        """How SQL names exactly its rows: tables that inherit from it have a shape of their own."""
        return str(self.name) if self.partitioned else f"only {self.name}"

    @property
    def outgoing(self) -> tuple[ShapeReference, ...]:
        return tuple(r for r in self.references if r.relation == self.oid)

    @property
    def incoming(self) -> tuple[ShapeReference, ...]:
        return tuple(r for r in self.references if r.foreign == self.oid)
