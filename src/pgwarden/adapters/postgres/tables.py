"""``ports.TableReader`` on PostgreSQL: everything that is read from inside a target's tables to know it."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection

from pgwarden.adapters.postgres.joins import inferred_joins
from pgwarden.adapters.postgres.looking import Connect, Looker
from pgwarden.adapters.postgres.profiles import profile
from pgwarden.adapters.postgres.samples import sample
from pgwarden.adapters.postgres.values import sampled_values
from pgwarden.domain.catalog import Catalog, InferredJoin, Relation
from pgwarden.domain.profile import Sample, TableProfile
from pgwarden.domain.value_index import SampledValues


class PostgresTableReader:
    """Looks into tables through a connection, or through a factory that lends connections. It only ever reads."""

    def __init__(self, connection: AsyncConnection[Any] | Connect) -> None:
        self._looker = Looker(connection)

    async def sample(self, catalog: Catalog, relation: Relation, *, rows: int) -> Sample:
        return await sample(self._looker, catalog, relation, rows)

    async def profile(self, catalog: Catalog, relation: Relation) -> TableProfile:
        return await profile(self._looker, catalog, relation)

    async def inferred_joins(self, catalog: Catalog) -> tuple[InferredJoin, ...]:
        return await inferred_joins(self._looker, catalog)

    async def values(self, catalog: Catalog) -> SampledValues:
        return await sampled_values(self._looker, catalog)
