"""Words → meanings: the best cut of a sentence into schema names, values, numbers and plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise

from pgwarden.language.index import LexicalIndex, Link
from pgwarden.language.lexicon import FILLER, OPENERS, PEOPLE, RELATION_VERBS, UNITS
from pgwarden.language.morphology import lemma
from pgwarden.language.naming import segment
from pgwarden.language.stored_values import StoredValues, ValueLink, plain
from pgwarden.language.tokens import Kind, Token
from pgwarden.ports import ValueIndex


@dataclass(slots=True)
class Item:
    """A run of tokens with what it can mean. Plain words have no links."""

    tokens: tuple[Token, ...]
    start: int
    tables: tuple[Link, ...] = ()
    columns: tuple[Link, ...] = ()
    values: tuple[ValueLink, ...] = ()
    used: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.tokens)

    @property
    def text(self) -> str:
        return " ".join(t.text for t in self.tokens).replace(" 's", "'s")

    @property
    def lower(self) -> str:
        return self.tokens[0].lower if len(self.tokens) == 1 else " ".join(t.lower for t in self.tokens)

    @property
    def lemma(self) -> str:
        return self.tokens[0].lemma if len(self.tokens) == 1 else " ".join(t.lemma for t in self.tokens)

    @property
    def kind(self) -> Kind:
        return self.tokens[0].kind

    @property
    def quoted(self) -> bool:
        return self.kind is Kind.QUOTED

    @property
    def number(self) -> bool:
        return self.kind is Kind.NUMBER

    @property
    def linked(self) -> bool:
        return bool(self.tables or self.columns or self.values)

    @property
    def named(self) -> bool:
        return bool(self.tables or self.columns)

    def table_score(self) -> float:
        return self.tables[0].score if self.tables else 0.0

    def column_score(self) -> float:
        return self.columns[0].score if self.columns else 0.0


_INNER = frozenset({"of", "the", "in", "on"})
_NEVER = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "from",
        "by",
        "with",
        "and",
        "or",
        "not",
        "no",
        "is",
        "are",
        "was",
        "were",
        "be",
        "that",
        "which",
        "who",
        "whom",
        "whose",
        "what",
        "where",
        "when",
        "how",
        "many",
        "much",
        "any",
        "some",
        "every",
        "each",
        "there",
        "their",
        "his",
        "her",
        "its",
        "it",
        "they",
        "them",
        "he",
        "she",
        "i",
        "me",
        "my",
        "we",
        "our",
        "you",
        "your",
        "this",
        "these",
        "those",
        "please",
        "have",
        "has",
        "had",
        "do",
        "does",
        "did",
        "most",
        "least",
        "more",
        "less",
        "than",
        "both",
        "either",
        "only",
        "all",
        "as",
        "if",
        "then",
        "also",
        "so",
        "into",
        "over",
        "under",
        "above",
        "below",
        "between",
        "about",
        "per",
    ]
)
_STRUCTURE = frozenset(
    [
        "show",
        "list",
        "find",
        "return",
        "display",
        "give",
        "tell",
        "get",
        "order",
        "ordered",
        "sort",
        "sorted",
        "ordering",
        "sorting",
        "average",
        "total",
        "number",
        "count",
        "highest",
        "lowest",
        "maximum",
        "minimum",
        "different",
        "distinct",
        "unique",
        "first",
        "last",
        "top",
        "name",
    ]
)


def _of_period(following: Sequence[Token]) -> bool:
    """Whether a "last" before these tokens opens a period ("last month", "last 3 weeks") and names no column."""
    ahead = following[1:] if following and following[0].kind is Kind.NUMBER else following
    return bool(ahead) and ahead[0].lemma in UNITS


@dataclass(slots=True)
class Linker:
    """Links tokens over one index; keeps what it learned about single phrases."""

    index: LexicalIndex
    values: ValueIndex
    known: StoredValues = field(init=False)
    _spelling: dict[str, str | None] = field(default_factory=dict)
    _vocabulary: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known = StoredValues(self.index, self.values)

    def link(self, tokens: Sequence[Token]) -> list[Item]:
        """The best segmentation: longer and closer matches win, ties go to the left."""
        size = len(tokens)
        best: list[tuple[float, Item | None, int]] = [(0.0, None, 0)] * (size + 1)
        best[size] = (0.0, None, size)
        for start in range(size - 1, -1, -1):
            options: list[tuple[float, Item | None, int]] = [(best[start + 1][0], None, start + 1)]
            for length in range(1, min(6, size - start) + 1):
                item = self._item(tokens, start, length)
                if item is not None:
                    options.append((self._gain(item) + best[start + length][0], item, start + length))
            best[start] = max(options, key=lambda option: (option[0], option[2]))
        items, position = list[Item](), 0
        while position < size:
            _, item, following = best[position]
            items.append(item or Item((tokens[position],), position))
            position = following
        return _without_appositions(items)

    def _gain(self, item: Item) -> float:
        words = sum(1 for t in item.tokens if t.lower not in _NEVER and t.lower != "'s")
        if item.values and not item.named and item.tokens[0].lower in _NEVER:
            words = len(item.tokens)  # "in repair" as one value
        names = max(item.table_score(), item.column_score() * 0.98)
        value = item.values[0].score if item.values else 0.0
        if item.quoted:
            return 2.0
        best = max(names, value * 0.9 + (0.15 if item.tokens[0].capital and item.start else 0.0))
        return best * float(words ** (1.35 if best >= 0.7 else 0.5)) - 0.05

    def _item(self, tokens: Sequence[Token], start: int, length: int) -> Item | None:
        span = tuple(tokens[start : start + length])
        first, last = span[0], span[-1]
        if first.kind is Kind.QUOTED:
            return Item(span, start, values=self.known.links(first.value, quoted=True)) if length == 1 else None
        if any(t.kind is Kind.QUOTED or t.kind is Kind.DATE for t in span):
            return None
        if first.lower in _NEVER or last.lower in _NEVER or last.lower in ("'s", ",", ":", "."):
            named = first.capital and last.capital
            return self._value_only(span, start) if length > 1 and (named or self._stored_as_said(span)) else None
        if any(t.kind is Kind.MARK and t.lower not in ("'s", "-", "/") for t in span):
            return None
        opens = last.lower in ("last", "past", "next", "previous")
        if opens and _of_period(tokens[start + length : start + length + 2]):
            return None
        if all(t.kind is Kind.NUMBER for t in span):
            return None
        item = Item(span, start)
        item.values = self._span_values(span)
        if not any(t.kind is Kind.MARK for t in span):
            self._name(item, span)
        return item if item.linked else None

    def _stored_as_said(self, span: tuple[Token, ...]) -> bool:
        """Whether just these words are a value, though they begin with a preposition: "in repair", "on hold"."""
        return len(span) <= 3 and plain(" ".join(t.text for t in span)) in self.known.stored()

    def _value_only(self, span: tuple[Token, ...], start: int) -> Item | None:
        values = self._span_values(span)
        return Item(span, start, values=values) if values else None

    def _name(self, item: Item, span: tuple[Token, ...]) -> None:
        words: list[str] = []
        for position, token in enumerate(span):
            if token.lower in _INNER and 0 < position < len(span) - 1:
                continue
            if token.lower in _NEVER or (token.kind is Kind.NUMBER and len(span) == 1):
                return
            words += self._forms(token)
        key = tuple(words)
        told = len(span) > 1 and span[-1].lower.endswith("ed") and span[-1].lemma in RELATION_VERBS
        deed = told and not self.index.knows(span[-1].lower)  # "which shop ordered": no table of shop orders
        item.tables = self.index.tables(key) if len(key) <= 4 and not deed else ()
        item.columns = self.index.columns(key)
        if len(span) > 1 and span[0].lower in ("number", "count") and span[1].lower == "of":
            item.columns = tuple(c for c in item.columns if self._counts(c))
        if len(key) == 2 and not item.linked and self.index.knows(joined := key[0] + key[1]):
            item.tables, item.columns = self.index.tables((joined,)), self.index.columns((joined,))
        if len(span) == 1 and not item.linked:
            self._derived(item, span[0])

    def _counts(self, link: Link) -> bool:
        """Whether a column may be "the number of X": a number that identifies nothing."""
        attribute = self.index.attribute(link.field)
        return attribute.kind == "number" and not attribute.identifier

    def _forms(self, token: Token) -> list[str]:
        if token.kind is Kind.NUMBER:
            return [token.value]
        lower = token.lower.replace("'", "")
        if self.index.knows(lower):
            return [lower]
        base = lemma(lower.replace("-", ""))
        if self.index.knows(base):
            return [base]
        if "-" in lower or "_" in lower:
            return [lemma(p) for p in lower.replace("_", "-").split("-") if p]
        pieces = segment(token.lemma, self.index.vocabulary) if len(token.lemma) > 6 else ()
        return list(pieces) if len(pieces) > 1 and all(self.index.knows(p) for p in pieces) else [token.lemma]

    def _derived(self, item: Item, token: Token) -> None:
        """Words of one family (director, directed), then misspelled ones."""
        if token.lower in FILLER or token.lower in OPENERS or token.lemma in RELATION_VERBS or len(token.lower) < 4:
            return
        agent = token.lemma.endswith(("er", "or"))  # a publisher is no year of publishing
        for word in self.index.family(token.lemma):
            tables = tuple(Link(t.relation, 0, t.score * 0.72) for t in self.index.tables((word,)) if t.score > 0.9)
            columns = tuple(
                Link(c.relation, c.column, c.score * 0.8) for c in self.index.columns((word,)) if c.score > 0.7
            )
            if agent:
                columns = tuple(c for c in columns if self.index.attribute(c.field).kind == "text")
            item.tables, item.columns = item.tables + tables, item.columns + columns
        if item.linked or token.lemma in PEOPLE or self._span_values((token,)):
            return
        near = self._respell(token.lemma)
        if near is not None:
            item.tables = tuple(Link(t.relation, 0, t.score * 0.8) for t in self.index.tables((near,)))
            respelled = (Link(c.relation, c.column, c.score * 0.8) for c in self.index.columns((near,)))
            item.columns = tuple(c for c in respelled if not agent or self.index.attribute(c.field).kind == "text")

    def _respell(self, word: str) -> str | None:
        if word not in self._spelling:
            close = (
                [w for w in self.index.words() if abs(len(w) - len(word)) <= 2 and w[:2] == word[:2] and len(w) > 4]
                if len(word) > 4
                else []
            )
            ranked = sorted(((SequenceMatcher(None, word, w).ratio(), w) for w in close), reverse=True)
            self._spelling[word] = ranked[0][1] if ranked and ranked[0][0] >= 0.84 else None
        return self._spelling[word]

    # values

    def _span_values(self, span: tuple[Token, ...]) -> tuple[ValueLink, ...]:
        if len(span) > 5 or all(t.lower in _NEVER or t.lower in _STRUCTURE for t in span):
            return ()
        if len(span) == 1 and (span[0].lower in FILLER or len(span[0].lower) < 2) and not span[0].capital:
            stored = span[0].lower in _STATES and span[0].lower in self.known.stored()
            return self.known.links(span[0].text) if stored else ()
        text = span[0].text
        for before, token in pairwise(span):
            text += ("" if token.start == before.end else " ") + token.text
        return self.known.links(text, loose=self._may_be_loose(span))

    def _may_be_loose(self, span: tuple[Token, ...]) -> bool:
        """Whether a near miss may count: a name in capitals, or one word that means nothing else."""
        if span[0].capital and span[0].start:
            return len(span) <= 3 and all(t.capital for t in (span[0], span[-1]))
        word = span[0]
        unknown = not self.index.knows(word.lemma) and word.lemma not in RELATION_VERBS and word.lower not in FILLER
        return len(span) == 1 and unknown and len(word.lower) > 4 and word.lower not in OPENERS


_STATES = frozenset({"available", "current", "complete", "full", "partial", "simple", "existing", "single", "missing"})
"""Words that mostly mean nothing ("all available rooms"), unless a column holds just them."""
_CREWS = frozenset({"staff", "crew", "faculty", "personnel", "team", "board"})


def _without_appositions(items: list[Item]) -> list[Item]:
    """ "staff member": the second word only says that one of them is meant."""
    for before, item in pairwise(items):
        crew = before.linked and before.lemma in _CREWS and before.end == item.start
        if crew and item.lemma == "member" and item.table_score() < 1.0:
            item.tables, item.columns, item.values, item.used = (), (), (), True
    return items
