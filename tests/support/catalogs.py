"""Small catalogs made by hand, for tests of pure code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgwarden.domain.catalog import Catalog, Column, Constraint, Index, Name, Relation, Type

TYPES = {"integer": 23, "bigint": 20, "text": 25, "numeric": 1700, "date": 1082, "boolean": 16, "uuid": 2950}
CATEGORIES = {"integer": "N", "bigint": "N", "text": "S", "numeric": "N", "date": "D", "boolean": "B", "uuid": "U"}


def table(
    oid: int,
    name: str,
    columns: Sequence[str],
    *,
    key: int = 1,
    references: Iterable[tuple[int, int]] = (),
    comment: str | None = None,
    schema: str = "public",
    kind: str = "r",
    comments: dict[str, str] | None = None,
) -> Relation:
    """A table from ``["id integer", "name text"]``. ``references``: (column number, oid of the table it points at)."""
    made = []
    for number, column in enumerate(columns, start=1):
        column_name, _, type_name = column.partition(" ")
        said = (comments or {}).get(column_name)
        made.append(
            Column(number, column_name, TYPES[type_name], type_name, number == key, None, "", "", 0, said, True)
        )
    constraints = [Constraint(oid * 10, f"{name}_pkey", "p", oid, (key,), None, index_oid=oid * 10 + 9)] if key else []
    for place, (column_number, target) in enumerate(references, start=1):
        constraints.append(
            Constraint(oid * 10 + place, f"{name}_fk{place}", "f", oid, (column_number,), None, target, (1,), "a", "a")
        )
    definition = f"CREATE UNIQUE INDEX {name}_pkey ON {schema}.{name} USING btree ({made[key - 1].name})"
    index = Index(oid * 10 + 9, f"{name}_pkey", oid, (key,), True, True, True, "btree", None, definition)
    return Relation(
        oid,
        Name(schema, name),
        kind,
        "owner",
        "p",
        tuple(made),
        100.0,
        1,
        comment=comment,
        constraints=tuple(constraints),
        indexes=(index,) if key else (),
        xmin="1",
    )


def catalog(*relations: Relation, version: str = "1") -> Catalog:
    types = {
        oid: Type(oid, Name("pg_catalog", name), "b", CATEGORIES[name], False, 0, 0, 0, 0)
        for name, oid in TYPES.items()
    }
    return Catalog(
        database="shop",
        database_oid=1,
        server_version=180004,
        role="reader",
        search_path=("pg_catalog", "public"),
        relations={relation.oid: relation for relation in relations},
        types=types,
        functions={},
        operators={},
        casts=(),
        version=version,
    )
