"""What a database is made of, as far as the reader may know of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from pgwarden.agents.schema_context import find_table
from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.schema_diff import KINDS
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["schema"])

DatabaseName = Annotated[str, Path(max_length=200, description="Registered name.")]
TableName = Annotated[str, Path(max_length=300, description="The table, with its schema if need be.")]
PAGE = 100


class TableLine(BaseModel):
    """One table of a list."""

    name: str
    kind: str
    comment: str
    estimated_rows: float = Field(description="-1 when unknown.")
    columns: int


class TablesAnswer(BaseModel):
    """A page of tables."""

    database: str
    version: str = Field(description="Changes with the structure.")
    tables: list[TableLine]
    total: int
    page: int
    pages: int


class ColumnLine(BaseModel):
    """One column of a table."""

    name: str
    type: str
    nullable: bool
    default: str
    comment: str
    primary_key: bool
    unique: bool
    sensitive: bool = Field(description="Known or suspected to hold personal or secret data; comes masked.")
    labels: list[str] = Field(description="Of an enumeration.")


class TableAnswer(TableLine):
    """A table in detail."""

    database: str
    fields: list[ColumnLine]
    constraints: list[str]
    indexes: list[str]
    triggers: list[str]
    partitions: list[str]
    definition: str = Field(description="Of a view.")


@router.get("/databases/{database}/tables")
async def list_tables(
    database: DatabaseName,
    visitor: Inside,
    search: Annotated[str, Query(max_length=1000, description="Words it is about; best match first.")] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> TablesAnswer:
    """The tables and views, a page at a time."""
    name = await visitor.database(database)
    catalog = await visitor.app.orchestrator.visible(name, identity=visitor.identity)
    relations = [relation for relation in catalog.user_relations if not relation.partition_of]
    if search.strip():
        known = {relation.oid: relation for relation in relations}
        matches = await visitor.app.schema.suggest_tables(name, search, limit=PAGE)
        relations = [known[match.relation_oid] for match in matches if match.relation_oid in known]
    pages = max(1, -(-len(relations) // PAGE))
    shown = relations[(min(page, pages) - 1) * PAGE :][:PAGE]
    return TablesAnswer(
        database=name,
        version=catalog.version,
        tables=[_line(relation, catalog) for relation in shown],
        total=len(relations),
        page=min(page, pages),
        pages=pages,
    )


@router.get("/databases/{database}/tables/{table}")
async def read_table(database: DatabaseName, table: TableName, visitor: Inside) -> TableAnswer:
    """One table: its columns, keys, checks, indexes and triggers."""
    name = await visitor.database(database)
    catalog = await visitor.app.orchestrator.visible(name, identity=visitor.identity)
    relation = find_table(catalog, table)
    return TableAnswer(
        **_line(relation, catalog).model_dump(),
        database=name,
        fields=[_column(column, relation, catalog) for column in relation.columns],
        constraints=[c.definition for c in relation.constraints if c.definition],
        indexes=[index.definition for index in relation.indexes],
        triggers=[trigger.definition for trigger in relation.triggers],
        partitions=[f"{p.name} {p.partition_bound}" for p in catalog.partitions.get(relation.oid, ())],
        definition=relation.view_definition or "",
    )


def _line(relation: Relation, catalog: Catalog) -> TableLine:
    leaves = [leaf.estimated_rows for leaf in catalog.partition_tree(relation.oid) if leaf.kind in "rmf"]
    known = [rows for rows in leaves if rows >= 0]
    return TableLine(
        name=str(relation.name),
        kind=KINDS.get(relation.kind, relation.kind),
        comment=relation.comment or "",
        estimated_rows=sum(known) if known else -1,
        columns=len(relation.columns),
    )


def _column(column: Column, relation: Relation, catalog: Catalog) -> ColumnLine:
    keys = {constraint.kind for constraint in relation.constraints if column.number in constraint.columns}
    default = "identity" if column.identity else column.default or ""
    return ColumnLine(
        name=column.name,
        type=column.type_name,
        nullable=not column.not_null,
        default=f"generated: {default}" if column.generated else default,
        comment=column.comment or "",
        primary_key="p" in keys,
        unique="u" in keys,
        sensitive=is_sensitive_in(catalog, relation.oid, column.number),
        labels=list(catalog.types[column.type_oid].labels) if column.type_oid in catalog.types else [],
    )
