"""The one statement of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgwarden.domain.errors import StatementInvalid

if TYPE_CHECKING:
    from postgast import pg_query_pb2 as pb


def single(sql: str) -> pb.Node:
    """Its parse tree. Raises StatementInvalid for what is no SQL, and for several statements."""
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
