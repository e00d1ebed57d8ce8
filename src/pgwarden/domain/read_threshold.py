"""From which estimate on a read is not run before somebody says so."""

from __future__ import annotations

from dataclasses import dataclass

from pgwarden.domain.advice import Estimate
from pgwarden.domain.errors import NeedsConfirmation


@dataclass(frozen=True, slots=True)
class ReadThreshold:
    """Bounds on what the planner expects; 0 is no bound."""

    cost: float = 0.0
    """In the planner's units."""
    rows: float = 0.0
    seconds: float = 0.0

    def __bool__(self) -> bool:
        """Whether there is any bound."""
        return bool(self.cost or self.rows or self.seconds)

    def require(self, estimate: Estimate) -> None:
        """Raise NeedsConfirmation for a read that is expected to be beyond a bound."""
        over = [
            f"{words}, from {bound:,.0f} on it is asked first"
            for words, value, bound in (
                (f"its cost is estimated at {estimate.cost:,.0f}", estimate.cost, self.cost),
                (f"about {estimate.rows:,.0f} rows are expected", estimate.rows, self.rows),
                (_seconds(estimate), (estimate.guess or 0.0) / 1000, self.seconds),
            )
            if bound and value >= bound
        ]
        if over:
            why = "; ".join(over)
            raise NeedsConfirmation(
                "The read is expected to be large.",
                why=f"{why[:1].upper()}{why[1:]}.",
                not_done="It was planned and not run.",
                next_step="Narrow it or add LIMIT, or have a person run it all the same: with --yes, or on the page.",
            )


def _seconds(estimate: Estimate) -> str:
    return f"it may take about {(estimate.guess or 0.0) / 1000:,.1f} seconds"


NEVER = ReadThreshold()
