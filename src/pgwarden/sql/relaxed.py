"""A query without one of its conditions: what is asked when nothing fits all of them."""

from __future__ import annotations

import copy

from pgwarden.sql.deparse import deparsed, expression_text
from pgwarden.sql.parse import SHORT


def relaxed(sql: str) -> tuple[tuple[str, str], ...]:
    """(condition as SQL, the query without it) for each AND-ed condition of the outermost WHERE.

    Empty for what is no single plain SELECT with a WHERE, or too long to be taken apart without care.
    """
    import postgast
    from google.protobuf.message import DecodeError
    from postgast import pg_query_pb2 as pb

    if len(sql) > SHORT:
        return ()
    try:
        tree = postgast.parse(sql)
    except (postgast.PgQueryError, DecodeError):
        return ()
    if len(tree.stmts) != 1 or not tree.stmts[0].stmt.HasField("select_stmt"):
        return ()
    select = tree.stmts[0].stmt.select_stmt
    if not select.HasField("where_clause"):
        return ()
    where = select.where_clause
    several = where.HasField("bool_expr") and where.bool_expr.boolop == pb.AND_EXPR
    conditions = list(where.bool_expr.args) if several else [where]
    found = []
    for left_out, condition in enumerate(conditions):
        other = copy.deepcopy(select)
        if len(conditions) == 1:
            other.ClearField("where_clause")
        else:
            kept = [each for at, each in enumerate(conditions) if at != left_out]
            if len(kept) == 1:
                other.where_clause.CopyFrom(kept[0])
            else:
                del other.where_clause.bool_expr.args[left_out]
        found.append((expression_text(condition), deparsed(other)))
    return tuple(found)
