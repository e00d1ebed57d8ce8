"""The foreign keys that carry a change on, as the tree that people read: what hangs on what, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgwarden.domain.ticket_summary import CascadeLine


@dataclass(frozen=True, slots=True)
class CascadeNode:
    """One foreign key on the way, with those that go on from its table."""

    step: CascadeLine
    below: tuple[CascadeNode, ...]

    @property
    def carried(self) -> int:
        """Rows that change further down; where a key only refuses, none does."""
        return sum((0 if node.refuses else node.step.rows) + node.carried for node in self.below)

    @property
    def refuses(self) -> bool:
        """Whether this key would stop the change instead of carrying it on."""
        return self.step.action in ("RESTRICT", "NO ACTION")


def cascade_tree(steps: Sequence[CascadeLine]) -> tuple[CascadeNode, ...]:
    """The steps as a tree. A table that is reached by several keys is followed on below the first of them."""
    first: dict[tuple[int, str], CascadeLine] = {}
    for step in steps:
        first.setdefault((step.depth, step.table), step)

    def below(parent: CascadeLine) -> tuple[CascadeNode, ...]:
        if first[parent.depth, parent.table] is not parent:
            return ()
        return tuple(
            CascadeNode(step, below(step))
            for step in steps
            if step.depth == parent.depth + 1 and step.source == parent.table
        )

    placed = tuple(CascadeNode(step, below(step)) for step in steps if step.depth == 1)
    known = {id(step) for node in placed for step in _steps(node)}
    return (*placed, *(CascadeNode(step, ()) for step in steps if id(step) not in known))


def _steps(node: CascadeNode) -> list[CascadeLine]:
    return [node.step, *(step for each in node.below for step in _steps(each))]
