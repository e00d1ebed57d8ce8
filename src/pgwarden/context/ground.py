"""What can give ground to what a statement states: the question, and the database as far as it is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.claims import Literal, Place, Role
from pgwarden.domain.question import Question
from pgwarden.domain.value_index import folded
from pgwarden.ports import ValueIndex

MOST_KNOWN = 100
"""A column with at most so many known values counts as enumerable: what is not among them is probably not there."""
MOST_NEAR = 3
TIMES = frozenset("DT")
"""Type categories of moments and spans."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What can give ground: the question, and the database as far as it is known."""

    question: Question
    catalog: Catalog
    values: ValueIndex

    def column(self, place: Place) -> tuple[Relation, Column] | None:
        """The relation and column of a place."""
        relation = self.catalog.relations.get(place[0])
        column = relation.column_at(place[1]) if relation else None
        return (relation, column) if relation is not None and column is not None else None

    def known(self, place: Place) -> Sequence[str]:
        """The values of an enumerable column; none of any other."""
        if labels := self._labels(place):
            return labels
        found = self.values.values(*place)
        return found if len(found) <= MOST_KNOWN else ()

    def is_enum(self, place: Place) -> bool:
        return bool(self._labels(place))

    def category(self, place: Place) -> str:
        """PostgreSQL's category of the column's type, '' when unknown."""
        found = self.column(place)
        kind = self.catalog.types.get(found[1].type_oid) if found else None
        return kind.category if kind else ""

    def holds(self, literal: Literal) -> bool:
        """Whether one of the literal's columns is known to hold it; a pattern fits where a value contains it."""
        return any(_fits(literal, value) for place in literal.columns for value in self.values_of(place))

    def values_of(self, place: Place) -> Sequence[str]:
        """Everything known of a column, enumerable or not."""
        return self._labels(place) or self.values.values(*place)

    def near(self, literal: Literal) -> tuple[str, ...]:
        """Values of its columns like the literal, else all of a short list; none that who asks may not see."""
        errand = self.question.errand
        seen = [place for place in sorted(literal.columns) if errand is not None and not errand.hidden(*place)]
        hits = [h.value for h in self.values.find(bare(literal.text)) if (h.relation_oid, h.column) in seen]
        few = [value for place in seen if len(self.known(place)) <= 5 for value in self.known(place)]
        return tuple(dict.fromkeys(hits or few))[:MOST_NEAR]

    def _labels(self, place: Place) -> Sequence[str]:
        found = self.column(place)
        kind = self.catalog.types.get(found[1].type_oid) if found else None
        return kind.labels if kind else ()


def _fits(literal: Literal, value: str) -> bool:
    if literal.role is Role.PATTERN:
        parts = [folded(part) for part in re.split(r"[%_]+", literal.text) if folded(part)]
        return bool(parts) and all(part in folded(value) for part in parts)
    return literal.text == value if literal.exact else folded(literal.text) == folded(value)


def bare(text: str) -> str:
    """A text without what makes it a pattern at its ends."""
    return text.strip("%_ ")
