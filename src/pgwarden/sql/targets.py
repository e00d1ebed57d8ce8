"""What the names of a statement's targets stand for: tables that can be protected, or simple views on them."""

from __future__ import annotations

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.errors import ImpactUnknown
from pgwarden.sql.views import NotUpdatable, ThroughView, through

REFUSED = {
    "m": "it is a materialized view",
    "f": "it is a foreign table: what happens there can be neither watched nor taken back",
    "S": "it is a sequence",
    "c": "it is a type",
}
KEPT = ("pg_catalog", "information_schema", "pgwarden")


class Targets:
    """Looks targets up along a search path, as the server would."""

    def __init__(self, catalog: Catalog, search_path: str) -> None:
        path = [part.strip().strip('"') for part in search_path.split(",")]
        self._catalog = catalog
        self.schemas = [catalog.role if part == "$user" else part for part in path]

    def view(self, schema: str | None, name: str) -> ThroughView | None:
        """What a view stands for; None for what is no view. Raises ImpactUnknown where it cannot be followed."""
        relation = self._find(schema, name)
        if relation is None or relation.kind != "v":
            return None
        try:
            return through(relation, self._catalog)
        except NotUpdatable as reason:
            raise ImpactUnknown(
                f"What a change of the view {relation.name} does cannot be foreseen.",
                why=f"{reason}",
                not_done="Nothing was run.",
                next_step="Name the tables behind the view.",
            ) from None

    def table(self, schema: str | None, name: str) -> Relation:
        """The table of that name. Raises ImpactUnknown for what is not there or cannot be protected."""
        relation = self._find(schema, name)
        if relation is None:
            raise ImpactUnknown(f"There is no table {name}.", not_done="Nothing was run.")
        if relation.kind in REFUSED:
            raise ImpactUnknown(
                f"Changes of {relation.name} cannot be protected.",
                why=REFUSED[relation.kind],
                not_done="Nothing was run.",
            )
        if relation.name.schema in KEPT:
            raise ImpactUnknown(
                f"{relation.name} is a system table.",
                why="the server and pgwarden keep it",
                not_done="Nothing was run.",
            )
        return relation

    def _find(self, schema: str | None, name: str) -> Relation | None:
        if schema:
            return self._catalog.resolve_relation(name, schema)
        found = (self._catalog.resolve_relation(name, each) for each in self.schemas)
        return next((relation for relation in found if relation is not None), None)
