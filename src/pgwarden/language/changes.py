"""UPDATE, DELETE and INSERT in words. Nothing is guessed: what is not grounded becomes a question back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from pgwarden.domain.catalog import Column, quote_identifier
from pgwarden.language.actions import act, give_raise, move, risen, states_called, whole
from pgwarden.language.change_verbs import ACTIONS, MOVES, NARROWING, WHOLE, change_verb
from pgwarden.language.draft import Draft
from pgwarden.language.expressions import literal
from pgwarden.language.forms import Block, Cond, Evidence, fields_of
from pgwarden.language.generate import Generator
from pgwarden.language.index import Attribute, Field, LexicalIndex
from pgwarden.language.joins import JoinGraph
from pgwarden.language.linking import Item, Linker
from pgwarden.language.reader import read_sentence
from pgwarden.language.tokens import Kind, Token


@dataclass(slots=True)
class Change:
    """A change as read. ``doubts`` not empty means it must not be offered for approval yet."""

    kind: str
    entity: int = 0
    assignments: list[tuple[Field, str]] = field(default_factory=list)
    """(column, SQL of the new value)."""
    where: tuple[Cond, ...] = ()
    every_row: bool = False
    doubts: list[str] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)
    sql: str = ""
    bound_sql: str = ""
    """The same with $1, $2, … for the values in ``parameters``."""
    parameters: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ChangeReader:
    """Reads one change over one database."""

    index: LexicalIndex
    graph: JoinGraph
    linker: Linker
    today: date | None = None

    def read(self, tokens: tuple[Token, ...]) -> Change | None:
        found = change_verb(tokens)
        if found is None:
            return None
        kind, at = found
        rest = tokens[at + 1 :]
        verb = tokens[at].lower
        if verb in ACTIONS:
            change = act(self, verb, rest)
        elif verb in WHOLE:
            change = whole(self, verb, rest)
        elif verb in MOVES:
            change = move(self, rest)
        elif verb == "give":
            change = give_raise(self, rest)
        elif kind == "DELETE":
            change = self._delete(rest)
        elif kind == "INSERT":
            change = self._insert(rest)
        else:
            change = self._update(tokens[at], rest)
        if not change.doubts:
            change.sql = self._sql(change)
            change.bound_sql = self._sql(change, change.parameters)
        return change

    # reading

    def begun(self, kind: str, tokens: tuple[Token, ...]) -> Change:
        """A change of the first table named, 0 when none is."""
        change = Change(kind, self.table_at(self.linker.link(tokens), tokens)[0])
        if change.entity and not self.index.entities[change.entity].relation.is_table:
            change.doubts.append("that is a view, not a table")
        return change

    def column_in(self, tokens: tuple[Token, ...], table: int) -> tuple[Field | None, tuple[Token, ...]]:
        """The first column named, of the table if one is given, and the tokens without its name."""
        items = self.linker.link(tokens)
        draft = self._draft(tokens, table)
        for item in items:
            ranked = [link for _, link in draft.rank_columns(item, table) if not table or link.relation == table]
            if ranked and ranked[0].score >= 0.7 and not (item.tables and item.table_score() >= item.column_score()):
                return ranked[0].field, tuple(t for i in items if i is not item for t in i.tokens)
        return None, tokens

    def _draft(self, tokens: tuple[Token, ...], main: int) -> Draft:
        draft = Draft(self.index, self.graph, self.linker, tokens, self.linker.link(tokens), self.today)
        draft.main = draft.focus = main
        draft.projecting = False
        if main:
            draft.mentioned.append(main)
        return draft

    def restrict(self, change: Change, tokens: tuple[Token, ...]) -> None:
        draft = self._draft(tokens, change.entity)
        for item in draft.items:
            if item.lower in ("all", "every", "each", "any", "entire", "everything", "everyone", "everybody"):
                change.every_row = True
        read_sentence(draft)
        change.where = tuple(draft.where)
        change.evidence = draft.evidence
        change.doubts += [f"“{word}” names nothing in this database" for word in draft.evidence.unknown]
        change.doubts += [f"no value “{word}” is known" for word in draft.evidence.ungrounded]
        change.doubts += [f"nothing is called {word}" for word in draft.evidence.misspelled]
        change.doubts += [f"unclear {doubt}" for doubt in draft.evidence.ambiguous]
        told = {f.relation for c in draft.where for f in fields_of(c)} | {change.entity}
        related = [t for t in draft.related if t not in told]
        if related or draft.limit is not None or draft.order:
            change.doubts.append("this condition is not one that a change can be based on")
        if any(score < 0.6 for score in draft.evidence.weak):
            change.doubts.append("a column was only loosely named")
        if draft.evidence.unused:
            change.doubts.append("part of the sentence was not used")
        if _price_or_cost(tokens) and {"price", "cost"} <= self._words_of(change.entity):
            change.doubts.append("is the cost or the price meant?")
        narrowing = {t.lower for t in tokens} & NARROWING
        if [t.lower for t in tokens[:2]] == ["everything", "from"] and len(tokens) < 5:
            narrowing.clear()
        if change.every_row and not change.where and narrowing:
            change.doubts.append("the rows are narrowed by words that were not understood")
        if not change.where and not change.every_row:
            change.doubts.append("which rows? Say “all” if every row is meant")

    def _words_of(self, entity: int) -> set[str]:
        return {word for a in self.index.entities[entity].attributes.values() for word in a.words}

    def table_at(self, items: list[Item], tokens: tuple[Token, ...]) -> tuple[int, int]:
        """The first table named, and the position of its item."""
        draft = self._draft(tokens, 0)
        for position, item in enumerate(items):
            table = draft.table(position)
            if table and item.table_score() > 0.75:
                return table, position
        return 0, -1

    def _delete(self, tokens: tuple[Token, ...]) -> Change:
        change = Change("DELETE")
        items = self.linker.link(tokens)
        change.entity, _ = self.table_at(items, tokens)
        if not change.entity:
            change.doubts.append("which table?")
            return change
        if not self.index.entities[change.entity].relation.is_table:
            change.doubts.append("that is a view, not a table")
        self.restrict(change, tokens)
        return change

    def _update(self, verb: Token, tokens: tuple[Token, ...]) -> Change:
        change = Change("UPDATE")
        tokens = _set_first(tokens)
        items = self.linker.link(tokens)
        split = self._split(items, verb.lower)
        if split is None:
            change.doubts.append("what should the new value be?")
            return change
        target, value, end = split
        table, _ = self.table_at(items, tokens)
        column = self._assigned(items, tokens, target, table, value)
        if column is None and verb.lower == "rename" and table:
            column = self._called(table)
        if column is None and table and (state := self._state_said(items, value, table)) is not None:
            change.entity, end = table, state[1]
            change.assignments.append(state[0])
            outside = (*items[:target], *items[end:])
            self.restrict(change, tuple(t for item in outside for t in item.tokens))
            return change
        if column is None:
            change.doubts.append("which column should change?")
            return change
        change.entity = column.relation
        if not self.index.entities[change.entity].relation.is_table:
            change.doubts.append("that is a view, not a table")
        text = self._new_value(verb.lower, items, target, value, column, change)
        if text is not None:
            change.assignments.append((column, text))
        named = [i for i, item in enumerate(items) if self._names(item, column)]
        drop = set(items[named[0]].tokens) if named and named[0] < end else set[Token]()
        before = [t for item in items[:target] for t in item.tokens if t not in drop]
        after = [t for item in items[end:] for t in item.tokens]
        self.restrict(change, (*before, *after))
        return change

    def _called(self, table: int) -> Field | None:
        """The one text that a table's rows are called by."""
        shown = self.index.entities[table].display
        fields = [Field(table, number) for number in shown]
        return fields[0] if len(fields) == 1 and self.index.attribute(fields[0]).kind == "text" else None

    def _state_said(self, items: list[Item], value: int, table: int) -> tuple[tuple[Field, str], int] | None:
        """ "mark fine 7 as settled", "as not excused": the one yes/no column or value called so, and where it ends."""
        negated = items[value].lower == "not" and value + 1 < len(items)
        at = value + negated
        found = states_called(self, table, items[at].lower, negated=negated)
        return (found[0], at + 1) if len(found) == 1 else None

    def _names(self, item: Item, column: Field) -> bool:
        return any(link.field == column and link.score >= 0.6 for link in item.columns)

    def _split(self, items: list[Item], verb: str) -> tuple[int, int, int] | None:
        """Positions of the word before the value ("to"), of the value, and of what follows it."""
        markers = (
            ("to", "=", "as") if verb not in ("increase", "decrease", "raise", "reduce", "lower") else ("by", "to")
        )
        relative = verb in ("increase", "decrease", "raise", "reduce", "lower")
        for position, item in enumerate(items):
            if relative and item.lower == "by" and not (position + 1 < len(items) and items[position + 1].number):
                continue
            if item.lower in markers and position + 1 < len(items) and position > 0:
                value = position + 1
                while value < len(items) and items[value].lower in ("be", "the", "a", "an"):
                    value += 1
                if value < len(items):
                    return position, value, value + 1
        return None

    def _assigned(
        self, items: list[Item], tokens: tuple[Token, ...], target: int, table: int, value: int
    ) -> Field | None:
        draft = self._draft(tokens, table)
        for position in range(target):
            item = items[position]
            if not item.columns or (draft.table(position) and item.table_score() >= item.column_score()):
                continue
            ranked = [(s, link) for s, link in draft.rank_columns(item, table) if not table or link.relation == table]
            if ranked and ranked[0][1].score >= 0.7:
                return ranked[0][1].field
        if table and items[value].values:
            owned = [v for v in items[value].values if v.field.relation == table and v.score >= 0.95]
            if len({v.field for v in owned}) == 1:
                return owned[0].field
        return None

    def _new_value(
        self, verb: str, items: list[Item], target: int, value: int, column: Field, change: Change
    ) -> str | None:
        item, attribute = items[value], self.index.attribute(column)
        first = item.tokens[0]
        if first.lower in ("null", "nothing", "empty"):
            return "NULL"
        if items[target].lower == "by":
            return self._relative(verb, first, attribute, change)
        if attribute.kind == "number":
            if first.kind is Kind.NUMBER and first.unit != "%":
                return first.value
            change.doubts.append(f"{attribute.name} takes a number")
            return None
        if attribute.kind == "bool":
            if first.lower in ("true", "yes", "on", "active", "enabled"):
                return "true"
            if first.lower in ("false", "no", "off", "inactive", "disabled"):
                return "false"
            change.doubts.append(f"{attribute.name} is true or false")
            return None
        if attribute.kind == "time":
            if first.kind is Kind.DATE:
                return f"DATE '{first.value}'" if attribute.type_name == "date" else f"TIMESTAMP '{first.value}'"
            if first.lower in ("today", "now"):
                return "current_date" if attribute.type_name == "date" else "now()"
            change.doubts.append(f"{attribute.name} takes a date (YYYY-MM-DD)")
            return None
        return self._text_value(item, attribute, change)

    def _text_value(self, item: Item, attribute: Attribute, change: Change) -> str | None:
        known = next((v.value for v in item.values if v.field == attribute.field and v.score >= 0.95), None)
        text = item.tokens[0].value if item.quoted or item.number else item.text
        if attribute.labels and known is None:
            known = next((label for label in attribute.labels if label.lower() == text.lower()), None)
            if known is None:
                change.doubts.append(f"{attribute.name} is one of {', '.join(attribute.labels)}")
                return None
        if known is None and not (item.quoted or item.number or "@" in text):
            change.doubts.append(f"put the new {attribute.name} in quotes")
            return None
        return literal(known if known is not None and not item.quoted else text, "text")

    def _relative(self, verb: str, token: Token, attribute: Attribute, change: Change) -> str | None:
        if token.kind is not Kind.NUMBER or attribute.kind != "number":
            change.doubts.append("by how much?")
            return None
        sign = "+" if verb in ("increase", "raise", "update", "change", "adjust") else "-"
        return risen(attribute, sign, token)

    def _insert(self, tokens: tuple[Token, ...]) -> Change:
        change = Change("INSERT")
        items = self.linker.link(tokens)
        change.entity, at = self.table_at(items, tokens)
        if not change.entity:
            change.doubts.append("into which table?")
            return change
        position = at + 1
        while position < len(items):
            position = self._insert_pair(change, items, position)
        given = {f.column for f, _ in change.assignments}
        relation = self.index.entities[change.entity].relation
        missing = [c.name for c in relation.columns if c.number not in given and _must_be_given(c)]
        if missing:
            change.doubts.append("needed too: " + ", ".join(missing))
        if not change.assignments:
            change.doubts.append("with which values?")
        return change

    def _insert_pair(self, change: Change, items: list[Item], position: int) -> int:
        item = items[position]
        owned = [link for link in item.columns if link.relation == change.entity and link.score >= 0.7]
        if item.lower in ("named", "called"):
            entity = self.index.entities[change.entity]
            owned = [] if not entity.display else owned
            field_ = Field(change.entity, entity.display[0]) if entity.display else None
        else:
            field_ = owned[0].field if owned else None
        counted = items[position + 1].columns if item.number and position + 1 < len(items) else ()
        before = next((c.field for c in counted if c.relation == change.entity and c.score >= 0.7), None)
        if field_ is None and before is not None and self.index.attribute(before).kind == "number":
            change.assignments.append((before, item.tokens[0].value))
            return position + 2
        if field_ is None:
            if item.kind is not Kind.MARK and item.lower not in (
                "with",
                "and",
                "new",
                "a",
                "the",
                "having",
                "whose",
                "is",
                "of",
                "in",
                "for",
                "an",
            ):
                change.doubts.append(f"“{item.text}” names no column of the table")
            return position + 1
        at = position + 1
        while at < len(items) and items[at].lower in ("=", "is", "of", ":", "to", "as"):
            at += 1
        if at >= len(items):
            change.doubts.append(f"which {self.index.attribute(field_).name}?")
            return at
        text = self._new_value("set", [*items[:at], items[at]], position, at, field_, change)
        if text is not None:
            change.assignments.append((field_, text))
        return at + 1

    # writing

    def _sql(self, change: Change, parameters: list[str] | None = None) -> str:
        generator = Generator(self.index, self.graph, parameters=parameters)
        assignments = [(field_, _bound(value, parameters)) for field_, value in change.assignments]
        table = generator.table(change.entity)
        if change.kind == "INSERT":
            columns = ", ".join(quote_identifier(self.index.attribute(f).name) for f, _ in assignments)
            return f"INSERT INTO {table} ({columns})\nVALUES ({', '.join(v for _, v in assignments)})"
        alias, tests = generator.row_tests(Block(change.entity, where=change.where))
        named = f"{table} {alias}" if alias else table
        where = "\nWHERE " + "\n  AND ".join(tests) if tests else ""
        if change.kind == "DELETE":
            return f"DELETE FROM {named}{where}"  # noqa: S608 - quoted names and literals of this room
        sets = ", ".join(f"{quote_identifier(self.index.attribute(f).name)} = {v}" for f, v in assignments)
        return f"UPDATE {named}\nSET {sets}{where}"


def _price_or_cost(tokens: tuple[Token, ...]) -> bool:
    """ "that cost more than 100": the verb names neither column."""
    return any(a.lower in ("that", "which") and b.lower in ("cost", "costs") for a, b in pairwise(tokens))


_LITERAL = re.compile(r"'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)")


def _bound(value: str, parameters: list[str] | None) -> str:
    """The place of a parameter for a plain literal; other SQL stays as it is."""
    found = _LITERAL.fullmatch(value) if parameters is not None else None
    if found is None or parameters is None:
        return value
    parameters.append(found[1].replace("''", "'") if found[2] is None else found[2])
    return f"${len(parameters)}"


def _set_first(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """ "update product 3 set price = 5 where …" in the order of "set price = 5 of product 3 where …"."""
    at = next((p for p, t in enumerate(tokens) if p and t.lower == "set"), 0)
    if not at:
        return tokens
    where = next((p for p, t in enumerate(tokens) if p > at and t.lower == "where"), len(tokens))
    return (*tokens[at + 1 : where], *tokens[:at], *tokens[where:])


def _must_be_given(column: Column) -> bool:
    """Whether a row cannot be inserted without saying this column."""
    return column.not_null and column.default is None and not column.identity and not column.generated
