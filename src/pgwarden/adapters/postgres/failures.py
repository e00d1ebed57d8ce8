"""PostgreSQL's errors as pgwarden's: what happened, why, and what to do next."""

from __future__ import annotations

import psycopg
from psycopg import errors as pg

from pgwarden.domain.errors import (
    ConnectionFailed,
    ExecutionCancelled,
    ExecutionFailed,
    ExecutionTimeout,
    PgwardenError,
    RightMissing,
)

CONNECTION_ENDED = (pg.AdminShutdown, pg.CrashShutdown, pg.IdleInTransactionSessionTimeout, pg.TransactionTimeout)
NO_EFFECT = "No rows are returned; nothing was changed."


def read_failure(error: psycopg.Error, *, database: str, shift: int = 0, hide_values: bool = False) -> PgwardenError:
    """The error of a read.

    ``shift``: characters that were put before the user's text. ``hide_values``: leave PostgreSQL's own words out,
    since they can quote a value that this reader must not see.
    """
    if isinstance(error, pg.QueryCanceled):
        return cancelled()
    if isinstance(error, pg.LockNotAvailable):
        return lock_timeout()
    if isinstance(error, pg.InsufficientPrivilege):
        return RightMissing(
            "The database role may not do that.",
            why=_words(error, hide_values),
            not_done=NO_EFFECT,
            next_step=f"Ask who administers {database} to grant it; see also: pgwarden db check {database}",
        )
    if error.sqlstate is None or isinstance(error, CONNECTION_ENDED):
        return ConnectionFailed(
            f'The connection to "{database}" was lost while the statement ran.',
            why=_words(error, hide_values=False),
            not_done=NO_EFFECT,
            next_step="Ask again; if it happens again, look at the server's log.",
        )
    return ExecutionFailed(
        "PostgreSQL could not run the statement.",
        why=_words(error, hide_values) + _place(error, shift),
        not_done=NO_EFFECT,
        next_step=(error.diag.message_hint or "") if not hide_values else "",
    )


def timeout(seconds: float) -> ExecutionTimeout:
    return ExecutionTimeout(
        f"The statement ran longer than {seconds:g} seconds and was cancelled on the server.",
        why="Reads have a time limit, so that no question can hold the database up.",
        not_done=NO_EFFECT,
        next_step="Narrow the question, look at its plan with --explain, or allow more time.",
    )


def lock_timeout() -> ExecutionTimeout:
    return ExecutionTimeout(
        "Another session holds a lock that the statement waited for.",
        why="Something else, such as an ALTER TABLE, is changing a table that it reads.",
        not_done=NO_EFFECT,
        next_step="Try again when that is done.",
    )


def cancelled() -> ExecutionCancelled:
    return ExecutionCancelled(
        "The statement was cancelled on the server.",
        why="Somebody asked for it: here, in another session, or an administrator.",
        not_done=NO_EFFECT,
        next_step="Ask again when you like.",
    )


def _words(error: psycopg.Error, hide_values: bool) -> str:
    state = f" (SQLSTATE {error.sqlstate})" if error.sqlstate else ""
    if hide_values:
        return f"{type(error).__name__}{state}; the message is withheld, since it can quote a masked value."
    message = error.diag.message_primary or str(error).strip() or "the server gave no reason"
    return f"{message}{state}."


def _place(error: psycopg.Error, shift: int) -> str:
    position = error.diag.statement_position
    if position is None or int(position) <= shift:
        return ""
    return f" At character {int(position) - shift}."
