"""What pgwarden knows about the server behind a connection and about the types that it returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.database import NEWEST_VERSION, OLDEST_VERSION
from pgwarden.domain.errors import UnsupportedServer

RELATIVES = ("CockroachDB", "Redshift", "-YB-", "Greenplum", "Materialize", "RisingWave", "CrateDB", "QuestDB")
"""Servers that speak PostgreSQL's protocol and show in ``version()`` that they are something else."""
WITHOUT_CLIENT_CHECK = ("mingw", "visual studio", "msvc", "windows")
"""Platforms of servers on which ``client_connection_check_interval`` cannot be set."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What one connection found on the other side."""

    version: int
    """``server_version_num``, e.g. 180004."""
    description: str
    role: str
    superuser: bool
    limits_temp_files: bool
    """Whether the role may set ``temp_file_limit``."""
    tls: bool
    pooled: bool
    """Whether a proxy stands between, so that the backend may be another one in the next transaction."""
    settings: Mapping[str, int]
    """Limits already in force for the role, in PostgreSQL's base units (ms, kB); 0 and -1 mean none."""
    own_work_mem: bool = True
    """Whether ``work_mem`` was set for the role or the database, and not only for the server in general."""

    @property
    def notices_lost_clients(self) -> bool:
        """Whether the server can look by itself whether we are still there."""
        return not any(word in self.description.lower() for word in WITHOUT_CLIENT_CHECK)

    @property
    def newer_than_known(self) -> bool:
        return self.version > NEWEST_VERSION


@dataclass(frozen=True, slots=True)
class TypeFact:
    """How values of a type are shown. ``length`` is ``typlen``: -1 for a type of varying length."""

    oid: int
    name: str
    length: int
    kind: str
    """``typtype``: b base, c composite, d domain, e enum, p pseudo, r range, m multirange."""
    output: str
    """Its output function, qualified and quoted: shows a value without any cast that a user may have defined."""


class TypeBook:
    """Types of one target by oid; grows with what statements return, never shrinks."""

    def __init__(self) -> None:
        self._known: dict[int, TypeFact] = {}

    def __getitem__(self, oid: int) -> TypeFact:
        return self._known[oid]

    def unknown(self, oids: Iterable[int]) -> list[int]:
        return sorted(set(oids) - self._known.keys())

    def learn(self, facts: Iterable[TypeFact]) -> None:
        self._known.update((fact.oid, fact) for fact in facts)

    def __len__(self) -> int:
        return len(self._known)


async def server_facts(connection: AsyncConnection[Any]) -> ServerFacts:
    """Look at the server. Raises UnsupportedServer when it is older than 14 or no PostgreSQL."""
    version = connection.info.server_version
    if version < OLDEST_VERSION:
        raise _unsupported(f"It reports version {version}; pgwarden works with PostgreSQL 14 and later.")
    cursor = await connection.execute(named_queries("target.sql", version // 10000)["facts"], prepare=False)
    row = await cursor.fetchone()
    if row is None:
        raise _unsupported("It does not know the role that it let in, as PostgreSQL does.")
    description, pid, role, superuser, limits_temp_files, tls, settings, own_work_mem = row
    if relative := next((name for name in RELATIVES if name in description), None):
        raise _unsupported(f"It is {relative.strip('-')}, whose behaviour differs from PostgreSQL's.")
    return ServerFacts(
        version=version,
        description=description,
        role=role,
        superuser=superuser,
        limits_temp_files=limits_temp_files,
        tls=connection.pgconn.ssl_in_use or tls,
        # The key that a proxy hands out at connect time is its own, not the backend's.
        pooled=pid != connection.info.backend_pid,
        settings={name: int(value) for name, value in settings},
        own_work_mem=own_work_mem,
    )


async def learn_types(connection: AsyncConnection[Any], book: TypeBook) -> None:
    """Fill the book with the types that came with the server."""
    cursor = await connection.execute(named_queries("target.sql", 14)["types"], prepare=False)
    book.learn(TypeFact(*row) for row in await cursor.fetchall())


def _unsupported(why: str) -> UnsupportedServer:
    return UnsupportedServer(
        "The server is not one that pgwarden can judge.",
        why=why,
        not_done="The database was not used.",
        next_step="Point the registration at PostgreSQL 14 to 18.",
    )
