"""Which rows a change would touch, as queries: each INSERT, UPDATE, DELETE or MERGE branch of a statement becomes
a SELECT of its target rows (or of the rows it would insert) that reads the same tables under the same conditions.

The rewriting is done on parse-tree nodes that are written back as text one by one, never by editing SQL strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.errors import ImpactUnknown, StatementInvalid
from pgwarden.domain.statement import StatementKind

if TYPE_CHECKING:
    from postgast import pg_query_pb2 as pb

TABLE, AT = "_pgw_table", "_pgw_at"
"""Columns in which every row query carries a row's identity within one snapshot: tableoid and ctid."""


@dataclass(frozen=True, slots=True)
class Arbiter:
    """The ON CONFLICT clause of an INSERT. Without columns and name any unique key counts."""

    columns: tuple[str, ...] = ()
    constraint: str = ""
    exact: bool = True
    """False where expressions, a predicate or a collation decide, which counting does not follow."""
    updates: bool = False
    where: str = ""
    assigned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One branch of a statement that writes to one table."""

    kind: StatementKind
    schema: str | None
    table: str
    only: bool
    rows: str
    """For UPDATE and DELETE the query of target rows: all columns, ``_pgw_table``, ``_pgw_at``, and the value
    assigned to each column as ``_pgw_new_<n>``. For INSERT the query of source rows."""
    ctes: str = ""
    """``WITH …`` that ``rows`` needs in front, or ''."""
    columns: tuple[str, ...] = ()
    """Assigned columns of an UPDATE, or the column list of an INSERT (empty: all in order)."""
    values: tuple[str, ...] = ()
    """Text of each assigned expression, for UPDATE; '' where it cannot be told beforehand."""
    arbiter: Arbiter | None = None
    where: str = ""
    """The condition as text, '' where there is none."""
    joined: bool = False
    """Whether other tables take part (FROM, USING, MERGE): a target row may match several times."""
    source_rows: int | None = None
    """Number of rows of a VALUES list."""
    override: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All branches of one statement."""

    kind: StatementKind
    changes: tuple[Change, ...]
    doubts: tuple[str, ...] = ()
    """Why counting cannot be exact, as sentences."""


def change_set(sql: str) -> ChangeSet:
    """The branches of one changing statement, its data-modifying CTEs first.

    Raises ImpactUnknown for statements that are no INSERT, UPDATE, DELETE or MERGE.
    """
    statement = _single(sql)
    kind = statement.WhichOneof("node")
    reader = _READERS.get(kind or "")
    if reader is None:
        raise ImpactUnknown(
            "Only INSERT, UPDATE, DELETE, MERGE and CTEs of these can be analysed.",
            why="TRUNCATE cannot be taken back and DDL is future work"
            if kind != "select_stmt"
            else "it changes nothing",
            not_done="Nothing was run.",
        )
    body = getattr(statement, kind)
    doubts: list[str] = []
    ctes, inner = _with(body, doubts)
    own = [] if kind == "select_stmt" else [replace(c, ctes=ctes) for c in reader(body, doubts)]
    changes = (*inner, *own)
    if not changes:
        raise ImpactUnknown("The statement changes nothing.", not_done="Nothing was run.")
    return ChangeSet(_KINDS[kind or ""] if own else changes[0].kind, changes, tuple(doubts))


def always_true(condition: str) -> bool:
    """Whether a condition is true for every row by its form alone: ``true``, ``1 = 1``, ``x = x or …``."""
    return _true(_single(f"select {condition}").select_stmt.target_list[0].res_target.val)


def _true(node: Any) -> bool:
    kind = node.WhichOneof("node")
    if kind == "a_const":
        return bool(node.a_const.boolval.boolval)
    if kind == "type_cast":
        return _true(node.type_cast.arg) or node.type_cast.arg.a_const.sval.sval.lower() in (
            "t",
            "true",
            "on",
            "yes",
            "1",
        )
    if kind == "a_expr":
        parts = node.a_expr
        if parts.kind != 1:  # AEXPR_OP: not IN, LIKE, BETWEEN …
            return False
        same = _expression(parts.lexpr) == _expression(parts.rexpr) if parts.HasField("lexpr") else False
        return same and [n.string.sval for n in parts.name] in (["="], [">="], ["<="])
    if kind == "bool_expr":
        tests = [_true(arg) for arg in node.bool_expr.args]
        return all(tests) if node.bool_expr.boolop == 1 else node.bool_expr.boolop == 2 and any(tests)
    return False


