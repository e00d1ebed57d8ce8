"""The registered databases: how each is reached, what a check finds, and whether approved changes may run there."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.web.api.admin import databases as api
from pgwarden.web.pages.form_answer import answered
from pgwarden.web.problems import Problem
from pgwarden.web.proof import Proof
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

PLACE = "/admin/databases"


class RegistrationForm(api.Registration):
    """The form of a registration, with the button that was pressed."""

    verb: str = "register"


class ReachForm(api.Reach):
    """The form of how a database is reached."""


class WritesForm(Proof):
    """The form that opens a database for changes, or closes it."""

    allowed: bool = False


@router.get("/admin")
async def front() -> Response:
    """The first of the places below."""
    return RedirectResponse(PLACE, 303)


@router.get(PLACE)
async def listed(request: Request, visitor: Inside) -> Response:
    """All of them, and the form for another one."""
    return await _list(request, visitor)


@router.post(PLACE)
async def register(request: Request, visitor: Inside, wanted: Annotated[RegistrationForm, Form()]) -> Response:
    """Look at one before it is registered, or register it."""
    page = partial(_list, request, visitor, wanted)
    if wanted.verb == "check":
        return await answered(api.check_unregistered(wanted, visitor), page, shows="check")
    return await answered(api.register(wanted, visitor), page, to=f"{PLACE}/{wanted.name}")


@router.get(f"{PLACE}/{{name}}")
async def one(request: Request, visitor: Inside, name: api.Name) -> Response:
    """One registration, with the forms that change it."""
    return await _one(request, visitor, name)


@router.post(f"{PLACE}/{{name}}")
async def change(request: Request, visitor: Inside, name: api.Name, wanted: Annotated[ReachForm, Form()]) -> Response:
    """Change how it is reached."""
    return await answered(
        api.change(name, wanted, visitor), partial(_one, request, visitor, name), to=f"{PLACE}/{name}"
    )


@router.post(f"{PLACE}/{{name}}/writes")
async def writes(request: Request, visitor: Inside, name: api.Name, wanted: Annotated[WritesForm, Form()]) -> Response:
    """Open it for approved changes, or close it again."""
    work = api.allow_writes(name, api.Writes(allowed=wanted.allowed, proof=wanted), visitor)
    return await answered(work, partial(_one, request, visitor, name), to=f"{PLACE}/{name}")


@router.post(f"{PLACE}/{{name}}/check")
async def check(request: Request, visitor: Inside, name: api.Name) -> Response:
    """Look at it."""
    return await answered(api.check(name, visitor), partial(_one, request, visitor, name), shows="check")


@router.post(f"{PLACE}/{{name}}/removal")
async def remove(visitor: Inside, name: api.Name) -> Response:
    """Forget it."""
    await api.remove(name, visitor)
    return RedirectResponse(PLACE, 303)


async def _list(
    request: Request,
    visitor: Visitor,
    wanted: RegistrationForm | None = None,
    *,
    check: api.CheckAnswer | None = None,
    trouble: Problem | None = None,
) -> Response:
    return visitor.door.templates.page(
        request,
        "admin/databases.html",
        visitor=visitor,
        databases=await api.list_registered(visitor),
        wanted=wanted or RegistrationForm.model_construct(name="", url=""),
        check=check,
        trouble=trouble,
    )


async def _one(
    request: Request,
    visitor: Visitor,
    name: str,
    *,
    check: api.CheckAnswer | None = None,
    trouble: Problem | None = None,
) -> Response:
    return visitor.door.templates.page(
        request,
        "admin/database.html",
        visitor=visitor,
        database=await api.read_registered(name, visitor),
        check=check,
        trouble=trouble,
        proof=await visitor.app.front_desk.proof_of(visitor.admission),
    )
