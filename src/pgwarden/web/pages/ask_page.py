"""Questions in plain words: the conversation is the browser's, the answers are the API's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from pgwarden.domain.person import Role
from pgwarden.web.api.databases import list_databases
from pgwarden.web.visitor import Inside

router = APIRouter()


@router.get("/ask")
async def ask(
    request: Request,
    visitor: Inside,
    database: Annotated[str, Query(max_length=200)] = "",
    q: Annotated[str, Query(max_length=4000)] = "",
    saved: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The page to ask on; ``q`` is a question that somebody shared, ``saved`` the id of one that is kept."""
    return visitor.door.templates.page(
        request,
        "pages/ask.html",
        visitor=visitor,
        databases=await list_databases(visitor),
        database=database,
        question=q,
        saved=saved,
        liked=await visitor.app.memory.preferences(identity=visitor.identity),
        roles=list(Role),
    )
