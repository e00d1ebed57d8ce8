"""The audit: entries, and whether the chain is whole. For auditors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from pgwarden.bootstrap import trust
from pgwarden.domain.audit_chain import AuditRecord
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.audit_verification import Verification
from pgwarden.domain.login import Scope
from pgwarden.domain.plain import plain
from pgwarden.web.events import EventStream, Tell, streamed
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["audit"])

Text = Annotated[str, Query(max_length=200)]
WALKED = streamed("Events `progress`, then `answer` or `problem`")


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


class StatusAnswer(BaseModel):
    """Where the audit stands."""

    chain: str
    entries: int
    hash: str = Field(description="Of the last entry.")
    checkpoint: int = Field(description="The entry up to which the last checkpoint signed; 0 without one.")
    checkpoint_at: datetime | None
    anchors: list[str] = Field(description="Where that checkpoint was taken.")


class ProgressAnswer(BaseModel):
    """How far a walk is."""

    entries: int
    of: int


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


@router.get("/audit/status")
async def read_status(visitor: Inside) -> StatusAnswer:
    """Where the chain ends, and its last checkpoint."""
    visitor.require(Scope.AUDIT)
    found = await visitor.app.audit_desk.status(by=visitor.admission)
    kept = found.checkpoint
    return StatusAnswer(
        chain=found.head.chain,
        entries=found.head.number,
        hash=found.head.hash,
        checkpoint=kept.checkpoint.number if kept else 0,
        checkpoint_at=kept.checkpoint.at if kept else None,
        anchors=list(kept.anchors) if kept else [],
    )


@router.get("/audit/export", response_class=StreamingResponse)
async def export(visitor: Inside, personal: bool = True) -> Response:
    """The whole chain as lines of JSON, to be verified without any database: `pgwarden audit verify FILE`."""
    visitor.require(Scope.AUDIT)
    visitor.app.audit_desk.require_auditor(visitor.admission)
    lines = visitor.app.audit_desk.export(by=visitor.admission, personal=personal)
    name = f"audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)


@router.get("/audit/{number:int}")
async def read_entry(number: Annotated[int, Path(ge=1, le=2**62)], visitor: Inside) -> EntryAnswer:
    """One entry."""
    visitor.require(Scope.AUDIT)
    return entry_answer(await visitor.app.audit_desk.show(number, by=visitor.admission))


@router.post("/audit/verification")
async def verify(visitor: Inside) -> ChainAnswer:
    """Walk the whole chain: every entry, its hash and its link, and the newest checkpoint of each anchor."""
    return chain_answer(await verified(visitor))


@router.post("/audit/verification/stream", status_code=200, response_class=EventStream, responses=WALKED)
async def verify_streamed(visitor: Inside) -> EventStream:
    """The same as server-sent events: `progress` now and then, at last `answer` or `problem`."""
    visitor.require(Scope.AUDIT)
    visitor.app.audit_desk.require_auditor(visitor.admission)
    head = (await visitor.app.audit_desk.status(by=visitor.admission)).head

    async def work(tell: Tell) -> None:
        tell("progress", ProgressAnswer(entries=0, of=head.number))
        found = await verified(visitor, lambda seen: tell("progress", ProgressAnswer(entries=seen, of=head.number)))
        tell("answer", chain_answer(found))

    return EventStream(work)


async def verified(visitor: Visitor, seen: Callable[[int], None] = lambda _: None) -> Verification:
    """The chain, walked from its first entry to its last. CheckpointInvalid for an anchor's forged checkpoint."""
    visitor.require(Scope.AUDIT)
    visitor.app.audit_desk.require_auditor(visitor.admission)
    newest, _silent = await visitor.app.notary.newest()
    given = trust(visitor.app.settings, ()).require(newest)
    return await visitor.app.audit_desk.verify(given, by=visitor.admission, seen=seen)


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
        details=dict(entry.details),
        personal={name: value.value for name, value in record.personal.items()},
        erased=list(record.erased),
        hash=record.hash,
    )
