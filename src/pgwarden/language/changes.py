"""UPDATE, DELETE and INSERT in words. Nothing is guessed: what is not grounded becomes a question back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from pgwarden.domain.catalog import Column, quote_identifier
from pgwarden.domain.question import Condition
from pgwarden.language.draft import Draft
from pgwarden.language.expressions import literal
from pgwarden.language.forms import Block, Cond, Evidence
from pgwarden.language.generate import Generator
from pgwarden.language.index import Attribute, Field, LexicalIndex
from pgwarden.language.joins import JoinGraph
from pgwarden.language.linking import Item, Linker
from pgwarden.language.reader import read_sentence
from pgwarden.language.tokens import Kind, Token

_UPDATE = ("update", "set", "change", "modify", "increase", "decrease", "raise", "reduce", "lower", "mark",
           "rename", "edit", "correct",
           "adjust", "double", "halve", "make", "assign", "reset", "clear", "replace")  # fmt: skip
_DELETE = ("delete", "remove", "erase", "purge", "drop", "wipe", "discard")
_INSERT = ("insert", "add", "create", "register")
_ACTIONS = (
    "cancel",
    "approve",
    "reject",
    "archive",
    "deactivate",
    "activate",
    "disable",
    "enable",
    "block",
    "unblock",
    "ban",
)
"""Orders that name no column: what they mean is this database's own business, so it is asked."""
_NARROWING = frozenset(
    {"who", "that", "which", "whose", "where", "with", "without", "in", "from", "for", "of", "if", "when", "not",
     "never", "except", "older", "newer", "than", "by", "at", "on", "only", "but"}
)  # fmt: skip
"""Words that begin a condition: with none understood, "all" does not mean every row."""
_STRONG = ("update", "set", "change", "modify", "increase", "decrease", "rename")
_POLITE = (
    "please",
    "can",
    "could",
    "you",
    "would",
    "i",
    "want",
    "to",
    "need",
    "we",
    "should",
    "let's",
    "now",
    "kindly",
)


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


def change_verb(tokens: tuple[Token, ...]) -> tuple[str, int] | None:
    """(UPDATE, INSERT or DELETE, position of the verb) when the sentence orders a change."""
    at = 0
    while at < len(tokens) and tokens[at].lower in _POLITE:
        at += 1
    if at >= len(tokens):
        return None
    word = tokens[at].lower
    for kind, verbs in (("UPDATE", _UPDATE), ("DELETE", _DELETE), ("INSERT", _INSERT)):
        if word in verbs:
            return (kind, at) if _orders(kind, word, tokens[at + 1 :]) else None
    named = any(t.kind in (Kind.NUMBER, Kind.QUOTED) for t in tokens[at + 1 :])
    if word in _ACTIONS and (named or (tokens[at + 1 : at + 2] and tokens[at + 1].lower in ("the", "all", "every"))):
        return "UPDATE", at
    return None


