"""Who is logged in here, and how one logs in and out: ``/session`` is one's own login, ``/sessions`` all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from pgwarden.agents.front_desk import OpenedLogin
from pgwarden.domain.admission import Admission
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.login import LoginMethod, LoginSession
from pgwarden.domain.one_time_code import provisioning_uri, read_secret, written_secret
from pgwarden.domain.recovery_code import LONGEST
from pgwarden.web.cookies import forget_login, keep_login
from pgwarden.web.door import Door, address_of, door_of, page_token, source_of
from pgwarden.web.proof import Proof, require_proof
from pgwarden.web.visitor import Anybody, Inside, Visitor, require_own_page

router = APIRouter(tags=["session"])

Password = Annotated[str, Field(max_length=1024)]
Code = Annotated[str, Field(max_length=LONGEST)]


class Me(BaseModel):
    """Who calls, and what that may do."""

    name: str
    kind: str
    full_name: str
    roles: list[str]
    level: int = Field(description="The highest approver level, 1 to 3; 0 approves nothing.")
    groups: list[str]
    source: str = Field(description="`login` or `token`.")
    scopes: list[str]
    databases: list[str] = Field(description="`*` is every one.")
    must_change_password: bool = Field(description="This login only serves to set a password.")
    proof: str = Field(description="What a risky decision asks for again: `password`, `code`, or nothing.")
    csrf: str = Field(description="What a page sends with every change as X-CSRF-Token; empty for tokens.")


class Credentials(BaseModel):
    """A login."""

    name: str = Field(min_length=1, max_length=200)
    password: Password
    code: Code = Field(default="", description="Of the second factor, where one is enrolled, or a recovery code.")


class NewPassword(BaseModel):
    """One's own password."""

    old: Password
    new: Password


class Login(BaseModel):
    """One open login of one's account."""

    id: str
    method: str
    source: str = Field(description="The door, with the address.")
    created_at: datetime
    expires_at: datetime
    current: bool


class FactorSecret(BaseModel):
    """What goes into an authenticator app. Nothing is kept until a code of it is proved."""

    secret: str = Field(description="Base32.")
    uri: str = Field(description="otpauth://, as such apps read it.")


class FactorProof(BaseModel):
    """A code of that secret, and the password."""

    secret: str = Field(min_length=16, max_length=200)
    code: Code
    password: Password


class RecoveryCodes(BaseModel):
    """Codes that stand in for those of the second factor, each once. They are not shown again."""

    codes: list[str]


class RecoveryCodesLeft(BaseModel):
    """How many of them were not used."""

    left: int


class Renewal(BaseModel):
    """New recovery codes; the old ones hold no more."""

    proof: Proof | None = None


@router.get("/session")
async def read_session(visitor: Anybody) -> Me:
    """Who this login or token stands for."""
    admission, person = visitor.admission, visitor.admission.person
    assert person is not None, "nobody comes in here without an account"
    proof = "" if admission.must_change_password else await visitor.app.front_desk.proof_of(admission)
    return Me(
        name=person.name,
        kind=person.kind.value,
        full_name=person.full_name,
        roles=sorted(person.roles),
        level=person.level,
        groups=sorted(person.groups),
        source=admission.source,
        scopes=sorted(admission.scopes),
        databases=sorted(admission.databases),
        must_change_password=admission.must_change_password,
        proof=proof,
        csrf=visitor.csrf,
    )


@router.post("/session", status_code=201)
async def open_session(credentials: Credentials, request: Request, response: Response) -> Me:
    """Log in; the answer sets the cookie. Programs use a token instead."""
    door = door_of(request)
    require_own_page(request, door)
    opened = await log_in(request, credentials)
    keep_login(response, door, opened, datetime.now(UTC))
    return await read_session(await _as_opened(door, opened, source_of(request)))