def _single(sql: str) -> pb.Node:
    import postgast
    from google.protobuf.message import DecodeError

    try:
        tree = postgast.parse(sql)
    except (postgast.PgQueryError, DecodeError) as error:
        raise StatementInvalid(
            "The statement cannot be analysed.", why=str(error), not_done="Nothing was run."
        ) from error
    if len(tree.stmts) != 1:
        raise StatementInvalid(f"The text holds {len(tree.stmts)} statements; exactly one is expected.")
    return tree.stmts[0].stmt


def _with(body: Any, doubts: list[str]) -> tuple[str, list[Change]]:
    """The WITH clause for counting, and the changes inside it. Changing CTEs become SELECTs of what they return."""
    if not body.HasField("with_clause"):
        return "", []
    changes: list[Change] = []
    kept: list[str] = []
    recursive = body.with_clause.recursive
    for item in body.with_clause.ctes:
        cte = item.common_table_expr
        kind = cte.ctequery.WhichOneof("node")
        prefix = f"with {'recursive ' if recursive else ''}{', '.join(kept)}" if kept else ""
        if kind == "select_stmt":
            kept.append(_cte(cte, _text(cte.ctequery)))
            continue
        inner = getattr(cte.ctequery, kind)
        _, nested = _with(inner, doubts)
        changes += nested
        changes += [replace(change, ctes=prefix) for change in _READERS[kind](inner, doubts)]
        reader = body.with_clause if body.DESCRIPTOR.name == "SelectStmt" else body  # what only reads on is not counted
        if any(name == cte.ctename for name in _relations(reader)):
            returned = _returned(kind, inner)
            if returned is None:
                doubts.append(f"a later part reads what {cte.ctename} returns, which is known only once it has run")
                returned = _nothing(inner)
            kept.append(_cte(cte, returned))
    return (f"with {'recursive ' if recursive else ''}{', '.join(kept)}" if kept else ""), changes


def _cte(cte: Any, query: str) -> str:
    names = [quote_identifier(alias.string.sval) for alias in cte.aliascolnames]
    columns = f" ({', '.join(names)})" if names else ""
    return f"{quote_identifier(cte.ctename)}{columns} as ({query})"


def _returned(kind: str, body: Any) -> str | None:
    """What RETURNING would give, as a SELECT on the rows as they are; None where only the change itself knows."""
    if kind not in ("delete_stmt", "update_stmt"):
        return None
    exprs = body.returning_clause.exprs
    if kind == "update_stmt":
        assigned = {item.res_target.name for item in body.target_list}
        names = {name for expr in exprs for name in _column_names(expr)}
        if "*" in names or names & assigned:
            return None
    alias = _alias(body.relation)
    more = body.using_clause if kind == "delete_stmt" else body.from_clause
    sources = ", ".join([_text_from(body.relation), *map(_from_text, more)])
    listed = ", ".join(_target_text(expr) for expr in exprs)
    distinct = f"distinct on ({alias}.tableoid, {alias}.ctid) " if more else ""
    where = f" where {_expression(body.where_clause)}" if body.HasField("where_clause") else ""
    return f"select {distinct}{listed} from {sources}{where}"


def _nothing(body: Any) -> str:
    """Keeps the rest of the statement countable, without rows, where what a CTE returns is not known."""
    listed = ", ".join(f"null as {quote_identifier(_output_name(e))}" for e in body.returning_clause.exprs)
    return f"select {listed} where false"


def _output_name(expr: Any) -> str:
    target = expr.res_target
    names = list(_column_names(expr))
    return target.name or (names[-1] if names else "?column?")


def _delete(body: Any, _: list[str]) -> list[Change]:
    return [_targeted(StatementKind.DELETE, body, body.using_clause, (), ())]


def _update(body: Any, doubts: list[str]) -> list[Change]:
    columns, values = _assignments(body.target_list, doubts)
    return [_targeted(StatementKind.UPDATE, body, body.from_clause, columns, values)]


def _targeted(
    kind: StatementKind, body: Any, others: Sequence[Any], columns: tuple[str, ...], values: tuple[str, ...]
) -> Change:
    where = _expression(body.where_clause) if body.HasField("where_clause") else ""
    sources = ", ".join([_text_from(body.relation), *map(_from_text, others)])
    rows = _rows(body.relation, sources, [where], values, joined=bool(others))
    return Change(
        kind, body.relation.schemaname or None, body.relation.relname, not body.relation.inh, rows,
        columns=columns, values=values, where=where, joined=bool(others),
    )  # fmt: skip


