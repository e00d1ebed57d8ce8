"""A catalog as JSON text and back, for caches and for the history of versions.

Objects are written as arrays in the order of their fields, since a catalog holds many. A text of another layout is
not read: ``LAYOUT`` changes with the fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any, TypeVar

from pgwarden.domain.catalog import (
    Cast,
    Catalog,
    Column,
    Constraint,
    Function,
    Index,
    InferredJoin,
    Name,
    Operator,
    Policy,
    Relation,
    Rule,
    Trigger,
    Type,
)

T = TypeVar("T")
NOUNS = (Catalog, Relation, Column, Constraint, Index, Trigger, Rule, Policy, Type, Function, Operator, Cast)
HELD = {"columns": Column, "constraints": Constraint, "indexes": Index, "triggers": Trigger, "rules": Rule}


def _field_names(noun: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(noun)) if is_dataclass(noun) else tuple(getattr(noun, "_fields", ()))


LAYOUT = "|".join(f"{noun.__name__}:{','.join(_field_names(noun))}" for noun in NOUNS)
_values: dict[type, Any] = {
    noun: attrgetter(*_field_names(noun)) for noun in (*NOUNS, InferredJoin) if is_dataclass(noun)
}
_relation_fields = _field_names(Relation)


def to_json(catalog: Catalog, *, users_only: bool = False) -> str:
    """The catalog as JSON. ``users_only`` leaves out what came with the server: a snapshot for the history."""

    def kept(schema: str) -> bool:
        return not users_only or schema not in ("pg_catalog", "information_schema", "pg_toast")

    parts = {
        "layout": LAYOUT,
        "database": catalog.database,
        "database_oid": catalog.database_oid,
        "server_version": catalog.server_version,
        "role": catalog.role,
        "search_path": catalog.search_path,
        "version": catalog.version,
        "schema_comments": dict(catalog.schema_comments),
        "relations": [r for r in catalog.relations.values() if kept(r.name.schema)],
        "types": [t for t in catalog.types.values() if kept(t.name.schema)],
        "functions": [f for f in catalog.functions.values() if kept(f.name.schema)],
        "operators": [o for o in catalog.operators.values() if kept(o.name.schema)],
        "casts": () if users_only else catalog.casts,
        "inferred_joins": catalog.inferred_joins,
        "opclass_support": list(catalog.opclass_support.items()),
        "statistics_expressions": list(catalog.statistics_expressions.items()),
    }
    return json.dumps(parts, default=_plain, separators=(",", ":"), ensure_ascii=False)


def from_json(text: str) -> Catalog | None:
    """The catalog that was written; None when it was written in another layout, or is none at all."""
    try:
        parts = json.loads(text)
    except ValueError:
        return None
    if not isinstance(parts, dict) or parts.get("layout") != LAYOUT:
        return None
    return Catalog(
        database=parts["database"],
        database_oid=parts["database_oid"],
        server_version=parts["server_version"],
        role=parts["role"],
        search_path=tuple(parts["search_path"]),
        relations={relation.oid: relation for relation in map(_relation, parts["relations"])},
        types={type_.oid: type_ for type_ in _each(Type, parts["types"])},
        functions={function.oid: function for function in _each(Function, parts["functions"])},
        operators={operator.oid: operator for operator in _each(Operator, parts["operators"])},
        casts=tuple(_each(Cast, parts["casts"])),
        inferred_joins=tuple(_each(InferredJoin, parts["inferred_joins"])),
        version=parts["version"],
        schema_comments=parts["schema_comments"],
        opclass_support={oid: tuple(functions) for oid, functions in parts["opclass_support"]},
        statistics_expressions={oid: tuple(texts) for oid, texts in parts["statistics_expressions"]},
    )


def _plain(noun: object) -> Any:
    return _values[type(noun)](noun)


def _relation(row: list[Any]) -> Relation:
    values = dict(zip(_relation_fields, row, strict=True))
    for name, noun in (*HELD.items(), ("policies", Policy)):
        values[name] = tuple(_each(noun, values[name]))
    values["name"] = Name(*values["name"])
    for name in ("inherits", "reads", "publications"):
        values[name] = tuple(values[name])
    return Relation(**values)


def _each(noun: type[T], rows: Iterable[list[Any]]) -> Iterable[T]:
    """Nouns from arrays; every array within becomes a tuple, and the one called ``name`` a Name where it is one."""
    names = _field_names(noun)
    named = names.index("name") if "name" in names else -1
    for row in rows:
        values = [tuple(value) if isinstance(value, list) else value for value in row]
        if named >= 0 and isinstance(values[named], tuple):
            values[named] = Name(*values[named])
        yield noun(*values)
