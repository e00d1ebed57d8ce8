"""What language models cost, in PostgreSQL: processes that call at once cannot overspend together."""

from __future__ import annotations

from datetime import date

from pgwarden.adapters.postgres.control.connection import Pool, query, transaction
from pgwarden.domain.model_call import Budget, Usage

EVERYONE = ""


class _Over(Exception):
    """Rolls the reservation back."""


class PostgresModelLedger:
    """``ports.ModelLedger``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def reserve(self, day: date, identity: str, tokens: int, budget: Budget) -> bool:
        """Set tokens aside; False above a budget."""
        try:
            async with transaction(self._pool) as connection:
                for who, most in ((EVERYONE, budget.all_tokens), (identity, budget.person_tokens)):
                    given = {"day": day, "identity": who, "tokens": tokens, "budget": most}
                    if await (await connection.execute(query("reserve_model_tokens"), given)).fetchone() is None:
                        raise _Over
        except _Over:
            return False
        return True

    async def settle(self, day: date, identity: str, *, reserved: int, used: int, cost: float) -> None:
        """Put what a call took in the place of what was set aside."""
        async with transaction(self._pool) as connection:
            for who in (EVERYONE, identity):
                given = {"day": day, "identity": who, "change": used - reserved, "cost": cost}
                await connection.execute(query("settle_model_tokens"), given)

    async def usage(self, day: date) -> tuple[Usage, ...]:
        """That day's use, everyone's sum first."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("model_use"), {"day": day})
            return tuple(Usage(*row) for row in await cursor.fetchall())