def _rows(relation: Any, sources: str, conditions: Iterable[str], values: Sequence[str], *, joined: bool) -> str:
    alias = _alias(relation)
    new = "".join(f", {value or 'null'} as _pgw_new_{position}" for position, value in enumerate(values))
    distinct = f"distinct on ({alias}.tableoid, {alias}.ctid) " if joined else ""
    wheres = [f"({condition})" for condition in conditions if condition]
    where = f" where {' and '.join(wheres)}" if wheres else ""
    return f"select {distinct}{alias}.tableoid as {TABLE}, {alias}.ctid as {AT}{new}, {alias}.* from {sources}{where}"


def _insert(body: Any, doubts: list[str]) -> list[Change]:
    columns = tuple(item.res_target.name for item in body.cols)
    select = body.select_stmt.select_stmt if body.HasField("select_stmt") else None
    rows, known = "select", 1
    if select is not None:
        values = select.values_lists
        rows, known = _text(body.select_stmt), len(values) if values else None  # type: ignore[assignment]
        if values and any(item.WhichOneof("node") == "set_to_default" for row in values for item in row.list.items):
            rows = _without_defaults(select)
        if select.HasField("with_clause"):
            queries = [item.common_table_expr.ctequery for item in select.with_clause.ctes]
            if not all(query.HasField("select_stmt") for query in queries):
                doubts.append("a CTE inside the source of the INSERT changes data")
    arbiter = _arbiter(body.on_conflict_clause, doubts) if body.HasField("on_conflict_clause") else None
    return [
        Change(
            StatementKind.INSERT, body.relation.schemaname or None, body.relation.relname, False, rows,
            columns=columns, arbiter=arbiter, source_rows=known, override=body.override == 3  # OVERRIDING SYSTEM VALUE
            ,
        )
    ]  # fmt: skip


def _without_defaults(select: Any) -> str:
    """A VALUES list with DEFAULT shown as null: DEFAULT is no expression outside an INSERT."""
    lines = []
    for row in select.values_lists:
        cells = ["null" if c.WhichOneof("node") == "set_to_default" else _expression(c) for c in row.list.items]
        lines.append(f"({', '.join(cells)})")
    return f"values {', '.join(lines)}"


def _arbiter(clause: Any, doubts: list[str]) -> Arbiter:
    infer = clause.infer
    columns = tuple(item.index_elem.name for item in infer.index_elems)
    plain = all(
        c and not i.index_elem.collation and not i.index_elem.opclass
        for c, i in zip(columns, infer.index_elems, strict=True)
    )
    updates = clause.action == 3  # ONCONFLICT_UPDATE
    assigned, _ = _assignments(clause.target_list, doubts) if updates else ((), ())
    where = _expression(clause.where_clause) if clause.HasField("where_clause") else ""
    return Arbiter(columns, infer.conname, plain and not infer.HasField("where_clause"), updates, where, assigned)


def _merge(body: Any, doubts: list[str]) -> list[Change]:
    """One change per WHEN branch; a row takes the first branch whose condition is true."""
    alias = _alias(body.relation)
    target, source = _text_from(body.relation), _from_text(body.source_relation)
    joined = _expression(body.join_condition)
    changes = []
    passed: dict[int, list[str]] = {1: [], 2: [], 3: []}
    for item in body.merge_when_clauses:
        clause = item.merge_when_clause
        condition = _expression(clause.condition) if clause.HasField("condition") else "true"
        branch = [*passed[clause.match_kind], f"({condition})"]
        passed[clause.match_kind].append(f"({condition}) is not true")
        if clause.command_type == _commands()["CMD_NOTHING"]:
            continue
        if clause.command_type == _commands()["CMD_INSERT"]:
            columns = tuple(t.res_target.name for t in clause.target_list)
            listed = ", ".join(_expression(v) for v in clause.values) or "1"
            conditions = " and ".join([f"not exists (select from {target} where {joined})", *branch])
            rows = f"select {listed} from {source} where {conditions}"
            changes.append(Change(
                StatementKind.INSERT, body.relation.schemaname or None, body.relation.relname, False, rows,
                columns=columns, joined=True,
            ))  # fmt: skip
            continue
        columns, values = _assignments(clause.target_list, doubts)
        if clause.match_kind == 1:
            rows = _rows(body.relation, f"{target}, {source}", [joined, *branch], values, joined=True)
        else:
            missing = f"not exists (select from {source} where {joined})"
            rows = _rows(body.relation, target, [missing, *branch], values, joined=False)
        kind = StatementKind.DELETE if clause.command_type == _commands()["CMD_DELETE"] else StatementKind.UPDATE
        changes.append(Change(
            kind, body.relation.schemaname or None, body.relation.relname, not body.relation.inh, rows,
            columns=columns, values=values, where=" and ".join([joined, *branch]), joined=True,
        ))  # fmt: skip
    if alias and not changes:
        doubts.append("no branch of the MERGE changes anything")
    return changes


