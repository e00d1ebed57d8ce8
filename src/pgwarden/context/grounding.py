"""Whether what a statement states has ground in the question or in the data of the column it stands beside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgwarden.context.ranking import name_terms
from pgwarden.context.said import Said
from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.claims import Claims, Literal, LiteralKind, Place, Role
from pgwarden.domain.question import Question
from pgwarden.domain.statement import Verdict
from pgwarden.domain.value_index import folded
from pgwarden.ports import ValueIndex

MOST_KNOWN = 100
"""A column with at most so many known values counts as enumerable: what is not among them is probably not there."""
MOST_NEAR = 3
TIMES = frozenset("DT")
"""Type categories of moments and spans."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something in a statement that nobody said and the data does not hold."""

    words: str
    literal: str = ""
    nearest: tuple[str, ...] = ()
    """Values that the column does hold and that may have been meant; only what who asks may see."""


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
        hits = [h.value for h in self.values.find(_bare(literal.text)) if (h.relation_oid, h.column) in seen]
        few = [value for place in seen if len(self.known(place)) <= 5 for value in self.known(place)]
        return tuple(dict.fromkeys(hits or few))[:MOST_NEAR]

    def _labels(self, place: Place) -> Sequence[str]:
        found = self.column(place)
        kind = self.catalog.types.get(found[1].type_oid) if found else None
        return kind.labels if kind else ()


def read_doubts(claims: Claims, question: Question, catalog: Catalog, values: ValueIndex) -> tuple[Doubt, ...]:
    """Text literals of a read that an enumerable column does not hold, or that neither question nor data knows."""
    ground, said = Ground(question, catalog, values), Said.in_conversation(question)
    found = []
    for literal in claims.literals:
        if literal.kind is LiteralKind.TEXT and literal.role in (Role.VALUE, Role.PATTERN) and literal.columns:
            if any(ground.category(place) in TIMES for place in literal.columns) or not _bare(literal.text):
                continue
            enumerable = all(ground.known(place) for place in literal.columns)
            if ground.holds(literal) or (not enumerable and said.has(_bare(literal.text))):
                continue
            found.append(_unknown(literal, ground))
    return tuple(dict.fromkeys(found))


def change_doubts(
    claims: Claims, verdict: Verdict, question: Question, catalog: Catalog, values: ValueIndex
) -> tuple[Doubt, ...]:
    """What in a change has no ground in the question; empty when every table, column, value and condition has."""
    ground, said = Ground(question, catalog, values), Said.of(question)
    found = [
        Doubt(f"the table {relation.name} is not named in the question")
        for oid in sorted(verdict.writes)
        if (relation := catalog.relations.get(oid)) is not None and not said.names(name_terms(relation.name.name))
    ]
    found += [doubt for literal in claims.literals if (doubt := _value_doubt(literal, ground, said)) is not None]
    if claims.every_row and not said.means_every_row:
        found.append(Doubt("the question does not say that every row is meant"))
    return tuple(dict.fromkeys([*found, *_unnamed(claims, verdict, ground, said)]))


def _value_doubt(literal: Literal, ground: Ground, said: Said) -> Doubt | None:
    """What stands against one literal of a change."""
    match literal.kind, literal.role:
        case (LiteralKind.NUMBER, _):
            fine = said.has_number(literal.text)
            return None if fine else Doubt(f"the number {literal.text} is not in the question")
        case (LiteralKind.TRUTH, _):
            fine = said.has_truth(literal.text == "true", _terms(literal, ground))
            return None if fine else Doubt(f"the question does not say {literal.text}")
        case (LiteralKind.NULL, _):
            return None if said.means_nothing else Doubt("the question does not say that a value is emptied")
        case (_, Role.PERIOD):
            return None if said.has_period(literal.text) else Doubt(f"the period of {literal.text} is not said")
        case (_, Role.UNIT):
            return None
    text = _bare(literal.text)
    if not text:
        fine = said.means_nothing and literal.role is Role.VALUE
        return None if fine else Doubt(f"the text '{literal.text}' stands for nothing that the question says")
    if any(ground.category(place) in TIMES for place in literal.columns):
        return None if said.has_moment(text) else Doubt(f"the date {text[:60]} is not in the question")
    if said.has(text) or (ground.holds(literal) and said.resembles(text)):
        # a spelling that the column does not know is a mistake where it is compared, and new where it is written
        enumerable = bool(literal.columns) and all(ground.known(place) for place in literal.columns)
        closed = enumerable and (not literal.written or all(ground.is_enum(place) for place in literal.columns))
        return _unknown(literal, ground) if closed and not ground.holds(literal) else None
    return Doubt(f"the value “{literal.text[:60]}” is not in the question")


def _unnamed(claims: Claims, verdict: Verdict, ground: Ground, said: Said) -> Iterator[Doubt]:
    """Columns that a change assigns or decides by, and that neither a word nor a value of the question points at."""
    decides = {place for place in verdict.conditions if place not in claims.written}
    for place in sorted(claims.written | decides):
        found = ground.column(place)
        if found is None:
            continue
        relation, column = found
        if relation.kind not in "rpf":
            continue  # a view's own columns; those behind it are among the rest
        beside = [literal for literal in claims.literals if place in literal.columns]
        if said.names(name_terms(column.name)) or any(ground.holds(literal) for literal in beside):
            continue
        if place in decides and not beside and _joins(relation, column, ground.catalog):
            continue
        if beside and _is_its_number(relation, column) and said.names(name_terms(relation.name.name)):
            continue
        if beside and place in decides and _is_its_only_time(place, relation, ground):
            continue
        yield Doubt(f"the column {relation.name.name}.{column.name} is not named in the question")


def _joins(relation: Relation, column: Column, catalog: Catalog) -> bool:
    """Whether a column is a part of a key, or points at another table."""
    keys = [relation.primary_key, *relation.foreign_keys]
    if any(key is not None and column.number in key.columns for key in keys):
        return True
    joins = catalog.inferred_joins
    ours = (relation.oid, column.number)
    return any(ours in ((j.relation_oid, j.column), (j.foreign_oid, j.foreign_column)) for j in joins)


def _is_its_number(relation: Relation, column: Column) -> bool:
    """ "order 17" means the order whose key is 17."""
    key = relation.primary_key
    return key is not None and tuple(key.columns) == (column.number,)


def _is_its_only_time(place: Place, relation: Relation, ground: Ground) -> bool:
    """ "older than 6 months" can mean one column where a table has one moment."""
    times = [c.number for c in relation.columns if ground.category((relation.oid, c.number)) == "D"]
    return times == [place[1]]


def _terms(literal: Literal, ground: Ground) -> frozenset[str]:
    found = [ground.column(place) for place in literal.columns]
    return frozenset().union(*(name_terms(pair[1].name) for pair in found if pair is not None))


def _unknown(literal: Literal, ground: Ground) -> Doubt:
    names = sorted({pair[1].name for place in literal.columns if (pair := ground.column(place)) is not None})
    near = ground.near(literal)
    known = f"; known: {', '.join(near)}" if near else ""
    shown = _bare(literal.text)[:60]
    return Doubt(f"no known {' or '.join(names) or 'value'} is “{shown}”{known}", _bare(literal.text), near)


def _fits(literal: Literal, value: str) -> bool:
    if literal.role is Role.PATTERN:
        parts = [folded(part) for part in re.split(r"[%_]+", literal.text) if folded(part)]
        return bool(parts) and all(part in folded(value) for part in parts)
    return literal.text == value if literal.exact else folded(literal.text) == folded(value)


def _bare(text: str) -> str:
    return text.strip("%_ ")
