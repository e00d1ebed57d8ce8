"""Tokens for programs: made, listed, ended. One's own, and as an administrator those of services and agents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StrictBool

from pgwarden.domain.login import Scope
from pgwarden.domain.person import ApiToken
from pgwarden.web.proof import Proof, require_proof
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["tokens"])

MIGHTY = frozenset({Scope.ADMIN, Scope.APPROVE})
"""Scopes whose tokens take a fresh proof to make: whoever holds one decides or administers."""
Label = Annotated[str, Field(min_length=1, max_length=200, description="What it is for.")]


class TokenAnswer(BaseModel):
    """A token, without its secret."""

    id: str
    person: str
    label: str
    scopes: list[str]
    databases: list[str] = Field(description="`*` is every one.")
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    usable: bool = Field(description="Whether it holds now.")


class NewToken(BaseModel):
    """A token to make."""

    person: str = Field(default="", max_length=200, description="The account that it acts for; one's own without.")
    label: Label
    scopes: list[Scope] = Field(default=[Scope.ASK, Scope.REQUEST], min_length=1, max_length=10)
    databases: list[Annotated[str, Field(max_length=63)]] = Field(default=["*"], min_length=1, max_length=100)
    days: int = Field(default=90, strict=True, ge=1, le=366, description="How long it holds.")
    allow_approve: StrictBool = Field(default=False, description="With the scope approve: let it decide as you.")
    proof: Proof | None = Field(default=None, description="For the scopes approve and admin.")


class MadeTokenAnswer(BaseModel):
    """A new token, with its secret: it is not shown again."""

    token: TokenAnswer
    secret: str


@router.get("/tokens")
async def list_tokens(visitor: Inside) -> list[TokenAnswer]:
    """One's own; an administrator sees all."""
    now = datetime.now(UTC)
    return [token_answer(each, now) for each in await visitor.app.personnel.tokens(by=visitor.admission)]


@router.post("/tokens", status_code=201)
async def make(wanted: NewToken, visitor: Inside) -> MadeTokenAnswer:
    """Make a token. Its secret is shown this once."""
    if not MIGHTY.isdisjoint(wanted.scopes):
        await require_proof(visitor, wanted.proof)
    made = await visitor.app.personnel.make_token(
        wanted.person or visitor.person.name,
        wanted.label,
        scopes=frozenset(scope.value for scope in wanted.scopes),
        databases=frozenset(wanted.databases),
        lifetime=timedelta(days=wanted.days),
        allow_approve=wanted.allow_approve,
        by=visitor.admission,
    )
    return MadeTokenAnswer(token=token_answer(made.token, datetime.now(UTC)), secret=made.secret)


@router.delete("/tokens/{token}", status_code=204)
async def revoke(token: Annotated[str, Path(max_length=100)], visitor: Inside) -> None:
    """End a token at once."""
    await visitor.app.personnel.revoke(token, by=visitor.admission)


def token_answer(token: ApiToken, now: datetime) -> TokenAnswer:
    """A token as JSON."""
    return TokenAnswer(
        id=token.id,
        person=token.person,
        label=token.label,
        scopes=sorted(token.scopes),
        databases=sorted(token.databases),
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        usable=token.usable(now),
    )
