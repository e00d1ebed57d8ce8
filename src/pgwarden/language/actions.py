"""Orders that name no column or no value: "cancel order 17", "double the price", "a 5% raise", "move it to house 2".

What they set is looked for in the table: one yes/no column or one known value called after the verb, one column of
pay, one key to the table named. Two that fit, or none, are a doubt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgwarden.domain.catalog import quote_identifier
from pgwarden.language.expressions import literal
from pgwarden.language.index import Attribute, Field
from pgwarden.language.lexicon import VERB_ATTRIBUTES
from pgwarden.language.morphology import lemma, root
from pgwarden.language.tokens import Kind, Token

if TYPE_CHECKING:
    from pgwarden.language.changes import Change, ChangeReader

_OPPOSED = {"deactivate": "active", "disable": "enable", "inactive": "active", "disabled": "enable"}
_SAID_AS = {"activate": "active", "enable": "enable"}
RAISES = ("raise", "increase", "rise")


def act(reader: ChangeReader, verb: str, rest: tuple[Token, ...]) -> Change:
    """ "cancel order 17": the one column that knows the state gets it."""
    change = reader.begun("UPDATE", rest)
    if not change.entity:
        change.doubts.append("which table?")
        return change
    found = states_called(reader, change.entity, verb)
    if len(found) == 1:
        change.assignments.append(found[0])
    elif found:
        names = " or ".join(reader.index.attribute(f).name for f, _ in found)
        change.doubts.append(f"which of {names} should change?")
    else:
        change.doubts.append("which column gets which value? For example: set the status of … to '…'")
    reader.restrict(change, rest)
    return change


def states_called(reader: ChangeReader, entity: int, word: str, *, negated: bool = False) -> list[tuple[Field, str]]:
    """(column, SQL of its value) of every state of the table's rows that is called by the word or its verb."""
    readings = [(lemma(_SAID_AS.get(word, word)), negated)]
    if word in _OPPOSED:
        readings = [(lemma(_OPPOSED[word]), not negated)]
    elif word.startswith("un") and len(word) > 5:
        readings.append((lemma(word[2:]), not negated))
    found: list[tuple[Field, str]] = []
    for base, opposed in readings:
        for attribute in reader.index.entities[entity].attributes.values():
            value = _state(reader, attribute, base, opposed=opposed)
            if value is not None:
                found.append((attribute.field, value))
    return found


def _state(reader: ChangeReader, attribute: Attribute, base: str, *, opposed: bool) -> str | None:
    if attribute.kind == "bool":
        named = base in attribute.words or root(base) in {root(w) for w in attribute.words}
        return ("false" if opposed else "true") if named and len(attribute.words) < 4 else None
    if attribute.kind != "text" or opposed:
        return None
    known = list(attribute.labels) or [v for f, v in reader.linker.known.bases().get(base, ()) if f == attribute.field]
    called = [v for v in known if lemma(v.lower()) == base]
    return literal(called[0], "text") if len(called) == 1 else None


def give_raise(reader: ChangeReader, rest: tuple[Token, ...]) -> Change:
    """ "give all employees in Sales a 5% raise", "give employee 4 a raise of 500"."""
    change = reader.begun("UPDATE", rest)
    at = next((p for p, t in enumerate(rest) if t.lower in RAISES), len(rest))
    numbers = [p for p, t in enumerate(rest) if t.kind is Kind.NUMBER and abs(p - at) <= 2 and t.unit in ("%", "$")]
    if not change.entity:
        change.doubts.append("which table?")
        return change
    pays = [
        a
        for a in reader.index.columns_like(change.entity, VERB_ATTRIBUTES["earn"])
        if a.kind == "number" and not a.identifier
    ]
    if len(pays) != 1 or not numbers:
        change.doubts.append("by how much?" if pays and not numbers else "which column should change?")
    else:
        change.assignments.append((pays[0].field, risen(pays[0], "+", rest[numbers[0]])))
    end = min([at, *numbers])
    while end and rest[end - 1].lower in ("a", "an", "the"):
        end -= 1
    reader.restrict(change, rest[:end])
    return change


def risen(attribute: Attribute, sign: str, amount: Token) -> str:
    """A column's value with an amount or a percentage added or taken off."""
    name = quote_identifier(attribute.name)
    if amount.unit != "%":
        return f"{name} {sign} {amount.value}"
    changed = f"{name} * (1 {sign} {amount.value} / 100.0)"
    return f"round({changed}, 2)" if "numeric" in attribute.type_name else changed


def whole(reader: ChangeReader, verb: str, rest: tuple[Token, ...]) -> Change:
    """ "double the price of product 3", "clear the phone of customer 5"."""
    change = reader.begun("UPDATE", rest)
    column, others = reader.column_in(rest, change.entity)
    if column is None:
        change.doubts.append("which column should change?")
        return change
    change.entity = column.relation
    attribute = reader.index.attribute(column)
    name = quote_identifier(attribute.name)
    if verb in ("clear", "empty"):
        change.assignments.append((column, "NULL"))
        if attribute.not_null:
            change.doubts.append(f"{attribute.name} cannot be empty")
    elif attribute.kind == "number" and not attribute.identifier:
        change.assignments.append((column, f"{name} * 2" if verb == "double" else f"{name} / 2"))
    else:
        change.doubts.append(f"{attribute.name} is no number")
    reader.restrict(change, others)
    return change


def move(reader: ChangeReader, rest: tuple[Token, ...]) -> Change:
    """ "move pupil 5 to house 2", "assign ticket 7 to agent 3": the one key that leads to the table named."""
    change = reader.begun("UPDATE", rest)
    to = next((p for p, t in enumerate(rest) if t.lower == "to"), len(rest))
    target = reader.begun("UPDATE", rest[to + 1 :]).entity
    number = rest[-1] if rest and rest[-1].kind is Kind.NUMBER else None
    if not change.entity or not target:
        change.doubts.append("which table?" if not change.entity else "to where?")
        return change
    keys = {e.left for e in reader.graph.between(change.entity, target) if e.to_one and e.left.relation != target}
    if target == change.entity or len(keys) != 1 or number is None:
        change.doubts.append("which column gets which value? For example: set the status of … to '…'")
    else:
        change.assignments.append((keys.pop(), number.value))
    reader.restrict(change, rest[:to])
    return change
