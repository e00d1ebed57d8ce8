"""What kind of statement a parse tree is, and why the kinds that are no reads are refused."""

from __future__ import annotations

from typing import NamedTuple

from pgwarden.domain.statement import StatementKind


class Known(NamedTuple):
    """A kind of statement that is refused, with the reason for people."""

    kind: StatementKind
    code: str
    message: str
    hint: str = ""


_K = StatementKind
_LATER = "pgwarden reads data and changes rows; changes of structure are not part of it yet."

REFUSED: dict[str, Known] = {
    "TruncateStmt": Known(
        _K.TRUNCATE,
        "truncate",
        "TRUNCATE empties whole tables and cannot be restricted to rows",
        "A DELETE says which rows, shows its impact and can be taken back.",
    ),
    "CopyStmt": Known(_K.COPY, "copy", "COPY moves rows between tables and files, programs or the client"),
    "CallStmt": Known(_K.CALL, "call", "CALL runs a procedure, which may do anything, commit included"),
    "DoStmt": Known(_K.DO, "do", "DO runs a program of its own"),
    "VariableSetStmt": Known(_K.SETTING, "set", "SET and RESET change the settings of the session"),
    "ConstraintsSetStmt": Known(_K.SETTING, "set", "SET CONSTRAINTS changes how the transaction checks"),
    "TransactionStmt": Known(
        _K.TRANSACTION, "transaction-control", "transactions are opened and closed by pgwarden alone"
    ),
    "PrepareStmt": Known(_K.UTILITY, "prepare", "PREPARE leaves a statement behind in the session"),
    "ExecuteStmt": Known(_K.UTILITY, "execute", "EXECUTE runs a statement that is not in this text"),
    "DeallocateStmt": Known(_K.UTILITY, "session", "DEALLOCATE changes the session"),
    "DiscardStmt": Known(_K.UTILITY, "session", "DISCARD resets the session"),
    "DeclareCursorStmt": Known(_K.UTILITY, "cursor", "cursors outlive their statement", "Send the query itself."),
    "FetchStmt": Known(_K.UTILITY, "cursor", "FETCH and MOVE use a cursor of another statement"),
    "ClosePortalStmt": Known(_K.UTILITY, "cursor", "CLOSE ends a cursor of another statement"),
    "ListenStmt": Known(_K.UTILITY, "notify", "LISTEN changes the session"),
    "UnlistenStmt": Known(_K.UTILITY, "notify", "UNLISTEN changes the session"),
    "NotifyStmt": Known(_K.UTILITY, "notify", "NOTIFY sends a message to other sessions"),
    "LockStmt": Known(_K.UTILITY, "lock", "LOCK holds tables against other sessions"),
    "LoadStmt": Known(_K.UTILITY, "load", "LOAD loads code into the server"),
    "CheckPointStmt": Known(_K.UTILITY, "maintenance", "CHECKPOINT makes the whole server write"),
    "VacuumStmt": Known(_K.UTILITY, "maintenance", "VACUUM and ANALYZE rewrite tables or statistics"),
    "ClusterStmt": Known(_K.UTILITY, "maintenance", "CLUSTER rewrites a table"),
    "ReindexStmt": Known(_K.UTILITY, "maintenance", "REINDEX rebuilds indexes"),
    "RefreshMatViewStmt": Known(_K.UTILITY, "maintenance", "REFRESH MATERIALIZED VIEW rewrites its rows"),
    "AlterSystemStmt": Known(_K.SETTING, "set", "ALTER SYSTEM changes the settings of the whole server"),
}
_CHANGES = {
    "InsertStmt": _K.INSERT,
    "UpdateStmt": _K.UPDATE,
    "DeleteStmt": _K.DELETE,
    "MergeStmt": _K.MERGE,
}
_STRUCTURE = ("Create", "Alter", "Drop", "Define", "Rename", "Grant", "Comment", "SecLabel", "Import", "Reassign")
_STRUCTURE_OTHERS = frozenset({"IndexStmt", "ViewStmt", "RuleStmt", "CompositeTypeStmt"})


def known(node_kind: str) -> Known | None:
    """Why a statement of this node kind is refused; None for reads and changes, which are looked into."""
    if (found := REFUSED.get(node_kind)) is not None:
        return found
    if node_kind in _CHANGES or node_kind in ("SelectStmt", "ExplainStmt", "VariableShowStmt"):
        return None
    if node_kind.startswith(_STRUCTURE) or node_kind in _STRUCTURE_OTHERS:
        return Known(_K.DDL, "structure", "this statement changes the structure of the database", _LATER)
    return Known(_K.UNKNOWN, "not-understood", f"{node_kind} is not understood")


def kind_of(node_kind: str) -> StatementKind:
    """The kind of a statement by its node kind."""
    plain = {"SelectStmt": _K.SELECT, "ExplainStmt": _K.EXPLAIN, "VariableShowStmt": _K.SHOW, **_CHANGES}
    if node_kind in plain:
        return plain[node_kind]
    found = known(node_kind)
    return found.kind if found else _K.UNKNOWN
