"""The catalog as one session sees it at this moment: with what its open transaction and its temporary schema hold."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection, AsyncCursor, pq

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.domain.catalog import Catalog

ISOLATION = "set transaction isolation level"


class SessionConnection(AsyncConnection[tuple[Any, ...]]):
    """A connection whose open transaction the catalog reader can join: it cannot choose that one's isolation."""

    async def execute(self, query: Any, *arguments: Any, **options: Any) -> AsyncCursor[tuple[Any, ...]]:
        if isinstance(query, str) and query.startswith(ISOLATION) and self._joined:
            query = "select"
        return await super().execute(query, *arguments, **options)

    _joined = False

    async def catalog(self) -> Catalog:
        """Read inside a subtransaction that is rolled back, since the reader narrows the search_path."""
        if self.pgconn.transaction_status != pq.TransactionStatus.INTRANS:
            return await PostgresCatalogReader(self).read()
        await self.execute("savepoint pgwarden_moment")
        self._joined = True
        try:
            return await PostgresCatalogReader(self).read()
        finally:
            self._joined = False
            await self.execute("rollback to savepoint pgwarden_moment")
            await self.execute("release savepoint pgwarden_moment")
