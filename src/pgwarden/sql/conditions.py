"""Which rows a change would touch, as queries: each INSERT, UPDATE, DELETE or MERGE branch of a statement becomes
a SELECT of its target rows (or of the rows it would insert) that reads the same tables under the same conditions.

The rewriting is done on parse-tree nodes that are written back as text one by one, never by editing SQL strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.errors import ImpactUnknown
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.change import DEFAULT, Arbiter, Change, ChangeSet
from pgwarden.sql.deparse import alias_text, expression_text, from_text, query_text, relation_text
from pgwarden.sql.returned import no_rows, returned
from pgwarden.sql.single import single
from pgwarden.sql.views import AT, TABLE, ThroughView

__all__ = ["DEFAULT", "Change", "change_set"]

Views = Callable[[str | None, str], ThroughView | None]
"""What a name (with its schema, if it was written) stands for where it is a view."""


@dataclass(slots=True)
class Reading:
    """What is found out while a statement is read."""

    views: Views
    doubts: list[str] = field(default_factory=list)

    def view(self, relation: Any) -> ThroughView | None:
        """The view that a target is."""
        return self.views(relation.schemaname or None, relation.relname)


def change_set(sql: str, views: Views = lambda _schema, _name: None) -> ChangeSet:
    """The branches of one changing statement, its data-modifying CTEs first.

    ``views`` tells which names are views, and what they stand for. Raises ImpactUnknown for statements that are no
    INSERT, UPDATE, DELETE or MERGE.
    """
    statement = single(sql)
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
    reading = Reading(views=views)
    ctes, inner = _with(body, reading)
    own = [] if kind == "select_stmt" else [replace(c, ctes=ctes) for c in reader(body, reading)]
    changes = (*inner, *own)
    if not changes:
        raise ImpactUnknown("The statement changes nothing.", not_done="Nothing was run.")
    return ChangeSet(_KINDS[kind or ""] if own else changes[0].kind, changes, tuple(reading.doubts))


def _with(body: Any, reading: Reading) -> tuple[str, list[Change]]:
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
            kept.append(_cte(cte, query_text(cte.ctequery)))
            continue
        inner = getattr(cte.ctequery, kind)
        _, nested = _with(inner, reading)
        changes += nested
        changes += [replace(change, ctes=prefix) for change in _READERS[kind](inner, reading)]
        reader = body.with_clause if body.DESCRIPTOR.name == "SelectStmt" else body  # what only reads on is not counted
        if any(name == cte.ctename for name in _relations(reader)):
            rows = returned(kind, inner)
            if rows is None:
                reading.doubts.append(
                    f"a later part reads what {cte.ctename} returns, which is known only once it has run"
                )
                rows = no_rows(kind, inner)
            kept.append(_cte(cte, rows))
    return (f"with {'recursive ' if recursive else ''}{', '.join(kept)}" if kept else ""), changes


def _cte(cte: Any, query: str) -> str:
    names = [quote_identifier(alias.string.sval) for alias in cte.aliascolnames]
    columns = f" ({', '.join(names)})" if names else ""
    return f"{quote_identifier(cte.ctename)}{columns} as ({query})"


def _delete(body: Any, reading: Reading) -> list[Change]:
    return [_targeted(StatementKind.DELETE, body, body.using_clause, (), (), reading)]


def _update(body: Any, reading: Reading) -> list[Change]:
    columns, values = _assignments(body.target_list, reading)
    return [_targeted(StatementKind.UPDATE, body, body.from_clause, columns, values, reading)]


def _targeted(
    kind: StatementKind,
    body: Any,
    others: Sequence[Any],
    columns: tuple[str, ...],
    values: tuple[str, ...],
    reading: Reading,
) -> Change:
    where = expression_text(body.where_clause) if body.HasField("where_clause") else ""
    view = reading.view(body.relation)
    sources = ", ".join([_text_from(body.relation, view), *map(from_text, others)])
    rows = _rows(body.relation, view, sources, [where], values, joined=bool(others))
    bare = "" if others or view else f"select count(*) from {sources}{f' where {where}' if where else ''}"
    return Change(
        kind, *_names(body.relation, view), not body.relation.inh, rows, bare,
        columns=_behind(view, columns), values=values, where=where, joined=bool(others), view=view,
    )  # fmt: skip


def _names(relation: Any, view: ThroughView | None) -> tuple[str | None, str]:
    """(schema, table) that is changed."""
    return (view.base.name.schema, view.base.name.name) if view else (relation.schemaname or None, relation.relname)


def _behind(view: ThroughView | None, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The table's columns for those of a view."""
    if view is None:
        return columns
    computed = [column for column in columns if column not in view.columns]
    if computed:
        raise ImpactUnknown(
            f"Column {computed[0]} of the view {view.view} cannot be written.",
            why="the view computes it, or has no such column",
            not_done="Nothing was run.",
        )
    return tuple(view.columns[column] for column in columns)


