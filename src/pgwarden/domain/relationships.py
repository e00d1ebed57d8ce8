"""How tables belong together, by names: declared foreign keys and inferred joins alike, and back to oids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgwarden.domain.catalog import Catalog, InferredJoin, Name, Relation
from pgwarden.domain.schema_history import Relationship


def relationships_of(catalog: Catalog) -> tuple[Relationship, ...]:
    """Every relationship that a catalog knows, declared ones first."""
    return (*_declared(catalog), *_inferred(catalog))


def inferred_joins_of(catalog: Catalog, found: Iterable[Relationship]) -> tuple[InferredJoin, ...]:
    """The inferred ones among stored relationships, as far as their columns still exist."""
    joins = []
    for relationship in found:
        if relationship.inferred:
            here = _place(catalog, relationship.schema, relationship.table, relationship.columns)
            there = _place(
                catalog, relationship.foreign_schema, relationship.foreign_table, relationship.foreign_columns
            )
            if here and there:
                joins.append(InferredJoin(*here, *there, relationship.score, relationship.evidence))
    return tuple(joins)


def _place(catalog: Catalog, schema: str, table: str, columns: tuple[str, ...]) -> tuple[int, int] | None:
    relation = catalog.by_name.get(Name(schema, table))
    column = relation.column(columns[0]) if relation and len(columns) == 1 else None
    return (relation.oid, column.number) if relation and column else None


def _declared(catalog: Catalog) -> Iterator[Relationship]:
    for relation in catalog.user_relations:
        for key in relation.foreign_keys:
            target = catalog.relations.get(key.foreign_oid)
            if target is not None and not key.parent_oid:
                yield Relationship(
                    *relation.name, _names(relation, key.columns),
                    *target.name, _names(target, key.foreign_columns), inferred=False,
                    evidence=f"foreign key {key.name}",
                )  # fmt: skip


def _inferred(catalog: Catalog) -> Iterator[Relationship]:
    for join in catalog.inferred_joins:
        relation, target = catalog.relations[join.relation_oid], catalog.relations[join.foreign_oid]
        yield Relationship(
            *relation.name, _names(relation, (join.column,)),
            *target.name, _names(target, (join.foreign_column,)),
            inferred=True, score=join.score, evidence=join.evidence,
        )  # fmt: skip


def _names(relation: Relation, numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(column.name for number in numbers if (column := relation.column_at(number)))
