"""A team's own words in PostgreSQL."""

from __future__ import annotations

from pgwarden.adapters.postgres.control.connection import Pool, query, transaction
from pgwarden.domain.glossary import Term, term_key


class PostgresGlossaryStore:
    """``ports.GlossaryStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, database: str, term: Term) -> None:
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

    async def of(self, database: str) -> tuple[Term, ...]:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("terms"), {"database": database})
            return tuple(Term(*row) for row in await cursor.fetchall())

    async def delete(self, database: str, term: str) -> bool:
        parameters = {"database": database, "key": term_key(term)}
        async with transaction(self._pool) as connection:
            return (await connection.execute(query("delete_term"), parameters)).rowcount > 0