def _rows(
    relation: Any,
    view: ThroughView | None,
    sources: str,
    conditions: Iterable[str],
    values: Sequence[str],
    *,
    joined: bool,
) -> str:
    alias = alias_text(relation)
    table, at, cells = f"{alias}.tableoid", f"{alias}.ctid", f"{alias}.*"
    if view:
        table, at, cells = f"{alias}.{TABLE}", f"{alias}.{AT}", view.cells(alias)
    shown = ("null" if value in ("", DEFAULT) else value for value in values)
    new = "".join(f", {value} as _pgw_new_{position}" for position, value in enumerate(shown))
    distinct = f"distinct on ({table}, {at}) " if joined else ""
    wheres = [f"({condition})" for condition in conditions if condition]
    where = f" where {' and '.join(wheres)}" if wheres else ""
    return f"select {distinct}{table} as {TABLE}, {at} as {AT}{new}, {cells} from {sources}{where}"


def _insert(body: Any, reading: Reading) -> list[Change]:
    columns = tuple(item.res_target.name for item in body.cols)
    select = body.select_stmt.select_stmt if body.HasField("select_stmt") else None
    rows, known, defaulted = "select", 1, dict[int, bool]()
    if select is not None:
        values = select.values_lists
        rows, known = query_text(body.select_stmt), len(values) if values else None  # type: ignore[assignment]
        if values and any(item.WhichOneof("node") == "set_to_default" for row in values for item in row.list.items):
            rows, defaulted = _without_defaults(select)
        if select.HasField("with_clause"):
            queries = [item.common_table_expr.ctequery for item in select.with_clause.ctes]
            if not all(query.HasField("select_stmt") for query in queries):
                reading.doubts.append("a CTE inside the source of the INSERT changes data")
    arbiter = None
    if body.HasField("on_conflict_clause"):
        arbiter = _arbiter(body.on_conflict_clause, alias_text(body.relation), reading)
    view = reading.view(body.relation)
    if view:
        columns = _inserted_through(view, columns, select, arbiter)
    return [
        Change(
            StatementKind.INSERT, *_names(body.relation, view), False, rows,
            columns=columns, arbiter=arbiter, source_rows=known, override=body.override == 3,  # OVERRIDING SYSTEM VALUE
            view=view, defaulted=defaulted,
        )
    ]  # fmt: skip


def _inserted_through(
    view: ThroughView, columns: tuple[str, ...], select: Any, arbiter: Arbiter | None
) -> tuple[str, ...]:
    """The table's columns that an INSERT into a view fills."""
    if arbiter is not None:
        why = "ON CONFLICT speaks of keys of the table, which a view may hide or rename"
        raise ImpactUnknown(
            f"An upsert through the view {view.view} cannot be followed.",
            why=why,
            not_done="Nothing was run.",
            next_step=f"Name the table: {view.base.name}.",
        )
    if columns or select is None:
        return _behind(view, columns)
    width = len(select.values_lists[0].list.items) if select.values_lists else len(view.columns)
    return _behind(view, tuple(view.columns)[:width])


def _without_defaults(select: Any) -> tuple[str, dict[int, bool]]:
    """A VALUES list with DEFAULT shown as null, since it is no expression elsewhere; where, and if in every row."""
    lines, count = [], dict[int, int]()
    for row in select.values_lists:
        cells = []
        for position, cell in enumerate(row.list.items):
            if cell.WhichOneof("node") == "set_to_default":
                count[position] = count.get(position, 0) + 1
                cells.append("null")
            else:
                cells.append(expression_text(cell))
        lines.append(f"({', '.join(cells)})")
    return f"values {', '.join(lines)}", {position: n == len(lines) for position, n in count.items()}


