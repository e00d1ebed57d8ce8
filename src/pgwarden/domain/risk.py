"""The risk of a change: findings with reasons, the requirements' score and matrix, and the policy that tunes both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from fnmatch import fnmatchcase
from typing import Any

from pgwarden.domain.business import BusinessImpact
from pgwarden.domain.catalog import Catalog, Column, Name, Relation
from pgwarden.domain.impact import Impact
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.sensitive import OPTED_OUT, Sensitive, SensitiveKind, sensitivity

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
class RecoveryNeeds:
    """What the business needs of some tables when things go wrong. None: the policy does not say."""

    point_in_time: bool = False
    """Whether it must be possible to go back to any moment, with the write-ahead log kept outside the server."""
    lose_at_most: timedelta | None = None
    back_within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TableTag:
    """What the policy says about tables whose ``schema.name`` matches the pattern."""

    pattern: str
    owner: str = ""
    regulations: tuple[str, ...] = ()
    """GDPR, PCI, HIPAA …"""
    critical: bool = False
    """The business stands still without it."""
    protected: bool = False
    """Changes are CRITICAL whatever their size."""
    note: str = ""
    recovery: RecoveryNeeds | None = None

    def covers(self, name: Name) -> bool:
        return fnmatchcase(f"{name.schema}.{name.name}", self.pattern)


@dataclass(frozen=True, slots=True)
class ColumnTag:
    """What the policy says about columns whose ``schema.table.column`` matches. ``kind`` None: not sensitive."""

    pattern: str
    kind: SensitiveKind | None

    def covers(self, table: Name, column: str) -> bool:
        return fnmatchcase(f"{table.schema}.{table.name}.{column}", self.pattern)


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule that the policy adds: it finds something when all that it asks for holds."""

    name: str
    level: RiskLevel
    message: str
    hint: str = ""
    operations: tuple[str, ...] = ()
    """Kinds of statements; none: all."""
    tables: tuple[str, ...] = ()
    """Patterns of ``schema.table``, of which one must be touched; none: any table."""
    columns: tuple[str, ...] = ()
    """Patterns of ``schema.table.column``, of which one must change: assigned, or in a row that comes or goes."""
    rows_from: int = 0


@dataclass(frozen=True, slots=True)
class AllowedHours:
    """When changes may run. ``until`` before ``start`` reaches over midnight and belongs to the day it began."""

    start: time
    until: time
    zone: tzinfo
    days: frozenset[int] = frozenset(range(7))
    """0 is Monday."""

    def cover(self, moment: datetime) -> bool:
        """Whether an aware moment is inside."""
        local = moment.astimezone(self.zone)
        now, today, yesterday = local.time(), local.weekday(), (local.weekday() - 1) % 7
        if self.start <= self.until:
            return today in self.days and self.start <= now < self.until
        return (today in self.days and now >= self.start) or (yesterday in self.days and now < self.until)


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
    long_lock_seconds: float = 5.0
    """From this estimated duration a change of a table in use counts as a disruption."""
    tables: tuple[TableTag, ...] = ()
    columns: tuple[ColumnTag, ...] = ()
    """The first that covers a column decides, before names, comments and values are looked at."""
    rules: tuple[PolicyRule, ...] = ()
    hours: AllowedHours | None = None
    """None: always."""

    def tags(self, name: Name) -> tuple[TableTag, ...]:
        return tuple(tag for tag in self.tables if tag.covers(name))

    def public(self, relation: Relation, column: Column) -> bool:
        """Whether the policy or the column's comment says that it is not sensitive."""
        for tag in self.columns:
            if tag.covers(relation.name, column.name):
                return tag.kind is None
        return OPTED_OUT in (column.comment or "")

    def sensitivity(self, relation: Relation, column: Column) -> Sensitive | None:
        """What a column holds: by the policy, else by its name, type and comment."""
        for tag in self.columns:
            if tag.covers(relation.name, column.name):
                return Sensitive(tag.kind, "the policy says so") if tag.kind else None
        return sensitivity(relation, column)


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
    business: BusinessImpact = field(default_factory=BusinessImpact)
    """What it means outside the database; a section of its own wherever an assessment is shown."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "level": self.level.value,
            "score": self.score,
            "score_level": self.score_level.value,
            "matrix_level": self.matrix_level.value,
            "findings": [finding.to_dict() for finding in self.findings],
        }
