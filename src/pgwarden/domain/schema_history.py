"""How a target's structure changed over time, and how its tables belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pgwarden.domain.storable import require_zone

SNAPSHOTS_KEPT = 10
"""Full descriptions kept per target; older versions keep only what changed."""


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One state that a target's structure was seen in."""

    version: str
    """``Catalog.version``. A structure that comes back comes back with its version."""
    at: datetime
    diff: Mapping[str, object]
    """What changed since the version before, as JSON values; ``{}`` for the first."""

    def __post_init__(self) -> None:
        require_zone(self.at)


@dataclass(frozen=True, slots=True)
class Relationship:
    """Two tables that belong together. By names, not oids: it survives a dump and restore."""

    schema: str
    table: str
    columns: tuple[str, ...]
    foreign_schema: str
    foreign_table: str
    foreign_columns: tuple[str, ...]
    inferred: bool
    """False for a declared foreign key."""
    score: float = 1.0
    """0–1; 1 for a declared one."""
    evidence: str = ""
    """Why it is believed, in words."""


@dataclass(frozen=True, slots=True)
class Relationships:
    """All known relationships of a target, and the version of the structure they were found in."""

    version: str
    found: tuple[Relationship, ...]
