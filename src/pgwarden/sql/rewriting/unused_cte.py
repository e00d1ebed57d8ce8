"""A WITH query that nothing refers to. Valid where it only reads: PostgreSQL does not run it either."""

from __future__ import annotations

from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.tree import SELECT, nodes

CODE = "unused-cte"
REASON = "leaves out a WITH query that nothing refers to"


def apply(level: Level, _zone: str) -> bool:
    """Remove every such query of the level; whether there was one."""
    clause = level.body.get("withClause")
    if clause is None or clause.get("recursive"):
        return False
    kept = [
        item
        for item in clause["ctes"]
        if SELECT not in item["CommonTableExpr"]["ctequery"] or _is_named(level, item["CommonTableExpr"]["ctename"])
    ]
    if len(kept) == len(clause["ctes"]):
        return False
    if kept:
        clause["ctes"] = kept
    else:
        del level.body["withClause"]
    return True


def _is_named(level: Level, name: str) -> bool:
    return any(kind == "RangeVar" and body["relname"] == name for kind, body in nodes(level.body))
