"""What sampled values of the tables of a change look like: emails, cards, tokens … that no name gives away."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.catalog import Catalog, Column, Relation, quote_identifier
from pgwarden.domain.sensitive import SensitiveKind, kind_of_values, sensitivity

SAMPLED_ROWS = 200
WANTED_PAGES = 40
MOST_TABLES = 30
"""Tables that are sampled; a change that reaches more is CRITICAL or HIGH for its cascade already."""
LONGEST = 200
"""Characters of a value that are looked at."""
TYPES = ("text", "character", "citext", "json", "jsonb", "xml", "inet", "bigint", "numeric", "name")


async def detected(session: Session, catalog: Catalog, tables: Iterable[int]) -> dict[tuple[int, str], SensitiveKind]:
    """Kinds by relation and column, for columns that their names and comments do not call sensitive.

    What this role may not read, or what takes too long, is left out.
    """
    found: dict[tuple[int, str], SensitiveKind] = {}
    for oid in list(dict.fromkeys(tables))[:MOST_TABLES]:
        relation = catalog.relations.get(oid)
        columns = [c for c in relation.columns if _open(relation, c)] if relation and relation.kind in "rp" else []
        if relation and columns:
            for name, kind in (await _look(session, catalog, relation, columns)).items():
                found[oid, name] = kind
    return found


def _open(relation: Relation, column: Column) -> bool:
    """Whether only its values can tell."""
    return column.selectable and column.type_name.startswith(TYPES) and sensitivity(relation, column) is None


async def _look(
    session: Session, catalog: Catalog, relation: Relation, columns: list[Column]
) -> dict[str, SensitiveKind]:
    pages = sum(part.pages for part in catalog.partition_tree(relation.oid))
    percent = 100.0 if pages <= WANTED_PAGES else 100.0 * WANTED_PAGES / pages
    cells = ", ".join(
        f"pg_catalog.left(s.{quote_identifier(column.name)}::pg_catalog.text, {LONGEST}) as c{number}"
        for number, column in enumerate(columns)
    )
    await session.script("savepoint looking")
    try:
        rows = await session.rows(
            f"select {cells} from {relation.name} s tablesample system ({percent:.6f}) repeatable (20)"
            f" limit {SAMPLED_ROWS}"
        )
    except psycopg.Error:  # no right, too slow, or a value that does not convert: nothing is claimed about it
        await session.script("rollback to savepoint looking")
        return {}
    await session.script("release savepoint looking")
    kinds = ((c.name, kind_of_values(row[f"c{number}"] for row in rows)) for number, c in enumerate(columns))
    return {name: kind for name, kind in kinds if kind}
