"""The risk of a change: findings with reasons, the requirements' score and matrix, and the policy that tunes both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from fnmatch import fnmatchcase
from typing import Any

from pgwarden.domain.catalog import Catalog, Name
from pgwarden.domain.impact import Impact
from pgwarden.domain.question import RiskLevel

LEVELS = tuple(RiskLevel)


def highest(*levels: RiskLevel) -> RiskLevel:
    """The highest of these levels."""
    return max(levels, key=LEVELS.index)


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a change is risky. ``level`` None: it informs without raising the risk."""

    rule: str
    level: RiskLevel | None
    message: str
    """What it means for the data, not what the syntax is called."""
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        level = self.level.value if self.level else None
        return {"rule": self.rule, "level": level, "message": self.message, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class TableTag:
    """What the policy says about tables whose ``schema.name`` matches the pattern."""

    pattern: str
    owner: str = ""
    regulation: str = ""
    """GDPR, PCI, HIPAA …"""
    critical: bool = False
    protected: bool = False
    """Changes are CRITICAL whatever their size."""
    note: str = ""

    def covers(self, name: Name) -> bool:
        return fnmatchcase(f"{name.schema}.{name.name}", self.pattern)


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """Weights and thresholds. The defaults are the requirements' own."""

    weights: Mapping[str, int] = field(
        default_factory=lambda: {"SELECT": 1, "INSERT": 3, "UPDATE": 5, "DELETE": 7, "MERGE": 7}
    )
    unknown_weight: int = 9
    several_tables: int = 2
    many_rows: int = 2
    many_rows_from: int = 1_000
    sensitive: int = 3
    low_up_to: int = 2
    medium_up_to: int = 5
    high_up_to: int = 8
    medium_rows: int = 100
    high_rows: int = 10_000
    deep_cascade: int = 3
    """Levels of foreign keys from which a cascade counts as complex."""
    many_cascades: int = 3
    """Tables reached by cascades from which they count as complex."""
    tables: tuple[TableTag, ...] = ()
    hours: tuple[time, time] | None = None
    """From and until when changes may run, in the time zone of the given moment; None: always."""

    def tags(self, name: Name) -> tuple[TableTag, ...]:
        return tuple(tag for tag in self.tables if tag.covers(name))


@dataclass(frozen=True, slots=True)
class RiskCase:
    """What the rules look at."""

    impact: Impact
    catalog: Catalog
    policy: RiskPolicy
    at: datetime | None = None
    """When it would run, for allowed hours."""

    def touched(self) -> tuple[int, ...]:
        """Oids of every table that changes or may change."""
        oids = [table.relation for table in self.impact.tables if table.rows or table.target]
        return tuple(dict.fromkeys([*oids, *self.impact.open_tables]))

    def names(self) -> tuple[Name, ...]:
        return tuple(self.catalog.relations[oid].name for oid in self.touched() if oid in self.catalog.relations)


@dataclass(frozen=True, slots=True)
class Risk:
    """The judgement: the score's level and the matrix's level, of which the higher holds, as does any finding's."""

    level: RiskLevel
    score: int
    score_level: RiskLevel
    matrix_level: RiskLevel
    findings: tuple[Finding, ...]
    business: tuple[str, ...] = ()
    """Critical tables, owners, regulations and recovery needs, from the policy."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "level": self.level.value,
            "score": self.score,
            "score_level": self.score_level.value,
            "matrix_level": self.matrix_level.value,
            "findings": [finding.to_dict() for finding in self.findings],
            "business": list(self.business),
        }
