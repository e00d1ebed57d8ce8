"""How long a server takes for a unit of the planner's cost, learnt from one small statement that reads no table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from pgwarden.domain.query_plan import estimates, measured

YARDSTICK = "select count(*) from generate_series(1, 20000) g"
"""Some milliseconds: a command asks it once, for itself."""


class ReadPace:
    """Milliseconds for a unit of cost, by database; learnt at the first use in this process."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    async def of(self, database: str, measure: Callable[[str], Awaitable[Mapping[str, object]]]) -> float | None:
        """None where the server gives no time. ``measure`` runs the yardstick with EXPLAIN ANALYZE."""
        if database not in self._known:
            plan = await measure(YARDSTICK)
            cost, _ = estimates(plan)
            took = measured(plan)
            if cost and took is not None:
                self._known[database] = took / cost
        return self._known.get(database)
