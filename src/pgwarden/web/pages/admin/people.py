"""Accounts: who there is, what each may do, how each proves it, and where each is logged in."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.web.api import people as api
from pgwarden.web.pages.form_answer import answered
from pgwarden.web.problems import Problem
from pgwarden.web.proof import Proof
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

PLACE = "/admin/people"
Form200 = Annotated[str, Form(max_length=200)]


class PersonForm(api.Contacts, Proof):
    """What an account may do, and how it is told; groups in one line, with commas between them."""

    roles: list[Role] = Field(default=[])
    level: int = Field(default=0, ge=0, le=3)
    group_names: str = Field(default="", max_length=4000)

    @property
    def groups(self) -> list[str]:
        return [group for each in self.group_names.split(",") if (group := each.strip())]

    @property
    def given(self) -> dict[str, object]:
        """The fields of an account, as the API takes them."""
        own = self.model_dump(exclude={"password", "code", "group_names"})
        return own | {"groups": self.groups, "proof": self}


class NewPersonForm(PersonForm):
    """The form of a new account."""

    name: str = Field(min_length=1, max_length=200)
    kind: IdentityKind = IdentityKind.PERSON


class ResetForm(Proof):
    """The form for somebody who lost a password."""

    second_factor: bool = False


class Handed(BaseModel):
    """What is shown once."""

    name: str
    password: str
    what: str


@router.get(PLACE)
async def listed(request: Request, visitor: Inside) -> Response:
    """All accounts, and the form for another one."""
    return await _list(request, visitor)


@router.post(PLACE)
async def add(request: Request, visitor: Inside, wanted: Annotated[NewPersonForm, Form()]) -> Response:
    """Make one."""
    new = api.NewPerson.model_validate(wanted.given | {"name": wanted.name, "kind": wanted.kind})
    work, page = _handed(api.add(new, visitor), "added"), partial(_list, request, visitor)
    return await answered(work, page, shows="handed", to=f"{PLACE}/{wanted.name}", wanted=wanted)


@router.get(f"{PLACE}/{{name}}")
async def one(request: Request, visitor: Inside, name: api.Name) -> Response:
    """One account."""
    return await _one(request, visitor, name)


@router.post(f"{PLACE}/{{name}}")
async def change(request: Request, visitor: Inside, name: api.Name, wanted: Annotated[PersonForm, Form()]) -> Response:
    """Change what it may do."""
    work = api.change(name, api.Change.model_validate(wanted.given), visitor)
    return await answered(work, partial(_one, request, visitor, name), to=f"{PLACE}/{name}")


@router.post(f"{PLACE}/{{name}}/reset")
async def reset(request: Request, visitor: Inside, name: api.Name, wanted: Annotated[ResetForm, Form()]) -> Response:
    """A new one-time password."""
    work = api.reset(name, api.Reset(second_factor=wanted.second_factor, proof=wanted), visitor)
    return await answered(_handed(work, "reset"), partial(_one, request, visitor, name), shows="handed")


@router.post(f"{PLACE}/{{name}}/unlock")
async def unlock(visitor: Inside, name: api.Name) -> Response:
    """Lift the lock after wrong attempts."""
    await api.unlock(name, visitor)
    return RedirectResponse(f"{PLACE}/{name}", 303)


@router.post(f"{PLACE}/{{name}}/removal")
async def remove(visitor: Inside, name: api.Name) -> Response:
    """Take it out of use."""
    await api.remove(name, visitor)
    return RedirectResponse(f"{PLACE}/{name}", 303)


@router.post(f"{PLACE}/{{name}}/logins")
async def end_login(visitor: Inside, name: api.Name, login: Form200) -> Response:
    """End one of its logins."""
    await api.end_login_of(name, login, visitor)
    return RedirectResponse(f"{PLACE}/{name}", 303)


async def _handed(work: Awaitable[api.OneTime], what: str) -> Handed | None:
    """What there is to hand over once the work is done; a service or an agent gets no password."""
    made = await work
    return Handed(name=made.name, password=made.one_time_password, what=what) if made.one_time_password else None


async def _list(
    request: Request,
    visitor: Visitor,
    *,
    wanted: NewPersonForm | None = None,
    handed: Handed | None = None,
    trouble: Problem | None = None,
) -> Response:
    visitor.admission.require(Scope.ADMIN, Role.ADMIN)
    return visitor.door.templates.page(
        request,
        "admin/people.html",
        visitor=visitor,
        people=await api.list_people(visitor),
        wanted=wanted or NewPersonForm.model_construct(name=""),
        handed=handed,
        trouble=trouble,
        proof=await visitor.app.front_desk.proof_of(visitor.admission),
    )


async def _one(
    request: Request, visitor: Visitor, name: str, *, handed: Handed | None = None, trouble: Problem | None = None
) -> Response:
    visitor.admission.require(Scope.ADMIN, Role.ADMIN)
    return visitor.door.templates.page(
        request,
        "admin/person.html",
        visitor=visitor,
        person=await api.read_person(name, visitor),
        logins=await api.list_logins_of(name, visitor),
        second_factor=await visitor.app.personnel.has_second_factor(name, by=visitor.admission),
        handed=handed,
        trouble=trouble,
        proof=await visitor.app.front_desk.proof_of(visitor.admission),
    )
