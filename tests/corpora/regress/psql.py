"""Runs a psql script in one session, statement by statement, with as much of psql as the regression files need."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from psycopg import conninfo, pq, sql
from tests.corpora.regress.moment import SessionConnection
from tests.corpora.regress.script import Command, Script

from pgwarden.domain.catalog import Catalog

COPY_IN, COPY_OUT = pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT
STARTUP = (
    "set timezone = 'America/Los_Angeles'",
    "set datestyle = 'Postgres, MDY'",
    "set intervalstyle = 'postgres_verbose'",
    "set statement_timeout = '20s'",
    "set lock_timeout = '5s'",
    "create temporary table pgwarden_first ()",  # the first look at a temporary schema makes it, which is a write
    "drop table pgwarden_first",
)
"""What the regression files expect of their client, and limits that keep a replay from hanging."""

Judge = Callable[["Session", Command], bool]
"""Looks at a statement before it runs; True when it has run it already and the session need not."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a script runs: a URL whose database part can be replaced, and the directory of its data files."""

    server: str
    database: str
    directory: Path

    def url(self, database: str = "") -> str:
        return conninfo.make_conninfo(self.server, dbname=database or self.database, client_encoding="UTF8")


class Session:
    """One psql: a connection, variables and the state of ``\\if``."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(_connect(place.url()))
        self.variables: dict[str, str] = {}
        self._environment = {
            "PG_ABS_SRCDIR": str(place.directory),
            "PG_ABS_BUILDDIR": str(place.directory),
            "PG_LIBDIR": "/nonexistent",
            "PG_DLSUFFIX": ".so",
        }
        self._conditions: list[bool | None] = []  # True: active, False: not yet, None: done or inside an inactive one
        self._parameters: list[bytes] | None = None
        self.settings: bytes | None = None
        """A digest of the settings as `truth` found them last, until a statement runs that may change them."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()

    @property
    def pgconn(self) -> pq.abc.PGconn:
        """The bare connection: statements go to it as they stand in the file."""
        return self._connection.pgconn

    def catalog(self) -> Catalog:
        """What this session sees now."""
        return self._runner.run(self._connection.catalog())

    def play(self, text: str, judge: Judge) -> None:
        """Run a whole script. Errors of statements are part of the script and pass by."""
        script = Script(text)
        while (command := script.next(self.variables)) is not None:
            if command.meta == "quit" and self._active:
                return
            self._do(command, script, judge)

    @property
    def _active(self) -> bool:
        return all(self._conditions)

    def _do(self, command: Command, script: Script, judge: Judge) -> None:
        if command.meta in ("if", "elif", "else", "endif"):
            self._branch(command.meta, command.arguments)
        elif not self._active:
            return
        elif command.sql:
            if self._parameters is not None or command.several or command.meta or not judge(self, command):
                self._after(command, self._send(command.sql, script))
            self._parameters = None
        else:
            self._backslash(command, script)

    def _branch(self, word: str, condition: str) -> None:
        if word == "endif":
            self._conditions.pop()
        elif word == "if":
            self._conditions.append(_is_true(condition) if self._active else None)
        elif self._conditions[-1] is not False:
            self._conditions[-1] = None
        else:
            self._conditions[-1] = word == "else" or _is_true(condition)

    def _send(self, sql: str, script: Script | None = None) -> pq.abc.PGresult | None:
        """Run one message; None when the connection was lost, which ends the old session and opens a new one."""
        pgconn = self.pgconn
        self.settings = None
        if self._parameters is None:
            pgconn.send_query(sql.encode())
        else:
            pgconn.send_query_params(sql.encode(), self._parameters)
        last: pq.abc.PGresult | None = None
        while (result := pgconn.get_result()) is not None:
            last = result
            if result.status == COPY_IN:
                self._feed(script.copy_data() if script else "")
            elif result.status == COPY_OUT:
                self._drain()
        if pgconn.status != pq.ConnStatus.OK:
            self.reconnect()
            return None
        return last

    def _feed(self, data: str) -> None:
        self.pgconn.put_copy_data(data.encode())
        self.pgconn.put_copy_end()

    def _drain(self) -> None:
        while self.pgconn.get_copy_data(0)[0] > 0:
            pass

    def _after(self, command: Command, result: pq.abc.PGresult | None) -> None:
        if result is None or result.status != pq.ExecStatus.TUPLES_OK:
            return
        if command.meta == "gset" and result.ntuples == 1:
            for column in range(result.nfields):
                name = command.arguments + (result.fname(column) or b"").decode()
                value = result.get_value(0, column)
                if value is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = value.decode()
        elif command.meta == "gexec":
            for row in range(result.ntuples):
                for column in range(result.nfields):
                    if value := result.get_value(row, column):
                        self._send(value.decode())

    def _backslash(self, command: Command, script: Script) -> None:
        words = [_bare(word) for word in re.findall(r"'(?:[^']|'')*'|\S+", command.arguments)]
        match command.meta:
            case "set" if words:
                self.variables[words[0]] = "".join(words[1:])
            case "unset" if words:
                self.variables.pop(words[0], None)
            case "getenv" if len(words) == 2 and words[1] in self._environment:
                self.variables[words[0]] = self._environment[words[1]]
            case "c" | "connect":
                self.reconnect(*(word for word in words if "=" not in word))
            case "copy" if re.search(r"\bfrom\s+(stdin|pstdin)", command.arguments, re.IGNORECASE):
                self._send(f"copy {command.arguments.rstrip(';')}", script)
            case "bind":
                self._parameters = [word.encode() for word in words]
            case _:
                pass  # the rest only shows things

    def reconnect(self, database: str = "-", user: str = "-") -> None:
        """A fresh session, as ``\\c`` opens it; another user is taken on by SET SESSION AUTHORIZATION."""
        self._runner.run(self._connection.close())
        self.settings = None
        self._connection = self._runner.run(_connect(self._place.url("" if database == "-" else database)))
        if user != "-":
            name = sql.Identifier(user).as_string(None)
            self._send(f"set session authorization {name}")


async def _connect(url: str) -> SessionConnection:
    connection = await SessionConnection.connect(url, autocommit=True, prepare_threshold=None)
    connection.pgconn.nonblocking = 0
    for setting in STARTUP:
        await connection.execute(setting)
    return connection


def _bare(word: str) -> str:
    return word[1:-1].replace("''", "'") if len(word) > 1 and word[0] == word[-1] == "'" else word


def _is_true(word: str) -> bool:
    return word.strip().lower() in ("t", "true", "on", "yes", "1")
