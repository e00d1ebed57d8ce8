"""Every error that a user can meet, in one tree.

An error says four things: what happened, why, what was therefore not done, and what to do next. The class
docstring is the general message; the instance carries the particulars. Codes never change once released.
Texts must never hold a password, a token or a row value.
"""

from __future__ import annotations

from typing import ClassVar


class PgwardenError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "PGW000"
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", not_done: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.not_done = not_done
        self.next_step = next_step

    def to_dict(self) -> dict[str, str]:
        """The error as every door's JSON shows it; empty parts are left out."""
        parts = {
            "code": self.code,
            "error": self.what,
            "why": self.why,
            "not_done": self.not_done,
            "next": self.next_step,
        }
        return {key: value for key, value in parts.items() if value}


class SettingsError(PgwardenError):
    """A setting is unknown, malformed or unreadable; pgwarden does not start on a guess."""

    code = "PGW001"
    exit_status = 2


class EmbeddedServerError(PgwardenError):
    """The embedded PostgreSQL could not be prepared, started or stopped."""

    code = "PGW002"


class UnknownDatabase(PgwardenError):
    """No database is registered under that name."""

    code = "PGW010"
    exit_status = 2


class ConnectionFailed(PgwardenError):
    """The target database did not answer, or refused the login."""

    code = "PGW011"


class PoolExhausted(PgwardenError):
    """Every connection to that database is busy and the wait was longer than allowed."""

    code = "PGW012"


class UnsupportedServer(PgwardenError):
    """The server is older than PostgreSQL 14, or is not PostgreSQL."""

    code = "PGW013"


class StatementRefused(PgwardenError):
    """The statement is not allowed: the verdict names each reason."""

    code = "PGW020"
    exit_status = 3


class StatementInvalid(PgwardenError):
    """PostgreSQL cannot parse or resolve the statement."""

    code = "PGW021"
    exit_status = 2


class StatementTooLarge(PgwardenError):
    """The text is longer or deeper than pgwarden is willing to judge."""

    code = "PGW022"
    exit_status = 2


class NeedsApproval(PgwardenError):
    """The statement changes data; it needs a person's approval and was not run."""

    code = "PGW023"
    exit_status = 4


class ExecutionFailed(PgwardenError):
    """PostgreSQL reported an error while running the statement."""

    code = "PGW030"


class ExecutionTimeout(PgwardenError):
    """The statement reached its time limit and was cancelled on the server."""

    code = "PGW031"


class ExecutionCancelled(PgwardenError):
    """The statement was cancelled on the server."""

    code = "PGW032"
    exit_status = 130


class RightMissing(PgwardenError):
    """This identity, or its database role, lacks a right that the request needs."""

    code = "PGW040"
    exit_status = 3


class NotUnderstood(PgwardenError):
    """The question could not be turned into SQL with enough confidence."""

    code = "PGW050"
    exit_status = 5


class InputInvalid(PgwardenError):
    """An argument is malformed or out of bounds."""

    code = "PGW051"
    exit_status = 2


class CatalogChanged(PgwardenError):
    """The structure of a table in reach changed after the statement was judged; it is judged again."""

    code = "PGW024"
