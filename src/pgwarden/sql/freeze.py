"""Values that would drift while an approval is awaited become literals: now(), current_date, current_user …

Frozen is what decides which rows are meant: conditions, joins, row sources. What is merely assigned
(``updated_at = now()``) keeps its meaning and is taken at execution. The text is changed only at those places, so
the rest stays what the requester wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgwarden.domain.impact import FrozenValue
from pgwarden.sql.parse import Tree, parse

QUERY = """select
  pg_catalog.now()::text as current_timestamp, current_date::text as current_date, current_time::text as current_time,
  localtimestamp::text as localtimestamp, localtime::text as localtime, current_user::text as current_user,
  session_user::text as session_user, current_catalog::text as current_catalog,
  coalesce(current_schema::text, '') as current_schema,
  (current_date + 1)::text as tomorrow, (current_date - 1)::text as yesterday"""
"""Asks the database for the values to freeze, in one row; run it under DateStyle ISO."""

_TYPES = {
    "current_timestamp": "timestamptz",
    "current_date": "date",
    "current_time": "timetz",
    "localtimestamp": "timestamp",
    "localtime": "time",
    "current_user": "name",
    "session_user": "name",
    "current_catalog": "name",
    "current_schema": "name",
}
_KEYWORDS = {
    "SVFOP_CURRENT_DATE": "current_date",
    "SVFOP_CURRENT_TIME": "current_time",
    "SVFOP_CURRENT_TIME_N": "current_time",
    "SVFOP_CURRENT_TIMESTAMP": "current_timestamp",
    "SVFOP_CURRENT_TIMESTAMP_N": "current_timestamp",
    "SVFOP_LOCALTIME": "localtime",
    "SVFOP_LOCALTIME_N": "localtime",
    "SVFOP_LOCALTIMESTAMP": "localtimestamp",
    "SVFOP_LOCALTIMESTAMP_N": "localtimestamp",
    "SVFOP_CURRENT_ROLE": "current_user",
    "SVFOP_CURRENT_USER": "current_user",
    "SVFOP_USER": "current_user",
    "SVFOP_SESSION_USER": "session_user",
    "SVFOP_CURRENT_CATALOG": "current_catalog",
    "SVFOP_CURRENT_SCHEMA": "current_schema",
}
_CALLS = {
    "now": "current_timestamp",
    "transaction_timestamp": "current_timestamp",
    "statement_timestamp": "current_timestamp",
    "current_database": "current_catalog",
    "current_schema": "current_schema",
}
DRIFTING = frozenset(
    [
        "clock_timestamp",
        "timeofday",
        "random",
        "random_normal",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "nextval",
        "currval",
        "lastval",
        "setval",
        "age",
        "txid_current",
        "pg_current_xact_id",
        "pg_backend_pid",
        "inet_client_addr",
        "inet_client_port",
    ]
)
"""Functions in conditions that no literal can stand for; ``age`` with one argument counts from today."""
MOMENTS = frozenset([*_CALLS, *(name for name in _TYPES if name != "current_catalog"), "current_role"])
"""Words that stand for the moment, or for who is asking."""
_SPECIAL = {"now", "today", "tomorrow", "yesterday"}

_ASSIGNED: dict[str, frozenset[str]] = {
    "UpdateStmt": frozenset({"targetList", "returningList", "returningClause"}),
    "InsertStmt": frozenset({"relation", "selectStmt", "onConflictClause", "returningList", "returningClause"}),
    "DeleteStmt": frozenset({"returningList", "returningClause"}),
    "OnConflictClause": frozenset({"targetList"}),
    "MergeWhenClause": frozenset({"targetList", "values"}),
    "MergeStmt": frozenset({"mergeWhenClauses", "returningList", "returningClause"}),
    "SelectStmt": frozenset({"targetList", "valuesLists", "larg", "rarg"}),
}
"""Fields in which a value is only assigned, when the node itself stands where values are assigned."""

_BARE = re.compile(r"\w+(?:\s*\(\s*\d+\s*\))?")
_CALL = re.compile(r'(?:"?\w+"?\s*\.\s*)?"?\w+"?\s*\(\s*\)')
_STRING = re.compile(r"'[^']*'")
_PRECISION = re.compile(r"\(\s*(\d+)\s*\)")


@dataclass(frozen=True, slots=True)
class Frozen:
    """A statement whose conditions no longer depend on when and by whom it is run."""

    sql: str
    values: tuple[FrozenValue, ...]
    drifting: tuple[str, ...]
    """What still changes from call to call, by name."""
    taken: tuple[str, ...] = ()
    """What is merely assigned and keeps its meaning: its value is taken when the statement runs."""
    called: tuple[str, ...] = ()
    """Functions that the conditions call, by name."""
    read: tuple[tuple[str | None, str], ...] = ()
    """(schema or None, name) of the relations whose rows decide which rows are meant, the changed one included."""


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    end: int
    literal: str


def freeze(sql: str, moment: Mapping[str, str]) -> Frozen:
    """Replace drifting values by the literals of ``moment`` (the row of ``QUERY``)."""
    tree = parse(sql)
    places: dict[int, _Place] = {}
    drifting: dict[str, None] = {}
    taken: dict[int, str] = {}
    called: dict[str, None] = {}
    read: dict[tuple[str | None, str], None] = {}
    for statement in tree.statements:
        for kind, node, deciding in _values(statement.get("stmt", {})):
            place, name = _place(tree, kind, node, moment), _drifts(kind, node)
            if kind == "RangeVar" and deciding:
                read[node.get("schemaname"), node["relname"]] = None
            elif not deciding:
                if place is not None:
                    taken[place.start] = sql[place.start : place.end]
                elif name is not None:
                    taken[node.get("location", 0)] = f"{name}()"
            elif place is not None:
                places[place.start] = place
            elif name is not None:
                drifting[name] = None
            elif kind == "FuncCall":
                called[_name_of(node)] = None
    text, values = sql, []
    for place in sorted(places.values(), key=lambda p: p.start, reverse=True):
        values.append(FrozenValue(sql[place.start : place.end], place.literal))
        text = text[: place.start] + place.literal + text[place.end :]
    assigned = dict.fromkeys(taken[at] for at in sorted(taken))
    return Frozen(text, tuple(reversed(values)), tuple(drifting), tuple(assigned), tuple(called), tuple(read))


def _values(root: Any) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every node, and whether it takes part in deciding which rows are meant; what is merely returned is left out."""
    stack: list[tuple[str, Any, bool]] = [("", root, False)]
    while stack:
        kind, node, deciding = stack.pop()
        if isinstance(node, list):
            stack += [(kind, item, deciding) for item in node]
        elif isinstance(node, dict):
            if kind:
                yield kind, node, deciding
            assigned = _ASSIGNED.get(kind, frozenset[str]())
            for field, value in node.items():
                if field in _RETURNED and not deciding:
                    continue
                if field[:1].isupper():  # a wrapper: {"Kind": {…}}
                    stack.append((field, value, deciding))
                else:
                    inner = _INLINE.get(field, "")
                    stack.append((inner, value, deciding or (kind in _ASSIGNED and field not in assigned)))


