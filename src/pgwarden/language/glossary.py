"""Definitions and rules that come with a question or belong to a database: terms, metrics, how to match text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pgwarden.domain.question import Question
from pgwarden.language.tokens import Kind, Token, tokenize


@dataclass(frozen=True, slots=True)
class Definition:
    """A term and what it stands for. ``formula`` says that the meaning is arithmetic over measures."""

    term: tuple[str, ...]
    meaning: str
    formula: bool
    predicate: str = ""
    """``column = 'value'`` when the meaning is a plain test."""


@dataclass(slots=True)
class Glossary:
    """What one call knows beyond the schema."""

    definitions: list[Definition] = field(default_factory=list)
    matching: str = "auto"
    """How text is matched when the rules say so: auto, exact, ilike, lower."""
    rules: tuple[str, ...] = ()
    """Sentences that were read as neither."""

    @classmethod
    def of(cls, question: Question, comments: Iterable[str] = ()) -> Glossary:
        """What comments define, then the database's glossary, then the call's own instructions: the last wins."""
        glossary = cls()
        for line in comments:
            glossary._line(line)
        for term, meaning in question.glossary:
            glossary._define(term, meaning)
        rest: list[str] = []
        for line in re.split(r"\n|(?<=[.;])\s+(?=[A-Z])", question.instructions):
            if line.strip() and not glossary._line(line.strip().rstrip(".")):
                rest.append(line.strip())
        glossary.rules = tuple(rest)
        glossary.matching = _matching(question.instructions)
        return glossary

    def _line(self, line: str) -> bool:
        found = re.match(
            r"^(?:the\s+)?([\w /%-]{1,60}?)\s*(?:\(([^)]*)\))?\s*(?:=|:=|means|is defined as|refers to|:)\s+(.+)$",
            line,
            re.IGNORECASE,
        )
        if not found:
            return False
        term, aside, meaning = found[1].strip(), found[2], found[3].strip()
        if len(term.split()) > 5 or term.lower().startswith(
            ("to get", "when", "if", "always", "filter", "use", "join")
        ):
            return False
        self._define(term, meaning)
        if aside and len(aside.split()) <= 6 and not re.search(r"[=<>]", aside):
            self._define(aside, meaning)
        return True

    def _define(self, term: str, meaning: str) -> None:
        words = tuple(t.lower for t in tokenize(term) if t.kind is Kind.WORD)
        if not words:
            return
        predicate = re.match(
            r"^(?:(?:[\w]+\.)?[\w]+)\s*(?:=|<>|!=|>=|<=|>|<|is\s+(?:not\s+)?null|in\s*\()",
            meaning.strip(),
            re.IGNORECASE,
        )
        is_predicate = bool(predicate) and not re.search(r"[/*+]", meaning)
        measure = re.search(r"\b(sum|count|avg|min|max)\s*\(|[/*]|\s[-+]\s", meaning, re.IGNORECASE)
        self.definitions.append(
            Definition(
                words, _plain_meaning(meaning), bool(measure) and not is_predicate, meaning if is_predicate else ""
            )
        )

    def replace(self, tokens: tuple[Token, ...]) -> tuple[tuple[Token, ...], list[Definition]]:
        """The question with its defined terms put in plain words; formulas and predicates come back beside it.

        A formula's place is taken by one word ``metric_N`` (N its position in the list).
        """
        used: list[Definition] = []
        result = list(tokens)
        last_first = list(reversed(self.definitions))
        for definition in sorted(last_first, key=lambda d: -len(d.term)):
            position = _find(result, definition.term)
            while position >= 0:
                size = len(definition.term)
                old = result[position : position + size]
                new = self._replacement(definition, old, used)
                result[position : position + size] = new
                following = position + max(1, len(new))
                position = _find(result, definition.term, following)
        return tuple(result), used

    def _replacement(self, definition: Definition, old: list[Token], used: list[Definition]) -> list[Token]:
        start, end = old[0].start, old[-1].end
        if definition.predicate:
            if definition not in used:
                used.append(definition)
            return [t for t in old if t.lower in definition.term[-1:]] if len(old) > 1 else []
        if definition.formula:
            if definition not in used:
                used.append(definition)
            name = f"metric_{used.index(definition)}"
            return [Token(name, name, name, Kind.WORD, start, end)]
        inner = [t for t in tokenize(definition.meaning) if t.text not in (".", ";")]
        return [Token(t.text, t.lower, t.lemma, t.kind, start, end, t.value, t.unit) for t in inner][:12]


def defined_in(comments: Iterable[str]) -> tuple[str, ...]:
    """The definitions in comments: lines such as ``Term: active members means is_active`` or ``Metric: x = sum(y)``."""
    lines = (line for comment in comments for line in comment.splitlines())
    found = (re.match(r"\s*(?:term|metric|glossary)\s*:\s*(.+)", line, re.IGNORECASE) for line in lines)
    return tuple(match[1].strip().rstrip(".") for match in found if match)


def _plain_meaning(meaning: str) -> str:
    """A meaning without what the question says itself ("for the given period", "in the past month")."""
    text = re.split(r",\s*(?:which|that|where)\b|\.\s", meaning)[0]
    text = re.sub(r"\((?:for|in|over)\b[^)]*\)", "", text)
    return re.sub(
        r"\s+(?:in|over|during|for)\s+(?:the|a)\s+(?:given|past|last|previous|first|second|third|fourth|same|specified|selected)\b.*$",
        "",
        text,
    ).strip()


def _find(tokens: list[Token], term: tuple[str, ...], start: int = 0) -> int:
    size = len(term)
    for position in range(start, len(tokens) - size + 1):
        window = tokens[position : position + size]
        if all(_same(token, word) for token, word in zip(window, term, strict=True)):
            return position
    return -1


def _same(token: Token, word: str) -> bool:
    return token.kind is Kind.WORD and (token.lower == word or token.lemma == word or token.lower == word + "s")


def _matching(instructions: str) -> str:
    """The way of matching text that the rules ask for; exact and loose at once leave it to the engine."""
    text = instructions.lower()
    loose = bool(re.search(r"ilike|wildcard|partial|percent sign|substring", text))
    exact = bool(re.search(r"exact", text))
    insensitive = bool(re.search(r"case.?insensitiv", text))
    if loose and not exact:
        return "ilike"
    if exact and not loose and not insensitive:
        return "exact"
    return "lower" if insensitive and not exact else "auto"


def parts_of(meaning: str) -> list[str | tuple[str, ...]]:
    """A formula cut into operators ("+", "-", "*", "/", "(", ")") and phrases, in order.

    Parentheses right after sum, count, avg, min or max belong to the phrase.
    """
    parts: list[str | tuple[str, ...]] = []
    phrase: list[str] = []
    depth = 0
    for piece in re.findall(r"\w+\s*\((?=[^()]*\))|[()+*/]|\s-\s|[^\s()+*/]+", meaning):
        text = piece.strip()
        call = re.match(r"^(\w+)\s*\($", text)
        if call and call[1].lower() in _CALLS:
            phrase.append(_CALLS[call[1].lower()])
            depth += 1
        elif call:
            phrase.append(call[1])
            depth += 1
        elif text == ")" and depth:
            depth -= 1
        elif text in ("+", "*", "/", "-", "(", ")"):
            if phrase:
                parts.append(tuple(phrase))
                phrase = []
            parts.append(text)
        else:
            phrase.append(text)
    if phrase:
        parts.append(tuple(phrase))
    return parts


_CALLS = {
    "sum": "total",
    "count": "number of",
    "avg": "average",
    "min": "minimum",
    "max": "maximum",
    "distinct": "distinct",
}


def words_of(definitions: Iterable[Definition]) -> frozenset[str]:
    """Every word of every defined term."""
    return frozenset(word for definition in definitions for word in definition.term)
