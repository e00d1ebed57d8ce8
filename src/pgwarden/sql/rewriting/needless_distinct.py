"""DISTINCT that removes nothing: over rows that hold a key of their only table, or inside IN and EXISTS.

Valid where the list of columns holds a unique key without NULLs, and nothing in it multiplies rows.
"""

from __future__ import annotations

from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.proofs import is_unique

CODE = "needless-distinct"
REASON = "leaves out DISTINCT, which removes no row here and sorts or hashes them all"


def apply(level: Level, _zone: str) -> bool:
    """Remove it; whether it was there."""
    body = level.body
    if body.get("distinctClause") != [{}] or not level.plain_select:
        return False
    limited = body.keys() & {"limitCount", "limitOffset"}
    if not (_one_of_each(level) or (level.role in ("in", "exists") and not limited)):
        return False
    del body["distinctClause"]
    return True


def _one_of_each(level: Level) -> bool:
    if len(level.sources) != 1 or level.sources[0].relation is None or "RangeVar" not in level.body["fromClause"][0]:
        return False
    if "groupClause" in level.body or "groupingSets" in level.body:
        return False
    found = [level.reference(item["ResTarget"]["val"]) for item in level.body["targetList"]]
    own = {each.column.number for each in found if each is not None and not each.outer}
    return None not in found and is_unique(level.catalog, level.sources[0], own)
