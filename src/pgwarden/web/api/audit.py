"""The audit: entries, and whether the chain is whole. For auditors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from pgwarden.domain.audit_chain import AuditRecord
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.audit_verification import Verification
from pgwarden.domain.login import Scope
from pgwarden.domain.plain import plain
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["audit"])

Text = Annotated[str, Query(max_length=200)]


class EntryAnswer(BaseModel):
    """One entry in its place in the chain."""

    number: int
    at: datetime
    action: str
    actor: str
    outcome: str
    database: str
    subject: str
    source: str
    details: dict[str, Any]
    personal: dict[str, str] = Field(description="Values that have not been erased.")
    erased: list[str]
    hash: str


class ChainAnswer(BaseModel):
    """What walking the whole chain came to."""

    intact: bool
    entries: int
    hash: str = Field(description="Of the last entry.")
    covered: int = Field(description="Entries up to this number are as a checkpoint signed them.")
    findings: list[str]


@router.get("/audit")
async def list_entries(
    visitor: Inside,
    action: Text = "",
    actor: Text = "",
    database: Text = "",
    subject: Text = "",
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Entries of lower numbers.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[EntryAnswer]:
    """Entries, the newest first. Reading is itself written down."""
    wanted = AuditFilter(action=action, actor=actor, database=database, subject=subject)
    return [entry_answer(record) for record in await entries(visitor, wanted, limit=limit, before=before)]


async def entries(
    visitor: Visitor, wanted: AuditFilter, *, limit: int, before: int | None = None
) -> tuple[AuditRecord, ...]:
    """The newest entries that are wanted."""
    visitor.require(Scope.AUDIT)
    return await visitor.app.audit_desk.find(wanted, by=visitor.admission, limit=limit, before=before)


@router.get("/audit/{number}")
async def read_entry(number: Annotated[int, Path(ge=1, le=2**62)], visitor: Inside) -> EntryAnswer:
    """One entry."""
    visitor.require(Scope.AUDIT)
    return entry_answer(await visitor.app.audit_desk.show(number, by=visitor.admission))


@router.post("/audit/verification")
async def verify(visitor: Inside) -> ChainAnswer:
    """Walk the whole chain: every entry, its hash and its link."""
    return chain_answer(await verified(visitor))


async def verified(visitor: Visitor) -> Verification:
    """The chain, walked from its first entry to its last."""
    visitor.require(Scope.AUDIT)
    return await visitor.app.audit_desk.verify(by=visitor.admission)


def chain_answer(found: Verification) -> ChainAnswer:
    """A verification as JSON."""
    return ChainAnswer(
        intact=found.intact,
        entries=found.entries,
        hash=found.hash,
        covered=found.covered,
        findings=[str(plain(each)) for each in found.findings],
    )


def entry_answer(record: AuditRecord) -> EntryAnswer:
    """An entry as JSON."""
    entry = record.entry
    return EntryAnswer(
        number=record.number,
        at=entry.at,
        action=entry.action,
        actor=entry.actor,
        outcome=entry.outcome.value,
        database=entry.database,
        subject=entry.subject,
        source=entry.source,
        details=plain(entry.details),
        personal={name: value.value for name, value in record.personal.items()},
        erased=list(record.erased),
        hash=record.hash,
    )
