"""A team's own words in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.adapters.postgres.control.audit_append import append_entries
from pgwarden.adapters.postgres.control.connection import Pool, query, transaction
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.glossary import Term, term_key


class PostgresGlossaryStore:
    """``ports.GlossaryStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, database: str, term: Term, *, audit: Sequence[AuditEntry] = ()) -> None:
        parameters = {
            "database": database,
            "key": term.key,
            "term": term.term,
            "meaning": term.meaning,
            "author": term.author,
            "at": term.at,
        }
        async with transaction(self._pool) as connection:
            await connection.execute(query("save_term"), parameters)
            await append_entries(connection, audit)

    async def of(self, database: str) -> tuple[Term, ...]:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("terms"), {"database": database})
            return tuple(Term(*row) for row in await cursor.fetchall())

    async def delete(self, database: str, term: str, *, audit: Sequence[AuditEntry] = ()) -> bool:
        parameters = {"database": database, "key": term_key(term)}
        async with transaction(self._pool) as connection:
            deleted = (await connection.execute(query("delete_term"), parameters)).rowcount > 0
            await append_entries(connection, audit if deleted else ())
        return deleted
