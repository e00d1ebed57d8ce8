"""What may be kept of a target: everything but its password."""

from __future__ import annotations

import re

from pgwarden.domain.database import Database
from pgwarden.domain.errors import InputInvalid, UnknownDatabase
from pgwarden.domain.storable import require_storable

_PASSWORD_VARIABLE = re.compile(r"(?!PGWARDEN)[A-Z0-9_]*PASSWORD[A-Z0-9_]*")
_PASSWORD = re.compile(r"password\s*=|://[^/@]*:[^/@]*@", re.IGNORECASE)


def require_keepable(database: Database) -> None:
    """Refuse a target that would take a password to disk, or whose texts cannot be stored. Raises InputInvalid."""
    if database.password.literal or _PASSWORD.search(database.conninfo):
        raise InputInvalid(
            f"The password of {database.name} is not stored.",
            why="pgwarden keeps where a password comes from, never the password.",
            not_done="Nothing was registered.",
            next_step="Name an environment variable, a pgpass file or a command instead.",
        )
    if sum(map(bool, (database.password.variable, database.password.passfile, database.password.command))) > 1:
        raise InputInvalid(
            f"The password of {database.name} has more than one source.",
            not_done="Nothing was registered.",
            next_step="Name one of variable, passfile and command.",
        )
    for what, text in (
        ("connection string", database.conninfo),
        ("variable's name", database.password.variable),
        ("passfile's name", database.password.passfile),
        ("command", " ".join(database.password.command)),
        ("owner", database.owner),
        ("notes", database.notes),
    ):
        require_storable(what, text, most=10_000)


def require_remote(database: Database) -> None:
    """Refuse a source of passwords that somebody at a page must not choose: this machine is not theirs (InputInvalid).

    A command would run here, and any variable could be another secret of the server's, sent to a host of their choice.
    """
    source = database.password
    if source.command or (source.variable and not _PASSWORD_VARIABLE.fullmatch(source.variable)):
        what = "command" if source.command else f"variable {source.variable}"
        raise InputInvalid(
            f"The password of {database.name} cannot come from the {what} here.",
            why="The page takes environment variables named like SHOP_PASSWORD, none of PGWARDEN's, and pgpass files.",
            not_done="Nothing was registered or opened.",
            next_step="Name such a variable, or register it at the server: pgwarden db add",
        )


def unknown_database(name: str) -> UnknownDatabase:
    """The error for a name that is not registered."""
    return UnknownDatabase(
        f"No database {name!r} is registered.",
        not_done="Nothing was done.",
        next_step="`pgwarden db list` shows the registered ones; `pgwarden db add` registers one.",
    )
