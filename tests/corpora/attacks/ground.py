"""The ground on which attacks are tried: a server of its own, a database full of traps, and what to look for after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import conninfo, pq
from tests.corpora.attacks.corpus import HERE, READER, Attack, Harm

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.adapters.postgres.catalog import read_catalog
from pgwarden.domain.catalog import Catalog

TRAPS, UNTOUCHED = "traps", "untouched"
OPTIONS = ServerOptions(
    durable=False,
    settings={"max_connections": "60", "autovacuum": "off", "allow_in_place_tablespaces": "on", "jit": "off"},
)
MARKERS = (
    b"SCRAM-SHA-256$",
    b"TOP-SECRET",
    b"FOREIGN-SECRET",
    b"OTHER-SESSION-SECRET",
    b"scram",
    b"pg_control",
    b"postgresql.auto.conf",
    b"/postgresql.conf",
    b"000000010000",
    b"top-secret",
    b'(3,"20',
)
"""Texts that only a leak shows: password hashes, hidden rows, other sessions' queries, files of the server."""
TIME_LIMIT = "300ms"

_LOOK = """
select pg_current_xact_id_if_assigned()::text,
       (select last_value::text || is_called::text from trap.counter),
       (select md5(string_agg(name || '=' || coalesce(setting, ''), ';' order by name))
        from pg_settings where name not like 'plpgsql.%')
           || coalesce(current_setting('trap.poison', true), '') || current_user || session_user,
       (select count(*)::text from pg_locks where pid = pg_backend_pid()
           and (locktype = 'advisory' or (locktype = 'relation' and relation >= 16384
                and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')))),
       (select count(*)::text from pg_prepared_statements) || '/'
           || (select count(*)::text from pg_cursors where name <> '') || '/'
           || (select count(*)::text from pg_listening_channels()) || '/'
           || (select count(*)::text from pg_class where relnamespace = pg_my_temp_schema())
"""
_SEEN = (Harm.WRITE, Harm.WRITE, Harm.SETTING, Harm.LOCK, Harm.SESSION)

DIGEST = """
select (select count(*) || coalesce(string_agg(a::text, ',' order by id), '') from trap.accounts a)
    || (select count(*) || coalesce(max(at)::text, '') from trap.ledger)
    || (select count(*) from public.items)
    || (select last_value || is_called::text from trap.counter)
    || (select sum(oid::bigint + relfilenode::bigint) from pg_class where relpersistence <> 't')
    || (select sum(hashtext(proname || prosrc)::bigint) from pg_proc)
    || (select count(*) from pg_largeobject_metadata)
    || (select count(*) from pg_database)
    || (select count(*) from pg_roles)
    || (select md5(string_agg(coalesce(relacl::text, ''), ',' order by oid)) from pg_class)
    || (select count(*) from pg_file_settings)
"""
"""Whatever an attack could have changed in the database, as one text."""


