"""Turns rows of the catalog queries into a Catalog. Pure: rows in, value out.

Rows are joined here rather than on the server: a dictionary look-up in Python is cheaper than one more column
in a hundred thousand rows. It happens while the server still works: see `Gathering`.
"""

from __future__ import annotations

import hashlib
import marshal
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple, TypeVar

from pgwarden.adapters.postgres.catalog_objects import (
    FIRST_USER_OID,
    Row,
    Schemas,
    all_made,
    constraints_of,
    function_of,
    indexes_of,
    operator_of,
    policy_of,
    rule_of,
    trigger_of,
    types_of,
)
from pgwarden.adapters.postgres.catalog_recheck import digest_of
from pgwarden.domain.catalog import Cast, Catalog, Column, Constraint, Function, Index, Operator, Relation, Type

Rows = Mapping[str, list[Any]]
"""Results by name: lists of rows, or of columns for those in arrays."""
V = TypeVar("V")

IN_ARRAYS = {"columns": 2, "constraints": 1, "indexes": 1, "types": 1, "versions": 3}
"""Results that the server sends as one row of arrays, and how many of the leading ones identify an entry. They are kept
by column, and Python sorts them sooner than the server does, since they come nearly sorted."""
DEFINING = {
    "namespaces": 3,
    "relations": 12,
    "columns": 9,
    "defaults": 3,
    "constraints": 19,
    "indexes": 10,
    "functions": 21,
}
"""How many leading fields of a row are structure; the rest are rights of a role, estimates and versions."""
NOT_DEFINING = frozenset({"roles", "column_types", "versions"})
NOT_OF_THE_SERVER = frozenset({"namespaces", "roles", "ranges"})
"""Results that name users' objects even when only the server's are asked for."""
OF_RELATION = {
    "constraints": 3,
    "constraint_definitions": 1,
    "indexes": 2,
    "defaults": 0,
    "comments": 0,
    "triggers": 2,
    "rules": 2,
    "policies": 2,
}
"""Where these rows name their relation. Those of other sessions' temporary tables are left out."""


class Session(NamedTuple):
    """Who read, where."""

    database: str
    database_oid: int
    server_version: int
    role: str
    search_path: tuple[str, ...]


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
    schemas = Schemas(rows["namespaces"], rows["roles"])
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(rows.keys() - NOT_OF_THE_SERVER):
        _digest(digest, name, rows[name])
    return Builtins(
        types=_types(rows, schemas),
        functions=_functions(rows, schemas),
        operators=_operators(rows, schemas),
        casts=tuple(Cast(*row) for row in rows["casts"]),
        views=_views(rows),
        digest=digest.digest(),
    )


