"""Defined metrics ("margin = (revenue - cost) / revenue") and predicates ("active means status = 'active'") → forms."""

from __future__ import annotations

import re

from pgwarden.language.conditions import add
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Binary, Col, Compare, Cond, Expr, Number, Ratio, fields_of
from pgwarden.language.glossary import Definition, parts_of
from pgwarden.language.reader import read_side
from pgwarden.language.tokens import tokenize

_TEST = re.compile(r"^(?:(\w+)\.)?(\w+)\s*(=|<>|!=|>=|<=|>|<)\s*(.+)$")


def metric(draft: Draft, definition: Definition) -> Expr | None:
    """The expression of a formula, or None when one of its measures is not in the database."""
    parts = parts_of(definition.meaning)
    reader = _Formula(draft, parts)
    expression = reader.sum()
    return expression if reader.at == len(parts) else None


class _Formula:
    """Recursive descent over ``+ - * /`` and parentheses; leaves are phrases read like small questions."""

    def __init__(self, draft: Draft, parts: list[str | tuple[str, ...]]) -> None:
        self.draft, self.parts, self.at = draft, parts, 0

    def _peek(self) -> str | tuple[str, ...] | None:
        return self.parts[self.at] if self.at < len(self.parts) else None

    def sum(self) -> Expr | None:
        left = self.product()
        while left is not None and self._peek() in ("+", "-"):
            operator = str(self._peek())
            self.at += 1
            right = self.product()
            left = Binary(operator, left, right) if right is not None else None
        return left

    def product(self) -> Expr | None:
        left = self.leaf()
        while left is not None and self._peek() in ("*", "/"):
            operator = str(self._peek())
            self.at += 1
            right = self.leaf()
            if right is None:
                return None
            left = Ratio(left, right) if operator == "/" else Binary("*", left, right)
        return left

    def leaf(self) -> Expr | None:
        part = self._peek()
        if part == "(":
            self.at += 1
            inner = self.sum()
            if self._peek() == ")":
                self.at += 1
            return inner
        if not isinstance(part, tuple):
            return None
        self.at += 1
        text = " ".join(part)
        if re.fullmatch(r"\d+(\.\d+)?%?", text):
            return Number(text.rstrip("%"))
        return self._measure(text)

    def _measure(self, text: str) -> Expr | None:
        tokens = tuple(t for t in tokenize(text) if t.text not in (".", ","))
        side = read_side(self.draft, tokens, self.draft.main)
        found = next((e for e in side.select), None)
        if isinstance(found, Agg) and found.over is None and not found.entity and side.main:
            found = Agg("count", None, side.main, found.distinct)
        if found is None:
            return None
        for oid in side.mentioned:
            if oid not in self.draft.mentioned:
                self.draft.mentioned.append(oid)
        relations = sorted(f.relation for f in fields_of(found))
        if not self.draft.main:
            self.draft.main = relations[0] if relations else side.main
        if isinstance(found, Agg) and side.where:
            return Agg(found.function, found.over, found.entity or side.main, found.distinct, tuple(side.where))
        return found


def predicate(draft: Draft, text: str) -> bool:
    """Adds the conditions of a predicate ("status = 'active' and age > 30"); False when a column is not found."""
    conditions: list[Cond] = []
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE):
        condition = _test(draft, part.strip())
        if condition is None:
            return False
        conditions.append(condition)
    for condition in conditions:
        add(draft, condition)
    return True


def _test(draft: Draft, text: str) -> Cond | None:
    found = _TEST.match(text)
    if found is None:
        return None
    table, name, operator, value = found[1], found[2], found[3], found[4].strip().strip("'\"")
    near = [t for t in dict.fromkeys([draft.main, *draft.mentioned, *draft.index.entities]) if t]
    for oid in near:
        entity = draft.entity(oid)
        if table and entity.relation.name.name.lower() != table.lower():
            continue
        for attribute in entity.attributes.values():
            if attribute.name.lower() == name.lower():
                return Compare(Col(attribute.field), "<>" if operator == "!=" else operator, (value,))
    return None
