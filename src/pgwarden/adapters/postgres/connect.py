"""Opening connections: conninfo, TLS and password sources. A password is read when it is needed and never written."""

from __future__ import annotations

import asyncio
import os
import stat
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgwarden.adapters.postgres.loaders import register_loaders
from pgwarden.adapters.postgres.traced import TracedCursor
from pgwarden.domain.database import Database, PasswordSource
from pgwarden.domain.errors import ConnectionFailed, InputInvalid

APPLICATION_NAME = "pgwarden"
CONNECT_SECONDS = 10
COMMAND_SECONDS = 30
ISO = "ISO"
ENCODING = {"client_encoding": "UTF8"}
"""Whatever the database's own is: text of one in SQL_ASCII would come as bytes."""
DEFAULTS = {
    "application_name": APPLICATION_NAME,
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
OTHER_SECRETS = ("sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
"""Parameters that carry secrets and that no password source of ours can provide."""


def target(
    name: str,
    url: str,
    *,
    on_command_line: bool = False,
    password_env: str = "",
    passfile: str | Path | None = None,
    password_command: Sequence[str] = (),
    sslmode: str | None = None,
    sslrootcert: str | Path | None = None,
    sslcert: str | Path | None = None,
    sslkey: str | Path | None = None,
    allow_writes: bool = False,
    owner: str = "",
    notes: str = "",
) -> Database:
    """A database to register, from a ``postgresql://`` URL or ``key=value`` pairs.

    A password inside the URL is split off and kept in memory only; with ``on_command_line`` it is refused, since
    everyone on the machine can read command lines. Raises InputInvalid; its text never repeats the URL.
    """
    parts = _parse(url)
    password = str(parts.pop("password", "") or "")
    if password and on_command_line:
        raise _invalid(
            "The URL holds a password.",
            "Every user of this machine can read command lines, and shells keep them in a history file.",
            "Leave it out and name a source instead: --password-env VARIABLE, --passfile FILE or --password-command.",
        )
    if secret := next((key for key in OTHER_SECRETS if parts.get(key)), None):
        raise _invalid(
            f"The URL holds a secret ({secret}).",
            "pgwarden would have to keep it in its control database, which holds no secrets.",
            "Use a key file without a passphrase that only its owner may read, or another way to log in.",
        )
    source = PasswordSource(password_env, str(passfile or ""), tuple(password_command), password)
    if sum(map(bool, (source.variable, source.passfile, source.command, source.literal))) > 1:
        raise _invalid("Several sources of the password are given.", "Only one can be right.", "Keep one of them.")
    tls = {"sslmode": sslmode, "sslrootcert": sslrootcert, "sslcert": sslcert, "sslkey": sslkey}
    parts.update({key: str(value) for key, value in tls.items() if value is not None})
    if (mode := parts.get("sslmode", SSL_MODES[0])) not in SSL_MODES:
        raise _invalid(
            f"{str(mode)[:30]!r} is no sslmode.", "libpq knows no such mode.", f"One of {', '.join(SSL_MODES)}."
        )
    return Database(name, make_conninfo("", **parts), source, allow_writes, owner, notes)


async def open_connection(database: Database) -> AsyncConnection[Any]:
    """A new connection in autocommit mode that prepares nothing by itself. Raises ConnectionFailed."""
    given = _parse(database.conninfo)
    secret = await _password(database)
    parameters: dict[str, Any] = {**DEFAULTS, **given, **secret, **ENCODING}
    try:
        connection = await AsyncConnection.connect(
            "", autocommit=True, prepare_threshold=None, cursor_factory=TracedCursor, **parameters
        )
    except psycopg.OperationalError as error:
        raise _failed(database, _first_line(error, list(secret.values()))) from None
    register_loaders(connection.adapters)
    await iso_dates(connection)
    return connection


async def iso_dates(connection: AsyncConnection[Any]) -> None:
    """Times as the driver reads them, where the role has others; the order of day and month stays the role's."""
    if not (connection.info.parameter_status("DateStyle") or ISO).startswith(ISO):
        await connection.execute("set datestyle = 'ISO'", prepare=False)
        await connection.commit()


async def connection_string(database: Database) -> str:
    """libpq's ``key=value`` form with the password inside: for a driver, never to print. Raises ConnectionFailed."""
    secret = await _password(database)
    return make_conninfo("", **{**DEFAULTS, **_parse(database.conninfo), **secret, **ENCODING})


def _parse(url: str) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        # libpq's message repeats parts of the URL, which may be the password.
        raise _invalid(
            "The address of the database cannot be read.",
            "It is neither a well-formed postgresql:// URL nor libpq's key=value pairs.",
            "Write it like postgresql://user@host:5432/dbname, with %-encoding for special characters.",
        ) from None


async def _password(database: Database) -> dict[str, str]:
    """The connection parameter that carries the password, or nothing when libpq finds it by itself."""
    source = database.password
    if source.literal:
        return {"password": source.literal}
    if source.variable:
        value = os.environ.get(source.variable)
        if value is None:
            raise _failed(database, f"The environment variable {source.variable}, which holds its password, is unset.")
        return {"password": value}
    if source.passfile:
        _check_passfile(database, Path(source.passfile))
        return {"passfile": source.passfile}
    if source.command:
        return {"password": await _password_from_command(database, source.command)}
    return {}


def _check_passfile(database: Database, path: Path) -> None:
    """libpq ignores a password file that others can open, and then complains of a missing password."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _failed(database, f"Its password file {path} cannot be read: {error.strerror}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _failed(database, f"Its password file {path} is open to other users; chmod 600 it.")


async def _password_from_command(database: Database, command: tuple[str, ...]) -> str:
    """The first line that the command prints. No shell is involved, and its output is shown nowhere."""
    program = Path(command[0]).name
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    except OSError as error:
        raise _failed(database, f"The password command {program} cannot be run: {error.strerror}.") from None
    try:
        output, _ = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    except TimeoutError:
        raise _failed(database, f"The password command {program} took longer than {COMMAND_SECONDS} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    password = output.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
    if process.returncode or not password:
        raise _failed(database, f"The password command {program} gave no password (status {process.returncode}).")
    return password


def _first_line(error: psycopg.Error, secrets: list[str]) -> str:
    """libpq's reason without the hint lines; a secret that a server echoed is cut out."""
    text = str(error).strip() or "The server closed the connection."
    for secret in secrets:
        text = text.replace(secret, "***")
    return text.splitlines()[0]


def _failed(database: Database, why: str) -> ConnectionFailed:
    return ConnectionFailed(
        f'The database "{database.name}" cannot be reached.',
        why=why,
        not_done="Nothing was sent to it.",
        next_step=f"Correct its registration, then look again with: pgwarden db check {database.name}",
    )


def _invalid(what: str, why: str, next_step: str) -> InputInvalid:
    return InputInvalid(what, why=why, not_done="Nothing was registered or opened.", next_step=next_step)