class Gathering:
    """All about users' objects but the relations themselves, built result by result.

    ``take`` is fed in the order in which the queries were sent, so that Python builds from one result while the server
    works on the next ones. What hangs on relations is grouped by the relation's oid.
    """

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {}
        self.schemas = Schemas((), ())
        self.columns: Mapping[int, tuple[Column, ...]] = {}
        self.constraints: Mapping[int, tuple[Constraint, ...]] = {}
        self.indexes: Mapping[int, tuple[Index, ...]] = {}
        self.types: Mapping[int, Type] = {}
        self.functions: Mapping[int, Function] = {}
        self.asked_for: dict[str, list[int]] = {}
        """Parameters of later queries: types with their modifiers, and indexes that only the server can write."""
        self.digest = hashlib.blake2b(digest_size=16)
        self._known: set[int] = set()

    def take(self, name: str, rows: list[Any]) -> None:
        """One result. Those that name a relation come after ``relations``, columns after what describes them."""
        place = OF_RELATION.get(name)
        if name in IN_ARRAYS:
            rows = _in_order(rows, IN_ARRAYS[name])
            if place is not None and not self._known.issuperset(rows[place]):
                rows = _columns_of([row for row in zip(*rows, strict=True) if row[place] in self._known], len(rows))
        elif place is not None:
            rows = [row for row in rows if row[place] in self._known]
        self.rows[name] = rows
        if name not in NOT_DEFINING:
            _digest(self.digest, name, rows)
        build = self._BUILDERS.get(name)
        if build:
            build(self)

    def _note_types(self) -> None:
        used = sorted(set(zip(*self.rows["columns"][3:5], strict=True)))
        self.asked_for["types"] = [oid for oid, _ in used]
        self.asked_for["modifiers"] = [modifier for _, modifier in used]

    def _note_indexes(self) -> None:
        oids, *_, special, _ = self.rows["indexes"]
        self.asked_for["indexes"] = [oid for oid, is_special in zip(oids, special, strict=True) if is_special]

    def _build_schemas(self) -> None:
        self.schemas = Schemas(self.rows["namespaces"], self.rows["roles"])

    def _build_relations(self) -> None:
        self._known = {row[0] for row in self.rows["relations"]}

    def _build_columns(self) -> None:
        readable = {row[0]: row[12] and self.schemas.usable(row[2]) for row in self.rows["relations"]}
        self.columns = _columns(self.rows, readable)

    def _build_constraints(self) -> None:
        definitions = {oid: text for oid, _, text in self.rows["constraint_definitions"]}
        columns = self.rows["constraints"]
        self.constraints = _by_relation(columns[3], constraints_of(columns, definitions))

    def _build_indexes(self) -> None:
        tables = {row[0]: self.schemas.name(row[2], row[1]) for row in self.rows["relations"]}
        special = {oid: (predicate, text) for oid, predicate, text in self.rows["index_definitions"]}
        columns = self.rows["indexes"]
        self.indexes = _by_relation(columns[2], indexes_of(columns, tables, self.columns, special))

    def _build_types(self) -> None:
        self.types = _types(self.rows, self.schemas)

    def _build_functions(self) -> None:
        self.functions = _functions(self.rows, self.schemas)

    _BUILDERS: ClassVar[Mapping[str, Callable[[Gathering], None]]] = {
        "roles": _build_schemas,
        "relations": _build_relations,
        "columns": _note_types,
        "indexes": _note_indexes,
        "column_types": _build_columns,
        "constraint_definitions": _build_constraints,
        "index_definitions": _build_indexes,
        "types": _build_types,
        "functions": _build_functions,
    }


def assemble(session: Session, parts: Gathering, builtins: Builtins) -> Catalog:
    """The catalog of one database."""
    rows, schemas = parts.rows, parts.schemas
    return Catalog(
        database=session.database,
        database_oid=session.database_oid,
        server_version=session.server_version,
        role=session.role,
        search_path=session.search_path,
        relations=_relations(parts, {**builtins.views, **_views(rows)}),
        types={**builtins.types, **parts.types},
        functions={**builtins.functions, **parts.functions},
        operators={**builtins.operators, **_operators(rows, schemas)},
        casts=builtins.casts + tuple(Cast(*row) for row in rows["casts"]),
        version=hashlib.blake2b(builtins.digest + parts.digest.digest(), digest_size=16).hexdigest(),
        opclass_support={oid: tuple(functions) for oid, functions in rows["opclass_support"]},
        statistics_expressions={oid: tuple(texts) for oid, texts in rows["statistics_expressions"]},
        schema_comments={name: comment for _, name, comment, _ in rows["namespaces"] if comment},
    )


