"""Language models, budgets and today's use, the callers of the MCP servers, and what would leave the machine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from pgwarden.domain.errors import PgwardenError
from pgwarden.web.api.admin import callers
from pgwarden.web.api.admin import models as api
from pgwarden.web.api.databases import list_databases
from pgwarden.web.problems import Problem, problem
from pgwarden.web.visitor import Asking, Inside, Visitor

router = APIRouter()

PLACE = "/admin/models"


class ConsideredForm(api.Considered):
    """The form of a question to look at."""


@router.get(PLACE)
async def models(request: Request, visitor: Inside) -> Response:
    """How they are, and what they took."""
    return await _shown(request, visitor)


@router.post(f"{PLACE}/test")
async def try_models(request: Request, visitor: Inside) -> Response:
    """One small call to each."""
    return await _shown(request, visitor, tried=await api.try_models(visitor))


@router.post(f"{PLACE}/preview")
async def preview(request: Request, visitor: Asking, wanted: Annotated[ConsideredForm, Form()]) -> Response:
    """What a model would be sent for a question; nothing is sent."""
    try:
        prompt = await api.preview(wanted, visitor)
    except PgwardenError as error:
        return await _shown(request, visitor, wanted, trouble=problem(error))
    return await _shown(request, visitor, wanted, prompt=prompt)


async def _shown(
    request: Request,
    visitor: Visitor,
    wanted: api.Considered | None = None,
    *,
    tried: dict[str, api.Tried] | None = None,
    prompt: api.PromptAnswer | None = None,
    trouble: Problem | None = None,
) -> Response:
    return visitor.door.templates.page(
        request,
        "admin/models.html",
        status=trouble.status if trouble else 200,
        visitor=visitor,
        found=await api.read_models(visitor),
        hour=await callers.list_callers(visitor),
        databases=await list_databases(visitor),
        tried=tried,
        wanted=wanted,
        prompt=prompt,
        problem=trouble,
    )
