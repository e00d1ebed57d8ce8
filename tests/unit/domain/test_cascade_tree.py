"""Foreign keys as a tree: what hangs on what, what is carried on, and nothing shown twice or left out."""

from __future__ import annotations

from pgwarden.domain.cascade_tree import CascadeNode, cascade_tree
from pgwarden.domain.ticket_summary import CascadeLine


def step(depth: int, source: str, table: str, rows: int, action: str = "CASCADE") -> CascadeLine:
    return CascadeLine(depth, source, table, action, rows)


def drawn(nodes: tuple[CascadeNode, ...]) -> list[object]:
    return [(node.step.table, drawn(node.below)) if node.below else node.step.table for node in nodes]


def test_each_step_hangs_below_the_one_that_leads_to_it() -> None:
    tree = cascade_tree(
        [
            step(1, "inn", "room", 3),
            step(2, "room", "bed", 6),
            step(2, "room", "guest", 5, "RESTRICT"),
            step(1, "inn", "sign", 1),
            step(3, "bed", "sheet", 12),
        ]
    )
    assert drawn(tree) == [("room", [("bed", ["sheet"]), "guest"]), "sign"]
    assert [node.carried for node in tree] == [18, 0], "what a key refuses is carried nowhere"


def test_a_table_reached_twice_is_followed_once_and_one_that_hangs_nowhere_is_shown() -> None:
    twice = [step(1, "a", "b", 1), step(1, "a", "b", 2), step(2, "b", "c", 4)]
    assert drawn(cascade_tree(twice)) == [("b", ["c"]), "b"]
    assert drawn(cascade_tree([step(1, "a", "b", 1), step(3, "x", "y", 1)])) == ["b", "y"]
    assert drawn(cascade_tree([step(1, "a", "a", 1), step(2, "a", "a", 1)])) == [("a", ["a"])]
