"""The registered databases, for those who arrange them: how each is reached, what a check finds, who may write."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StrictBool

from pgwarden.domain.database import CheckFinding, Database, DatabaseCheck
from pgwarden.domain.login import Scope
from pgwarden.web.proof import Proof, require_proof
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["administration"])

Name = Annotated[str, Path(max_length=63, description="The name of a registered database.")]
Short = Annotated[str, Field(max_length=200)]
FilePath = Annotated[str, Field(max_length=1000)]


class Reach(BaseModel):
    """How a database is reached. The password never stands here, only where it comes from."""

    url: str = Field(min_length=1, max_length=2000, description="postgresql://user@host:port/name, or key=value pairs.")
    password_env: str = Field(
        default="", max_length=200, description="A variable of the server's environment, named like SHOP_PASSWORD."
    )
    passfile: FilePath = Field(default="", description="A pgpass file on the server.")
    sslmode: Short = ""
    sslrootcert: FilePath = ""
    sslcert: FilePath = ""
    sslkey: FilePath = ""
    owner: Short = Field(default="", description="Who answers for it.")
    notes: str = Field(default="", max_length=2000)


class Registration(Reach):
    """A database to register. It is read-only; ``PUT …/writes`` opens it for approved changes."""

    name: str = Field(min_length=1, max_length=63)


class RegisteredAnswer(BaseModel):
    """A registration."""

    name: str
    conninfo: str = Field(description="key=value pairs, without a password.")
    password_from: str = Field(description="`variable NAME`, `passfile FILE`, `command PROGRAM`, or nothing.")
    allow_writes: bool
    owner: str
    notes: str
    settled: bool = Field(description="The settings name it; only they change it.")


class FindingAnswer(BaseModel):
    """One thing that a check looked at."""

    code: str
    grade: str = Field(description="`good`, `note`, `warning` or `danger`.")
    what: str
    why: str
    next_step: str


class RoleAnswer(BaseModel):
    """A role that would be better to connect as. You run the SQL; pgwarden never does."""

    role: str
    purpose: str
    sql: str


class CheckAnswer(BaseModel):
    """What a check found."""

    database: str
    server_version: int = Field(description="server_version_num, e.g. 180004.")
    role: str
    tls: bool
    pooled: bool
    safe: bool = Field(description="No finding is a danger.")
    findings: list[FindingAnswer]
    roles: list[RoleAnswer]


class Writes(BaseModel):
    """Whether approved changes may run there."""

    allowed: StrictBool
    proof: Proof | None = Field(default=None, description="To allow them takes a fresh proof of who you are.")


@router.get("/admin/databases")
async def list_registered(visitor: Inside) -> list[RegisteredAnswer]:
    """Every registered database, in the order of names."""
    visitor.require(Scope.ADMIN)
    return [_answer(each, visitor) for each in await visitor.app.database_desk.all(by=visitor.admission)]


@router.post("/admin/databases", status_code=201)
async def register(wanted: Registration, visitor: Inside) -> RegisteredAnswer:
    """Register a database, to be read only."""
    visitor.require(Scope.ADMIN)
    database = _described(wanted.name, wanted, visitor)
    await visitor.app.database_desk.register(database, by=visitor.admission, source=visitor.source)
    return _answer(database, visitor)


@router.post("/admin/databases/check")
async def check_unregistered(wanted: Registration, visitor: Inside) -> CheckAnswer:
    """Look at a database before it is registered. Nothing is kept."""
    visitor.require(Scope.ADMIN)
    return await _checked(_described(wanted.name, wanted, visitor), visitor)


@router.get("/admin/databases/{name}")
async def read_registered(name: Name, visitor: Inside) -> RegisteredAnswer:
    """One registration."""
    visitor.require(Scope.ADMIN)
    return _answer(await visitor.app.database_desk.get(name, by=visitor.admission), visitor)


@router.put("/admin/databases/{name}")
async def change(name: Name, wanted: Reach, visitor: Inside) -> RegisteredAnswer:
    """Change how it is reached. Where that leads elsewhere, it is read-only again."""
    visitor.require(Scope.ADMIN)
    desk, database = visitor.app.database_desk, _described(name, wanted, visitor)
    return _answer(await desk.lead_elsewhere(database, by=visitor.admission, source=visitor.source), visitor)


@router.put("/admin/databases/{name}/writes")
async def allow_writes(name: Name, wanted: Writes, visitor: Inside) -> RegisteredAnswer:
    """Let approved changes run there, or no more."""
    visitor.require(Scope.ADMIN)
    if wanted.allowed:
        await require_proof(visitor, wanted.proof)
    desk = visitor.app.database_desk
    changed = await desk.allow_writes(name, wanted.allowed, by=visitor.admission, source=visitor.source)
    return _answer(changed, visitor)


@router.delete("/admin/databases/{name}", status_code=204)
async def remove(name: Name, visitor: Inside) -> None:
    """Forget it. Nothing is changed in it, and what was learnt about it stays for when it comes back."""
    visitor.require(Scope.ADMIN)
    await visitor.app.database_desk.remove(name, by=visitor.admission, source=visitor.source)


@router.post("/admin/databases/{name}/check")
async def check(name: Name, visitor: Inside) -> CheckAnswer:
    """Look at it: version, rights of its role, TLS, and the SQL of least-privilege roles. Nothing is changed there."""
    visitor.require(Scope.ADMIN)
    return await _checked(await visitor.app.database_desk.get(name, by=visitor.admission), visitor)


async def _checked(database: Database, visitor: Visitor) -> CheckAnswer:
    return check_answer(await visitor.app.database_desk.check(database, by=visitor.admission, source=visitor.source))


def check_answer(found: DatabaseCheck) -> CheckAnswer:
    """A check as JSON, what is worst first."""
    worst_first = ("danger", "warning", "note", "good")
    return CheckAnswer(
        database=found.database,
        server_version=found.server_version,
        role=found.role,
        tls=found.tls,
        pooled=found.pooled,
        safe=found.safe,
        findings=[
            finding_answer(each)
            for each in sorted(found.findings, key=lambda finding: worst_first.index(finding.grade.value))
        ],
        roles=[RoleAnswer(role=each.role, purpose=each.purpose, sql=each.sql) for each in found.advice],
    )


def finding_answer(found: CheckFinding) -> FindingAnswer:
    """One thing that was looked at, as JSON."""
    return FindingAnswer(
        code=found.code, grade=found.grade.value, what=found.what, why=found.why, next_step=found.next_step
    )


def _described(name: str, wanted: Reach, visitor: Visitor) -> Database:
    return visitor.app.describe_target(
        name,
        wanted.url,
        password_env=wanted.password_env,
        passfile=wanted.passfile or None,
        sslmode=wanted.sslmode or None,
        sslrootcert=wanted.sslrootcert or None,
        sslcert=wanted.sslcert or None,
        sslkey=wanted.sslkey or None,
        owner=wanted.owner,
        notes=wanted.notes,
    )


def _answer(database: Database, visitor: Visitor) -> RegisteredAnswer:
    source = database.password
    command = source.command[0] if source.command else ""
    named = (("variable", source.variable), ("passfile", source.passfile), ("command", command))
    return RegisteredAnswer(
        name=database.name,
        conninfo=database.conninfo,
        password_from=next((f"{kind} {value}" for kind, value in named if value), ""),
        allow_writes=database.allow_writes,
        owner=database.owner,
        notes=database.notes,
        settled=visitor.app.targets.is_settled(database.name),
    )
