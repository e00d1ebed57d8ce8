"""What names mean at one place of a statement: sources in FROM, common table expressions, variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pgwarden.sql.typesystem import RECORD, UNKNOWN

Lineage = frozenset[tuple[int, int]]
NOTHING: Lineage = frozenset()


class Value:
    """What is known about an expression: its type, the base columns behind it, the fields of a row, a constant."""

    __slots__ = ("constant", "fields", "lineage", "type")

    def __init__(
        self, type_: int, lineage: Lineage = NOTHING, fields: Fields | None = None, constant: str | None = None
    ) -> None:
        self.type = type_
        """Type oid; 0 where it could not be inferred."""
        self.lineage = lineage
        self.fields = fields
        """Named fields of a row where they are known, else None."""
        self.constant = constant
        """The text of a string literal, else None."""


Fields = tuple[tuple[str, Value], ...]
UNKNOWN_LITERAL = Value(UNKNOWN)
UNCERTAIN = Value(0)


def merged(values: list[Value]) -> Lineage:
    """The columns behind all of the values."""
    if len(values) == 1:
        return values[0].lineage
    return NOTHING.union(*(v.lineage for v in values)) if values else NOTHING


@dataclass(frozen=True)
class Shape:
    """The columns of a source in order. ``opaque``: it may have others, which could not be told."""

    columns: Fields
    opaque: bool = False
    row_type: int = RECORD
    system: Mapping[str, Value] = field(default_factory=dict)
    """System columns (ctid, xmin …), which ``*`` leaves out."""
    scalar: bool = False
    """A function that returns one plain value per row: the source's own name stands for that value."""

    @cached_property
    def by_name(self) -> Mapping[str, Value]:
        found: dict[str, Value] = {}
        for name, value in self.columns:
            found.setdefault(name, value)
        return found

    @cached_property
    def lineage(self) -> Lineage:
        return merged([value for _, value in self.columns])

    def find(self, name: str) -> Value | None:
        value = self.by_name.get(name) or self.system.get(name)
        return Value(0, self.lineage) if value is None and self.opaque else value

    def renamed(self, names: list[str]) -> Shape:
        """The shape with its first columns renamed, as ``AS alias(names)`` does."""
        if not names:
            return self
        columns = tuple(
            (names[place] if place < len(names) else name, value) for place, (name, value) in enumerate(self.columns)
        )
        extra = tuple((name, Value(0, self.lineage)) for name in names[len(columns) :]) if self.opaque else ()
        return Shape(columns + extra, self.opaque, self.row_type, self.system, self.scalar)


class Source:
    """One entry of FROM as later parts of the statement see it."""

    __slots__ = ("columns_visible", "name", "schema", "shape", "visible")

    def __init__(self, name: str, shape: Shape, schema: str | None = None, *, visible: bool = True) -> None:
        self.name = name
        self.schema = schema
        """Set only for tables named without an alias: ``schema.table.column`` may mean them."""
        self.shape = shape
        self.visible = visible
        """Whether the name can qualify a column."""
        self.columns_visible = True
        """Whether unqualified names and ``*`` see the columns (not those merged by USING)."""

    @property
    def row(self) -> Value:
        """The whole row as one value."""
        shape = self.shape
        if shape.scalar:
            return shape.columns[0][1]
        if shape.opaque and not shape.columns:
            return Value(0, shape.lineage)
        return Value(shape.row_type, shape.lineage, shape.columns)


class Scope:
    """Names visible at one query level; ``parent`` is the level around it."""

    __slots__ = ("ctes", "parent", "sources", "variables", "windows")

    def __init__(self, parent: Scope | None = None, sources: list[Source] | None = None) -> None:
        self.parent = parent
        self.sources: list[Source] = sources if sources is not None else []
        self.ctes: dict[str, Shape] = {}
        self.variables: dict[str, Value] = {}
        """Parameters and variables of a function body, by lower-case name; the outermost level holds them."""
        self.windows: set[str] = set()

    def levels(self) -> Iterator[Scope]:
        level: Scope | None = self
        while level is not None:
            yield level
            level = level.parent

    def column(self, name: str) -> Value | None:
        """What an unqualified column name means: the innermost level that knows it."""
        for level in self.levels():
            opaque = None
            for source in level.sources:
                if source.columns_visible:
                    if (value := source.shape.by_name.get(name) or source.shape.system.get(name)) is not None:
                        return value
                    opaque = source if source.shape.opaque else opaque
            if opaque is not None:
                return opaque.shape.find(name)
            if level.variables and (value := level.variables.get(name)) is not None:
                return value
        return None

    def source(self, name: str, schema: str | None = None) -> Source | None:
        """The FROM entry that qualifies a column, innermost level first."""
        for level in self.levels():
            for source in level.sources:
                if source.visible and source.name == name and (schema is None or source.schema == schema):
                    return source
        return None

    def cte(self, name: str) -> Shape | None:
        for level in self.levels():
            if name in level.ctes:
                return level.ctes[name]
        return None

    def names(self) -> Iterator[str]:
        """Every column and source name in sight, for suggestions."""
        for level in self.levels():
            for source in level.sources:
                yield source.name
                yield from source.shape.by_name
            yield from level.variables
