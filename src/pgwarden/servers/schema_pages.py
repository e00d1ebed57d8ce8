"""A structure as an agent reads it: whole when it is small, else ranked, summarised and paged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.relationships import relationships_of
from pgwarden.domain.schema_diff import KINDS
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.servers.reading_answers import RelationshipAnswer, SchemaAnswer, TableAnswer

WHOLE_TABLES = 30
"""Tables that are described with their columns on one page; in a longer list a line each has to do."""
LISTED_TABLES = 100
CUT = 300


def schema_page(
    catalog: Catalog,
    database: str,
    databases: Sequence[str],
    relations: Sequence[Relation],
    *,
    page: int,
    details: bool | None,
    relationships: bool,
) -> SchemaAnswer:
    """One page of the given tables. ``details`` None: columns when all of them fit on a page."""
    detailed = len(relations) <= WHOLE_TABLES if details is None else details
    size = WHOLE_TABLES if detailed else LISTED_TABLES
    pages = max(1, -(-len(relations) // size))
    page = min(max(page, 1), pages)
    shown = relations[(page - 1) * size : page * size]
    more = [] if page == pages else [f"Page {page + 1} has more."]
    if not detailed:
        more.append("Columns are left out: name a table, or search for words to see them.")
    return SchemaAnswer(
        database=database,
        version=catalog.version,
        databases=list(databases),
        tables=[table_answer(relation, catalog, detailed) for relation in shown],
        relationships=_relationships(catalog, shown) if relationships else [],
        total_tables=len(relations),
        page=page,
        pages=pages,
        more=" ".join(more),
    )


def table_answer(relation: Relation, catalog: Catalog, detailed: bool) -> TableAnswer:
    """One table; without columns in a list."""
    leaves = [leaf.estimated_rows for leaf in catalog.partition_tree(relation.oid) if leaf.kind in "rmf"]
    known = [rows for rows in leaves if rows >= 0]
    return TableAnswer(
        name=str(relation.name),
        kind=KINDS.get(relation.kind, relation.kind),
        comment=_cut(relation.comment or ""),
        estimated_rows=sum(known) if known else -1,
        columns=[_column(column, relation, catalog) for column in relation.columns] if detailed else [],
        constraints=[c.definition for c in relation.constraints if c.kind in "cx" and c.definition] if detailed else [],
        indexes=[index.definition for index in relation.indexes] if detailed else [],
        triggers=[trigger.definition for trigger in relation.triggers] if detailed else [],
    )


def _column(column: Column, relation: Relation, catalog: Catalog) -> str:
    words = [column.name, column.type_name]
    keys = {c.kind for c in relation.constraints if column.number in c.columns}
    words += ["primary key"] if "p" in keys else ["not null"] if column.not_null else []
    words += ["unique"] if "u" in keys and "p" not in keys else []
    words += ["identity"] if column.identity else ["generated"] if column.generated else []
    words += ["sensitive"] if is_sensitive_in(catalog, relation.oid, column.number) else []
    labels = catalog.types[column.type_oid].labels if column.type_oid in catalog.types else ()
    text = " ".join(words) + (f" one of {', '.join(labels[:20])}" if labels else "")
    return text + (f" -- {_cut(column.comment)}" if column.comment else "")


def _relationships(catalog: Catalog, shown: Iterable[Relation]) -> list[RelationshipAnswer]:
    names = {relation.name for relation in shown}
    return [
        RelationshipAnswer(
            table=f"{r.schema}.{r.table}",
            columns=list(r.columns),
            foreign_table=f"{r.foreign_schema}.{r.foreign_table}",
            foreign_columns=list(r.foreign_columns),
            inferred=r.inferred,
            score=r.score,
        )
        for r in relationships_of(catalog)
        if (r.schema, r.table) in names or (r.foreign_schema, r.foreign_table) in names
    ]


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CUT else line[: CUT - 1] + "…"
