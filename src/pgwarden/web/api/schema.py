"""What a database is made of, as far as the reader may know of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from pgwarden.agents.schema_context import find_table
from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.diagram import Edge, entity_graph, marks, shown_columns
from pgwarden.domain.schema_diff import KINDS
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.domain.written_moment import read_moment
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["schema"])

DatabaseName = Annotated[str, Path(max_length=200, description="Registered name.")]
TableName = Annotated[str, Path(max_length=300, description="The table, with its schema if need be.")]
PAGE = 100
MOST_MAPPED = 3000
"""Tables on one map."""


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


class MapTable(BaseModel):
    """One table of the map."""

    name: str
    rows: float = Field(description="-1 when unknown.")
    columns: int
    keys: list[str] = Field(description="Columns of its primary key and of its references, at most 14.")


class MapEdge(BaseModel):
    """A reference; both ends are places in the list of tables, from 0."""

    table: int
    foreign: int
    label: str = Field(description="The referencing columns.")
    inferred: bool = Field(description="No key declares it.")


class MapAnswer(BaseModel):
    """How tables belong together."""

    database: str
    version: str
    tables: list[MapTable]
    edges: list[MapEdge]
    left_out: int = Field(description="Tables beyond the most that are drawn.")


class ChangeLine(BaseModel):
    """One difference."""

    action: str = Field(description="added, removed or changed.")
    kind: str
    object: str
    details: list[str]


class VersionAnswer(BaseModel):
    """One state that the structure was seen in."""

    version: str
    at: datetime
    changes: list[ChangeLine] = Field(description="Since the version before; none for the first.")


@router.get("/databases/{database}/map")
async def read_map(database: DatabaseName, visitor: Inside) -> MapAnswer:
    """All tables with their keys and references, the best connected first; 3,000 at most."""
    name = await visitor.database(database)
    catalog = await visitor.app.orchestrator.visible(name, identity=visitor.identity)
    graph = await asyncio.to_thread(entity_graph, catalog, limit=MOST_MAPPED)
    place = {relation.oid: at for at, relation in enumerate(graph.tables)}
    own: dict[int, list[Edge]] = {oid: [] for oid in place}
    for edge in graph.edges:
        own[edge.table].append(edge)
    return MapAnswer(
        database=name,
        version=catalog.version,
        tables=[_mapped(relation, own[relation.oid]) for relation in graph.tables],
        edges=[
            MapEdge(table=place[e.table], foreign=place[e.foreign], label=e.label, inferred=e.inferred)
            for e in graph.edges
        ],
        left_out=graph.left_out,
    )


@router.get("/databases/{database}/changes")
async def read_changes(
    database: DatabaseName,
    visitor: Inside,
    since: Annotated[str, Query(max_length=40, description="2026-12-01 or 2026-12-01T09:00, in your zone.")] = "",
) -> list[VersionAnswer]:
    """What changed in the structure since when, newest first: the last 100 versions, as pgwarden saw them."""
    name = await visitor.database(database)
    moment = read_moment(since, ZoneInfo(visitor.person.zone)) if since else None
    found = await visitor.app.schema_news.since(name, moment, identity=visitor.identity)
    return [
        VersionAnswer(version=v.version, at=v.at, changes=[ChangeLine(**c) for c in v.diff.get("changes", [])])  # type: ignore[attr-defined]  # JSON that schema_diff wrote
        for v in found
    ]


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


def _mapped(relation: Relation, edges: list[Edge]) -> MapTable:
    """Views and tables alike; a table of many references names the first of its keys."""
    numbers = [number for number in shown_columns(relation, edges) if marks(relation, number, edges)]
    known = [column.name for number in numbers if (column := relation.column_at(number))]
    return MapTable(name=str(relation.name), rows=relation.estimated_rows, columns=len(relation.columns), keys=known)


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