def _assignments(targets: Iterable[Any], doubts: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Assigned columns and the text of their values; ``(a, b) = (…)`` and parts of arrays give no usable text."""
    columns, values = [], []
    for item in targets:
        target = item.res_target
        columns.append(target.name)
        if target.indirection or target.val.WhichOneof("node") == "multi_assign_ref":
            value = _row_element(target.val) if not target.indirection else None
            values.append(value or "")
        elif target.val.WhichOneof("node") == "set_to_default":
            values.append("")
        else:
            values.append(_expression(target.val))
    del doubts
    return tuple(columns), tuple(values)


def _row_element(value: Any) -> str | None:
    source = value.multi_assign_ref.source
    if source.WhichOneof("node") != "row_expr":
        return None
    return _expression(source.row_expr.args[value.multi_assign_ref.colno - 1])


def _alias(relation: Any) -> str:
    return quote_identifier(relation.alias.aliasname or relation.relname)


def _relations(body: Any) -> Iterator[str]:
    """Names of everything that is read from, at any depth."""
    import postgast

    return (node.relname for _, node in postgast.walk(body) if type(node).__name__ == "RangeVar")


def _column_names(expr: Any) -> Iterator[str]:
    import postgast

    for _, node in postgast.walk(expr):
        if type(node).__name__ == "ColumnRef":
            last = node.fields[-1]
            yield "*" if last.WhichOneof("node") == "a_star" else last.string.sval


def _expression(node: Any) -> str:
    """One expression as SQL text."""
    from postgast import pg_query_pb2 as pb

    select = pb.SelectStmt(limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE)
    select.target_list.add().res_target.val.CopyFrom(node)
    return _deparsed(select).removeprefix("SELECT ")


def _target_text(node: Any) -> str:
    from postgast import pg_query_pb2 as pb

    select = pb.SelectStmt(limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE)
    select.target_list.add().CopyFrom(node)
    return _deparsed(select).removeprefix("SELECT ")


def _from_text(node: Any) -> str:
    """One FROM item as SQL text."""
    from postgast import pg_query_pb2 as pb

    select = pb.SelectStmt(limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE)
    select.from_clause.add().CopyFrom(node)
    return _deparsed(select).removeprefix("SELECT FROM ")


def _text_from(relation: Any) -> str:
    from postgast import pg_query_pb2 as pb

    node = pb.Node()
    node.range_var.CopyFrom(relation)
    return _from_text(node)


def _text(node: Any) -> str:
    """A SELECT node as SQL text."""
    return _deparsed(node.select_stmt)


def _deparsed(select: Any) -> str:
    import postgast
    from postgast import pg_query_pb2 as pb

    tree = pb.ParseResult(version=180000)
    tree.stmts.add().stmt.select_stmt.CopyFrom(select)
    return postgast.deparse(tree)


@cache
def _commands() -> dict[str, int]:
    from postgast import pg_query_pb2 as pb

    return dict(pb.CmdType.items())


def _select(_: Any, __: list[str]) -> list[Change]:
    return []


_READERS = {
    "delete_stmt": _delete,
    "update_stmt": _update,
    "insert_stmt": _insert,
    "merge_stmt": _merge,
    "select_stmt": _select,
}
_KINDS = {
    "delete_stmt": StatementKind.DELETE,
    "update_stmt": StatementKind.UPDATE,
    "insert_stmt": StatementKind.INSERT,
    "merge_stmt": StatementKind.MERGE,
    "select_stmt": StatementKind.SELECT,
}
