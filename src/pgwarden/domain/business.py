"""What a change means outside the database: for whom, under which rules, who is held up, how to get back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BusinessTable:
    """What the policy says about one table that changes."""

    table: str
    critical: bool = False
    protected: bool = False
    owners: tuple[str, ...] = ()
    regulations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = ["the business stands still without it"] if self.critical else []
        parts += ["the policy protects it"] if self.protected else []
        parts += [f"under {' and '.join(self.regulations)}"] if self.regulations else []
        parts += [f"{' and '.join(self.owners)} answers for it"] if self.owners else []
        parts += self.notes
        return f"{self.table}: {'; '.join(parts)}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "critical": self.critical,
            "protected": self.protected,
            "owners": list(self.owners),
            "regulations": list(self.regulations),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class BusinessImpact:
    """The business section of an analysis; sentences where people decide, values where programs do."""

    tables: tuple[BusinessTable, ...] = ()
    disruption: tuple[str, ...] = ()
    """Who is held up, and for how long."""
    recovery: tuple[str, ...] = ()
    """What the policy needs of a recovery, and whether the server can give it."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "tables": [table.to_dict() for table in self.tables],
            "disruption": list(self.disruption),
            "recovery": list(self.recovery),
        }
