"""Which models fail, in PostgreSQL: a model that rests does so for every process, by the database's clock."""

from __future__ import annotations

from collections.abc import Mapping

from pgwarden.adapters.postgres.control.connection import Connection, Pool, query, rows, transaction
from pgwarden.domain.model_call import Circuit

LONGEST_SAID = 500


class PostgresModelHealth:
    """``ports.ModelHealth``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def admit(self, model: str) -> tuple[Circuit, float] | None:
        """None when a call may go out; of several callers at once a rested model gets one."""
        known = (await self.circuits()).get(model)
        if known is None or known[0].opened_at is None:
            return None
        async with transaction(self._pool) as connection:
            circuit, now = await _taken(connection, model)
            if not circuit.allows(now):
                return circuit, now
            await _keep(connection, model, circuit.trying(now))
        return None

    async def ended(self, model: str, failure: str = "") -> None:
        """What came of a call."""
        async with transaction(self._pool) as connection:
            if failure:
                circuit, now = await _taken(connection, model)
                await _keep(connection, model, circuit.failed(now, failure[:LONGEST_SAID]))
            else:
                await connection.execute(query("drop_model_circuit"), {"model": model})

    async def circuits(self) -> Mapping[str, tuple[Circuit, float]]:
        """Those that have failures."""
        found = await rows(self._pool, "model_circuits")
        return {model: (Circuit(failures, opened, said), now) for model, failures, opened, said, now in found}


async def _taken(connection: Connection, model: str) -> tuple[Circuit, float]:
    """A model's circuit, which nobody else changes meanwhile. A model without a row has one, so that two first
    failures at once are both counted."""
    row = None
    while row is None:
        row = await (await connection.execute(query("model_circuit_taken"), {"model": model})).fetchone()
        if row is None:
            await connection.execute(query("new_model_circuit"), {"model": model})
    failures, opened, said, now = row
    return Circuit(failures, opened, said), now


async def _keep(connection: Connection, model: str, circuit: Circuit) -> None:
    given = {"model": model, "failures": circuit.failures, "opened_at": circuit.opened_at, "said": circuit.said}
    await connection.execute(query("keep_model_circuit"), given)
