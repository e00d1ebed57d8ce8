"""What one SQL statement in a function's body does to tables, read from its parse tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pgwarden.domain.errors import PgwardenError
from pgwarden.sql.parse import on_deep_stack, parse
from pgwarden.sql.plpgsql_tokens import NotUnderstood

Table = tuple[str | None, str]
"""(schema or None, table) as written."""
Write = tuple[str, str | None, str]
"""(INSERT, UPDATE or DELETE, schema or None, table) as written."""
Called = tuple[str | None, str]
"""(schema or None, name) of a function."""

TURNING = frozenset({"search_path", "role", "session_authorization", "session_replication_role"})
"""Settings that change which tables names mean, or which triggers fire."""
STRUCTURE = "it changes the structure"
STATISTICS = "it analyzes or vacuums a table"
REFRESH = "it refreshes a materialized view"
LOAD = "it loads a library into the server"
_TOLD = {
    "TruncateStmt": "it truncates a table",
    "CopyStmt": "it copies",
    "DoStmt": "it runs an anonymous block",
    "PrepareStmt": "it prepares a statement under a name",
    "ExecuteStmt": "it runs a statement by the name it was prepared under",
    "LoadStmt": LOAD,
    "RefreshMatViewStmt": REFRESH,
    "VacuumStmt": STATISTICS,
}
_QUIET = frozenset(
    """
    SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt CallStmt ReturnStmt ExplainStmt VariableShowStmt
    VariableSetStmt NotifyStmt ListenStmt UnlistenStmt LockStmt ConstraintsSetStmt PLAssignStmt ClosePortalStmt
    FetchStmt DeclareCursorStmt
    """.split()  # noqa: SIM905 - a word list reads better than twenty quoted strings
)
"""Statements that do nothing beyond what their own tables and functions say."""
_STRUCTURAL = re.compile(r"Create|Alter|Drop|Define|Rename|Comment|Grant|Index|View|Rule|Reindex|Cluster|Sec")
_CHANGES = {"InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE"}
_MERGED = {"CMD_INSERT": "INSERT", "CMD_UPDATE": "UPDATE", "CMD_DELETE": "DELETE"}


@dataclass(frozen=True, slots=True)
class StatementEffects:
    """What a statement names. ``unknown``: why that is not everything, or ''."""

    writes: frozenset[Write] = frozenset()
    reads: frozenset[Table] = frozenset()
    calls: frozenset[Called] = frozenset()
    operators: frozenset[str] = frozenset()
    casts: frozenset[str] = frozenset()
    """Names of types that values are cast to."""
    fields: frozenset[str] = frozenset()
    """Last words of ``a.b``: PostgreSQL reads them as function calls where no such column exists."""
    unknown: str = ""


@lru_cache(maxsize=20_000)
def statement_effects(text: str) -> StatementEffects:
    """The effects of a text of SQL statements. Raises NotUnderstood."""
    try:
        tree = parse(text)
        return on_deep_stack(lambda: _found(tree.statements))
    except PgwardenError as error:
        raise NotUnderstood(error.why or error.what) from error


def actions_of_rule(definition: str) -> StatementEffects:
    """The effects of what a CREATE RULE has done, with its condition. Raises NotUnderstood."""
    try:
        rule = parse(definition).statements[0]["stmt"]["RuleStmt"]
        return on_deep_stack(lambda: _found((rule.get("actions", []), rule.get("whereClause", {}))))
    except (PgwardenError, LookupError) as error:
        raise NotUnderstood(getattr(error, "why", "") or str(error)) from error


class _Names:
    def __init__(self) -> None:
        self.writes: set[Write] = set()
        self.reads: set[Table] = set()
        self.own: set[str] = set()
        """Names of common table expressions."""
        self.calls: set[Called] = set()
        self.operators: set[str] = set()
        self.casts: set[str] = set()
        self.fields: set[str] = set()
        self.unknown: dict[str, None] = {}


def _found(statements: tuple[Any, ...]) -> StatementEffects:
    names = _Names()
    waiting: list[Any] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            for kind, body in node.items():
                _take(kind, body, names)
                waiting.append(body)
    reads = {(schema, table) for schema, table in names.reads if schema or table not in names.own}
    return StatementEffects(
        frozenset(names.writes),
        frozenset(reads),
        frozenset(names.calls),
        frozenset(names.operators),
        frozenset(names.casts),
        frozenset(names.fields),
        next(iter(names.unknown), ""),
    )


def _take(kind: str, body: Any, names: _Names) -> None:
    """What this node says by itself; its parts are looked at in their turn."""
    match kind:
        case "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt":
            names.writes.update((event, *_table(body["relation"])) for event in _events(kind, body))
        case "RangeVar":
            names.reads.add(_table(body))
        case "CommonTableExpr":
            names.own.add(body["ctename"])
        case "FuncCall" | "funccall":
            names.calls.add(_qualified(body["funcname"]))
        case "A_Expr":
            names.operators.add(_qualified(body["name"])[1])
        case "operName" | "useOp":
            names.operators.add(_qualified(body)[1])
        case "typeName":
            if body.get("names"):
                names.casts.add(_qualified(body["names"])[1])
        case "ColumnRef":
            names.fields.update(_last_field(body["fields"][1:]))
        case "indirection":
            names.fields.update(_last_field(body))
        case "intoClause":
            names.unknown[STRUCTURE] = None
        case "VariableSetStmt":
            if body.get("name") in TURNING or body.get("kind") == "VAR_RESET_ALL":
                names.unknown[f"it sets {body.get('name', 'all settings')}"] = None
        case _ if kind.endswith("Stmt") and kind[0].isupper() and kind not in _QUIET:
            _other(kind, body, names)


def _other(kind: str, body: Any, names: _Names) -> None:
    if kind == "RawStmt" or (kind == "CreateFunctionStmt" and "sql_body" in body):
        return  # what holds the statements of a BEGIN ATOMIC body
    verb = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.removesuffix("Stmt")).upper()
    names.unknown[_TOLD.get(kind) or (STRUCTURE if _STRUCTURAL.match(kind) else f"it runs {verb}")] = None


def _events(kind: str, body: Any) -> Iterator[str]:
    if kind in _CHANGES:
        yield _CHANGES[kind]
    if body.get("onConflictClause", {}).get("action") == "ONCONFLICT_UPDATE":
        yield "UPDATE"
    for clause in body.get("mergeWhenClauses", ()):
        event = _MERGED.get(clause["MergeWhenClause"].get("commandType", ""))
        if event:
            yield event


def _table(body: Any) -> Table:
    return body.get("schemaname"), body["relname"]


def _qualified(parts: Any) -> tuple[str | None, str]:
    words = [part["String"]["sval"] for part in parts if "String" in part]
    return (words[-2] if len(words) > 1 else None), words[-1]


def _last_field(parts: Any) -> Iterator[str]:
    for part in parts:
        if "String" in part:
            yield part["String"]["sval"]
