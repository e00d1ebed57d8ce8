"""What may be kept of a target: everything but its password."""

from __future__ import annotations

import re

from pgwarden.domain.database import Database
from pgwarden.domain.errors import InputInvalid, UnknownDatabase
from pgwarden.domain.storable import require_storable

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


def unknown_database(name: str) -> UnknownDatabase:
    """The error for a name that is not registered."""
    return UnknownDatabase(
        f"No database {name!r} is registered.",
        not_done="Nothing was done.",
        next_step="`pgwarden db list` shows the registered ones; `pgwarden db add` registers one.",
    )
