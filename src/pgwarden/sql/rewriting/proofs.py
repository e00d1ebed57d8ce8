"""What the structure of a database proves about the values of its columns."""

from __future__ import annotations

from collections.abc import Iterable

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.sql.rewriting.level import Reference, Source

SMALLINT, INTEGER, BIGINT, NUMERIC = 21, 23, 20, 1700
TEXT, VARCHAR = 25, 1043
DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184
INTEGERS = frozenset({SMALLINT, INTEGER, BIGINT})
DETERMINISTIC = frozenset({0, 100, 950})
"""No collation, the database's, and C: equal texts are the same bytes. Others might be case-blind."""


def never_null(catalog: Catalog, reference: Reference) -> bool:
    """Whether no row that the query sees can hold NULL there."""
    return not reference.source.nullable and column_never_null(catalog, reference.relation, reference.column.number)


def column_never_null(catalog: Catalog, relation: Relation, number: int) -> bool:
    """A NOT NULL that holds for every row: not on a foreign table's word, and not one that was never validated."""
    column = relation.column_at(number)
    if column is None or not column.not_null or not all(part.kind in "rp" for part in family(catalog, relation)):
        return False
    return not any(
        c.kind == "n" and number in c.columns and not c.validated
        for part in family(catalog, relation)
        for c in part.constraints
    )


def family(catalog: Catalog, relation: Relation) -> tuple[Relation, ...]:
    """A table with its partitions and with the tables that inherit from it."""
    found, waiting = [relation], [relation.oid]
    while waiting:
        parent = waiting.pop()
        children = [r for r in catalog.relations.values() if parent in r.inherits or r.partition_of == parent]
        fresh = [child for child in children if child not in found]
        found += fresh
        waiting += [child.oid for child in fresh]
    return tuple(found)


def is_unique(catalog: Catalog, source: Source, numbers: Iterable[int]) -> bool:
    """Whether two rows of the source never agree in these columns: they hold a valid unique key without NULLs."""
    relation = source.relation
    if relation is None or relation.kind not in "rp":
        return False
    if relation.kind == "r" and not source.only and len(family(catalog, relation)) > 1:
        return False  # a key of the parent says nothing about the children's rows
    given = set(numbers)
    return any(_proves(catalog, relation, index.columns, given) for index in relation.indexes
               if index.unique and index.valid and not index.predicate)  # fmt: skip


def _proves(catalog: Catalog, relation: Relation, key: tuple[int, ...], given: set[int]) -> bool:
    columns = [relation.column_at(number) for number in key]
    return set(key) <= given and all(
        column is not None
        and column.collation_oid in DETERMINISTIC
        and column_never_null(catalog, relation, column.number)
        for column in columns
    )


def exact_text(reference: Reference) -> bool:
    """Whether two values of the column are equal only if they are the same text."""
    return reference.column.type_oid in (TEXT, VARCHAR) and reference.column.collation_oid in DETERMINISTIC
