"""What sampled values of the tables of a change look like: emails, cards, tokens … that no name gives away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg

from pgwarden.adapters.postgres.session import Answer, Query
from pgwarden.domain.catalog import Catalog, Column, Relation, quote_identifier
from pgwarden.domain.sensitive import SensitiveKind, kind_of_values, sensitivity

SAMPLED_ROWS = 200
WANTED_PAGES = 40
MOST_TABLES = 30
"""Tables that are sampled; a change that reaches more is CRITICAL or HIGH for its cascade already."""
LONGEST = 200
"""Characters of a value that are looked at."""
TYPES = ("text", "character", "citext", "json", "jsonb", "xml", "inet", "bigint", "numeric", "name")


class Detection:
    """Looks at values of columns that their names and comments do not call sensitive."""

    def __init__(self, catalog: Catalog, tables: Iterable[int]) -> None:
        self._catalog = catalog
        self._looked: list[tuple[int, list[Column]]] = []
        for oid in list(dict.fromkeys(tables))[:MOST_TABLES]:
            relation = catalog.relations.get(oid)
            columns = [c for c in relation.columns if _open(relation, c)] if relation and relation.kind in "rp" else []
            if columns:
                self._looked.append((oid, columns))

    def queries(self) -> list[Query]:
        """What to ask for ``kinds``."""
        return [(_sample(self._catalog, oid, columns), ()) for oid, columns in self._looked]

    def kinds(self, answers: Sequence[Answer]) -> dict[tuple[int, str], SensitiveKind]:
        """Kinds by relation and column, from the answers to ``queries``.

        What this role may not read, or what takes too long, is left out.
        """
        return {
            (oid, column.name): kind
            for (oid, columns), rows in zip(self._looked, answers, strict=True)
            if not isinstance(rows, psycopg.Error)  # no right, too slow, or a value that does not convert
            for number, column in enumerate(columns)
            if (kind := kind_of_values(row[f"c{number}"] for row in rows))
        }


def _open(relation: Relation, column: Column) -> bool:
    """Whether only its values can tell."""
    return column.selectable and column.type_name.startswith(TYPES) and sensitivity(relation, column) is None


def _sample(catalog: Catalog, oid: int, columns: list[Column]) -> str:
    """A query of some values of these columns, from a few blocks."""
    pages = sum(part.pages for part in catalog.partition_tree(oid))
    percent = 100.0 if pages <= WANTED_PAGES else 100.0 * WANTED_PAGES / pages
    cells = ", ".join(
        f"pg_catalog.left(s.{quote_identifier(column.name)}::pg_catalog.text, {LONGEST}) as c{number}"
        for number, column in enumerate(columns)
    )
    table = catalog.relations[oid].name
    return f"select {cells} from {table} s tablesample system ({percent:.6f}) repeatable (20) limit {SAMPLED_ROWS}"
