"""What the rules that give a statement another shape share: which parts may move, and how columns are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from pgwarden.domain.catalog import Column, quote_identifier
from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.level import Level, Reference, Source
from pgwarden.sql.rewriting.proofs import DATE, DETERMINISTIC, INTEGERS, NUMERIC, TEXT, TIMESTAMP, TIMESTAMPTZ, VARCHAR
from pgwarden.sql.rewriting.tree import SELECT, Body, expression_text, integer, nodes, plain

BOOLEAN, UUID = 16, 2950
FIRST_USER_OID = 16384
SAME_TO_SEE = INTEGERS | {BOOLEAN, UUID, DATE, TIMESTAMP, TIMESTAMPTZ}
HARMLESS = frozenset({"date_trunc", "date_part", "extract", "lower", "upper", "abs", "length", "now", "round"})
"""Functions that give the same for the same input within one statement, wherever they stand."""
AGGREGATES = frozenset({"count", "sum", "min", "max", "avg"})
ROLES = frozenset({"top", "from", "cte"})
"""Levels whose rows are seen as they are."""
PLAIN = frozenset({"targetList", "fromClause", "whereClause", "limitOption", "op"})


def exact(column: Column) -> bool:
    """Whether equal values look the same: 1.0 and 1.00 do not, nor do equal texts under a case-blind collation."""
    if column.type_oid in (TEXT, VARCHAR):
        return column.collation_oid in DETERMINISTIC
    return column.type_oid in SAME_TO_SEE


def references(level: Level, value: Any) -> list[Reference] | None:
    """The table columns that a part names; None where one is in doubt or a subquery is in it."""
    found = []
    for kind, body in nodes(value):
        if kind in ("SubLink", SELECT, "A_Star"):
            return None
        if kind == "ColumnRef":
            reference = level.reference({kind: body})
            if reference is None:
                return None
            found.append(reference)
    return found


def movable(level: Level, condition: Node) -> list[Reference] | None:
    """The columns of a condition that says the same wherever it stands; None for any other."""
    for kind, body in nodes(condition):
        if kind == "FuncCall":
            names = [part["String"]["sval"] for part in body["funcname"]]
            if names[-1] not in HARMLESS or (len(names) > 1 and names[0] != "pg_catalog") or "over" in body:
                return None
        elif kind == "A_Expr" and len(body.get("name", ())) != 1:
            return None
    found = references(level, condition)
    if found is None or any(reference.column.type_oid >= FIRST_USER_OID for reference in found):
        return None
    return found


class Aggregate(NamedTuple):
    """A call of an aggregate that can move with its table's rows."""

    name: str
    argument: Reference | None
    """None for ``count(*)``."""
    filtered: bool


def aggregate(level: Level, node: Node) -> Aggregate | None:
    """A built-in aggregate over one column, or ``count(*)``, whose result does not hang on the order of rows."""
    body = node.get("FuncCall")
    if body is None or body.keys() - {
        "funcname", "args", "agg_star", "agg_distinct", "agg_filter", "funcformat", "location",
    }:  # fmt: skip
        return None
    names = [part["String"]["sval"] for part in body["funcname"]]
    if names[-1] not in AGGREGATES or (len(names) > 1 and names[0] != "pg_catalog"):
        return None
    filtered = body.get("agg_filter")
    if filtered is not None and movable(level, filtered) is None:
        return None
    if body.get("agg_star"):
        return Aggregate(names[-1], None, filtered is not None)
    arguments = body.get("args", ())
    argument = level.reference(arguments[0]) if len(arguments) == 1 else None
    if argument is None or not _settled(names[-1], argument.column):
        return None
    return Aggregate(names[-1], argument, filtered is not None)


def _settled(name: str, column: Column) -> bool:
    """Whether the aggregate of a column is the same in whatever order its rows come: sums of floats are not."""
    if name in ("sum", "avg"):
        return column.type_oid in INTEGERS | {NUMERIC}
    return name == "count" or exact(column)


