"""Turns rows of the catalog queries into a Catalog. Pure: rows in, value out.

Rows are joined here rather than on the server: a dictionary look-up in Python is cheaper than one more column
in a hundred thousand rows.
"""

from __future__ import annotations

import gc
import hashlib
import marshal
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pgwarden.adapters.postgres.catalog_objects import (
    constraint_of,
    function_of,
    index_of,
    operator_of,
    policy_of,
    rule_of,
    trigger_of,
    type_of,
)
from pgwarden.domain.catalog import Cast, Catalog, Column, Function, Name, Operator, Relation, Type

Row = tuple[Any, ...]
Rows = Mapping[str, list[Row]]
V = TypeVar("V")

UNSTABLE = frozenset({"sizes", "touched", "session", "roles", "column_rights"})
"""Results that may differ while every definition is the same."""


@dataclass(frozen=True, slots=True)
class Builtins:
    """What came with the server: shared by all databases whose digest is the same."""

    types: Mapping[int, Type]
    functions: Mapping[int, Function]
    operators: Mapping[int, Operator]
    casts: tuple[Cast, ...]
    views: Mapping[int, tuple[str, tuple[int, ...]]]
    digest: bytes


def build_builtins(rows: Rows) -> Builtins:
    """The part of a catalog that came with the server."""
    names = {row[0]: row[1] for row in rows["namespaces"]}
    usable = {row[0]: row[3] for row in rows["namespaces"]}
    roles = {row[0]: row[1] for row in rows["roles"]}
    supports = _supports(rows)
    return Builtins(
        types=_types(rows, names),
        functions={r[0]: function_of(r, names, usable, roles, supports.get(r[0], ()), "") for r in rows["functions"]},
        operators={r[0]: operator_of(r, names) for r in rows["operators"]},
        casts=tuple(Cast(*row) for row in rows["casts"]),
        views={oid: (text, tuple(reads)) for oid, text, reads in rows["views"]},
        digest=_digest(rows),
    )


def build_catalog(rows: Rows, builtins: Builtins) -> Catalog:
    """The catalog of one database: rows of users' objects joined with what came with the server."""
    ((database, database_oid, role, search_path, server_version),) = rows["session"]
    names = {row[0]: row[1] for row in rows["namespaces"]}
    usable = {row[0]: row[3] for row in rows["namespaces"]}
    roles = {row[0]: row[1] for row in rows["roles"]}
    supports = _supports(rows)
    extensions = {(is_function, oid): name for is_function, oid, name in rows["extension_members"]}
    functions = {
        r[0]: function_of(r, names, usable, roles, supports.get(r[0], ()), extensions.get((True, r[0]), ""))
        for r in rows["functions"]
    }
    with _without_garbage_collection():
        relations = _relations(rows, builtins, names, usable, roles, extensions)
    return Catalog(
        database=database,
        database_oid=database_oid,
        server_version=server_version,
        role=role,
        search_path=tuple(search_path),
        relations=relations,
        types={**builtins.types, **_types(rows, names)},
        functions={**builtins.functions, **functions},
        operators={**builtins.operators, **{r[0]: operator_of(r, names) for r in rows["operators"]}},
        casts=builtins.casts + tuple(Cast(*row) for row in rows["casts"]),
        version=hashlib.blake2b(builtins.digest + _digest(rows), digest_size=16).hexdigest(),
        schema_comments={name: comment for _, name, comment, _ in rows["namespaces"] if comment},
    )