def _relations(parts: Gathering, views: Mapping[int, tuple[str, tuple[int, ...]]]) -> dict[int, Relation]:
    rows, schemas = parts.rows, parts.schemas
    versions = _versions(rows)
    comments = {row[0]: row[2] for row in rows["comments"] if row[1] == 0}
    extensions = {row[1]: row[2] for row in rows["extension_members"] if not row[0]}
    parents = _grouped(rows["inheritance"], 0, itemgetter(1))
    servers: dict[int, str] = dict(rows["foreign_tables"])
    triggers = _grouped(rows["triggers"], 2, trigger_of)
    rules = _grouped(rows["rules"], 2, rule_of)
    policies = _grouped(rows["policies"], 2, policy_of)
    published = _publications(rows)
    relations = {}
    for row in rows["relations"]:
        oid, name, namespace, kind, owner, persistence, security, forced, is_partition, key, bound, invoker = row[:12]
        selects, inserts, updates, deletes, estimated_rows, pages, _ = row[12:]
        may_use = schemas.usable(namespace)
        columns = parts.columns.get(oid, ())
        inherits = parents.get(oid, ())
        view_definition, reads = views.get(oid, (None, ()))
        relations[oid] = Relation(
            oid=oid,
            name=schemas.name(namespace, name),
            kind=kind,
            owner=schemas.role(owner),
            persistence=persistence,
            columns=columns,
            estimated_rows=estimated_rows,
            pages=pages,
            comment=comments.get(oid),
            row_security=security,
            force_row_security=forced,
            partition_of=inherits[0] if is_partition and inherits else 0,
            partition_key=key,
            partition_bound=bound,
            inherits=inherits,
            extension=extensions.get(oid, ""),
            selectable=may_use and (selects or any(column.selectable for column in columns)),
            insertable=may_use and inserts,
            updatable=may_use and updates,
            deletable=may_use and deletes,
            view_definition=view_definition,
            reads=reads,
            security_invoker=invoker,
            foreign_server=servers.get(oid, ""),
            constraints=parts.constraints.get(oid, ()),
            indexes=parts.indexes.get(oid, ()),
            triggers=triggers.get(oid, ()),
            rules=rules.get(oid, ()),
            policies=policies.get(oid, ()),
            publications=published(oid, namespace, kind, persistence),
            xmin=digest_of(versions[oid]),
        )
    return relations


