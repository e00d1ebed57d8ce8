"""The part of a catalog that a reader may ask about: what may not be read is not even suggested."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.identity import Access, DataRights
from pgwarden.domain.read_access import Sensitivity


def visible_catalog(database: str, catalog: Catalog, rights: DataRights, sensitive: Sensitivity) -> Catalog:
    """The catalog without the columns that the database role or the reader's data rights withhold.

    Masked columns stay: they may be shown, as masks. Its version tells it from the whole one.
    """
    relations = dict(catalog.relations)
    hidden: list[str] = []
    for relation in catalog.user_relations:
        kept = tuple(
            c
            for c in relation.columns
            if c.selectable and _may(database, relation, c.number, catalog, rights, sensitive)
        )
        if len(kept) == len(relation.columns) and relation.selectable:
            continue
        hidden.append(f"{relation.oid}:{','.join(str(c.number) for c in kept)}")
        if kept:
            relations[relation.oid] = replace(relation, columns=kept, withheld=len(kept) < len(relation.columns))
        else:
            del relations[relation.oid]
    if not hidden:
        return catalog
    digest = hashlib.sha256("\n".join(hidden).encode()).hexdigest()[:16]
    return replace(catalog, relations=relations, version=f"{catalog.version}/{digest}")


def hides_values(
    database: str, catalog: Catalog, rights: DataRights, sensitive: Sensitivity, relation_oid: int, number: int
) -> bool:
    """Whether a column's values are kept from a reader, wholly or by masks; so are those of unknown columns."""
    relation = catalog.relations.get(relation_oid)
    if relation is None or relation.column_at(number) is None:
        return True
    return _access(database, relation, number, catalog, rights, sensitive) is not Access.READ


def _may(
    database: str, relation: Relation, number: int, catalog: Catalog, rights: DataRights, sensitive: Sensitivity
) -> bool:
    return _access(database, relation, number, catalog, rights, sensitive) is not Access.DENY


def _access(
    database: str, relation: Relation, number: int, catalog: Catalog, rights: DataRights, sensitive: Sensitivity
) -> Access:
    column = relation.column_at(number)
    assert column is not None, "the caller walks the relation's own columns"
    return rights.on(
        database,
        relation.name.schema,
        relation.name.name,
        column.name,
        sensitive=sensitive(catalog, relation.oid, number),
    )
