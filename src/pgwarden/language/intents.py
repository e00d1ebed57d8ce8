"""From an intent object to SQL: every name is found in the schema, every value fits its column, or it is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.intent_json import GivenCondition, GivenIntent
from pgwarden.domain.question import Clarification, Complexity, Intent, Option, Reading, RiskLevel
from pgwarden.language.expressions import literal
from pgwarden.language.forms import Agg, Block, Both, Col, Compare, Cond, Expr, Not
from pgwarden.language.generate import Generator, NoJoinPath
from pgwarden.language.index import Attribute, Field, LexicalIndex
from pgwarden.language.joins import JoinGraph
from pgwarden.language.paraphrase import Paraphrase, conditions_of, intent_of

ENGINE = "intent"
GROUNDED = 0.95
"""Confidence in a reading whose every name and value was found; what the caller meant may still be another thing."""
_OPERATORS = {"=": "=", "==": "=", "eq": "=", "is": "=", "!=": "<>", "<>": "<>", "ne": "<>", "<": "<", "lt": "<",
              "<=": "<=", "lte": "<=", ">": ">", "gt": ">", ">=": ">=", "gte": ">=", "like": "like",
              "ilike": "ilike", "contains": "ilike"}  # fmt: skip
_FUNCTIONS = ("count", "sum", "avg", "min", "max")
_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?")


class _Doubt(Exception):
    """A name or value that has no ground in this database."""

    def __init__(self, message: str, options: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.options = tuple(options)


@dataclass(slots=True)
class IntentReader:
    """Reads intents over one database."""

    index: LexicalIndex
    graph: JoinGraph
    _notes: list[str] = field(default_factory=list)

    def read(self, given: GivenIntent) -> Reading:
        """A reading with SQL, or one that asks back with the names that were perhaps meant."""
        self._notes = []
        try:
            return self._select(given) if given.intent_type == "SELECT" else self._change(given)
        except _Doubt as doubt:
            options = tuple(Option(name) for name in doubt.options)
            return Reading(given.question, None, 0.0, ENGINE, clarification=Clarification(doubt.message, options))
        except NoJoinPath as gap:
            names = [str(self.index.entities[oid].relation.name) for oid in (gap.left, gap.right)]
            message = f"No key connects {names[0]} with {names[1]}; name a table between them."
            return Reading(given.question, None, 0.0, ENGINE, clarification=Clarification(message))

    # reading

    def _select(self, given: GivenIntent) -> Reading:
        main, others = self._tables(given)
        shown: list[Expr] = [Col(self._field(name, main, others)) for name in given.columns]
        groups: list[Expr] = [Col(self._field(name, main, others)) for name in given.group_by]
        aggregates = [self._aggregate(function, name, main, others) for function, name in given.aggregates]
        select = [*(e for e in groups if e not in shown), *shown, *aggregates]
        group = tuple(dict.fromkeys([*groups, *shown])) if aggregates else tuple(groups)
        block = Block(
            main,
            tuple(select),
            self._where(given, main, others),
            group,
            order=tuple((self._ordered(name, aggregates, main, others), down) for name, down in given.order_by),
            limit=given.limit,
        )
        sql = Generator(self.index, self.graph, via=frozenset(others)).sql(block)
        said = Paraphrase(self.index).block(block)
        intent = intent_of(block, self.index)
        return Reading(given.question, sql, GROUNDED, ENGINE, intent, said, assumptions=tuple(self._notes))

    def _aggregate(self, function: str, name: str, main: int, others: list[int]) -> Agg:
        if function not in _FUNCTIONS:
            raise _Doubt(f"{function!r} is no aggregate that can be used here.", _FUNCTIONS)
        if not name or name == "*":
            if function != "count":
                raise _Doubt(f"{function} of which column?", self._columns(main))
            return Agg("count", None, main)
        column = self._field(name, main, others)
        attribute = self.index.attribute(column)
        if function in ("sum", "avg") and attribute.kind != "number":
            raise _Doubt(f"{attribute.name} holds no numbers, so it has no {function}.", self._numbers(main))
        return Agg(function, Col(column))

    def _ordered(self, name: str, aggregates: list[Agg], main: int, others: list[int]) -> Expr:
        """What to sort by: an aggregate by its function's name, else a column."""
        by_function = [a for a in aggregates if name.lower() in (a.function, f"aggregate:{a.function}")]
        return by_function[0] if by_function else Col(self._field(name, main, others))

    # changing

    def _change(self, given: GivenIntent) -> Reading:
        main, others = self._tables(given)
        if not self.index.entities[main].relation.is_table:
            raise _Doubt("That is a view, not a table; name the table behind it.")
        if given.intent_type != "DELETE" and not given.values:
            raise _Doubt("Which columns get which values? Give them as values.", self._columns(main))
        pairs = [self._assignment(name, value, main) for name, value in given.values.items()]
        where = self._where(given, main, others)
        if given.intent_type != "INSERT" and not where and not given.all_rows:
            raise _Doubt("Which rows? Give conditions, or all_rows: true when every row is meant.")
        sql = self._sql(given, main, pairs, where)
        table = self.index.entities[main].relation.name.name
        operations = (given.intent_type.lower(), *(f"set:{name}" for name, _ in pairs))
        intent = Intent(
            given.intent_type, (table,), operations, conditions_of(where, self.index),
            Complexity.SIMPLE, RiskLevel.MEDIUM if where or given.intent_type == "INSERT" else RiskLevel.HIGH,
        )  # fmt: skip
        said = self._said(given, table, pairs, where)
        return Reading(given.question, sql, GROUNDED, ENGINE, intent, said, assumptions=tuple(self._notes))

    def _assignment(self, name: str, value: Any, main: int) -> tuple[str, str]:
        attribute = self.index.attribute(self._field(name, main, []))
        if value is None:
            return attribute.name, "NULL"
        return attribute.name, literal(self._value(attribute, value), attribute.kind)

    def _sql(self, given: GivenIntent, main: int, pairs: list[tuple[str, str]], where: tuple[Cond, ...]) -> str:
        generator = Generator(self.index, self.graph)
        table = generator.table(main)
        if given.intent_type == "INSERT":
            columns = ", ".join(quote_identifier(name) for name, _ in pairs)
            return f"INSERT INTO {table} ({columns})\nVALUES ({', '.join(value for _, value in pairs)})"
        alias, tests = generator.row_tests(Block(main, where=where))
        named = f"{table} {alias}" if alias else table
        rows = "\nWHERE " + "\n  AND ".join(tests) if tests else ""
        if given.intent_type == "DELETE":
            return f"DELETE FROM {named}{rows}"  # noqa: S608 - quoted names and literals of this room
        sets = ", ".join(f"{quote_identifier(name)} = {value}" for name, value in pairs)
        return f"UPDATE {named}\nSET {sets}{rows}"

    def _said(self, given: GivenIntent, table: str, pairs: list[tuple[str, str]], where: tuple[Cond, ...]) -> str:
        say = Paraphrase(self.index)
        rows = " where " + " and ".join(say.condition(c) for c in where) if where else " (every row)"
        sets = ", ".join(f"{name} to {value}" for name, value in pairs)
        if given.intent_type == "INSERT":
            return f"add to {table}: {sets}"
        return f"delete {table}{rows}" if given.intent_type == "DELETE" else f"in {table}, set {sets}{rows}"

    # names and values

    def _tables(self, given: GivenIntent) -> tuple[int, list[int]]:
        """The table that is meant and the others that are named; what is no table is said, and left to conditions."""
        found: list[int] = []
        for name in given.entities:
            oid = self._table(name)
            if oid:
                found.append(oid)
            elif "." not in name or not self._table(name.rpartition(".")[0]):
                self._notes.append(f"{name!r} is no table here; the conditions and columns say what is meant by it")
        if not found:
            named = given.entities[0] if given.entities else ""
            raise _Doubt(f"Which table? {named!r} is none." if named else "Which table?", self._close_tables(named))
        return found[0], found[1:]

    def _table(self, name: str) -> int:
        wanted = name.lower().replace('"', "")
        tables = {oid: entity.relation.name for oid, entity in self.index.entities.items()}
        exact = [
            oid
            for oid, found in tables.items()
            if wanted in (found.name.lower(), f"{found.schema}.{found.name}".lower())
        ]
        if len(exact) > 1:
            raise _Doubt(f"{name!r} is in several schemas.", sorted(str(tables[oid]) for oid in exact))
        if exact:
            return exact[0]
        alike = [oid for oid, found in tables.items() if _singular(found.name.lower()) == _singular(wanted)]
        return alike[0] if len(alike) == 1 else 0

    def _close_tables(self, name: str) -> list[str]:
        names = {entity.relation.name.name: str(entity.relation.name) for entity in self.index.entities.values()}
        close = get_close_matches(name, names, n=5, cutoff=0.5)
        return [names[found] for found in (close or sorted(names)[:10])]

    def _field(self, name: str, main: int, others: list[int]) -> Field:
        """A column by its name, alone or after its table; alone it is looked for in the tables that are named, then
        in those that they reference."""
        table, _, column = name.rpartition(".")
        if table:
            oid = self._table(table)
            if not oid:
                raise _Doubt(f"{table!r} is no table.", self._close_tables(table))
            places = [oid]
        else:
            parents = [key.foreign_oid for key in self.index.entities[main].relation.foreign_keys]
            places = [main, *others, *(oid for oid in parents if oid in self.index.entities)]
        for oid in dict.fromkeys(places):
            for attribute in self.index.entities[oid].attributes.values():
                if attribute.name.lower() == column.lower().replace('"', ""):
                    return attribute.field
        known = {a.name: f"{self.index.entities[o].relation.name.name}.{a.name}" for o in reversed(places)
                 for a in self.index.entities[o].attributes.values()}  # fmt: skip
        close = get_close_matches(column, known, n=5, cutoff=0.4)
        raise _Doubt(f"There is no column {name!r}.", [known[c] for c in close] or sorted(known.values())[:10])

    def _columns(self, oid: int) -> list[str]:
        return [a.name for a in self.index.entities[oid].attributes.values()][:15]

    def _numbers(self, oid: int) -> list[str]:
        return [a.name for a in self.index.entities[oid].attributes.values() if a.kind == "number"][:15]

    def _where(self, given: GivenIntent, main: int, others: list[int]) -> tuple[Cond, ...]:
        return tuple(self._condition(condition, main, others) for condition in given.conditions)

    def _condition(self, given: GivenCondition, main: int, others: list[int]) -> Cond:
        column = self._field(given.column, main, others)
        attribute, left = self.index.attribute(column), Col(column)
        operator = " ".join(given.operator.lower().split())
        if operator in ("is null", "null", "is empty") or (given.value is None and operator in ("=", "is")):
            return Compare(left, "null")
        if operator in ("is not null", "not null") or (given.value is None and operator in ("!=", "<>", "is not")):
            return Compare(left, "not-null")
        if operator in ("in", "not in") or (isinstance(given.value, list) and operator in ("=", "!=", "<>")):
            values = tuple(self._value(attribute, v) for v in _items(given))
            return Compare(left, "<>" if operator in ("not in", "!=", "<>") else "=", values)
        if operator == "between":
            low, high = (self._value(attribute, v) for v in _two(given))
            return Both((Compare(left, ">=", (low,)), Compare(left, "<=", (high,))))
        if operator not in _OPERATORS:
            raise _Doubt(f"{given.operator!r} is no operator that can be used here.", sorted(_OPERATORS))
        if attribute.kind == "bool" and isinstance(given.value, bool):
            holds = Compare(left, "true" if given.value else "false")
            return Not(holds) if _OPERATORS[operator] == "<>" else holds
        if operator == "contains":
            pattern = str(given.value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return Compare(left, "ilike", (f"%{pattern}%",))
        return Compare(left, _OPERATORS[operator], (self._value(attribute, given.value),))

    def _value(self, attribute: Attribute, value: Any) -> str:
        """The value's text, as far as it can be one of the column's."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(value, dict | list) or len(text) > 10_000 or "\x00" in text:
            raise _Doubt(f"{attribute.name} takes one plain value.")
        if attribute.labels and text not in attribute.labels:
            close = [label for label in attribute.labels if label.lower() == text.lower()]
            if not close:
                raise _Doubt(f"{attribute.name} is never {text!r}.", attribute.labels)
            text = close[0]
        if attribute.kind == "number" and not _NUMBER.fullmatch(text):
            raise _Doubt(f"{attribute.name} takes a number, not {text!r}.")
        if attribute.kind == "bool" and text.lower() not in ("true", "false"):
            raise _Doubt(f"{attribute.name} is true or false.", ("true", "false"))
        if attribute.kind == "time" and not _TIME.fullmatch(text):
            raise _Doubt(f"{attribute.name} takes a date such as 2026-01-31, not {text!r}.")
        return text


def _items(given: GivenCondition) -> list[Any]:
    values = given.value if isinstance(given.value, list) else [given.value]
    if not values:
        raise _Doubt(f"{given.column} is compared with an empty list.")
    return values


def _two(given: GivenCondition) -> list[Any]:
    if not isinstance(given.value, list) or len(given.value) != 2:
        raise _Doubt(f"{given.column} between what? Give two values.")
    return given.value


def _singular(name: str) -> str:
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")
