"""Indexes that a read could use and that are not there: from the columns that it filters, joins and sorts by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pgwarden.domain.advice import IndexWish
from pgwarden.domain.catalog import Catalog, Relation, quote_identifier
from pgwarden.sql.parse import Node, parse
from pgwarden.sql.rewriting.filters import conjuncts, either_way
from pgwarden.sql.rewriting.level import Level, Source, levels
from pgwarden.sql.rewriting.tree import call

FEWEST = 1000
"""Rows; a smaller table is read whole as fast."""
MOST_COLUMNS = 3


def index_wishes(sql: str, catalog: Catalog) -> tuple[IndexWish, ...]:
    """At most one index for each table of the statement's queries, equality first, then a range or the order."""
    statements = parse(sql).statements
    if len(statements) != 1:
        return ()
    found: dict[tuple[object, ...], IndexWish] = {}
    for level in levels(catalog, statements[0]["stmt"]):
        for source in level.sources if level.plain_select else ():
            if source.relation is not None and (wish := _wish(level, source, source.relation)) is not None:
                found.setdefault((wish.table, wish.columns), wish)
    return tuple(found.values())


def _wish(level: Level, source: Source, relation: Relation) -> IndexWish | None:
    if relation.kind not in "rpm" or 0 <= relation.estimated_rows < FEWEST:
        return None
    filters = list(conjuncts(level.body.get("whereClause")))
    columns = _wished(level, source, filters) or _wished(level, source, _join_conditions(level))
    if not columns or _served(relation, columns):
        return None
    return IndexWish(
        relation.name, columns, "the statement looks for rows by them, and no index of the table begins so"
    )


def _wished(level: Level, source: Source, conditions: Iterable[Node]) -> tuple[str, ...]:
    """What the conditions hold equal, then one range, or else the first of the order where few rows are wanted."""
    equal: dict[str, None] = {}
    ranged: dict[str, None] = {}
    for condition in conditions:
        for operator, left, right in either_way(condition):
            key = _key(level, source, left)
            if key is not None and operator != "<>" and _key(level, source, right) is None:
                (equal if operator == "=" else ranged).setdefault(key)
                break
    ordered = [_key(level, source, item["SortBy"]["node"]) for item in level.body.get("sortClause", ())]
    bounded = "limitCount" in level.body
    tail = list(ranged)[:1] or ([ordered[0]] if bounded and ordered and ordered[0] else [])
    return (*equal, *(each for each in tail if each not in equal))[:MOST_COLUMNS]


def _join_conditions(level: Level) -> Iterator[Node]:
    waiting = list(level.body.get("fromClause", ()))
    while waiting:
        join = waiting.pop().get("JoinExpr")
        if join is not None:
            waiting += [join["larg"], join["rarg"]]
            yield from conjuncts(join.get("quals"))


def _key(level: Level, source: Source, node: Node) -> str | None:
    """The source's column, or lower or upper of it, as a key of an index."""
    function, arguments = call(node)
    if function in ("lower", "upper") and len(arguments) == 1:
        inner = _key(level, source, arguments[0])
        return f"{function}({inner})" if inner is not None and "(" not in inner else None
    found = level.reference(node)
    return quote_identifier(found.column.name) if found is not None and found.source is source else None


def _served(relation: Relation, columns: Sequence[str]) -> bool:
    """Whether an index begins with one of the wished columns: what it finds is few rows already."""
    for index in relation.indexes:
        if not index.valid or index.predicate:
            continue
        first = relation.column_at(index.columns[0]) if index.columns else None
        if first is not None and quote_identifier(first.name) in columns:
            return True
        if first is None and f"({columns[0]}" in index.definition:
            return True
    return False
