"""What MCP callers used lately, in PostgreSQL, by the database's clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pgwarden.adapters.postgres.control.connection import Pool, query, rows, transaction
from pgwarden.domain.allowance import Use


class PostgresUseLedger:
    """``ports.UseLedger``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, used: Mapping[str, Use]) -> None:
        """Count it in this minute, and drop what is too old to count."""
        given = {
            "accounts": list(used),
            "calls": [use.calls for use in used.values()],
            "rows": [use.rows for use in used.values()],
            "bytes": [use.bytes for use in used.values()],
            "seconds": [use.seconds for use in used.values()],
        }
        async with transaction(self._pool) as connection:
            await connection.execute(query("add_mcp_use"), given)
            await connection.execute(query("drop_old_mcp_use"))

    async def last_hour(self, accounts: Collection[str] | None) -> Mapping[str, tuple[Use, float]]:
        """What these accounts, or all, used, and since when."""
        asked = None if accounts is None else list(accounts)
        found = await rows(self._pool, "mcp_use_of_the_hour", {"accounts": asked})
        return {account: (Use(*used), oldest) for account, oldest, *used in found}
