"""Changing a table through a view: which rows of which table a simple view stands for, as PostgreSQL rewrites it.

Only what PostgreSQL calls automatically updatable is followed: one table (or such a view again), plain columns, a
condition. Everything else has its rows written by triggers or rules, or cannot be written at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgwarden.domain.catalog import FIRING, Catalog, Name, Relation, quote_identifier

TABLE, AT = "_pgw_table", "_pgw_at"
"""Columns in which every row query carries a row's identity within one snapshot: tableoid and ctid."""
GATHERING = ("distinct_clause", "group_clause", "window_clause")


class NotUpdatable(ValueError):
    """Why rows cannot be followed through a view."""


@dataclass(frozen=True, slots=True)
class ThroughView:
    """A view as a query of its table's rows."""

    view: Name
    base: Relation
    query: str
    """The view's columns, ``_pgw_table``, ``_pgw_at``, and the table's columns as ``_pgw_b_<n>``."""
    columns: Mapping[str, str]
    """Column of the table by column of the view, where it stands for one."""
    views: tuple[int, ...]
    """Oids of the view and of those below it."""
    condition: str = ""
    """The view's own condition, over the table's columns, where it reads the table itself."""
    alias: str = ""
    """The name under which the condition knows the table."""
    base_columns: tuple[str, ...] = field(default=())

    def cells(self, alias: str) -> str:
        """The table's columns under their own names."""
        listed = enumerate(self.base_columns)
        return ", ".join(f"{alias}._pgw_b_{number} as {quote_identifier(column)}" for number, column in listed)


def through(view: Relation, catalog: Catalog) -> ThroughView:
    """The table behind a view. Raises NotUpdatable with the reason."""
    if any(t.timing == "INSTEAD OF" and t.enabled in FIRING for t in view.triggers):
        raise NotUpdatable(f"triggers of the view {view.name} write its rows, each in their own way")
    if any(rule.instead and rule.enabled in FIRING for rule in view.rules):
        raise NotUpdatable(f"rules of the view {view.name} rewrite what is done to it")
    select = _select(view)
    if any(getattr(select, clause) for clause in GATHERING) or select.op != _no_set_operation():
        raise NotUpdatable(f"the view {view.name} puts rows together, so that none of them is a row of a table")
    if select.HasField("limit_count") or select.HasField("limit_offset") or select.HasField("with_clause"):
        raise NotUpdatable(f"the view {view.name} shows only some rows, in a way that cannot be followed")
    if len(select.from_clause) != 1 or select.from_clause[0].WhichOneof("node") != "range_var":
        raise NotUpdatable(f"the view {view.name} joins several tables")
    source = select.from_clause[0].range_var
    below = catalog.resolve_relation(source.relname, source.schemaname or view.name.schema)
    if below is None or below.kind not in "rpv":
        raise NotUpdatable(f"the view {view.name} does not read a table that is known here")
    return _over(view, select, source, through(below, catalog) if below.kind == "v" else None, below)


def _over(view: Relation, select: Any, source: Any, inner: ThroughView | None, below: Relation) -> ThroughView:
    from pgwarden.sql.deparse import expression_text, from_text

    alias = quote_identifier(source.alias.aliasname or source.relname)
    base = inner.base if inner else below
    names = tuple(column.name for column in base.columns)
    identity = f"{alias}.{TABLE}, {alias}.{AT}" if inner else f"{alias}.tableoid as {TABLE}, {alias}.ctid as {AT}"
    own = (
        ", ".join(f"{alias}._pgw_b_{number}" for number in range(len(names)))
        if inner
        else ", ".join(f"{alias}.{quote_identifier(name)} as _pgw_b_{number}" for number, name in enumerate(names))
    )
    cells, columns = [], {}
    for column, item in zip(view.columns, select.target_list, strict=True):
        cells.append(f"{expression_text(item.res_target.val)} as {quote_identifier(column.name)}")
        plain = _plain(item.res_target.val)
        behind = inner.columns.get(plain) if inner else plain
        if behind:
            columns[column.name] = behind
    rows = f"({inner.query}) {alias}" if inner else from_text(select.from_clause[0])
    condition = expression_text(select.where_clause) if select.HasField("where_clause") else ""
    where = f" where {condition}" if condition else ""
    query = f"select {', '.join([identity, *cells])}, {own} from {rows}{where}"
    oids = (view.oid, *(inner.views if inner else ()))
    return ThroughView(view.name, base, query, columns, oids, "" if inner else condition, alias, names)


def _select(view: Relation) -> Any:
    import postgast
    from google.protobuf.message import DecodeError

    try:
        tree = postgast.parse(view.view_definition or "")
    except (postgast.PgQueryError, DecodeError) as error:
        raise NotUpdatable(f"the definition of the view {view.name} cannot be read") from error
    if len(tree.stmts) != 1 or len(tree.stmts[0].stmt.select_stmt.target_list) != len(view.columns):
        raise NotUpdatable(f"the definition of the view {view.name} cannot be read")
    return tree.stmts[0].stmt.select_stmt


def _plain(node: Any) -> str:
    """The column that an output of the view is, or ''."""
    if node.WhichOneof("node") != "column_ref":
        return ""
    last = node.column_ref.fields[-1]
    return last.string.sval if last.WhichOneof("node") == "string" else ""


def _no_set_operation() -> int:
    from postgast import pg_query_pb2 as pb

    return int(pb.SETOP_NONE)
