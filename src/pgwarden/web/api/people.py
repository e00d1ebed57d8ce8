"""Who there is, what they may do, and where they are logged in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StrictBool

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person, Role
from pgwarden.web.api.session import Login, login_answer
from pgwarden.web.proof import Proof, require_proof
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["people"])

Name = Annotated[str, Path(max_length=200, description="The name of an account.")]
Short = Annotated[str, Field(max_length=200)]
Groups = Annotated[list[Short], Field(max_length=100)]
Level = Annotated[
    int, Field(strict=True, ge=0, le=3, description="1 team lead, 2 manager, 3 director; 0 approves nothing.")
]
RISKY = frozenset({"roles", "level", "active", "groups", "email", "slack", "backup", "owner"})
"""Fields through which somebody gets rights, or is taken for somebody: to change them takes a fresh proof."""


class PersonAnswer(BaseModel):
    """An account. Others' contacts are for administrators."""

    name: str
    kind: IdentityKind
    full_name: str
    roles: list[Role]
    level: int
    groups: list[str]
    email: str
    phone: str
    slack: str
    zone: str
    backup: str
    owner: str
    active: bool


class Contacts(BaseModel):
    """What an account is told by, and who answers for it."""

    full_name: Short = ""
    email: Short = ""
    phone: Annotated[str, Field(max_length=30, description="Like +491701234567.")] = ""
    slack: Annotated[str, Field(max_length=40, description="A member id, like U012AB3CD.")] = ""
    zone: Annotated[str, Field(max_length=100, description="Like Europe/Berlin.")] = "UTC"
    backup: Annotated[str, Field(max_length=200, description="Who is asked when this approver is away.")] = ""
    owner: Annotated[str, Field(max_length=200, description="Of a service or agent: who answers for it.")] = ""


class NewPerson(Contacts):
    """An account to make."""

    name: str = Field(min_length=1, max_length=200)
    kind: IdentityKind = IdentityKind.PERSON
    roles: Annotated[list[Role], Field(max_length=10, description="`requester` comes with every account.")] = []
    level: Level = 0
    groups: Groups = []
    proof: Proof | None = None


class Change(BaseModel):
    """What is given changes; the rest stays. One's own phone, time zone and full name one may change oneself."""

    full_name: Short | None = None
    email: Short | None = None
    phone: Annotated[str, Field(max_length=30)] | None = None
    slack: Annotated[str, Field(max_length=40)] | None = None
    zone: Annotated[str, Field(max_length=100)] | None = None
    backup: Short | None = None
    owner: Short | None = None
    roles: Annotated[list[Role], Field(max_length=10)] | None = None
    level: Level | None = None
    groups: Groups | None = None
    active: StrictBool | None = None
    proof: Proof | None = Field(default=None, description="For all but phone, time zone and full name.")


class Reset(BaseModel):
    """A new one-time password."""

    second_factor: StrictBool = Field(default=False, description="Take a lost second factor away, too.")
    proof: Proof | None = None


class OneTime(BaseModel):
    """What is handed over once."""

    name: str
    one_time_password: str = Field(description="Serves only to set another; empty for services and agents.")


@router.get("/people")
async def list_people(visitor: Inside) -> list[PersonAnswer]:
    """Every account, in the order of names."""
    return [person_answer(each) for each in await visitor.app.personnel.accounts(by=visitor.admission)]


@router.post("/people", status_code=201)
async def add(wanted: NewPerson, visitor: Inside) -> OneTime:
    """Make an account. A person gets a one-time password, shown this once."""
    visitor.admission.require_arranging()
    await require_proof(visitor, wanted.proof)
    person = Person(wanted.name, wanted.kind, **_fields(wanted.model_dump(exclude={"name", "kind", "proof"})))
    return OneTime(name=person.name, one_time_password=await visitor.app.personnel.add(person, by=visitor.admission))


@router.get("/people/{name}")
async def read_person(name: Name, visitor: Inside) -> PersonAnswer:
    """One account."""
    return person_answer(await visitor.app.personnel.account(name, by=visitor.admission))


@router.patch("/people/{name}")
async def change(name: Name, wanted: Change, visitor: Inside) -> PersonAnswer:
    """Change an account: one's own, or as an administrator anybody's."""
    given = _fields(wanted.model_dump(exclude={"proof"}, exclude_none=True))
    if not RISKY.isdisjoint(given):
        visitor.admission.require_arranging()
        await require_proof(visitor, wanted.proof)
    return person_answer(await visitor.app.personnel.change(name, by=visitor.admission, **given))


@router.delete("/people/{name}")
async def remove(name: Name, visitor: Inside) -> PersonAnswer:
    """Take an account out of use: its logins, tokens and delegations end at once. Its name stays taken."""
    return person_answer(await visitor.app.personnel.remove(name, by=visitor.admission))


@router.post("/people/{name}/reset")
async def reset(name: Name, wanted: Reset, visitor: Inside) -> OneTime:
    """A new one-time password for somebody who lost theirs. Their logins end."""
    visitor.admission.require_arranging()
    await require_proof(visitor, wanted.proof)
    made = await visitor.app.personnel.reset(name, by=visitor.admission, second_factor=wanted.second_factor)
    return OneTime(name=name, one_time_password=made)


@router.post("/people/{name}/unlock", status_code=204)
async def unlock(name: Name, visitor: Inside) -> None:
    """Lift the lock of a name after wrong attempts."""
    await visitor.app.personnel.unlock(name, by=visitor.admission)


@router.get("/people/{name}/sessions")
async def list_logins_of(name: Name, visitor: Inside) -> list[Login]:
    """Somebody's open logins, newest first. For administrators."""
    found = await visitor.app.front_desk.logins_of(name, visitor.admission)
    return [login_answer(each, visitor.admission) for each in found]


@router.delete("/people/{name}/sessions/{login}", status_code=204)
async def end_login_of(name: Name, login: Annotated[str, Path(max_length=100)], visitor: Inside) -> None:
    """End one of them. For administrators."""
    await visitor.app.front_desk.end_login_of(name, login, visitor.admission, visitor.source)


def person_answer(person: Person) -> PersonAnswer:
    """An account as JSON."""
    return PersonAnswer(
        name=person.name,
        kind=person.kind,
        full_name=person.full_name,
        roles=sorted(person.roles),
        level=person.level,
        groups=sorted(person.groups),
        email=person.email,
        phone=person.phone,
        slack=person.slack,
        zone=person.zone,
        backup=person.backup,
        owner=person.owner,
        active=person.active,
    )


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """Lists of the request as the sets of an account."""
    if "roles" in given:
        given["roles"] = frozenset({Role.REQUESTER, *given["roles"]})
    if "groups" in given:
        given["groups"] = frozenset(filter(None, given["groups"]))
    return given