class Ground:
    """A running server with the traps laid. Use it as a context manager."""

    def __init__(self, root: Path) -> None:
        self._server = EmbeddedServer(root, options=OPTIONS)
        self._numbers = count()

    def __enter__(self) -> Self:
        self._server.start()
        self.server = self._server.conninfo()
        with self.connect("postgres") as connection:
            connection.execute("create role trap_keeper password 'kept'")
            connection.execute(f"create role {READER} login password 'read'")
            (self.data,) = _one(connection, "show data_directory")
        self.clone("template0", UNTOUCHED)
        with self.connect(UNTOUCHED) as connection:
            connection.execute((HERE / "setup.sql").read_bytes())
        self.clone(UNTOUCHED, TRAPS)
        self._other = self.connect()
        self._other.execute("select 'OTHER-SESSION-SECRET'")
        return self

    def __exit__(self, *_: object) -> None:
        self._other.close()
        self._server.stop(even_if_used=True)

    def url(self, database: str = TRAPS, role: str = "") -> str:
        options = f"-c statement_timeout={TIME_LIMIT}" + (f" -c role={role}" if role else "")
        return conninfo.make_conninfo(self.server, dbname=database, options=options)

    def connect(self, database: str = TRAPS, role: str = "") -> psycopg.Connection[Any]:
        return psycopg.connect(self.url(database, role), autocommit=True, prepare_threshold=None)

    def clone(self, template: str, database: str) -> None:
        """Make a new database from one that nobody is connected to."""
        with self.connect("template1") as connection:
            connection.execute("set statement_timeout = 0")
            connection.execute(f'create database "{database}" template "{template}"'.encode())

    def catalog(self, role: str = "", database: str = TRAPS) -> Catalog:
        """The catalog as that role sees it."""
        return read_catalog(self.url(database, role))

    def digest(self, database: str = TRAPS, *, by: psycopg.Connection[Any] | None = None) -> str:
        """Everything in the database that an attack could change, as one text; says so when it cannot be read.

        ``by``: an open connection to it, for who looks often.
        """
        with nullcontext(by) if by else self.connect(database) as connection:
            try:
                (found,) = _one(connection, DIGEST)
            except psycopg.errors.UndefinedTable as error:
                return str(error)
            return str(found)

    def harms(self, attack: Attack) -> frozenset[Harm]:
        """Run the attack as a client without pgwarden would, and tell what it did. Leaves the traps as they were."""
        if attack.harm is Harm.ESCAPE:
            return self._outside_a_transaction(attack)
        if attack.harm is Harm.NOTIFY:
            return self._heard(attack)
        return self._inside_a_transaction(attack)

    def _inside_a_transaction(self, attack: Attack) -> frozenset[Harm]:
        seen: set[Harm] = set()
        with self._session(attack) as pgconn:
            pgconn.exec_(b"begin")
            before = _look(pgconn)
            result = pgconn.exec_(attack.filled(self.data, TRAPS).encode())
            if result.status == pq.ExecStatus.COPY_OUT:
                return frozenset({Harm.SECRET})
            if pgconn.status != pq.ConnStatus.OK:
                return frozenset({Harm.LOST})
            if result.status == pq.ExecStatus.FATAL_ERROR:
                state = result.error_field(pq.DiagnosticField.SQLSTATE)
                return frozenset({Harm.SLOW if state == b"57014" else Harm.REFUSED})
            if any(marker in value for value in _values(result) for marker in MARKERS):
                seen.add(Harm.SECRET)
            seen |= {harm for harm, one, two in zip(_SEEN, before, _look(pgconn), strict=True) if one != two}
            written = Path(self.data, "trap_out")
            if written.exists():
                written.unlink()
                seen.add(Harm.FILE)
        return frozenset(seen or {Harm.HARMLESS})

    def _outside_a_transaction(self, attack: Attack) -> frozenset[Harm]:
        database = f"{UNTOUCHED}_{next(self._numbers)}"
        self.clone(UNTOUCHED, database)
        before = self.digest(database)
        with self._session(attack, database) as pgconn:
            pgconn.exec_(b"set statement_timeout = '20s'")
            pgconn.exec_(attack.filled(self.data, database).encode())
        after = self.digest(database)
        with self.connect() as connection:
            connection.execute("alter system reset all")
        return frozenset({Harm.ESCAPE if before != after else Harm.REFUSED})

    def _heard(self, attack: Attack) -> frozenset[Harm]:
        with self.connect() as listener:
            listener.execute("listen trap")
            with self._session(attack) as pgconn:
                result = pgconn.exec_(attack.filled(self.data, TRAPS).encode())
            if result.status == pq.ExecStatus.FATAL_ERROR:
                return frozenset({Harm.REFUSED})
            heard = list(listener.notifies(timeout=2, stop_after=1))
        return frozenset({Harm.NOTIFY if heard else Harm.HARMLESS})

    @contextmanager
    def _session(self, attack: Attack, database: str = TRAPS) -> Iterator[pq.abc.PGconn]:
        connection = self.connect(database, attack.role)
        connection.pgconn.nonblocking = 0
        connection.pgconn.exec_(b"do $$ begin end $$")  # loading plpgsql adds settings of its own
        try:
            yield connection.pgconn
        finally:
            connection.close()


def _look(pgconn: pq.abc.PGconn) -> tuple[bytes | None, ...]:
    result = pgconn.exec_(_LOOK.encode())
    return tuple(result.get_value(0, column) for column in range(len(_SEEN)))


def _values(result: pq.abc.PGresult) -> Iterator[bytes]:
    for row in range(result.ntuples):
        for column in range(result.nfields):
            yield result.get_value(row, column) or b""


def _one(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(row)
