"""``ports.ImpactAnalyst`` on a registered target."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from pgwarden.adapters.postgres.connect import connection_string
from pgwarden.adapters.postgres.impact import AnalysisLimits, analyse
from pgwarden.adapters.postgres.session import translated
from pgwarden.domain.catalog import Catalog, quote_identifier
from pgwarden.domain.database import Database
from pgwarden.domain.execution import Parameter
from pgwarden.domain.impact import Impact


class PostgresImpactAnalyst:
    """Analyses under the target's own role: what that role does not see, it does not count, and says so."""

    def __init__(self, database: Database, limits: AnalysisLimits | None = None) -> None:
        self._database, self._limits = database, limits

    async def analyse(self, sql: str, catalog: Catalog, *, parameters: Sequence[Parameter] = ()) -> Impact:
        path = ", ".join(quote_identifier(schema) for schema in catalog.search_path if schema != "pg_catalog")
        conninfo = await connection_string(self._database)
        try:
            return await analyse(conninfo, sql, catalog, parameters=parameters, search_path=path, limits=self._limits)
        except psycopg.Error as error:
            raise translated(error) from None