_RETURNED = {"returningList", "returningClause"}
_INLINE = {"relation": "RangeVar", "onConflictClause": "OnConflictClause", "larg": "SelectStmt", "rarg": "SelectStmt"}
"""Fields whose value is a node without the wrapper that names its kind."""


def _place(tree: Tree, kind: str, node: dict[str, Any], moment: Mapping[str, str]) -> _Place | None:
    if kind == "SQLValueFunction":
        return _replaced(tree, node, _BARE, _KEYWORDS.get(node.get("op", "")), moment)
    if kind == "FuncCall":
        names = [part["String"]["sval"] for part in node.get("funcname", ())]
        known = _CALLS.get(names[-1]) if names[:-1] in ([], ["pg_catalog"]) else None
        return _replaced(tree, node, _CALL, known, moment) if "args" not in node else None
    if kind == "TypeCast":
        return _special(tree, node, moment)
    return None


def _replaced(
    tree: Tree, node: dict[str, Any], pattern: re.Pattern[str], name: str | None, moment: Mapping[str, str]
) -> _Place | None:
    start = tree.offset(node.get("location", 0))
    match = pattern.match(tree.sql, start) if name and start is not None else None
    if match is None or name is None:
        return None
    precision = _PRECISION.search(match.group())
    type_ = _TYPES[name] + (f"({precision[1]})" if precision else "")
    return _Place(match.start(), match.end(), f"'{_escaped(moment[name])}'::{type_}")


def _special(tree: Tree, node: dict[str, Any], moment: Mapping[str, str]) -> _Place | None:
    """``'today'::date`` and its like: the words are read anew each time."""
    constant = node.get("arg", {}).get("A_Const", {})
    word = constant.get("sval", {}).get("sval", "").strip().lower()
    if word not in _SPECIAL:
        return None
    names = [part["String"]["sval"] for part in node.get("typeName", {}).get("names", ())]
    known = {
        "date": {"now": "current_date", "today": "current_date"},
        "timestamp": {"now": "localtimestamp", "today": "current_date"},
        "timestamptz": {"now": "current_timestamp", "today": "current_date"},
        "time": {"now": "localtime"},
        "timetz": {"now": "current_time"},
    }.get(names[-1] if names else "", {})
    name = known.get(word, word if names and names[-1] in ("date", "timestamp", "timestamptz") else None)
    start = tree.offset(constant.get("location", 0))
    match = _STRING.match(tree.sql, start) if name and start is not None else None
    return _Place(match.start(), match.end(), f"'{_escaped(moment[name])}'") if match and name else None


def _drifts(kind: str, node: dict[str, Any]) -> str | None:
    if kind != "FuncCall":
        return None
    name = _name_of(node)
    single_age = name != "age" or len(node.get("args", ())) == 1
    return name if name in DRIFTING and single_age else None


def _name_of(call: Mapping[str, Any]) -> str:
    return str(call["funcname"][-1]["String"]["sval"])


def _escaped(value: str) -> str:
    return value.replace("'", "''")
