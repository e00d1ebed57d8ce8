"""Parts of a parse tree written back as SQL text, one by one."""

from __future__ import annotations

from typing import Any

from pgwarden.domain.catalog import quote_identifier


def expression_text(node: Any) -> str:
    """One expression as SQL text."""
    from postgast import pg_query_pb2 as pb

    select = pb.SelectStmt(limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE)
    select.target_list.add().res_target.val.CopyFrom(node)
    return deparsed(select).removeprefix("SELECT ")


def target_text(node: Any) -> str:
    from postgast import pg_query_pb2 as pb

    select = pb.SelectStmt(limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE)
    select.target_list.add().CopyFrom(node)
    return deparsed(select).removeprefix("SELECT ")


def from_text(node: Any) -> str:
    """One FROM item as SQL text."""
    from postgast import pg_query_pb2 as pb

    select = pb.SelectStmt(limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE)
    select.from_clause.add().CopyFrom(node)
    return deparsed(select).removeprefix("SELECT FROM ")


def query_text(node: Any) -> str:
    """A SELECT node as SQL text."""
    return deparsed(node.select_stmt)


def deparsed(select: Any) -> str:
    import postgast
    from postgast import pg_query_pb2 as pb

    tree = pb.ParseResult(version=180000)
    tree.stmts.add().stmt.select_stmt.CopyFrom(select)
    return postgast.deparse(tree)


def relation_text(relation: Any) -> str:
    """A table's name and alias as SQL text."""
    from postgast import pg_query_pb2 as pb

    node = pb.Node()
    node.range_var.CopyFrom(relation)
    return from_text(node)


def alias_text(relation: Any) -> str:
    """What the columns of a table are qualified with."""
    return quote_identifier(relation.alias.aliasname or relation.relname)
