"""Names in parse trees: lists of String nodes, type names, positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgwarden.sql.scope import Scope
from pgwarden.sql.typesystem import RECORD

if TYPE_CHECKING:
    from pgwarden.sql.parse import Node
    from pgwarden.sql.walk import Walk


def strings(nodes: list[Node]) -> list[str]:
    """The texts of a list of String nodes."""
    return [node["String"].get("sval", "") for node in nodes]


def split(nodes: list[Node], database: str) -> tuple[str | None, str] | None:
    """(schema or None, name) of a qualified name; None when it names another database or has too many parts."""
    parts = strings(nodes)
    if len(parts) == 3 and parts[0] == database:
        parts = parts[1:]
    if len(parts) == 1:
        return None, parts[0]
    return (parts[0], parts[1]) if len(parts) == 2 else None


def type_of(walk: Walk, name: dict[str, Any]) -> int:
    """The oid of a TypeName node; unknown ones are refused and give 0."""
    for modifier in name.get("typmods", ()):
        walk.value(modifier, Scope())
    location = name.get("location")
    names = name.get("names", [])
    if name.get("pct_type"):
        return _column_type(walk, names, location)
    found = split(names, walk.index.catalog.database)
    oid = find_type(walk, *found) if found else None
    if oid is None:
        text = ".".join(strings(names))
        known = (n.name for n in walk.index.catalog.types_by_name)
        walk.refuse("unknown-type", f'type "{text}" does not exist', location, walk.close_to(text, known))
        return 0
    if name.get("arrayBounds"):
        return walk.types.array_of(walk.types.base(oid) if walk.types.element(oid) else oid) or oid
    return oid


def find_type(walk: Walk, schema: str | None, name: str) -> int | None:
    """The type that a name means under the search path."""
    known = walk.index.catalog.types_by_name
    schemas = (_own_temporary(walk, schema),) if schema else walk.resolver.search_path
    for candidate in schemas:
        if (found := known.get((candidate, name))) is not None:  # type: ignore[call-overload]  # a Name is a tuple
            return int(found.oid)
    return None


def _own_temporary(walk: Walk, schema: str) -> str:
    """``pg_temp`` means this session's own temporary schema, which is in its search path once it exists."""
    if schema != "pg_temp":
        return schema
    return next((s for s in walk.index.catalog.search_path if s.startswith("pg_temp_")), schema)


def own_schema(walk: Walk, schema: str | None) -> str | None:
    """A schema as the catalog knows it."""
    return _own_temporary(walk, schema) if schema else None


def _column_type(walk: Walk, names: list[Node], location: int | None) -> int:
    """``table.column%TYPE``."""
    *table, column = strings(names)
    schema = table[-2] if len(table) > 1 else None
    relation = walk.index.catalog.resolve_relation(table[-1], schema) if table else None
    found = relation.column(column) if relation else None
    if found is None:
        walk.refuse("unknown-type", f"{'.'.join(strings(names))}%TYPE does not exist", location)
        return 0
    return found.type_oid


def use_type(walk: Walk, name: dict[str, Any], location: int | None = None) -> int:
    """As ``type_of``, noting what runs when values become the type or are shown in it."""
    oid = type_of(walk, name)
    if oid and oid != RECORD:
        judgement = walk.index.of_type(oid, walk.policy)
        if judgement is not walk.index.clean:
            walk.take(judgement, name.get("location", location))
    return oid
