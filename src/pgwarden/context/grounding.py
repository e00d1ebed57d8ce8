"""Whether what a statement states has ground in the question or in the data of the column it stands beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgwarden.context.directions import direction_doubts
from pgwarden.context.doubt import Doubt
from pgwarden.context.figures import figures_in, unsaid_doubts, unused_doubts
from pgwarden.context.ground import TIMES, Ground, bare
from pgwarden.context.ranking import name_terms
from pgwarden.context.said import Said
from pgwarden.context.swaps import crossed_doubts, misplaced_doubts
from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.claims import Claims, Literal, LiteralKind, Place, Role
from pgwarden.domain.feedback import Example
from pgwarden.domain.question import Question
from pgwarden.domain.statement import Verdict
from pgwarden.ports import ValueIndex


def read_doubts(
    claims: Claims, question: Question, catalog: Catalog, values: ValueIndex, examples: Sequence[Example] = ()
) -> tuple[Doubt, ...]:
    """What a read states beyond the question and the data, what of the question it leaves out, and what it turns.

    ``examples``: the verified ones that it may follow.
    """
    ground, said = Ground(question, catalog, values), Said.in_conversation(question)
    unknown = [_unknown(literal, ground) for literal in claims.literals if _is_unknown(literal, ground, said)]
    told = {doubt.literal for doubt in unknown}
    found = [
        *unknown,
        *(doubt for doubt in misplaced_doubts(claims, ground) if doubt.literal not in told),
        *crossed_doubts(claims, question.text, ground),
        *direction_doubts(claims, question.text),
        *unused_doubts(claims, question.text),
        *unsaid_doubts(claims, said, ground, _vouched(question, examples)),
    ]
    return tuple(dict.fromkeys(found))


def _vouched(question: Question, examples: Sequence[Example]) -> frozenset[float]:
    """The numbers of definitions, and those of examples' SQL that their own questions do not say: codes and bounds that
    words stand for, and no values of another question."""
    found = set(figures_in(meaning for _, meaning in question.glossary))
    for example in examples:
        found |= set(figures_in([example.sql])) - set(figures_in([example.question]))
    return frozenset(found)


def _is_unknown(literal: Literal, ground: Ground, said: Said) -> bool:
    """Whether a text is none that an enumerable column holds, or one that neither question nor data knows."""
    compared = literal.role in (Role.VALUE, Role.PATTERN) and bool(literal.columns)
    if literal.kind is not LiteralKind.TEXT or not compared or not bare(literal.text):
        return False
    if any(ground.category(place) in TIMES for place in literal.columns) or ground.holds(literal):
        return False
    return all(ground.known(place) for place in literal.columns) or not said.has(bare(literal.text))


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
    found += [*crossed_doubts(claims, question.text, ground), *direction_doubts(claims, question.text)]
    return tuple(dict.fromkeys([*found, *_unnamed(claims, verdict, ground, said)]))


def _value_doubt(literal: Literal, ground: Ground, said: Said) -> Doubt | None:
    """What stands against one literal of a change."""
    match literal.kind, literal.role:
        case (LiteralKind.NUMBER, _):
            fine = said.has_number(literal.number)
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
    text = bare(literal.text)
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
    shown = bare(literal.text)[:60]
    words = f"no known {' or '.join(names) or 'value'} is “{shown}”{known}"
    return Doubt(words, bare(literal.text), near, literal.columns)
