"""A database in few words: the tables that matter, as compact definitions, within a budget of tokens."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

from pgwarden.context.disclosure import Disclosure, fenced
from pgwarden.context.ranking import rank, words_of
from pgwarden.domain.catalog import Catalog, Column, Relation, quote_identifier
from pgwarden.domain.feedback import Example
from pgwarden.domain.question import Question
from pgwarden.ports import ValueIndex

MOST_EXAMPLES = 5
LONGEST_COMMENT = 120
QUESTION, WORDS, EXAMPLES, SCHEMA, EARLIER = "question", "definitions", "verified examples", "schema", "earlier turns"
TROUBLES = "what went wrong before"
MOST_TROUBLES = 5


def tokens(text: str) -> int:
    """A careful estimate of the tokens of a text, above what the providers' tokenizers make of schemas and prose: one
    for two plain letters, one for each byte of anything else."""
    letters = sum(character.isascii() and (character.isalpha() or character == " ") for character in text)
    return -(-letters // 2) + len(text.encode("utf-8", "replace")) - letters


@dataclass(frozen=True, slots=True)
class Packed:
    """Parts (label, text) in the order they are shown, and the tables in them."""

    parts: tuple[tuple[str, str], ...]
    tables: tuple[int, ...]
    left_out: int
    """Tables that did not fit."""
    examples: tuple[Example, ...] = ()
    """The verified examples that are shown."""

    def text(self, boundary: str) -> str:
        """The parts, each fenced."""
        return "\n".join(fenced(label, text, boundary) for label, text in self.parts)


def pack(
    question: Question,
    catalog: Catalog,
    values: ValueIndex,
    *,
    budget: int,
    disclosure: Disclosure,
    examples: Sequence[Example] = (),
) -> Packed:
    """The context of a question in at most ``budget`` tokens, fences included. The question itself always comes; it
    is cut when it alone is too long. ``examples`` hold no value that may not leave."""
    overhead = 70
    left = budget
    parts: list[tuple[str, str]] = []

    def take(label: str, text: str, *, cut: bool = False) -> None:
        nonlocal left
        room = left - overhead
        if cut and tokens(text) > room:
            text = _cut(text, room)
        if text and tokens(text) <= room:
            parts.append((label, text))
            left -= tokens(text) + overhead

    take(QUESTION, question.text, cut=True)
    definitions = [f"{term} = {meaning}" for term, meaning in question.glossary]
    take(WORDS, "\n".join([question.instructions, *definitions]).strip(), cut=True)
    earlier = [f"{turn.question}\n  {turn.sql}" for turn in question.history[-3:] if turn.sql]
    take(EARLIER, "\n".join(earlier))
    take(TROUBLES, "\n".join(question.troubles[:MOST_TROUBLES]))
    shown = tuple(_fitting(nearest(question.text, examples), (left - overhead) // 2))
    take(EXAMPLES, "\n".join(_line(example) for example in shown))
    said = " ".join([question.text, question.instructions, *definitions, *earlier])
    lines, tables = [], []
    ranked = rank(said, catalog, values, [example.sql for example in examples])
    left -= overhead
    for relation in ranked:
        line = definition(relation, catalog, values, disclosure)
        if tokens(line) + 1 > left:
            line = definition(relation, catalog, values, disclosure, brief=True)
        if tokens(line) + 1 <= left:
            lines.append(line)
            tables.append(relation.oid)
            left -= tokens(line) + 1
    if lines:
        parts.append((SCHEMA, "\n".join(lines)))
    return Packed(tuple(parts), tuple(tables), len(ranked) - len(tables), shown)


def _fitting(examples: Sequence[Example], room: int) -> Iterator[Example]:
    """As many examples as the room takes, the best first."""
    for example in examples:
        room -= tokens(_line(example)) + 1
        if room >= 0:
            yield example


def _line(example: Example) -> str:
    """An example on a line, with its SQL on the next."""
    return f"{' '.join(example.question.split())}\n  {example.sql}"


def nearest(text: str, examples: Sequence[Example]) -> tuple[Example, ...]:
    """The examples most like a question, best first, at most five; none that share fewer than two words with it.

    A word counts the more the fewer of the examples have it, so that "what is the name of" tells nothing; and a long
    example gains nothing by having many words.
    """
    wanted = frozenset(words_of(text))
    known = [(frozenset(words_of(example.question)), example) for example in examples]
    held = Counter(word for words, _ in known for word in words)
    ranked = [
        (_weight(wanted & words, held, len(known)) / (1 + _weight(wanted | words, held, len(known))), example)
        for words, example in known
        if len(wanted & words) > 1
    ]
    ranked.sort(key=lambda pair: -pair[0])
    return tuple(example for _, example in ranked[:MOST_EXAMPLES])


def _weight(words: Iterable[str], held: Mapping[str, int], count: int) -> float:
    return sum(log(1 + count / (0.5 + held.get(word, 0))) for word in words)


def definition(
    relation: Relation, catalog: Catalog, values: ValueIndex, disclosure: Disclosure, *, brief: bool = False
) -> str:
    """One table on a few lines: columns with types, keys, comments, values where they may be shown."""
    columns = [c for c in relation.columns if c.selectable]
    if brief:
        return f"{relation.name}({', '.join(quote_identifier(c.name) for c in columns)})"
    lines = [f"{relation.name}(" + (f"  -- {_said(relation.comment)}" if relation.comment else "")]
    lines += [f"  {_column(relation, column, catalog, values, disclosure)}" for column in columns]
    return "\n".join([*lines, *(f"  {key}" for key in _keys(relation, catalog)), ")"])


def _column(relation: Relation, column: Column, catalog: Catalog, values: ValueIndex, disclosure: Disclosure) -> str:
    notes = [_said(column.comment)] if column.comment else []
    kind = catalog.types.get(column.type_oid)
    if kind is not None and kind.labels:
        notes.append("one of " + _listed(kind.labels[:20]))
    elif shown := disclosure.values(catalog, relation, column, values.values(relation.oid, column.number)):
        notes.append("e.g. " + _listed(shown))
    return f"{quote_identifier(column.name)} {column.type_name}" + (f"  -- {'; '.join(notes)}" if notes else "")


def _keys(relation: Relation, catalog: Catalog) -> Iterator[str]:
    def named(of: Relation, numbers: Sequence[int]) -> str:
        return ", ".join(quote_identifier(c.name) for n in numbers if (c := of.column_at(n)) and c.selectable)

    if relation.primary_key and (own := named(relation, relation.primary_key.columns)):
        yield f"primary key ({own})"
    for key in relation.foreign_keys:
        other = catalog.relations.get(key.foreign_oid)
        if other is not None and other.selectable and (own := named(relation, key.columns)):
            yield f"({own}) references {other.name}({named(other, key.foreign_columns)})"
    for join in catalog.inferred_joins:
        other = catalog.relations.get(join.foreign_oid)
        if join.relation_oid == relation.oid and other is not None and other.selectable:
            own, far = named(relation, (join.column,)), named(other, (join.foreign_column,))
            if own and far:
                yield f"({own}) probably joins {other.name}({far})"


def _said(comment: str) -> str:
    return " ".join(comment.split())[:LONGEST_COMMENT]


def _listed(shown: Sequence[str]) -> str:
    return ", ".join(json.dumps(value, ensure_ascii=False) for value in shown)


def _cut(text: str, room: int) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens(text[:middle]) <= room else (low, middle - 1)
    return text[:low]
