"""What an index or an exclusion constraint compares, read from its definition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pgwarden.domain.catalog import quote_identifier
from pgwarden.sql.deparse import expression_text


@dataclass(frozen=True, slots=True)
class IndexKeys:
    """The compared expressions, and the condition that rows must fulfil to be in the index ('' for all rows)."""

    expressions: tuple[str, ...]
    predicate: str
    operators: tuple[str, ...] = ()
    """For an exclusion constraint the operator of each expression, schema-qualified where it was written so."""


@lru_cache(maxsize=4096)
def index_keys(definition: str) -> IndexKeys | None:
    """The keys in a ``CREATE INDEX`` statement; None where it cannot be read."""
    statement = _parsed(definition)
    if statement is None or statement.WhichOneof("node") != "index_stmt":
        return None
    index = statement.index_stmt
    return IndexKeys(tuple(_element(item.index_elem) for item in index.index_params), _where(index))


@lru_cache(maxsize=4096)
def exclusion_keys(definition: str) -> IndexKeys | None:
    """The keys in ``EXCLUDE USING … (… WITH …)``; None where it cannot be read."""
    statement = _parsed(f"alter table t add constraint c {definition}")
    if statement is None or statement.WhichOneof("node") != "alter_table_stmt":
        return None
    constraint = getattr(statement.alter_table_stmt.cmds[0].alter_table_cmd, "def").constraint
    expressions, operators = [], []
    for pair in constraint.exclusions:
        element, operator = pair.list.items
        expressions.append(_element(element.index_elem))
        names = [item.string.sval for item in operator.list.items]
        operators.append(f"operator({'.'.join([*map(quote_identifier, names[:-1]), names[-1]])})")
    return IndexKeys(tuple(expressions), _where(constraint), tuple(operators))


def _element(element: Any) -> str:
    return quote_identifier(element.name) if element.name else f"({expression_text(element.expr)})"


def _where(holder: Any) -> str:
    return expression_text(holder.where_clause) if holder.HasField("where_clause") else ""


def _parsed(sql: str) -> Any:
    import postgast
    from google.protobuf.message import DecodeError

    try:
        tree = postgast.parse(sql)
    except (postgast.PgQueryError, DecodeError):
        return None
    return tree.stmts[0].stmt if len(tree.stmts) == 1 else None