def _relations(
    rows: Rows,
    builtins: Builtins,
    names: Mapping[int, str],
    usable: Mapping[int, bool],
    roles: Mapping[int, str],
    extensions: Mapping[tuple[bool, int], str],
) -> dict[int, Relation]:
    columns = _columns(rows, {row[0]: row[12] and usable.get(row[2], False) for row in rows["relations"]})
    comments = {row[0]: row[2] for row in rows["comments"] if row[1] == 0}
    sizes = {row[0]: row[1:] for row in rows["sizes"]}
    digests = {row[1]: row[2] for row in rows["touched"]}
    parents = _grouped(rows["inheritance"], 0, lambda row: row[1])
    servers = dict(rows["foreign_tables"])
    views = {**builtins.views, **{oid: (text, tuple(reads)) for oid, text, reads in rows["views"]}}
    constraints = _grouped(rows["constraints"], 3, constraint_of)
    qualified = {row[0]: (names.get(row[2], ""), row[1]) for row in rows["relations"]}
    attributes = {oid: {column.number: column.name for column in found} for oid, found in columns.items()}
    indexes = _grouped(
        (row for row in rows["indexes"] if row[2] in qualified),
        2,
        lambda row: index_of(row, qualified[row[2]], attributes.get(row[2], {})),
    )
    triggers = _grouped(rows["triggers"], 2, trigger_of)
    rules = _grouped(rows["rules"], 2, rule_of)
    policies = _grouped(rows["policies"], 2, policy_of)
    published = _publications(rows)
    relations = {}
    for row in rows["relations"]:
        oid, name, namespace, kind, owner, persistence, security, forced, is_partition, key, bound, invoker = row[:12]
        may_use = usable.get(namespace, False)
        inherits = parents.get(oid, ())
        estimated_rows, pages = sizes.get(oid, (-1.0, 0))
        view_definition, reads = views.get(oid, (None, ()))
        own_columns = columns.get(oid, ())
        relations[oid] = Relation(
            oid=oid,
            name=Name(names.get(namespace, ""), name),
            kind=kind,
            owner=roles.get(owner, ""),
            persistence=persistence,
            columns=own_columns,
            estimated_rows=estimated_rows,
            pages=pages,
            comment=comments.get(oid),
            row_security=security,
            force_row_security=forced,
            partition_of=inherits[0] if is_partition and inherits else 0,
            partition_key=key,
            partition_bound=bound,
            inherits=inherits,
            extension=extensions.get((False, oid), ""),
            selectable=may_use and (row[12] or any(column.selectable for column in own_columns)),
            insertable=may_use and row[13],
            updatable=may_use and row[14],
            deletable=may_use and row[15],
            view_definition=view_definition,
            reads=reads,
            security_invoker=invoker,
            foreign_server=servers.get(oid, ""),
            constraints=constraints.get(oid, ()),
            indexes=indexes.get(oid, ()),
            triggers=triggers.get(oid, ()),
            rules=rules.get(oid, ()),
            policies=policies.get(oid, ()),
            publications=published(oid, namespace, kind, persistence),
            xmin=digests.get(oid, ""),
        )
    return relations


def _columns(rows: Rows, selectable: Mapping[int, bool]) -> dict[int, tuple[Column, ...]]:
    """Columns of each relation, in order."""
    type_names = {(oid, modifier): name for oid, modifier, name in rows["column_types"]}
    defaults = {(relation, number): text for relation, number, text in rows["defaults"]}
    comments = {(relation, number): text for relation, number, text in rows["comments"] if number}
    rights = {(relation, number): granted for relation, number, granted in rows["column_rights"]}
    make, default_of, comment_of, right_of = Column._make, defaults.get, comments.get, rights.get
    found: dict[int, list[Column]] = defaultdict(list)
    for relation, number, name, type_oid, modifier, not_null, generated, identity, collation in rows["columns"]:
        place = (relation, number)
        readable = selectable.get(relation, False)
        found[relation].append(
            make(
                (
                    number,
                    name,
                    type_oid,
                    type_names[type_oid, modifier],
                    not_null,
                    default_of(place),
                    generated,
                    identity,
                    collation,
                    comment_of(place),
                    readable or bool(right_of(place)),
                )
            )
        )
    return {relation: tuple(columns) for relation, columns in found.items()}


def _types(rows: Rows, names: Mapping[int, str]) -> dict[int, Type]:
    subtypes = {oid: subtype for range_, multirange, subtype in rows["ranges"] for oid in (range_, multirange)}
    labels = {oid: tuple(found) for oid, found in rows.get("enums", [])}
    checks = {oid: tuple(found) for oid, found in rows.get("domain_checks", [])}
    return {
        row[0]: type_of(row, names, subtypes.get(row[0], 0), labels.get(row[0], ()), checks.get(row[0], ()))
        for row in rows["types"]
    }


def _supports(rows: Rows) -> dict[int, tuple[int, ...]]:
    """The functions that run when an aggregate does."""
    return {oid: tuple(dict.fromkeys(f for f in found if f)) for oid, found in rows["aggregates"]}


def _publications(rows: Rows) -> Callable[[int, int, str, str], tuple[str, ...]]:
    """A look-up of the publications that carry a table."""
    by_relation = _grouped((row for row in rows["publications"] if row[1]), 1, lambda row: row[0])
    by_schema = _grouped((row for row in rows["publications"] if row[2]), 2, lambda row: row[0])
    everything = tuple(name for name, relation, schema in rows["publications"] if relation is None and schema is None)

    def of(oid: int, namespace: int, kind: str, persistence: str) -> tuple[str, ...]:
        if kind not in "rp" or persistence != "p":
            return ()
        wide = everything if oid >= 16384 else ()
        return tuple(sorted({*by_relation.get(oid, ()), *by_schema.get(namespace, ()), *wide}))

    return of


def _digest(rows: Rows) -> bytes:
    """A hash of every definition; rows are in a fixed order, and marshal writes plain values in one way only."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(rows.keys() - UNSTABLE):
        digest.update(name.encode())
        digest.update(marshal.dumps(rows[name], 0))
    return digest.digest()


def _grouped(rows: Iterable[Row], key: int, make: Callable[[Row], V]) -> dict[int, tuple[V, ...]]:
    groups: dict[int, list[V]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(make(row))
    return {oid: tuple(found) for oid, found in groups.items()}


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Hundreds of thousands of new tuples hold no cycle; looking for one again and again costs a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
