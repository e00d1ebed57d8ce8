"""Did the objects that a statement touches change since the catalog was read? One small statement answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from pgwarden.adapters.postgres.sqlfile import named_queries
from pgwarden.domain.catalog import Catalog

ANY_VERSION = 18
"""The statement is the same on every version."""


def touched_digest_query(
    relation_oids: Iterable[int], function_oids: Iterable[int] = ()
) -> tuple[bytes, dict[str, list[int]]]:
    """One statement, and its parameters, that gives today's digests of the given objects.

    Rows are ``(kind, oid, digest)`` with kind ``r`` for a relation and ``f`` for a function; what no longer exists has
    no row. Index look-ups only. Run it with ``prepare=False`` behind PgBouncer; compare with `changed_since`.
    """
    parameters = {"relations": sorted(set(relation_oids)), "functions": sorted(set(function_oids))}
    return _touched(), parameters


def changed_since(
    catalog: Catalog, rows: Iterable[Sequence[Any]], relation_oids: Iterable[int], function_oids: Iterable[int] = ()
) -> tuple[str, ...]:
    """Names of the asked objects that differ from the catalog or are gone; empty when all is as it was judged."""
    now = {(kind, oid): digest for kind, oid, digest in rows}
    names = []
    for oid in relation_oids:
        relation = catalog.relations.get(oid)
        if relation is None or not relation.xmin or now.get(("r", oid)) != relation.xmin:
            names.append(str(relation.name) if relation else f"relation {oid}")
    for oid in function_oids:
        function = catalog.functions.get(oid)
        if function is None or not function.xmin or now.get(("f", oid)) != function.xmin:
            names.append(str(function.name) if function else f"function {oid}")
    return tuple(names)


def digest_of(versions: Iterable[bytes]) -> str:
    """What the statement gives for a relation whose catalog rows have these versions, each xmin's four bytes."""
    return sha256(b"".join(versions)).hexdigest()[:16]


@cache
def _touched() -> bytes:
    queries = named_queries("catalog.sql", ANY_VERSION)
    return queries["touched"] + b"\nunion all\n" + queries["touched_functions"]