def _versions(rows: Rows) -> Mapping[int, list[bytes]]:
    """The xmins of the catalog rows that make up each relation, in the order of the ``touched`` query."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for row in rows["relations"]:
        found[row[0]].append(row[-1])
    for name, place in (("columns", 0), ("constraints", 3), ("indexes", 2)):
        for relation, version in zip(rows[name][place], rows[name][-1], strict=True):
            found[relation].append(version)
    for row in rows["defaults"]:
        found[row[0]].append(row[-1])
    _, relations, _, versions = rows["versions"]
    for relation, version in zip(relations, versions, strict=True):
        found[relation].append(version)
    return found


def _columns(rows: Rows, readable: Mapping[int, bool]) -> dict[int, tuple[Column, ...]]:
    """Columns of each relation, in order. ``readable``: relations that may be read as a whole."""
    relations, numbers, names, types, modifiers, not_null, *rest = rows["columns"]
    generated, identities, collations, rights, _ = rest
    type_names = {(oid, modifier): name for oid, modifier, name in rows["column_types"]}
    defaults = {(relation, number): text for relation, number, text, _ in rows["defaults"]}
    comments = {(relation, number): text for relation, number, text in rows["comments"] if number}
    places = list(zip(relations, numbers, strict=True))
    made = all_made(
        Column,
        numbers,
        names,
        types,
        map(type_names.__getitem__, zip(types, modifiers, strict=True)),
        not_null,
        map(defaults.get, places) if defaults else repeat(None),
        generated,
        identities,
        collations,
        map(comments.get, places) if comments else repeat(None),
        [bool(readable.get(relation) or right) for relation, right in zip(relations, rights, strict=True)],
    )
    return _by_relation(relations, made)


def _functions(rows: Rows, schemas: Schemas) -> dict[int, Function]:
    supports = {oid: tuple(dict.fromkeys(f for f in found if f)) for oid, found in rows["aggregates"]}
    extensions = {oid: name for is_function, oid, name in rows.get("extension_members", []) if is_function}
    return {
        row[0]: function_of(row, schemas, supports.get(row[0], ()), extensions.get(row[0], ""))
        for row in rows["functions"]
    }


def _types(rows: Rows, schemas: Schemas) -> dict[int, Type]:
    subtypes = {oid: subtype for range_, multirange, subtype in rows["ranges"] for oid in (range_, multirange)}
    labels = {oid: tuple(found) for oid, found in rows.get("enums", [])}
    checks = {oid: tuple(found) for oid, found in rows.get("domain_checks", [])}
    return {made.oid: made for made in types_of(rows["types"], schemas, subtypes, labels, checks)}


def _operators(rows: Rows, schemas: Schemas) -> dict[int, Operator]:
    return {row[0]: operator_of(row, schemas) for row in rows["operators"]}


def _views(rows: Rows) -> dict[int, tuple[str, tuple[int, ...]]]:
    return {oid: (text, tuple(reads)) for oid, text, reads in rows["views"]}


def _publications(rows: Rows) -> Callable[[int, int, str, str], tuple[str, ...]]:
    """A look-up of the publications that carry a table."""
    by_relation = _grouped((row for row in rows["publications"] if row[1]), 1, itemgetter(0))
    by_schema = _grouped((row for row in rows["publications"] if row[2]), 2, itemgetter(0))
    everything = tuple(name for name, relation, schema in rows["publications"] if relation is None and schema is None)

    def carriers(oid: int, namespace: int, kind: str, persistence: str) -> tuple[str, ...]:
        if kind not in "rp" or persistence != "p" or oid < FIRST_USER_OID:
            return ()
        return tuple(sorted({*everything, *by_relation.get(oid, ()), *by_schema.get(namespace, ())}))

    return carriers


def _digest(digest: hashlib.blake2b, name: str, rows: list[Any]) -> None:
    """Adds every definition of a result; rows are in a fixed order, and marshal writes plain values in one way only."""
    width = DEFINING.get(name)
    digest.update(name.encode())
    if name in IN_ARRAYS:
        for column in rows[:width]:
            written = _written(column)
            digest.update(b"%d:" % len(written))
            digest.update(written)
    else:
        digest.update(marshal.dumps([row[:width] for row in rows] if width else rows, 0))


def _written(column: list[Any]) -> bytes:
    """The values of a column as bytes that tell any two columns apart; in the cheapest way for their type."""
    first = column[0] if column else None
    try:
        if isinstance(first, bool):
            return bytes(column)
        if isinstance(first, int):
            return array("q", column).tobytes()
        if isinstance(first, str):
            return "\0".join(column).encode()
    except TypeError:  # some are null
        pass
    return marshal.dumps(column, 0)


def _in_order(columns: list[list[Any]], width: int) -> list[list[Any]]:
    """The columns of a result with its entries sorted by the first ``width`` of them, which are unique."""
    keys: list[Any] = columns[0] if width == 1 else list(zip(*columns[:width], strict=True))
    if keys == sorted(keys):
        return columns
    order = sorted(range(len(keys)), key=keys.__getitem__)
    pick = itemgetter(*order)
    return [list(pick(column)) for column in columns]


def _columns_of(rows: list[Row], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]


def _by_relation(relations: Iterable[int], made: Iterable[V]) -> dict[int, tuple[V, ...]]:
    """The objects of each relation; the two go in step."""
    groups: dict[int, list[V]] = defaultdict(list)
    for relation, noun in zip(relations, made, strict=True):
        groups[relation].append(noun)
    return {oid: tuple(found) for oid, found in groups.items()}


def _grouped(rows: Iterable[Row], key: int, make: Callable[[Row], V]) -> dict[int, tuple[V, ...]]:
    groups: dict[int, list[V]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(make(row))
    return {oid: tuple(found) for oid, found in groups.items()}
