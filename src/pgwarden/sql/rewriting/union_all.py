"""UNION → UNION ALL, where it has no duplicates to remove, or where they do not matter.

Valid inside IN and EXISTS; else where each side gives every row once (it holds a key of its only table) and the sides
differ for certain: in one place of the list each has a fixed value, and not the same.
"""

from __future__ import annotations

from pgwarden.sql.parse import Node
from pgwarden.sql.rewriting.filters import comparison, conjuncts
from pgwarden.sql.rewriting.level import Level, levels
from pgwarden.sql.rewriting.proofs import exact_text, is_unique
from pgwarden.sql.rewriting.tree import SELECT, Body, integer, plain, string

CODE = "union-all"
REASON = "appends the parts without looking for duplicates, which cannot occur or do not matter here"
OWN = frozenset({"targetList", "fromClause", "whereClause", "limitOption", "op"})


def apply(level: Level, _zone: str) -> bool:
    """Rewrite it; whether it could be."""
    body = level.body
    if body.get("op") != "SETOP_UNION" or body.get("all"):
        return False
    unseen = level.role in ("in", "exists") and not body.keys() & {"limitCount", "limitOffset"}
    if not unseen and not _disjoint(level):
        return False
    body["all"] = True
    return True


def _disjoint(level: Level) -> bool:
    sides = [_fixed(level, level.body[side]) for side in ("larg", "rarg")]
    left, right = sides
    if left is None or right is None:
        return False
    return any(place in right and type(value) is type(right[place]) and value != right[place]
               for place, value in left.items())  # fmt: skip


def _fixed(level: Level, body: Body) -> dict[int, int | str] | None:
    """Values that are the same in every row of a side, by place; None where the side may repeat rows."""
    if body.keys() - OWN or body.get("op", "SETOP_NONE") != "SETOP_NONE":
        return None
    (side, *_) = levels(level.catalog, {SELECT: body})
    if len(side.sources) != 1 or side.sources[0].relation is None or side.sources[0].name in level.ctes:
        return None
    known = _equalities(side)
    own: set[int] = set()
    fixed: dict[int, int | str] = {}
    for place, item in enumerate(body["targetList"]):
        node = item["ResTarget"]["val"]
        reference = side.reference(node)
        value = _value(node)
        if reference is not None and not reference.outer:
            own.add(reference.column.number)
            value = known.get(reference.column.number)
        elif value is None:
            return None
        if value is not None:
            fixed[place] = value
    return fixed if is_unique(level.catalog, side.sources[0], own) else None


def _equalities(side: Level) -> dict[int, int | str]:
    found: dict[int, int | str] = {}
    for condition in conjuncts(side.body.get("whereClause")):
        pair = comparison(plain(condition))
        column = side.reference(pair[1]) if pair and pair[0] == "=" else None
        value = _value(pair[2]) if pair else None
        exact = column is not None and (exact_text(column) or isinstance(value, int))
        if column is not None and value is not None and exact:
            found[column.column.number] = value
    return found


def _value(node: Node) -> int | str | None:
    number = integer(node)
    return number if number is not None else string(node)
