"""What the agents need from the world, as protocols. Adapters implement them; tests/contract runs one suite on each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.question import Question, Reading
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


class CatalogReader(Protocol):
    """Reads one target's structure."""

    async def read(self) -> Catalog: ...

    async def fingerprint(self) -> str:
        """A cheap may-have-changed hint; equal fingerprints mean nothing visible changed."""
        ...


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
    ) -> Result:
        """Rows of an ALLOW verdict.

        ``masked``: positions of output columns whose values must not leave the server.
        ``expected``: relation oid → ``Relation.xmin`` as judged; a difference raises CatalogChanged before anything runs.
        """
        ...

    async def explain(self, verdict: Verdict, *, limits: ReadLimits) -> Mapping[str, object]:
        """The plan of an allowed or approvable statement (never executed), as PostgreSQL's JSON."""
        ...


class ValueIndex(Protocol):
    """What values a database's columns hold, sampled; what the language engines link words to."""

    def find(self, phrase: str) -> Sequence[ValueHit]:
        """Columns whose values equal or resemble the phrase, best first."""
        ...

    def values(self, relation_oid: int, column: int) -> Sequence[str]:
        """Known common or sampled values of a column, most common first."""
        ...


class ValueHit(Protocol):
    """A column that holds a value like the phrase."""

    @property
    def relation_oid(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def value(self) -> str: ...
    @property
    def score(self) -> float: ...


class LanguageEngine(Protocol):
    """Turns a question into a reading over one catalog."""

    name: str

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading: ...


class SchemaEvents(Protocol):
    """Told what changed in a target's structure."""

    def subscribe(self, database: str) -> AsyncIterator[Sequence[str]]: ...
