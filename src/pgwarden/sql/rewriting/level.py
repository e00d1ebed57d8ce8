"""The query levels of a statement: what each is part of, and which column a name means there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.tree import SELECT, Body, kind_of


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of FROM. Without ``relation`` its columns are not looked at."""

    name: str
    relation: Relation | None
    nullable: bool = False
    """Whether an outer join may put NULL in place of its rows."""
    only: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that an expression names."""

    source: Source
    relation: Relation
    column: Column
    node: Node
    outer: bool
    """Whether it belongs to a query around this one."""

    @property
    def sql(self) -> str:
        from pgwarden.sql.rewriting.tree import expression_text

        return expression_text(self.node)


@dataclass(slots=True)
class Level:
    """One SELECT. ``role``: top, in, exists, scalar, from, cte or branch (of a set operation)."""

    catalog: Catalog
    body: Body
    role: str
    parent: Level | None
    ctes: frozenset[str] = frozenset()
    sources: list[Source] = field(default_factory=list)
    around: Level | None = None
    """The level that it stands in, whether or not its names are seen here."""

    @property
    def plain_select(self) -> bool:
        """Whether it is no set operation and no VALUES list."""
        return self.body.get("op", "SETOP_NONE") == "SETOP_NONE" and "valuesLists" not in self.body

    def reference(self, node: Node) -> Reference | None:
        """The table column that a ColumnRef means, where that is beyond doubt."""
        body = node.get("ColumnRef")
        if body is None:
            return None
        parts = [part["String"]["sval"] for part in body["fields"] if "String" in part]
        if len(parts) != len(body["fields"]) or len(parts) > 2:
            return None
        found = self._qualified(*parts) if len(parts) == 2 else self._bare(parts[0])
        if found is None:
            return None
        level, source, column = found
        assert source.relation is not None
        return Reference(source, source.relation, column, node, level is not self)

    def _qualified(self, name: str, column: str) -> tuple[Level, Source, Column] | None:
        level: Level | None = self
        while level is not None:
            named = [source for source in level.sources if source.name == name]
            if named:
                relation = named[0].relation if len(named) == 1 else None
                found = relation.column(column) if relation else None
                return (level, named[0], found) if found else None
            level = level.parent
        return None

    def _bare(self, column: str) -> tuple[Level, Source, Column] | None:
        level: Level | None = self
        while level is not None:
            if any(source.relation is None or source.relation.withheld for source in level.sources):
                return None
            hits = [(s, c) for s in level.sources if s.relation and (c := s.relation.column(column))]
            if hits:
                return (level, *hits[0]) if len(hits) == 1 else None
            level = level.parent
        return None


def levels(catalog: Catalog, tree: Node) -> list[Level]:
    """Every SELECT of a statement, outer ones first. Empty for what is no SELECT."""
    if SELECT not in tree:
        return []
    return list(_levels(catalog, tree[SELECT], "top", None, frozenset(), None))


def _levels(
    catalog: Catalog, body: Body, role: str, parent: Level | None, ctes: frozenset[str], around: Level | None
) -> Iterator[Level]:
    clause = body.get("withClause", {})
    own = [item["CommonTableExpr"] for item in clause.get("ctes", ())]
    ctes |= {cte["ctename"] for cte in own}
    level = Level(catalog, body, role, parent, ctes, around=around)
    if level.plain_select:
        for item in body.get("fromClause", ()):
            level.sources += _sources(catalog, item, ctes, nullable=False)
    yield level
    for cte in own:
        if SELECT in cte["ctequery"]:
            yield from _levels(catalog, cte["ctequery"][SELECT], "cte", parent, ctes, level)
    for side in ("larg", "rarg"):
        if side in body:
            yield from _levels(catalog, body[side], "branch", parent, ctes, level)
    for key, value in body.items():
        if key not in ("withClause", "larg", "rarg"):
            yield from _inside(level, value)


def _inside(level: Level, value: Any) -> Iterator[Level]:
    """Levels under a part of a SELECT."""
    if isinstance(value, list):
        for item in value:
            yield from _inside(level, item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "SubLink":
            if "testexpr" in item:
                yield from _inside(level, item["testexpr"])
            query = item["subselect"]
            if SELECT in query:
                yield from _levels(level.catalog, query[SELECT], _role(item), level, level.ctes, level)
        elif key == "RangeSubselect":
            if SELECT in item["subquery"]:
                seen = level if item.get("lateral") else level.parent
                yield from _levels(level.catalog, item["subquery"][SELECT], "from", seen, level.ctes, level)
        elif isinstance(item, dict | list):
            yield from _inside(level, item)


def _role(link: Body) -> str:
    kind = link.get("subLinkType")
    if kind == "ANY_SUBLINK" and "operName" not in link:
        return "in"
    return "exists" if kind == "EXISTS_SUBLINK" else "scalar"


def _sources(catalog: Catalog, item: Node, ctes: frozenset[str], *, nullable: bool) -> Iterator[Source]:
    kind, body = kind_of(item)
    if kind == "JoinExpr":
        join = body.get("jointype", "JOIN_INNER")
        yield from _sources(catalog, body["larg"], ctes, nullable=nullable or join in ("JOIN_RIGHT", "JOIN_FULL"))
        yield from _sources(catalog, body["rarg"], ctes, nullable=nullable or join in ("JOIN_LEFT", "JOIN_FULL"))
        if "alias" in body:
            yield Source(body["alias"]["aliasname"], None)
        return
    alias = body.get("alias", {})
    if kind != "RangeVar":
        yield Source(alias.get("aliasname", ""), None, nullable)
        return
    name, schema = body["relname"], body.get("schemaname")
    hidden = (schema is None and name in ctes) or "colnames" in alias or "catalogname" in body
    relation = None if hidden else catalog.resolve_relation(name, schema)
    yield Source(alias.get("aliasname", name), relation, nullable, not body.get("inh", False))
