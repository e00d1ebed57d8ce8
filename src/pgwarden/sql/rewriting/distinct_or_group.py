"""``SELECT DISTINCT a, b`` → ``SELECT a, b … GROUP BY a, b``, and back where nothing is aggregated.

Valid for plain columns whose equal values look the same, all of them in the list.
"""

from __future__ import annotations

from copy import deepcopy

from pgwarden.sql.rewriting.level import Level
from pgwarden.sql.rewriting.shapes import PLAIN, ROLES, by_position, exact
from pgwarden.sql.rewriting.tree import integer, plain

CODE = "distinct-or-group"
REASON = "removes duplicates by {} instead, which the planner does in other ways"
OWN = PLAIN | {"sortClause", "withClause", "distinctClause", "groupClause"}


def apply(level: Level, _zone: str) -> str:
    """Rewrite it; the reason, '' where it could not be."""
    body = level.body
    if level.role not in ROLES or not level.plain_select or body.keys() - OWN or not body.get("fromClause"):
        return ""
    targets = [item["ResTarget"]["val"] for item in body.get("targetList", ())]
    found = [level.reference(target) for target in targets]
    if not targets or any(one is None or one.outer or not exact(one.column) for one in found):
        return ""
    if body.get("distinctClause") == [{}] and "groupClause" not in body:
        del body["distinctClause"]
        body["groupClause"] = deepcopy(targets)
        return REASON.format("GROUP BY")
    if "groupClause" not in body or "distinctClause" in body:
        return ""
    places = [integer(item) for item in body["groupClause"]]
    grouped = [
        targets[place - 1] if place is not None and place <= len(targets) else item
        for place, item in zip(places, body["groupClause"], strict=True)
    ]
    keys = [level.reference(item) for item in grouped]
    if any(key is None or key.outer for key in keys):
        return ""
    shown = {(one.source.name, one.column.number) for one in found if one}
    if shown != {(key.source.name, key.column.number) for key in keys if key} or by_position(level) is None:
        return ""
    del body["groupClause"]
    body["distinctClause"] = [{}]
    return REASON.format("DISTINCT") if plain(body) else ""