def _arbiter(clause: Any, alias: str, reading: Reading) -> Arbiter:
    infer = clause.infer
    columns = tuple(item.index_elem.name for item in infer.index_elems)
    plain = all(
        c and not i.index_elem.collation and not i.index_elem.opclass
        for c, i in zip(columns, infer.index_elems, strict=True)
    )
    updates = clause.action == 3  # ONCONFLICT_UPDATE
    assigned, values = _assignments(clause.target_list, reading) if updates else ((), ())
    where = expression_text(clause.where_clause) if clause.HasField("where_clause") else ""
    exact = plain and not infer.HasField("where_clause")
    return Arbiter(columns, infer.conname, exact, updates, where, assigned, values, alias)


def _merge(body: Any, reading: Reading) -> list[Change]:
    """One change per WHEN branch; a row takes the first branch whose condition is true."""
    alias = alias_text(body.relation)
    view = reading.view(body.relation)
    target, source = _text_from(body.relation, view), from_text(body.source_relation)
    joined = expression_text(body.join_condition)
    changes = []
    passed: dict[int, list[str]] = {1: [], 2: [], 3: []}
    for item in body.merge_when_clauses:
        clause = item.merge_when_clause
        condition = expression_text(clause.condition) if clause.HasField("condition") else "true"
        branch = [*passed[clause.match_kind], f"({condition})"]
        passed[clause.match_kind].append(f"({condition}) is not true")
        if clause.command_type == _commands()["CMD_NOTHING"]:
            continue
        if clause.command_type == _commands()["CMD_INSERT"]:
            columns = tuple(t.res_target.name for t in clause.target_list)
            listed = ", ".join(expression_text(v) for v in clause.values) or "1"
            conditions = " and ".join([f"not exists (select from {target} where {joined})", *branch])
            rows = f"select {listed} from {source} where {conditions}"
            changes.append(Change(
                StatementKind.INSERT, *_names(body.relation, view), False, rows,
                columns=_behind(view, columns), joined=True, view=view,
            ))  # fmt: skip
            continue
        columns, values = _assignments(clause.target_list, reading)
        if clause.match_kind == 1:
            rows = _rows(body.relation, view, f"{target}, {source}", [joined, *branch], values, joined=True)
        else:
            missing = f"not exists (select from {source} where {joined})"
            rows = _rows(body.relation, view, target, [missing, *branch], values, joined=False)
        kind = StatementKind.DELETE if clause.command_type == _commands()["CMD_DELETE"] else StatementKind.UPDATE
        changes.append(Change(
            kind, *_names(body.relation, view), not body.relation.inh, rows,
            columns=_behind(view, columns), values=values, where=" and ".join([joined, *branch]), joined=True,
            view=view, once=clause.match_kind == 1,
        ))  # fmt: skip
    if alias and not changes:
        reading.doubts.append("no branch of the MERGE changes anything")
    return changes


def _assignments(targets: Iterable[Any], reading: Reading) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Assigned columns and the text of their values; ``(a, b) = (…)`` and parts of arrays give no usable text."""
    columns, values = [], []
    for item in targets:
        target = item.res_target
        columns.append(target.name)
        if target.indirection or target.val.WhichOneof("node") == "multi_assign_ref":
            value = _row_element(target.val) if not target.indirection else None
            values.append(value or "")
        elif target.val.WhichOneof("node") == "set_to_default":
            values.append(DEFAULT)
        else:
            values.append(expression_text(target.val))
    del reading
    return tuple(columns), tuple(values)


def _row_element(value: Any) -> str | None:
    reference = value.multi_assign_ref
    source, position = reference.source, reference.colno - 1
    if source.WhichOneof("node") == "row_expr":
        element = source.row_expr.args[position]
        return DEFAULT if element.WhichOneof("node") == "set_to_default" else expression_text(element)
    if source.WhichOneof("node") != "sub_link":
        return None
    names = ", ".join(f"_pgw_c{number}" for number in range(reference.ncolumns))
    return f"(select _pgw_m._pgw_c{position} from ({query_text(source.sub_link.subselect)}) _pgw_m ({names}))"


def _relations(body: Any) -> Iterator[str]:
    """Names of everything that is read from, at any depth."""
    import postgast

    return (node.relname for _, node in postgast.walk(body) if type(node).__name__ == "RangeVar")


def _text_from(relation: Any, view: ThroughView | None = None) -> str:
    if view:
        return f"({view.query}) {alias_text(relation)}"
    return relation_text(relation)


@cache
def _commands() -> dict[str, int]:
    from postgast import pg_query_pb2 as pb

    return dict(pb.CmdType.items())


def _select(_: Any, __: Reading) -> list[Change]:
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
