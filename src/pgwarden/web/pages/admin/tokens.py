"""Every token: what it may do, until when, and how to end it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.web.api import tokens as api
from pgwarden.web.pages.form_answer import answered
from pgwarden.web.pages.token_form import TokenForm, blank_token
from pgwarden.web.problems import Problem
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

PLACE = "/admin/tokens"


@router.get(PLACE)
async def listed(request: Request, visitor: Inside) -> Response:
    """All of them, and the form for one of a service or an agent."""
    return await _list(request, visitor)


@router.post(PLACE)
async def make(request: Request, visitor: Inside, wanted: Annotated[TokenForm, Form()]) -> Response:
    """Make one; its secret is shown this once."""
    work = api.make(wanted.wanted, visitor)
    return await answered(work, partial(_list, request, visitor), shows="made", wanted=wanted)


@router.post(f"{PLACE}/{{token}}/revocation")
async def revoke(visitor: Inside, token: str) -> Response:
    """End one at once."""
    await api.revoke(token, visitor)
    return RedirectResponse(PLACE, 303)


async def _list(
    request: Request,
    visitor: Visitor,
    *,
    wanted: TokenForm | None = None,
    made: api.MadeTokenAnswer | None = None,
    trouble: Problem | None = None,
) -> Response:
    visitor.admission.require(Scope.ADMIN, Role.ADMIN)
    return visitor.door.templates.page(
        request,
        "admin/tokens.html",
        visitor=visitor,
        tokens=await api.list_tokens(visitor),
        people=[each for each in await visitor.app.personnel.accounts(by=visitor.admission) if each.active],
        databases=await visitor.app.targets.names(),
        wanted=wanted or blank_token(),
        made=made,
        trouble=trouble,
        proof=await visitor.app.front_desk.proof_of(visitor.admission),
    )
