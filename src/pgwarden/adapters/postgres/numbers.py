"""The numbers of one analysis: what is wanted of the foreign-key graph, counted in as few statements as can be."""

from __future__ import annotations

from collections.abc import Iterable

from pgwarden.adapters.postgres.counts import Counts
from pgwarden.domain.impact import Basis, Figure
from pgwarden.sql.counting import Counting
from pgwarden.sql.tallies import Tally

NONE = Figure(0, Basis.EXACT)


class Numbers:
    """Figures by what they count, each found once."""

    def __init__(self, counts: Counts, counting: Counting, *, together: Counting | None) -> None:
        """``together``: writes all counts as one statement, where that is quicker than one for each."""
        self._counts, self._counting, self._together = counts, counting, together
        self._found: dict[Tally, Figure] = {}

    async def count(self, tallies: Iterable[Tally], more: Iterable[Tally] = ()) -> None:
        """Count these, and ``more`` where it costs no statement of its own."""
        wanted = [tally for tally in dict.fromkeys(tallies) if tally not in self._found]
        every = list(dict.fromkeys([*wanted, *more])) if wanted else []
        if self._together and len(every) > 1:
            rows = await self._counts.every(self._together.together(every))
            if rows:
                self._found |= {tally: Figure(n, Basis.EXACT) for tally, n in zip(every, rows, strict=True)}
                return
            self._together = None  # it takes too long, or one of them cannot be counted
        counting = self._counting
        queries = [(counting.query(tally), tally.relation, counting.bare(tally)) for tally in wanted]
        figures = await self._counts.figures(queries)
        self._found |= dict(zip(wanted, figures, strict=True))

    def __getitem__(self, tally: Tally) -> Figure:
        """A figure that was counted; none of what nobody asked for, since nothing leads there."""
        return self._found.get(tally, NONE)
