"""Logical forms: what a question asks, in terms of one database, before it becomes SQL."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pgwarden.language.index import Field


@dataclass(frozen=True, slots=True)
class Col:
    """A column's value."""

    field: Field


@dataclass(frozen=True, slots=True)
class Agg:
    """An aggregate. ``over`` None with ``count`` counts the rows of ``entity``; ``where`` becomes FILTER."""

    function: str
    over: Expr | None = None
    entity: int = 0
    distinct: bool = False
    where: tuple[Cond, ...] = ()
    called: str = ""
    """What its output's name ends in, where several stand side by side: ``last_month``."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One number over another; ``factor`` 100 makes a percentage."""

    upper: Expr
    lower: Expr
    factor: int = 1


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic between two expressions: ``+ - * /``."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Number:
    """A plain number."""

    text: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A time truncated to a unit (``month``), or one of its parts with ``part`` (day of week, hour)."""

    unit: str
    over: Expr
    part: bool = False


@dataclass(frozen=True, slots=True)
class Duration:
    """The time between two columns, in seconds, or in ``unit``."""

    start: Field
    end: Field
    unit: str = "seconds"


@dataclass(frozen=True, slots=True)
class Length:
    """The number of characters of a text."""

    over: Expr


@dataclass(frozen=True, slots=True)
class Raw:
    """SQL written by this room itself (never by a user), e.g. a bound of a period."""

    sql: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """A sub-query that gives one value."""

    block: Block


@dataclass(frozen=True, slots=True)
class Window:
    """A ranking or running total over the groups: ``function`` is rank, row_number, sum, …"""

    function: str
    over: Expr | None
    partition: tuple[Expr, ...] = ()
    order: tuple[tuple[Expr, bool], ...] = ()


Expr: TypeAlias = "Col | Agg | Ratio | Binary | Number | Bucket | Duration | Length | Raw | Scalar | Window"


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator value``; operators: = <> < <= > >= like ilike not-like in null not-null true false."""

    left: Expr
    operator: str
    values: tuple[str, ...] = ()
    right: Expr | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the conditions holds."""

    parts: tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All of the conditions hold (inside an Either or a Not)."""

    parts: tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    part: Cond


@dataclass(frozen=True, slots=True)
class Period:
    """A time column lies in [lower, upper); either end may be open. Bounds are SQL of this room."""

    column: Expr
    lower: str | None
    upper: str | None


@dataclass(frozen=True, slots=True)
class Has:
    """Rows of the block's table have related rows in ``entity``: any, none (``negated``), or a number of them."""

    entity: int
    where: tuple[Cond, ...] = ()
    negated: bool = False
    operator: str = ""
    count: str = ""
    measure: Expr | None = None
    """What is compared instead of the number of related rows, e.g. sum(cost)."""
    anchor: int = 0
    """The table whose rows have them, 0 = the block's own."""


Cond: TypeAlias = "Compare | Either | Both | Not | Period | Has"


@dataclass(frozen=True, slots=True)
class Block:
    """One SELECT. ``combine`` joins it with another by INTERSECT, UNION or EXCEPT."""

    entity: int
    select: tuple[Expr, ...] = ()
    where: tuple[Cond, ...] = ()
    group: tuple[Expr, ...] = ()
    hidden_group: tuple[Expr, ...] = ()
    """Grouped by, not shown: the key behind a name."""
    having: tuple[Cond, ...] = ()
    order: tuple[tuple[Expr, bool], ...] = ()
    """(expression, descending)."""
    limit: int | None = None
    distinct: bool = False
    combine: tuple[str, Block] | None = None
    distinct_on: tuple[Expr, ...] = ()
    """One row for each of these, the first in ``order`` (DISTINCT ON)."""
    outer: bool = False
    """Keep rows of the table that have no partner (LEFT JOIN)."""

    def with_(self, **changes: object) -> Block:
        return replace(self, **changes)  # type: ignore[arg-type]


def fields_of(node: Expr | Cond | None) -> set[Field]:
    """Every column that an expression or condition reads outside its own sub-queries."""
    if node is None or isinstance(node, Number | Raw | Scalar | Has):
        return set()
    if isinstance(node, Col):
        return {node.field}
    if isinstance(node, Duration):
        return {node.start, node.end}
    if isinstance(node, Agg):
        inner = [fields_of(c) for c in node.where]
        return fields_of(node.over).union(*inner)
    if isinstance(node, Ratio):
        return fields_of(node.upper) | fields_of(node.lower)
    if isinstance(node, Binary):
        return fields_of(node.left) | fields_of(node.right)
    if isinstance(node, Bucket | Length):
        return fields_of(node.over)
    if isinstance(node, Window):
        parts = [fields_of(e) for e in node.partition] + [fields_of(e) for e, _ in node.order]
        return fields_of(node.over).union(*parts)
    if isinstance(node, Compare):
        return fields_of(node.left) | fields_of(node.right)
    if isinstance(node, Period):
        return fields_of(node.column)
    if isinstance(node, Not):
        return fields_of(node.part)
    return set().union(*(fields_of(part) for part in node.parts))


def counted_of(node: Expr | None) -> set[int]:
    """Tables whose rows an expression counts."""
    if isinstance(node, Agg):
        return ({node.entity} if node.entity else set()) | counted_of(node.over)
    if isinstance(node, Ratio):
        return counted_of(node.upper) | counted_of(node.lower)
    if isinstance(node, Binary):
        return counted_of(node.left) | counted_of(node.right)
    if isinstance(node, Window):
        return counted_of(node.over).union(*(counted_of(e) for e, _ in node.order))
    return set()


def has_aggregate(node: Expr | None) -> bool:
    """Whether the expression is an aggregate or made of some."""
    if isinstance(node, Agg):
        return True
    if isinstance(node, Ratio):
        return has_aggregate(node.upper) or has_aggregate(node.lower)
    if isinstance(node, Binary):
        return has_aggregate(node.left) or has_aggregate(node.right)
    if isinstance(node, Window):
        return has_aggregate(node.over) or any(has_aggregate(e) for e, _ in node.order)
    return False


@dataclass(slots=True)
class Evidence:
    """What speaks for and against a reading, collected while it is made; confidence is computed from it."""

    unknown: list[str] = field(default_factory=list)
    """Content words that found no meaning."""
    closed: list[str] = field(default_factory=list)
    """Of those, names of tables that the reader may not see."""
    weak: list[float] = field(default_factory=list)
    """Scores of the links used."""
    ambiguous: list[str] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)
    """Assumptions, in words for the user."""
    ungrounded: list[str] = field(default_factory=list)
    """Quoted or named values that the database does not show."""
    misspelled: list[str] = field(default_factory=list)
    """Values read as a stored one that is spelt otherwise, in words: enough for a read, never for a change."""
    unused: int = 0
    """Linked words that the reading leaves out."""
