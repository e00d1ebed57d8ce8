"""What is in a table: a sample of its rows, and a profile of each column. Values are PostgreSQL's own text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from pgwarden.domain.catalog import Relation
from pgwarden.domain.sensitive import SensitiveKind, kind_of_values, mask, sensitivity


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows of a table, chosen to be representative."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    """Long values are cut at CELL characters and end in ``…``."""
    method: str
    """How they were chosen, in words."""
    estimated_rows: float
    """Rows in the table as far as known; -1 when unknown."""
    masked: tuple[str, ...] = ()
    """Columns whose values are hidden."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> Sample:
        return cls(
            tuple(parts["columns"]),
            tuple(tuple(row) for row in parts["rows"]),
            parts["method"],
            parts["estimated_rows"],
            tuple(parts["masked"]),
        )


def masked_sample(sample: Sample, relation: Relation) -> Sample:
    """The sample with personal and secret values hidden: told by the column, or by what its values look like."""
    kinds = [_kind(relation, name, [row[at] for row in sample.rows]) for at, name in enumerate(sample.columns)]
    rows = tuple(
        tuple(_hidden(value, kind) if kind else value for value, kind in zip(row, kinds, strict=True))
        for row in sample.rows
    )
    hidden = tuple(name for name, kind in zip(sample.columns, kinds, strict=True) if kind)
    return Sample(sample.columns, rows, sample.method, sample.estimated_rows, hidden)


def _kind(relation: Relation, name: str, values: Sequence[str | None]) -> SensitiveKind | None:
    column = relation.column(name)
    found = sensitivity(relation, column) if column else None
    return found.kind if found else kind_of_values(values)


def _hidden(value: str | None, kind: SensitiveKind) -> str | None:
    shown = mask(value, kind)
    return None if shown is None else str(shown)


class TopValue(NamedTuple):
    """A common value and its share of all rows, 0–1."""

    value: str
    share: float


class Bucket(NamedTuple):
    """A range of values and the share of the non-null rows in it."""

    low: str
    high: str
    share: float


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that a careful person would want to know."""

    code: str
    """Stable, e.g. ``constant-column``."""
    column: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column's distribution; shares are of the rows looked at."""

    name: str
    type_name: str
    null_share: float
    distinct: int
    """Different values among the rows looked at."""
    minimum: str | None
    maximum: str | None
    top: tuple[TopValue, ...]
    histogram: tuple[Bucket, ...]
    mean: float | None = None
    """For numbers, as far as they are finite."""
    sensitive: str = ""
    """What kind of personal or secret data it holds, or ''; its values are masked then."""


@dataclass(frozen=True, slots=True)
class TableProfile:
    """A table's distribution and what is odd about its data."""

    table: str
    rows_looked_at: int
    estimated_rows: float
    complete: bool
    """Whether every row was looked at; otherwise a random part."""
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> TableProfile:
        columns = tuple(
            ColumnProfile(**{**c, "top": _all(TopValue, c["top"]), "histogram": _all(Bucket, c["histogram"])})
            for c in parts["columns"]
        )
        return cls(**{**parts, "columns": columns, "findings": tuple(Finding(**f) for f in parts["findings"])})


def _all(noun: type[Any], rows: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(noun(*row) for row in rows)
