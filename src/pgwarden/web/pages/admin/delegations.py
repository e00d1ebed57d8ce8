"""Who decides while an approver is away, arranged by an administrator for somebody who cannot."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.web.api import delegations as api
from pgwarden.web.pages.form_answer import answered
from pgwarden.web.problems import Problem
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

PLACE = "/admin/delegations"
Name = Annotated[str, Form(max_length=200)]


@router.get(PLACE)
async def listed(request: Request, visitor: Inside, over: bool = False) -> Response:
    """Who stands in for whom."""
    return await _list(request, visitor, over=over)


@router.post(PLACE)
async def delegate(request: Request, visitor: Inside, wanted: Annotated[api.NewDelegation, Form()]) -> Response:
    """Let somebody stand in."""
    return await answered(api.delegate(wanted, visitor), partial(_list, request, visitor), to=PLACE)


@router.post(f"{PLACE}/end")
async def end(visitor: Inside, giver: Name, deputy: Name) -> Response:
    """End it now."""
    await api.end(giver, deputy, visitor)
    return RedirectResponse(PLACE, 303)


async def _list(request: Request, visitor: Visitor, *, over: bool = False, trouble: Problem | None = None) -> Response:
    visitor.admission.require(Scope.ADMIN, Role.ADMIN)
    people = await visitor.app.personnel.accounts(by=visitor.admission)
    return visitor.door.templates.page(
        request,
        "admin/delegations.html",
        visitor=visitor,
        delegations=await api.list_delegations(visitor, over),
        approvers=[each for each in people if each.may_approve(1)],
        over=over,
        trouble=trouble,
    )
