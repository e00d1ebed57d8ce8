"""What ran, its proof, and taking it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.errors import PgwardenError
from pgwarden.web.api import executions as api
from pgwarden.web.api.databases import list_databases
from pgwarden.web.problems import problem, status_of
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

Text = Annotated[str, Form(max_length=4000)]


@router.get("/executions")
async def listed(request: Request, visitor: Inside, database: Annotated[str, Query(max_length=200)] = "") -> Response:
    """What ran on a database, newest first."""
    databases = await list_databases(visitor)
    chosen = database or next((each.name for each in databases if each.allow_writes), "")
    found = await visitor.app.execution.executions(await visitor.database(chosen)) if chosen else ()
    return visitor.door.templates.page(
        request, "pages/executions.html", visitor=visitor, databases=databases, database=chosen, executions=found
    )


@router.get("/executions/{database}/{execution}")
async def one(request: Request, visitor: Inside, database: str, execution: str) -> Response:
    """One execution, row by row."""
    return await _shown(request, visitor, database, execution)


@router.get("/executions/{database}/{execution}/undo")
async def plan(request: Request, visitor: Inside, database: str, execution: str) -> Response:
    """What taking it back would meet now. Nothing is changed."""
    name = await visitor.database(database)
    report = await visitor.app.execution.undo_plan(name, execution, identity=visitor.identity)
    return visitor.door.templates.page(
        request, "pages/undo.html", visitor=visitor, database=name, report=report, problem=None
    )


@router.post("/executions/{database}/{execution}/undo")
async def undo(
    request: Request,
    visitor: Inside,
    database: str,
    execution: str,
    reason: Text = "",
    on_conflict: Text = "refuse",
) -> Response:
    """Take it back, or have people decide on that."""
    wanted = api.Undo(reason=reason or "taking it back", on_conflict=on_conflict)  # type: ignore[arg-type]  # pydantic checks it
    try:
        ticket = await api.undo(database, execution, wanted, visitor)
    except PgwardenError as error:
        return await _shown(request, visitor, database, execution, error)
    return RedirectResponse(f"/tickets/{ticket['id']}", 303)


async def _shown(
    request: Request, visitor: Visitor, database: str, execution: str, error: PgwardenError | None = None
) -> Response:
    name = await visitor.database(database)
    report = await visitor.app.execution.report(name, execution, identity=visitor.identity, rows=50)
    return visitor.door.templates.page(
        request,
        "pages/execution.html",
        status=status_of(error) if error else 200,
        visitor=visitor,
        database=name,
        report=report,
        problem=problem(error) if error else None,
    )