@router.delete("/session", status_code=204)
async def end_session(visitor: Anybody, response: Response) -> None:
    """Log out, here and at the server."""
    await visitor.app.front_desk.log_out(visitor.admission, visitor.source)
    forget_login(response, visitor.door)


@router.put("/session/password", status_code=204)
async def change_password(change: NewPassword, visitor: Anybody, response: Response) -> None:
    """Set a password of one's own. Every other login of the account ends, and this one is renewed."""
    app, admission = visitor.app, visitor.admission
    await app.personnel.set_password(change.old, change.new, by=admission)
    assert admission.person is not None, "the password was proved"
    opened = await app.front_desk.open(admission.person, LoginMethod.PASSWORD, visitor.source)
    await app.front_desk.log_out(admission, visitor.source)
    keep_login(response, visitor.door, opened, datetime.now(UTC))


@router.post("/session/second-factor")
async def new_second_factor(visitor: Inside) -> FactorSecret:
    """A secret for an authenticator app; it counts once `PUT` has proved it."""
    secret = visitor.app.personnel.new_second_factor()
    return FactorSecret(secret=written_secret(secret), uri=provisioning_uri(secret, visitor.person.name))


@router.put("/session/second-factor")
async def enrol_second_factor(proof: FactorProof, visitor: Inside) -> RecoveryCodes:
    """From now on a login, and what is risky, takes a code of it; the answer has those for when it is lost."""
    made = await visitor.app.personnel.enrol(_secret(proof.secret), proof.code, proof.password, by=visitor.admission)
    return RecoveryCodes(codes=list(made))


@router.get("/session/recovery-codes")
async def count_recovery_codes(visitor: Inside) -> RecoveryCodesLeft:
    """How many recovery codes are left."""
    return RecoveryCodesLeft(left=await visitor.app.personnel.recovery_codes_left(by=visitor.admission))


@router.post("/session/recovery-codes")
async def renew_recovery_codes(wanted: Renewal, visitor: Inside) -> RecoveryCodes:
    """New ones in place of all that were left. It takes a fresh proof, which may be one of the old ones."""
    await require_proof(visitor, wanted.proof)
    return RecoveryCodes(codes=list(await visitor.app.personnel.renew_recovery_codes(by=visitor.admission)))


@router.get("/sessions")
async def list_sessions(visitor: Inside) -> list[Login]:
    """One's own open logins, newest first."""
    return [login_answer(login, visitor.admission) for login in await visitor.app.front_desk.logins(visitor.admission)]


def login_answer(login: LoginSession, seen_by: Admission) -> Login:
    """A login as JSON."""
    return Login(
        id=login.id,
        method=login.method.value,
        source=login.source,
        created_at=login.created_at,
        expires_at=login.expires_at,
        current=login.id == seen_by.login_id,
    )


@router.delete("/sessions/{login}", status_code=204)
async def end_one_session(login: Annotated[str, Path(max_length=100)], visitor: Inside) -> None:
    """End one of them, wherever it is open."""
    await visitor.app.front_desk.end_login(login, visitor.admission, visitor.source)


async def log_in(request: Request, credentials: Credentials) -> OpenedLogin:
    """The login that these credentials open. LoginFailed, LoginLocked, ProofNeeded, TooManyAttempts."""
    door, address = door_of(request), address_of(request)
    door.logins.require(address)
    door.logins.count(address)
    return await door.app.front_desk.log_in(
        credentials.name, credentials.password, code=credentials.code, source=source_of(request)
    )


async def _as_opened(door: Door, opened: OpenedLogin, source: str) -> Visitor:
    admission = await door.app.front_desk.admit_login(opened.secret, source)
    return Visitor(door, admission, source, page_token(opened.secret))


def _secret(text: str) -> bytes:
    try:
        return read_secret(text)
    except ValueError:
        raise InputInvalid(
            "That is no secret of a second factor.",
            not_done="Nothing was changed.",
            next_step="Begin again with POST /api/v1/session/second-factor.",
        ) from None
