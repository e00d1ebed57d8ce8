"""What a database is made of: its tables, and one table with samples, profile and relationships."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from pgwarden.agents.schema_context import find_table
from pgwarden.domain.diagram import entity_graph
from pgwarden.domain.diagram_svg import svg
from pgwarden.domain.errors import InputInvalid
from pgwarden.web.api.databases import list_databases
from pgwarden.web.api.schema import list_tables, read_changes, read_table
from pgwarden.web.problems import problem
from pgwarden.web.visitor import Inside

router = APIRouter()

NEAREST = 9
"""Tables in one picture: a large schema is walked from neighbour to neighbour."""
DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A picture styles itself, and can do nothing else."""


@router.get("/schema")
async def tables(
    request: Request,
    visitor: Inside,
    database: Annotated[str, Query(max_length=200)] = "",
    search: Annotated[str, Query(max_length=1000)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The tables and views, searched by what they are about."""
    databases = await list_databases(visitor)
    chosen = database or next((each.name for each in databases), "")
    found = await list_tables(chosen, visitor, search, page) if chosen else None
    return visitor.door.templates.page(
        request, "pages/schema.html", visitor=visitor, databases=databases, database=chosen, search=search, found=found
    )


@router.get("/schema/{database}/map")
async def schema_map(request: Request, visitor: Inside, database: str) -> Response:
    """All tables and how they belong together, to walk in. (A table is named with its schema: none is in the way.)"""
    name = await visitor.database(database)
    return visitor.door.templates.page(request, "pages/map.html", visitor=visitor, database=name)


@router.get("/schema/{database}/changes")
async def changes(
    request: Request, visitor: Inside, database: str, since: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """What changed since when."""
    trouble, found = None, []
    try:
        found = await read_changes(database, visitor, since)
    except InputInvalid as error:
        trouble = problem(error)
    return visitor.door.templates.page(
        request,
        "pages/changes.html",
        visitor=visitor,
        database=database,
        since=since,
        found=found,
        trouble=trouble,
    )


@router.get("/schema/{database}/{table}")
async def table(request: Request, visitor: Inside, database: str, table: str) -> Response:
    """One table: columns, keys, a masked sample, and what it is joined with."""
    found = await read_table(database, table, visitor)
    app = visitor.app
    sample = await app.orchestrator.sample(found.database, found.name, rows=10, masked=True, identity=visitor.identity)
    return visitor.door.templates.page(request, "pages/table.html", visitor=visitor, table=found, sample=sample)


@router.get("/schema/{database}/{table}/diagram.svg")
async def picture(visitor: Inside, database: str, table: str) -> Response:
    """The table with the tables nearest to it, keys and inferred joins drawn."""
    name = await visitor.database(database)
    catalog = await visitor.app.orchestrator.visible(name, identity=visitor.identity)
    drawn = svg(entity_graph(catalog, [find_table(catalog, table)], limit=NEAREST))
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": DRAWING_POLICY})


@router.get("/schema/{database}/{table}/profile")
async def profile(request: Request, visitor: Inside, database: str, table: str) -> Response:
    """The distribution of each column, and what is odd."""
    name = await visitor.database(database)
    found = await visitor.app.orchestrator.profile(name, table, identity=visitor.identity)
    return visitor.door.templates.page(
        request, "pages/profile.html", visitor=visitor, database=name, table=table, profile=found
    )
