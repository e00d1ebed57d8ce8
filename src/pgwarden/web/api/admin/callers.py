"""Callers of the MCP servers: what each used of its hour."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pgwarden.domain.login import Scope
from pgwarden.domain.person import Role
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["administration"])


class HourAnswer(BaseModel):
    """Calls, rows, bytes and seconds on the server."""

    calls: int
    rows: int
    bytes: int
    seconds: float


class CallerAnswer(BaseModel):
    """What one caller used in the last hour."""

    account: str = Field(description="A token's id, `oauth:CLIENT:PERSON`, or a name.")
    person: str = Field(description="Whom a token of pgwarden acts for; '' of others.")
    label: str = Field(description="What that token is for.")
    used: HourAnswer


class CallersAnswer(BaseModel):
    """The callers of all processes, and what each may use in any hour."""

    allowance: HourAnswer = Field(description="0: without a bound. Where nothing has one, nothing is counted.")
    callers: list[CallerAnswer]


@router.get("/admin/callers")
async def list_callers(visitor: Inside) -> CallersAnswer:
    """Who called the MCP servers in the last hour, and what each used of its allowance."""
    visitor.admission.require(Scope.ADMIN, Role.ADMIN)
    most = visitor.app.settings.mcp_allowance
    tokens = {token.id: token for token in await visitor.app.personnel.tokens(by=visitor.admission)}
    return CallersAnswer(
        allowance=HourAnswer(calls=most.calls, rows=most.rows, bytes=most.bytes, seconds=most.seconds),
        callers=[
            CallerAnswer(
                account=account,
                person=tokens[account].person if account in tokens else "",
                label=tokens[account].label if account in tokens else "",
                used=HourAnswer(calls=use.calls, rows=use.rows, bytes=use.bytes, seconds=round(use.seconds, 3)),
            )
            for account, use in (await visitor.app.budgets.spent()).items()
        ],
    )