def replaced(value: Any, replace: Callable[[Node], Node | None]) -> Any:
    """A copy of a part in which nodes are replaced, outermost first; None of ``replace`` keeps one."""
    if isinstance(value, list):
        return [replaced(item, replace) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value))[:1].isupper():
        new = replace(value)
        if new is not None:
            return new
    return {key: replaced(item, replace) for key, item in value.items()}


def output_name(target: Body) -> str | None:
    """What PostgreSQL calls an output column; None where that is not plain to see."""
    if "name" in target:
        return str(target["name"])
    value = target["val"]
    if "ColumnRef" in value:
        last = value["ColumnRef"]["fields"][-1]
        return str(last["String"]["sval"]) if "String" in last else None
    if "FuncCall" in value:
        return str(value["FuncCall"]["funcname"][-1]["String"]["sval"])
    query = value.get("SubLink", {}).get("subselect", {}).get(SELECT, {})
    if value.get("SubLink", {}).get("subLinkType") == "EXPR_SUBLINK" and len(query.get("targetList", ())) == 1:
        return output_name(query["targetList"][0]["ResTarget"])
    return None


def by_position(level: Level) -> list[Node] | None:
    """ORDER BY with its items as positions in the list of outputs; None where one is no output."""
    targets = [plain(item["ResTarget"]["val"]) for item in level.body["targetList"]]
    names = [output_name(item["ResTarget"]) for item in level.body["targetList"]]
    found = []
    for item in level.body.get("sortClause", ()):
        node = plain(item["SortBy"]["node"])
        bare = node.get("ColumnRef", {}).get("fields", [])
        named = bare[0].get("String", {}).get("sval") if len(bare) == 1 else None
        place = integer(node)
        if place is None and named in names:  # a bare name means an output first
            place = names.index(named) + 1 if names.count(named) == 1 else None
        elif place is None and node in targets:
            place = targets.index(node) + 1
        if place is None:
            return None
        new = deepcopy(item)
        new["SortBy"]["node"] = {"A_Const": {"ival": {"ival": place}}}
        found.append(new)
    return found


def text(conditions: Sequence[Node]) -> str:
    """Conditions as SQL that holds when all do; '' for none."""
    return " AND ".join(f"({expression_text(each)})" for each in conditions)


def where(conditions: Sequence[Node]) -> str:
    """A WHERE with these conditions, '' for none."""
    return f" WHERE {text(conditions)}" if conditions else ""


def table_text(item: Node) -> str:
    """A table of FROM as SQL, with its alias."""
    from pgwarden.sql.rewriting.tree import statement_text

    made = {
        "targetList": [{"ResTarget": {"val": {"A_Const": {"ival": {"ival": 1}}}}}],
        "fromClause": [item],
        "limitOption": "LIMIT_OPTION_DEFAULT",
        "op": "SETOP_NONE",
    }
    return statement_text({SELECT: made}).removeprefix("SELECT 1 FROM ")


def unused_name(level: Level, wanted: str) -> str:
    """A name for a new table or column that nothing of the level is called yet."""
    taken = {source.name for source in level.sources} | set(level.ctes)
    for source in level.sources:
        taken |= {column.name for column in source.relation.columns} if source.relation else set()
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def column_text(source: Source, number: int) -> str:
    """A column with its table's name, quoted."""
    assert source.relation is not None
    column = source.relation.column_at(number)
    assert column is not None
    return f"{quote_identifier(source.name)}.{quote_identifier(column.name)}"


def only_of(found: Iterable[Reference], source: Source) -> bool:
    """Whether every column is one of this table."""
    return all(reference.source is source and not reference.outer for reference in found)


def become(level: Level, body: Body) -> bool:
    """Put another query in the level's place, with its WITH kept."""
    kept = {key: level.body[key] for key in ("withClause",) if key in level.body}
    level.body.clear()
    level.body.update(body | kept)
    return True
