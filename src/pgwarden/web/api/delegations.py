"""Who decides while an approver is away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from pgwarden.domain.person import Delegation
from pgwarden.domain.written_moment import read_moment
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["delegations"])

Name = Annotated[str, Path(max_length=200, description="The name of an account.")]
Moment = Annotated[str, Field(max_length=40, description="2026-12-01 or 2026-12-01T09:00, in your own time zone.")]


class DelegationAnswer(BaseModel):
    """An approver's right, given to another approver for a time."""

    giver: str
    deputy: str
    start: datetime
    end: datetime
    reason: str
    holds: bool = Field(description="Whether it holds now.")


class NewDelegation(BaseModel):
    """A right to give."""

    giver: str = Field(default="", max_length=200, description="Whose right it is; one's own without.")
    deputy: str = Field(min_length=1, max_length=200)
    start: Moment = Field(default="", description="Now without it.")
    end: Moment = Field(min_length=1)
    reason: str = Field(default="", max_length=1000)


@router.get("/delegations")
async def list_delegations(visitor: Inside, over: bool = False) -> list[DelegationAnswer]:
    """Who stands in for whom, now and later; with ``over`` those that ended, too."""
    found = await visitor.app.personnel.delegations(by=visitor.admission, over=over)
    return [_answer(each) for each in found]


@router.post("/delegations", status_code=201)
async def delegate(wanted: NewDelegation, visitor: Inside) -> DelegationAnswer:
    """Let another approver decide in your place for a time; never on their own requests, nor on yours."""
    person = visitor.person
    zone = ZoneInfo(person.zone)
    begins = read_moment(wanted.start, zone) if wanted.start else datetime.now(UTC)
    given = Delegation(wanted.giver or person.name, wanted.deputy, begins, read_moment(wanted.end, zone), wanted.reason)
    await visitor.app.personnel.delegate(given, by=visitor.admission)
    return _answer(given)


@router.delete("/delegations/{giver}/{deputy}", status_code=204)
async def end(giver: Name, deputy: Name, visitor: Inside) -> None:
    """Take the right back now."""
    await visitor.app.personnel.end_delegation(giver, deputy, by=visitor.admission)


def _answer(given: Delegation) -> DelegationAnswer:
    return DelegationAnswer(
        giver=given.giver,
        deputy=given.deputy,
        start=given.start,
        end=given.end,
        reason=given.reason,
        holds=given.holds(datetime.now(UTC)),
    )
