"""Whether values stand beside each other's columns: a surname as a first name, the weight's limit on the price."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pgwarden.context.amounts import amounts_of, words_in_order
from pgwarden.context.doubt import Doubt
from pgwarden.context.ground import TIMES, Ground, bare
from pgwarden.context.ranking import name_terms
from pgwarden.domain.claims import Claims, LiteralKind, Place, Role
from pgwarden.domain.inference import singular
from pgwarden.domain.value_index import folded


def misplaced_doubts(claims: Claims, ground: Ground) -> Iterator[Doubt]:
    """Texts that their own column is not known to hold, and that another column of the same table, or another one that
    the statement compares, is known to hold."""
    compared = {place for literal in claims.literals for place in literal.columns}
    for literal in claims.literals:
        if literal.kind is not LiteralKind.TEXT or literal.role is not Role.VALUE or ground.holds(literal):
            continue
        if not literal.columns or not all(_tells(place, ground) for place in literal.columns):
            continue
        tables = {relation for relation, _ in literal.columns}
        homes = [place for place in _homes(literal.text, ground) if place in compared or place[0] in tables]
        if homes and literal.columns.isdisjoint(homes):
            shown, own = bare(literal.text), sorted(literal.columns)
            words = f"“{shown[:60]}” is a known {_names(ground, homes)}, and no known {_names(ground, own)}"
            yield Doubt(words, shown, held=frozenset([*own, *homes]))


def _tells(place: Place, ground: Ground) -> bool:
    """Whether what is known of a column tells anything of a text."""
    return ground.category(place) not in TIMES and bool(ground.values_of(place))


def _homes(text: str, ground: Ground) -> list[Place]:
    """The columns that hold a text."""
    hits = [hit for hit in ground.values.find(text) if folded(hit.value) == folded(text)]
    return sorted({(hit.relation_oid, hit.column) for hit in hits})


def crossed_doubts(claims: Claims, text: str, ground: Ground) -> Iterator[Doubt]:
    """Pairs of numbers that the question gives to two columns in one order and the statement in the other."""
    words = [singular(word) for word in words_in_order(text)]
    places = {value: amount.place for amount in amounts_of(text) for value in amount.values}
    numbers = [
        literal
        for literal in claims.literals
        if literal.kind is LiteralKind.NUMBER and literal.role is Role.VALUE and len(literal.columns) == 1
        and literal.number in places
    ]  # fmt: skip
    for one, other in combinations(numbers, 2):
        (mine,), (theirs,) = one.columns, other.columns
        named = _named(mine, theirs, words, ground)
        if mine == theirs or named is None:
            continue
        given = [places[one.number], places[other.number]]
        if _alternate(named, given) and (named[0] < named[1]) != (given[0] < given[1]):
            yield Doubt(
                f"the SQL compares {_names(ground, [mine])} with {one.text} and {_names(ground, [theirs])} with "
                f"{other.text}; the question says it the other way round"
            )


def _named(one: Place, other: Place, words: list[str], ground: Ground) -> list[int] | None:
    """Where a question names two columns, by a word that only one of them has; None unless each is named once."""
    terms = [
        name_terms(found[1].name) if (found := ground.column(place)) else frozenset[str]() for place in (one, other)
    ]
    own = [terms[0] - terms[1], terms[1] - terms[0]]
    at = [[place for place, word in enumerate(words) if word in mine] for mine in own]
    return [at[0][0], at[1][0]] if len(at[0]) == len(at[1]) == 1 else None


def _alternate(named: list[int], given: list[int]) -> bool:
    """Whether names and numbers take turns: name, number, name, number; or number, name, number, name."""
    kinds = [kind for _, kind in sorted([*((at, "name") for at in named), *((at, "number") for at in given)])]
    return kinds in (["name", "number"] * 2, ["number", "name"] * 2)


def _names(ground: Ground, places: list[Place]) -> str:
    found = dict.fromkeys(pair[1].name for place in places if (pair := ground.column(place)) is not None)
    return " or ".join(found) or "value"