def _orders(kind: str, verb: str, rest: tuple[Token, ...]) -> bool:
    """ "Set … to", "change … from … to": an update says a new value; "add" may only mean a sum."""
    words = [t.lower for t in rest]
    if kind == "UPDATE" and words[:1] and words[0] not in ("in", "of", "over", "by") and verb in _STRONG:
        return True
    if kind == "UPDATE":
        return any(w in ("to", "as", "=", "by", "with", "null") for w in words) or words[:1] in (
            ["clear"],
            ["double"],
            ["halve"],
        )
    return bool(words) and words[0] not in ("up",)


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
        if tokens[at].lower in _ACTIONS:
            change = Change("UPDATE", self._table_at(self.linker.link(rest), rest)[0])
            change.doubts.append("which column gets which value? For example: set the status of … to '…'")
        elif kind == "DELETE":
            change = self._delete(rest)
        elif kind == "INSERT":
            change = self._insert(rest)
        else:
            change = self._update(tokens[at], rest)
        if not change.doubts:
            change.sql = self._sql(change)
        return change

    # reading

    def _draft(self, tokens: tuple[Token, ...], main: int) -> Draft:
        draft = Draft(self.index, self.graph, self.linker, tokens, self.linker.link(tokens), self.today)
        draft.main = draft.focus = main
        draft.projecting = False
        if main:
            draft.mentioned.append(main)
        return draft

    def _conditions(self, change: Change, tokens: tuple[Token, ...]) -> None:
        draft = self._draft(tokens, change.entity)
        for item in draft.items:
            if item.lower in ("all", "every", "each", "any", "entire"):
                change.every_row = True
        read_sentence(draft)
        change.where = tuple(draft.where)
        change.evidence = draft.evidence
        change.doubts += [f"“{word}” names nothing in this database" for word in draft.evidence.unknown]
        change.doubts += [f"no value “{word}” is known" for word in draft.evidence.ungrounded]
        change.doubts += [f"unclear {doubt}" for doubt in draft.evidence.ambiguous]
        related = [t for t in draft.related if t != change.entity]
        if related or draft.limit is not None or draft.order:
            change.doubts.append("this condition is not one that a change can be based on")
        if any(score < 0.6 for score in draft.evidence.weak):
            change.doubts.append("a column was only loosely named")
        if draft.evidence.unused:
            change.doubts.append("part of the sentence was not used")
        narrowing = {t.lower for t in tokens} & _NARROWING
        if change.every_row and not change.where and narrowing:
            change.doubts.append("the rows are narrowed by words that were not understood")
        if not change.where and not change.every_row:
            change.doubts.append("which rows? Say “all” if every row is meant")

    def _table_at(self, items: list[Item], tokens: tuple[Token, ...]) -> tuple[int, int]:
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
        change.entity, _ = self._table_at(items, tokens)
        if not change.entity:
            change.doubts.append("which table?")
            return change
        if not self.index.entities[change.entity].relation.is_table:
            change.doubts.append("that is a view, not a table")
        self._conditions(change, tokens)
        return change

    def _update(self, verb: Token, tokens: tuple[Token, ...]) -> Change:
        change = Change("UPDATE")
        items = self.linker.link(tokens)
        split = self._split(items, verb.lower)
        if split is None:
            change.doubts.append("what should the new value be?")
            return change
        target, value, end = split
        table, _ = self._table_at(items, tokens)
        column = self._assigned(items, tokens, target, table, value)
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
        self._conditions(change, (*before, *after))
        return change

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
        name = quote_identifier(attribute.name)
        first = item.tokens[0]
        if first.lower in ("null", "nothing", "empty"):
            return "NULL"
        if items[target].lower == "by":
            return self._relative(verb, first, name, attribute, change)
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

    def _relative(self, verb: str, token: Token, name: str, attribute: Attribute, change: Change) -> str | None:
        if token.kind is not Kind.NUMBER or attribute.kind != "number":
            change.doubts.append("by how much?")
            return None
        sign = "+" if verb in ("increase", "raise", "update", "change", "adjust") else "-"
        if token.unit == "%":
            return (
                f"round({name} * (1 {sign} {token.value} / 100.0), 2)"
                if "numeric" in attribute.type_name
                else f"{name} * (1 {sign} {token.value} / 100.0)"
            )
        return f"{name} {sign} {token.value}"

    def _insert(self, tokens: tuple[Token, ...]) -> Change:
        change = Change("INSERT")
        items = self.linker.link(tokens)
        change.entity, at = self._table_at(items, tokens)
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

    def _sql(self, change: Change) -> str:
        generator = Generator(self.index, self.graph)
        table = generator.table(change.entity)
        if change.kind == "INSERT":
            columns = ", ".join(quote_identifier(self.index.attribute(f).name) for f, _ in change.assignments)
            return f"INSERT INTO {table} ({columns})\nVALUES ({', '.join(v for _, v in change.assignments)})"
        alias, tests = generator.row_tests(Block(change.entity, where=change.where))
        named = f"{table} {alias}" if alias else table
        where = "\nWHERE " + "\n  AND ".join(tests) if tests else ""
        if change.kind == "DELETE":
            return f"DELETE FROM {named}{where}"  # noqa: S608 - quoted names and literals of this room
        sets = ", ".join(f"{quote_identifier(self.index.attribute(f).name)} = {v}" for f, v in change.assignments)
        return f"UPDATE {named}\nSET {sets}{where}"

    def conditions(self, change: Change) -> tuple[Condition, ...]:
        """The change's filters in the intent's form."""
        from pgwarden.language.paraphrase import conditions_of

        return conditions_of(change.where, self.index)


def _must_be_given(column: Column) -> bool:
    """Whether a row cannot be inserted without saying this column."""
    return column.not_null and column.default is None and not column.identity and not column.generated
