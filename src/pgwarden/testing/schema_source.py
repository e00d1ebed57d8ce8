"""A structure that is given, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pgwarden.domain.catalog import Catalog, InferredJoin, Relation
from pgwarden.domain.profile import Sample, TableProfile
from pgwarden.domain.value_index import SampledValues


class MemorySchemaSource:
    """``ports.SchemaSource`` that is its own reader and its own tables: set ``current`` to change the structure."""

    def __init__(self, catalog: Catalog, *, key: str = "memory", joins: Sequence[InferredJoin] = ()) -> None:
        self.current = catalog
        self.key = key
        self.joins = tuple(joins)
        self.rows: dict[int, Sample] = {}
        self.profiles: dict[int, TableProfile] = {}
        self.columns: dict[tuple[int, int], Sequence[str]] = {}
        self.calls: list[str] = []
        """What was asked of it, in order: fingerprint, read, sample, profile, joins, values."""

    @property
    def reader(self) -> MemorySchemaSource:
        return self

    @property
    def tables(self) -> MemorySchemaSource:
        return self

    async def read(self) -> Catalog:
        self.calls.append("read")
        return self.current

    async def fingerprint(self) -> str:
        self.calls.append("fingerprint")
        return self.current.version

    async def sample(self, catalog: Catalog, relation: Relation, *, rows: int) -> Sample:
        self._asked("sample", catalog)
        sample = self.rows[relation.oid]
        return replace(sample, rows=sample.rows[:rows])

    async def profile(self, catalog: Catalog, relation: Relation) -> TableProfile:
        self._asked("profile", catalog)
        return self.profiles[relation.oid]

    async def inferred_joins(self, catalog: Catalog) -> tuple[InferredJoin, ...]:
        self._asked("joins", catalog)
        return self.joins

    async def values(self, catalog: Catalog) -> SampledValues:
        self._asked("values", catalog)
        return SampledValues(self.columns)

    def _asked(self, what: str, catalog: Catalog) -> None:
        assert catalog.version == self.current.version, "asked about a structure that is gone"
        self.calls.append(what)
