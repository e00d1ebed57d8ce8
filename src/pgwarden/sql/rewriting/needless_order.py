"""ORDER BY in a query whose order nobody sees: inside IN and EXISTS, and in FROM where only counting is done with it.

Valid without LIMIT, OFFSET and DISTINCT ON, which choose rows by it; in FROM also only where the query around calls
nothing but count, min and max: other aggregates and row numbers may take rows in the order in which they come.
"""

from __future__ import annotations

from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.tree import Body, nodes

CODE = "needless-order"
REASON = "leaves out a sorting that the result does not depend on"
BLIND = frozenset({"count", "min", "max"})
CHOOSING = frozenset({"limitCount", "limitOffset", "lockingClause"})


def apply(level: Level, _zone: str) -> bool:
    """Remove it; whether it was there."""
    body = level.body
    if "sortClause" not in body or body.keys() & CHOOSING or body.get("distinctClause", [{}]) != [{}]:
        return False
    if level.role not in ("in", "exists") and not (level.role == "from" and _unseen(level)):
        return False
    del body["sortClause"]
    return True


def _unseen(level: Level) -> bool:
    """Whether the query around turns the rows into one, by functions that are blind to their order."""
    around = level.around
    if around is None or not around.plain_select:
        return False
    body = around.body
    if body.keys() & {"limitCount", "limitOffset", "groupClause", "lockingClause", "withClause"}:
        return False
    calls = [item for kind, item in nodes(body, into_selects=False) if kind == "FuncCall"]
    listed = any(kind == "FuncCall" for kind, _ in nodes(body.get("targetList", []), into_selects=False))
    return listed and all(len(c["funcname"]) == 1 and _name(c) in BLIND and "over" not in c for c in calls)


def _name(call: Body) -> str:
    return str(call["funcname"][0]["String"]["sval"])
