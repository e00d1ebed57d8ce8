"""What language models cost, in PostgreSQL: processes that call at once cannot overspend together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from pgwarden.adapters.postgres.control.connection import Pool, query, rows, transaction
from pgwarden.domain.model_call import Budget, ModelUse, Usage

EVERYONE = ""


class _Over(Exception):
    """Rolls the reservation back."""


class PostgresModelLedger:
    """``ports.ModelLedger``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def reserve(self, day: date, identity: str, model: str, tokens: int, cost: float, budget: Budget) -> bool:
        """Set tokens and dollars aside; False above a budget."""
        limits = {
            EVERYONE: (budget.all_tokens, budget.all_dollars),
            identity: (budget.person_tokens, budget.person_dollars),
        }
        given = {"day": day, "tokens": tokens, "cost": Decimal(repr(cost))}
        try:
            async with transaction(self._pool) as connection:
                for who, (most, dollars) in limits.items():
                    limit = Decimal("Infinity") if dollars is None else Decimal(repr(dollars))
                    each = given | {"identity": who, "most_tokens": most, "most_cost": limit}
                    if await (await connection.execute(query("reserve_model_call"), each)).fetchone() is None:
                        raise _Over
                await connection.execute(query("reserve_by_model"), given | {"identity": identity, "model": model})
        except _Over:
            return False
        return True

    async def settle(self, day: date, identity: str, model: str, *, tokens: int, cost: float, unpriced: int) -> None:
        """Correct what was set aside."""
        given = {"day": day, "tokens": tokens, "cost": Decimal(repr(cost)), "unpriced": unpriced}
        async with transaction(self._pool) as connection:
            for who in (EVERYONE, identity):
                await connection.execute(query("settle_model_call"), given | {"identity": who})
            await connection.execute(query("settle_by_model"), given | {"identity": identity, "model": model})

    async def usage(self, since: date) -> tuple[Usage, ...]:
        """Use from that day on, the newest day first, everyone's sum before the others."""
        models: dict[tuple[date, str], list[ModelUse]] = {}
        for day, identity, *use in await rows(self._pool, "model_use_by_model", {"since": since}):
            models.setdefault((day, identity), []).append(ModelUse(*use))
        found = await rows(self._pool, "model_use", {"since": since})
        uses = [Usage(*row) for row in found]
        return tuple(replace(use, models=tuple(models.get((use.day, use.identity), ()))) for use in uses)
