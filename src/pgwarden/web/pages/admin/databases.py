"""The registered databases: how each is reached, what a check finds, and whether approved changes may run there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.errors import PgwardenError
from pgwarden.web.api.admin import databases as api
from pgwarden.web.problems import Problem, problem
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
    try:
        if wanted.verb == "check":
            return await _list(request, visitor, wanted, check=await api.check_unregistered(wanted, visitor))
        made = await api.register(wanted, visitor)
    except PgwardenError as error:
        return await _list(request, visitor, wanted, trouble=problem(error))
    return RedirectResponse(f"{PLACE}/{made.name}", 303)


@router.get(f"{PLACE}/{{name}}")
async def one(request: Request, visitor: Inside, name: api.Name) -> Response:
    """One registration, with the forms that change it."""
    return await _one(request, visitor, name)


@router.post(f"{PLACE}/{{name}}")
async def change(request: Request, visitor: Inside, name: api.Name, wanted: Annotated[ReachForm, Form()]) -> Response:
    """Change how it is reached."""
    try:
        await api.change(name, wanted, visitor)
    except PgwardenError as error:
        return await _one(request, visitor, name, trouble=problem(error))
    return RedirectResponse(f"{PLACE}/{name}", 303)


@router.post(f"{PLACE}/{{name}}/writes")
async def writes(request: Request, visitor: Inside, name: api.Name, wanted: Annotated[WritesForm, Form()]) -> Response:
    """Open it for approved changes, or close it again."""
    try:
        await api.allow_writes(name, api.Writes(allowed=wanted.allowed, proof=wanted), visitor)
    except PgwardenError as error:
        return await _one(request, visitor, name, trouble=problem(error))
    return RedirectResponse(f"{PLACE}/{name}", 303)


@router.post(f"{PLACE}/{{name}}/check")
async def check(request: Request, visitor: Inside, name: api.Name) -> Response:
    """Look at it."""
    try:
        return await _one(request, visitor, name, check=await api.check(name, visitor))
    except PgwardenError as error:
        return await _one(request, visitor, name, trouble=problem(error))


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
        status=trouble.status if trouble else 200,
        visitor=visitor,
        databases=await api.list_registered(visitor),
        wanted=wanted or RegistrationForm.model_construct(name="", url=""),
        check=check,
        problem=trouble,
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
        status=trouble.status if trouble else 200,
        visitor=visitor,
        database=await api.read_registered(name, visitor),
        check=check,
        problem=trouble,
        proof=await visitor.app.front_desk.proof_of(visitor.admission),
    )
