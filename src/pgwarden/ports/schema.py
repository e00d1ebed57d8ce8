"""What a target is made of and holds, and how that changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pgwarden.domain.catalog import Catalog, InferredJoin, Relation
from pgwarden.domain.profile import Sample, TableProfile
from pgwarden.domain.schema_history import Relationship, Relationships, SchemaVersion
from pgwarden.ports.language import CachedValueIndex


class CatalogReader(Protocol):
    """Reads one target's structure."""

    async def read(self) -> Catalog: ...

    async def fingerprint(self) -> str:
        """A cheap may-have-changed hint; equal fingerprints mean nothing visible changed."""
        ...


class TableReader(Protocol):
    """Looks into one target's tables, bounded and read-only, to know what they hold. Views are not run."""

    async def sample(self, catalog: Catalog, relation: Relation, *, rows: int) -> Sample:
        """Representative rows with their real values. TableUnreadable where that is impossible."""
        ...

    async def profile(self, catalog: Catalog, relation: Relation) -> TableProfile:
        """The distribution of each column and what is odd; sensitive values are masked."""
        ...

    async def inferred_joins(self, catalog: Catalog) -> tuple[InferredJoin, ...]:
        """Joins that no foreign key declares, best first."""
        ...

    async def values(self, catalog: Catalog) -> CachedValueIndex:
        """Sampled values of the columns that are not sensitive."""
        ...


class SchemaSource(Protocol):
    """One registered target, as the schema agent reads it."""

    @property
    def key(self) -> str:
        """Tells this target and role from every other in a shared cache; it holds no secret."""
        ...

    @property
    def reader(self) -> CatalogReader: ...
    @property
    def tables(self) -> TableReader: ...


class SchemaEvents(Protocol):
    """Told what changed in a target's structure."""

    def subscribe(self, database: str) -> AsyncIterator[Sequence[str]]: ...


class SchemaHistory(Protocol):
    """The versions of each target's structure, and its relationships, kept until they change."""

    async def latest(self, database: str) -> SchemaVersion | None: ...

    async def record(
        self, database: str, version: str, at: datetime, diff: Mapping[str, object], snapshot: str
    ) -> bool:
        """Keep a new version; False, and nothing kept, when it is the latest already (another process was faster).

        ``diff`` holds JSON values; ``snapshot`` is the whole structure as JSON text.
        """
        ...

    async def history(self, database: str, *, limit: int = 100) -> tuple[SchemaVersion, ...]:
        """Versions seen, newest first."""
        ...

    async def snapshot(self, database: str, version: str) -> str | None:
        """The structure of a version, while it is among the SNAPSHOTS_KEPT newest."""
        ...

    async def relationships(self, database: str) -> Relationships | None:
        """None until some were saved."""
        ...

    async def save_relationships(self, database: str, version: str, found: Sequence[Relationship]) -> None:
        """Replace all relationships of a target."""
        ...
