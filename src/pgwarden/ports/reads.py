"""Running reads, and keeping what they gave for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.statement import Verdict


@runtime_checkable
class Cache(Protocol):
    """A cache of JSON texts. A cache that is down behaves like an empty one."""

    async def get(self, key: str) -> str | None: ...

    async def set(self, key: str, value: str, *, seconds: float, tags: Sequence[str] = ()) -> None: ...

    async def drop(self, *tags: str) -> None:
        """Forget every entry that carries one of the tags."""
        ...

    async def close(self) -> None: ...


class ReadRunner(Protocol):
    """Runs an allowed read on one target, inside its own fences."""

    async def run(
        self,
        verdict: Verdict,
        parameters: Sequence[object] = (),
        *,
        limits: ReadLimits,
        masked: frozenset[int] = frozenset(),
        expected: Mapping[int, str] | None = None,
        expected_functions: Mapping[int, str] | None = None,
        search_path: Sequence[str] = (),
    ) -> Result:
        """Rows of an ALLOW verdict.

        ``masked``: positions of output columns whose values must not leave the server.
        ``expected``: relation oid → ``Relation.xmin`` as judged, ``expected_functions`` the same for functions; a
        difference raises CatalogChanged before it runs.
        ``search_path``: the schemas that names were judged under; empty leaves the role's own.
        """
        ...

    async def explain(
        self,
        verdict: Verdict,
        parameters: Sequence[object] = (),
        *,
        limits: ReadLimits,
        search_path: Sequence[str] = (),
        analyze: bool = False,
    ) -> Mapping[str, object]:
        """The plan of an allowed or approvable statement, as PostgreSQL's JSON. It is not executed.

        ``analyze`` executes it inside the fences of ``run`` and throws its rows away: for an ALLOW verdict only.
        """
        ...

    async def explain_with_index(
        self, verdict: Verdict, definition: str, *, limits: ReadLimits, search_path: Sequence[str] = ()
    ) -> Mapping[str, object] | None:
        """The plan that an allowed statement would have if there were one more index; None where the server cannot
        imagine one. ``definition``: CREATE INDEX, written by us. Nothing is made.
        """
        ...
