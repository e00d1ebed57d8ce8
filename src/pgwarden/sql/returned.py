"""What a changing CTE returns, as a SELECT that can be asked without changing anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgwarden.domain.catalog import quote_identifier
from pgwarden.sql.deparse import alias_text, expression_text, from_text, relation_text, target_text

_MORE = {"update_stmt": "from_clause", "delete_stmt": "using_clause"}


def returned(kind: str, body: Any) -> str | None:
    """What RETURNING would give, on the rows as they are; None where only the change itself knows."""
    if kind not in _MORE:
        return None
    exprs, versions = body.returning_clause.exprs, _versions(body.returning_clause)
    if kind == "update_stmt":
        assigned = {item.res_target.name for item in body.target_list}
        names = {name for expr in exprs for name in _column_names(expr)}
        if "*" in names or names & assigned:
            return None
    if any(versions.get(_qualifier(node)) is False for expr in exprs for node in _columns(expr)):
        return None
    alias, more = alias_text(body.relation), getattr(body, _MORE[kind])
    distinct = f"distinct on ({alias}.tableoid, {alias}.ctid) " if more else ""
    where = f" where {expression_text(body.where_clause)}" if body.HasField("where_clause") else ""
    return f"select {distinct}{_standing(body)} from {_sources(kind, body)}{where}"


def no_rows(kind: str, body: Any) -> str:
    """Keeps the rest of the statement countable where it is not known what a CTE returns.

    It is asked of the same tables, so that its columns have their types.
    """
    return f"select {_standing(body)} from {_sources(kind, body)} where false"


def _sources(kind: str, body: Any) -> str:
    others = [body.source_relation] if kind == "merge_stmt" else getattr(body, _MORE.get(kind, ""), ())
    return ", ".join([relation_text(body.relation), *map(from_text, others)])


def _standing(body: Any) -> str:
    """The items of RETURNING as they read on a row that stands: what is old or new there is the table's own."""
    import postgast

    versions, own = _versions(body.returning_clause), body.relation.alias.aliasname or body.relation.relname
    listed = []
    for expr in body.returning_clause.exprs:
        item = type(expr)()
        item.CopyFrom(expr)
        for node in _columns(item):
            if _qualifier(node) in versions:
                node.fields[0].string.sval = own
        merged = any(type(node).__name__ == "MergeSupportFunc" for _, node in postgast.walk(expr))
        name = quote_identifier(_output_name(expr))
        listed.append(f"null::pg_catalog.text as {name}" if merged else target_text(item))
    return ", ".join(listed)


def _versions(clause: Any) -> dict[str, bool]:
    """Names under which RETURNING speaks of a row, True for the row as it was."""
    given = {o.returning_option.value: o.returning_option.option == 1 for o in clause.options}  # RETURNING_OPTION_OLD
    return {"old": True, "new": False} | given


def _columns(expr: Any) -> Iterator[Any]:
    import postgast

    return (node for _, node in postgast.walk(expr) if type(node).__name__ == "ColumnRef")


def _qualifier(column: Any) -> str:
    return str(column.fields[0].string.sval) if len(column.fields) > 1 else ""


def _column_names(expr: Any) -> Iterator[str]:
    for node in _columns(expr):
        last = node.fields[-1]
        yield "*" if last.WhichOneof("node") == "a_star" else last.string.sval


def _output_name(expr: Any) -> str:
    names = list(_column_names(expr))
    return expr.res_target.name or (names[-1] if names else "merge_action")
