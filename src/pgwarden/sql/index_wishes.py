"""Indexes that a read could use and that are not there: from the columns that it filters, joins and sorts by."""

from __future__ import annotations

from collections.abc import Iterator

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
    equal: dict[str, None] = {}
    ranged: dict[str, None] = {}
    for condition in _conditions(level):
        for operator, left, right in either_way(condition):
            key = _key(level, source, left)
            if key is not None and operator != "<>" and _key(level, source, right) is None:
                (equal if operator == "=" else ranged).setdefault(key)
                break
    ordered = [_key(level, source, item["SortBy"]["node"]) for item in level.body.get("sortClause", ())]
    bounded = "limitCount" in level.body
    tail = list(ranged)[:1] or ([ordered[0]] if bounded and ordered and ordered[0] else [])
    columns = [*equal, *(each for each in tail if each not in equal)][:MOST_COLUMNS]
    if not columns or _served(relation, columns):
        return None
    used = "sorts by them" if not equal and not ranged else "filters or joins by them"
    return IndexWish(relation.name, tuple(columns), f"the statement {used}, and no index of the table begins so")


def _conditions(level: Level) -> Iterator[Node]:
    yield from conjuncts(level.body.get("whereClause"))
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


def _served(relation: Relation, columns: list[str]) -> bool:
    """Whether an index begins with the first of the wished columns: its further ones matter less."""
    for index in relation.indexes:
        if not index.valid or index.predicate:
            continue
        first = relation.column_at(index.columns[0]) if index.columns else None
        if first is not None and quote_identifier(first.name) in columns:
            return True
        if first is None and f"({columns[0]}" in index.definition:
            return True
    return False
