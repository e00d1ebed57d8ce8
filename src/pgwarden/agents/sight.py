"""What of a database's structure an identity may know of."""

from __future__ import annotations

from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.identity import DataRights, Identity
from pgwarden.domain.read_access import Sensitivity
from pgwarden.domain.visible_catalog import visible_catalog
from pgwarden.ports import DataRightsStore


class Sight:
    """The schema agent's catalogs, seen through the data rights of the moment."""

    def __init__(self, schema: SchemaContextAgent, rights: DataRightsStore, sensitive: Sensitivity) -> None:
        self._schema, self._rights, self.sensitive = schema, rights, sensitive

    async def rights_of(self, identity: Identity) -> DataRights:
        """The data rights of this identity now."""
        return DataRights.of(identity, (await self._rights.current()).lines)

    async def visible(self, database: str, *, identity: Identity) -> Catalog:
        """The structure of a database as far as this identity may know of it."""
        catalog = await self._schema.catalog(database)
        return visible_catalog(database, catalog, await self.rights_of(identity), self.sensitive)
