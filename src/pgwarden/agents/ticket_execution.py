"""TicketExecution: the one road from an approved ticket to a change. It takes a ticket's id, never a caller's claim.

A claim is written before anything runs and ended by what the target's ledger says, whoever asks it: the process that
claimed, or, if that one died, any other. Until the ledger has spoken, the ticket stays EXECUTING.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pgwarden.agents.approval_workflow import revision
from pgwarden.agents.ticket_desk import ATTEMPTS, TicketDesk
from pgwarden.agents.ticket_requests import TicketRequests
from pgwarden.agents.ticket_undo import NO_CHOICES, TicketUndo
from pgwarden.domain.approval import Approved, ApprovedUndo, OnConflict
from pgwarden.domain.backup import Backup
from pgwarden.domain.catalog import Name
from pgwarden.domain.critical_failure import is_critical
from pgwarden.domain.errors import (
    AlreadyExecuted,
    ChangedMeanwhile,
    ConnectionFailed,
    ControlDatabaseUnavailable,
    DefinitionsChanged,
    ExecutionCancelled,
    ImpactMismatch,
    LocksBusy,
    NotApproved,
    NotRunning,
    OutcomeUnknown,
    PgwardenError,
    RightMissing,
    UndoConflict,
    WritesFrozen,
)
from pgwarden.domain.execution import Execution, Progress
from pgwarden.domain.identity import Identity
from pgwarden.domain.person import Role
from pgwarden.domain.request import Request, RequestKind
from pgwarden.domain.result import Result
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_approval import ApprovedRead, approved_of, approved_read_of, approved_undo_of
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_decision import Staff
from pgwarden.domain.ticket_events import (
    EscalationCause,
    Event,
    ExecutionClaimed,
    ExecutionFailed,
    ExecutionSucceeded,
    RevisionCause,
    TicketEscalated,
)
from pgwarden.domain.ticket_status import standing_of
from pgwarden.ports import ChangeRunner, ExecutionRecords
from pgwarden.tracing import span

PASSING = (LocksBusy, ConnectionFailed, ExecutionCancelled)
"""Failures after which the same change may well succeed: its approval holds on."""
TRIES = 5
"""Attempts of one ticket; then it has failed."""
GRACE = timedelta(seconds=90)
"""A claim younger than this is left to the process that made it."""

TICKET_PERIODS: Mapping[str, float] = {"settle_tickets": 60.0}
"""Work that a worker does again and again: task → how often, in seconds."""

SYSTEM = Identity("system")
"""The worker, for requests that are to run when they are approved."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How an attempt ended: the ticket now, and what the ledger has of it."""

    ticket: Ticket
    execution: Execution
    backup: Backup | None = None
    """Copies of tables that were made before, where the policy says so."""


class TicketExecution:
    """Executes, undoes and settles."""

    def __init__(
        self,
        desk: TicketDesk,
        requests: TicketRequests,
        changes: Callable[[str], Awaitable[ChangeRunner]],
        records: Callable[[str], Awaitable[ExecutionRecords]],
        reread: Callable[[str], Awaitable[object]],
        written: Callable[[str], Awaitable[None]],
        *,
        failed: Callable[[str, str, PgwardenError], Awaitable[None]] | None = None,
        escalate: Callable[[Ticket, BaseException], Awaitable[None]] | None = None,
        copy: Callable[[str, Sequence[Name], Identity], Awaitable[Backup]] | None = None,
    ) -> None:
        """``reread`` has a target's structure looked at anew; ``written`` is told before anybody hears of a change.

        ``failed`` is told of statements that failed, ``escalate`` of what is critical; ``copy`` copies tables.
        """
        self._desk, self._requests = desk, requests
        self._changes = changes
        self._undo = TicketUndo(desk, requests, records)
        self._reread, self._written, self._told_failed = reread, written, failed
        self._escalate, self._copy = escalate, copy

    async def execute(self, ticket_id: str, *, identity: Identity, source: str) -> Ran:
        """Run what was approved, once. Raises NotApproved, WritesFrozen, or why nothing was changed.

        When the tables or the numbers are not those that were approved, nothing is changed and the approvers are
        asked again, with what it would do now.
        """
        with span("ticket.execute", pgwarden__ticket=ticket_id):
            return await self._execute(ticket_id, identity, source)

    async def _execute(self, ticket_id: str, identity: Identity, source: str) -> Ran:
        await self.settle(ticket_id)
        with span("step claim"):
            ticket, approved = await self._claim(ticket_id, identity, source)
        runner = await self._changes(ticket.request.database)
        try:
            backup = await self._copied(ticket, identity)
            with span("step execution", pgwarden__execution=_id(approved)):
                execution = await self._run(runner, approved)
        except BaseException as error:  # a cancelled task too: the ticket must learn what became of its claim
            ended = await self._ended(ticket, _id(approved), runner, error, identity, source)
            if ended is None:
                raise
            if isinstance(error, asyncio.CancelledError):
                raise _too_late(ended) from None
            return ended
        return replace(await self._succeeded(ticket.id, execution, identity.name, source), backup=backup)

    async def _copied(self, ticket: Ticket, identity: Identity) -> Backup | None:
        """The copies that the approvers were shown; without them nothing runs."""
        planned = (ticket.request.assessment.get("backup") or {}).get("copies", ())
        if not planned or self._copy is None:
            return None
        tables = [Name(each["schema"], each["name"]) for each in planned]
        return await self._copy(ticket.request.database, tables, identity)

    async def show(
        self,
        ticket_id: str,
        read: Callable[[ApprovedRead, str], Awaitable[Result]],
        *,
        identity: Identity,
        source: str,
    ) -> Result:
        """The rows of an approved read, to whoever asked for it and to nobody else, once.

        ``read`` gets the approval and the database's name. The rows are given out when it is written down that they
        were; a read that fails can be tried again.
        """
        claimed: list[ApprovedRead] = []

        def step(ticket: Ticket, _staff: Staff, at: datetime) -> Iterable[Event]:
            if identity.name != ticket.request.requester:
                raise RightMissing(
                    f"The ticket {ticket.id} shows its rows to {ticket.request.requester} alone.",
                    not_done="Nothing was shown.",
                )
            claimed.append(approved_read_of(ticket, at))
            yield ExecutionClaimed(actor=identity.name, at=at, execution_id=claimed[-1].execution_id)

        ticket = await self._desk.change(ticket_id, step, source=source)
        approved = claimed[-1]
        try:
            result = await read(approved, ticket.request.database)
        except BaseException as error:
            known = error if isinstance(error, PgwardenError) else ExecutionCancelled("It was stopped.")
            await self._failed(ticket.id, approved.execution_id, known, identity.name, source, again=True)
            raise

        def shown(_ticket: Ticket, _staff: Staff, at: datetime) -> Iterable[Event]:
            yield ExecutionSucceeded(actor=identity.name, at=at, execution_id=approved.execution_id, counts={})

        await self._desk.change(ticket.id, shown, source=source)
        return result

    async def undo(
        self,
        database: str,
        execution_id: str,
        *,
        identity: Identity,
        source: str,
        reason: str,
        on_conflict: OnConflict = OnConflict.REFUSE,
        choices: Mapping[str, OnConflict] = NO_CHOICES,
    ) -> Ticket:
        """A ticket that takes an execution back, ready to run where the change's approval covers it: TicketUndo."""
        return await self._undo.open(
            database,
            execution_id,
            identity=identity,
            source=source,
            reason=reason,
            on_conflict=on_conflict,
            choices=choices,
        )

    async def settle(self, ticket_id: str, *, grace: timedelta = GRACE) -> Ticket:
        """End a claim whose process is gone by what the target's ledger says; leave every other ticket as it is.

        Raises OutcomeUnknown while the target does not answer.
        """
        ticket = await self._desk.load(ticket_id)
        standing = standing_of(ticket, self._desk.now())
        if standing.status is not TicketStatus.EXECUTING or standing.claimed_at is None:
            return ticket
        if self._desk.now() - standing.claimed_at < grace:
            return ticket
        if ticket.request.kind is RequestKind.READ:
            lost = OutcomeUnknown("The process that read it is gone.", why="its rows may have been shown")
            return await self._failed(ticket.id, standing.execution_id, lost, SYSTEM.name, "settled")
        runner = await self._changes(ticket.request.database)
        with suppress(ConnectionFailed):  # that nobody can tell is said below
            if await runner.progress(standing.execution_id) is not None:
                return ticket
        execution = await self._ledger_says(ticket, standing.execution_id, runner)
        if execution is not None:
            return (await self._succeeded(ticket.id, execution, SYSTEM.name, "settled")).ticket
        gone = ExecutionCancelled("The process that ran it is gone.", why="nothing of it is in the database")
        return await self._failed(ticket.id, standing.execution_id, gone, SYSTEM.name, "settled")

    async def settle_all(self, *, grace: timedelta = GRACE) -> tuple[Ticket, ...]:
        """Settle every ticket whose process is gone; those whose target does not answer stay for the next time."""
        wanted = TicketFilter(statuses=frozenset({TicketStatus.EXECUTING}))
        settled = []
        for ticket in await self._desk.tickets.find(wanted, at=self._desk.now()):
            with suppress(PgwardenError):
                after = await self.settle(ticket.id, grace=grace)
                settled += [after] if after != ticket else []
        return tuple(settled)

    async def run_job(self, args: Mapping[str, Any]) -> None:
        """``execute_ticket``: run what was to run once it is approved. What became of it stands in the ticket."""
        try:
            await self.execute(args["ticket"], identity=SYSTEM, source="worker")
        except (OutcomeUnknown, ControlDatabaseUnavailable, WritesFrozen):
            raise  # not yet: the job comes again
        except NotApproved:
            ticket = await self._desk.load(args["ticket"])
            if standing_of(ticket, self._desk.now()).status is TicketStatus.APPROVED:
                raise  # its window begins later by this machine's clock
        except PgwardenError:
            return  # failed, or not to be run any more: the ticket's events say which

    async def settle_job(self, _args: Mapping[str, Any]) -> None:
        """``settle_tickets``: the periodic look at claims whose process may be gone."""
        await self.settle_all()

    async def request_of(self, execution_id: str) -> Request | None:
        """What was approved for an execution, of a change whose ticket is here."""
        found = await self._desk.tickets.find(TicketFilter(execution_id=execution_id, limit=1), at=self._desk.now())
        return found[0].request if found else None

    async def stop(self, ticket_id: str) -> bool:
        """Cancel a running execution on the server, which rolls it back; False when none runs."""
        ticket = await self._desk.load(ticket_id)
        standing = standing_of(ticket, self._desk.now())
        if standing.status is not TicketStatus.EXECUTING:
            return False
        return await (await self._changes(ticket.request.database)).cancel(standing.execution_id)

    async def cancel(self, ticket_id: str, *, identity: Identity, patience_seconds: float = 5.0) -> bool:
        """Stop a running execution for somebody who may run it, and wait until its ticket has heard of that.

        False where it ended by itself first. Raises RightMissing, and NotRunning where none runs.
        """
        ticket = await self._desk.load(ticket_id)
        _require_runner(ticket, identity, await self._desk.staff())
        if standing_of(ticket, self._desk.now()).status is not TicketStatus.EXECUTING:
            raise NotRunning(
                f"The ticket {ticket.id} is not being run.",
                not_done="Nothing was cancelled.",
                next_step="Where it has run, it can be taken back.",
            )
        stopped = False
        for _ in range(max(1, round(patience_seconds / 0.1))):  # between two attempts there is nothing to stop
            stopped = await self.stop(ticket_id) or stopped
            ticket = await self._desk.load(ticket_id)
            if standing_of(ticket, self._desk.now()).status is not TicketStatus.EXECUTING:
                break
            await asyncio.sleep(0.1)
        return stopped and not isinstance(ticket.events[-1], ExecutionSucceeded)

    async def stop_all(self, *, patience_seconds: float = 10.0) -> tuple[str, ...]:
        """Cancel everything that runs, for when writes were frozen. Ids of tickets that did not end in that time."""
        wanted = TicketFilter(statuses=frozenset({TicketStatus.EXECUTING}))
        left: tuple[str, ...] = ()
        for _ in range(max(1, round(patience_seconds / 0.5))):
            running = await self._desk.tickets.find(wanted, at=self._desk.now())
            left = tuple(ticket.id for ticket in running)
            if not left:
                break
            for each in left:
                with suppress(PgwardenError):
                    await self.stop(each)
            await asyncio.sleep(0.5)
        return left

    async def progress(self, ticket_id: str) -> Progress | None:
        """How far a running execution is; None when none runs."""
        ticket = await self._desk.load(ticket_id)
        standing = standing_of(ticket, self._desk.now())
        if standing.status is not TicketStatus.EXECUTING:
            return None
        runner = await self._changes(ticket.request.database)
        return await runner.progress(standing.execution_id, expected_rows=ticket.request.rows or None)

    async def _claim(self, ticket_id: str, identity: Identity, source: str) -> tuple[Ticket, Approved | ApprovedUndo]:
        await self._undo.require_same_conflicts(ticket_id, identity, source)
        claimed: list[Approved | ApprovedUndo] = []

        def step(ticket: Ticket, staff: Staff, at: datetime) -> Iterable[Event]:
            _require_runner(ticket, identity, staff)
            approve = approved_undo_of if ticket.request.kind is RequestKind.UNDO else approved_of
            claimed.append(approve(ticket, at))
            yield ExecutionClaimed(actor=identity.name, at=at, execution_id=_id(claimed[-1]))

        ticket = await self._desk.change(ticket_id, step, source=source)
        return ticket, claimed[-1]

    async def _run(self, runner: ChangeRunner, approved: Approved | ApprovedUndo) -> Execution:
        if isinstance(approved, ApprovedUndo):
            return await runner.undo(approved, now=self._desk.now())
        return await runner.execute(approved, now=self._desk.now())

    async def _ended(
        self,
        ticket: Ticket,
        execution_id: str,
        runner: ChangeRunner,
        error: BaseException,
        identity: Identity,
        source: str,
    ) -> Ran | None:
        """What became of an attempt that raised, asked of the ledger: it ran after all, or it never will.

        Raises OutcomeUnknown when the target cannot say; the ticket then stays EXECUTING until somebody settles it.
        """
        execution = await self._ledger_says(ticket, execution_id, runner)
        if execution is not None:
            return await self._succeeded(ticket.id, execution, identity.name, source)
        await self._alarm(ticket, error)
        known = error if isinstance(error, PgwardenError) else ExecutionCancelled("It was stopped.")
        if self._told_failed is not None and ticket.request.sql:
            await self._told_failed(ticket.request.database, ticket.request.sql, known)
        if isinstance(error, DefinitionsChanged | ImpactMismatch):
            await self._ask_again(ticket.id, execution_id, error, identity, source)
        elif isinstance(error, UndoConflict) and _decided(ticket):
            await self._failed(ticket.id, execution_id, known, identity.name, source, again=True)
            await self._undo.require_same_conflicts(ticket.id, identity, source)
        else:
            await self._failed(ticket.id, execution_id, known, identity.name, source)
        return None

    async def _ledger_says(self, ticket: Ticket, execution_id: str, runner: ChangeRunner) -> Execution | None:
        """What the target's ledger has of an attempt. Raises OutcomeUnknown, which people are told of."""
        try:
            return await runner.settle(execution_id)
        except OutcomeUnknown as error:
            await self._alarm(ticket, error)
            raise

    async def _alarm(self, ticket: Ticket, error: BaseException) -> None:
        """Tell of what is critical. While that cannot be written down, whoever settles the claim later does."""
        if self._escalate is not None and is_critical(error):
            with suppress(ControlDatabaseUnavailable):
                await self._escalate(ticket, error)

    async def _succeeded(self, ticket_id: str, execution: Execution, actor: str, source: str) -> Ran:
        """Write down that it ran, once, whoever finds out first; with it, what it took back is UNDONE."""
        for _ in range(ATTEMPTS):
            ticket = await self._desk.load(ticket_id)
            at = max(self._desk.now(), ticket.last_at)
            standing = standing_of(ticket, at)
            if standing.status is not TicketStatus.EXECUTING or standing.execution_id != execution.id:
                return Ran(ticket, execution)
            counts = {name: counts.to_dict() for name, counts in execution.counts.items()}
            event = ExecutionSucceeded(
                actor=actor,
                at=at,
                execution_id=execution.id,
                counts=counts,
                milliseconds=execution.milliseconds,
            )
            await self._written(ticket.request.database)
            others = await self._undo.taken_back(ticket, execution, actor, at)
            staff = await self._desk.staff(at)
            with suppress(ChangedMeanwhile):
                return Ran(await self._desk.append(ticket, (event,), staff, source=source, others=others), execution)
        raise OutcomeUnknown("It ran, and could not be written down yet.", next_step="It is settled by itself later.")

    async def _failed(
        self, ticket_id: str, execution_id: str, error: PgwardenError, actor: str, source: str, *, again: bool = False
    ) -> Ticket:
        """Write down that nothing was changed; ``again`` where the approval holds on, whatever the error was."""

        def step(ticket: Ticket, _staff: Staff, at: datetime) -> Iterable[Event]:
            return _failure(ticket, execution_id, error, actor, at, again=again or isinstance(error, PASSING))

        return await self._desk.change(ticket_id, step, source=source)

    async def _ask_again(
        self, ticket_id: str, execution_id: str, error: PgwardenError, identity: Identity, source: str
    ) -> None:
        """Nothing was changed: put the request as it would be now in place of the approved one."""
        cause = RevisionCause.SCHEMA if isinstance(error, DefinitionsChanged) else RevisionCause.DRIFT
        ticket = await self._desk.load(ticket_id)
        at = max(self._desk.now(), ticket.last_at)
        staff = await self._desk.staff(at)
        try:
            await self._reread(ticket.request.database)
            request, terms = await self._requests.again(ticket.request, staff, at)
        except PgwardenError:  # it cannot be done any more at all, as the next request for it would say
            await self._failed(ticket_id, execution_id, error, identity.name, source)
            return

        def step(ticket: Ticket, _staff: Staff, at: datetime) -> Iterable[Event]:
            failed = tuple(_failure(ticket, execution_id, error, identity.name, at, again=True))
            if failed:
                yield from failed
                yield from revision(cause, request, terms, actor="system", at=at, reason=error.why)
                if terms.level > ticket.terms.level:
                    why = f"its risk is {request.risk.value} now, with {request.rows:,} rows"
                    yield TicketEscalated(
                        actor="system", at=at, level=terms.level, cause=EscalationCause.RISK, reason=why
                    )

        await self._desk.change(ticket_id, step, source=source)


def _too_late(ended: Ran) -> AlreadyExecuted:
    """Whoever wanted to stop it must not be told that nothing was changed."""
    return AlreadyExecuted(
        f"It was too late to stop {ended.ticket.id}: it has been done.",
        next_step=f"Take it back: pgwarden undo {ended.execution.id}",
    )


def _failure(
    ticket: Ticket, execution_id: str, error: PgwardenError, actor: str, at: datetime, *, again: bool
) -> Iterable[Event]:
    standing = standing_of(ticket, at)
    if standing.status is TicketStatus.EXECUTING and standing.execution_id == execution_id:
        yield ExecutionFailed(
            actor=actor,
            at=at,
            execution_id=execution_id,
            code=error.code,
            message=f"{error.what} {error.why}".strip(),
            again=again and standing.attempts < TRIES,
        )


def _require_runner(ticket: Ticket, identity: Identity, staff: Staff) -> None:
    """Its requester, the person behind, approvers and administrators run an approved ticket; a worker if it is to."""
    person = staff.people.get(identity.name)
    trusted = person is not None and person.active and bool(person.roles & {Role.APPROVER, Role.ADMIN})
    worker = identity is SYSTEM and ticket.request.run_when_approved
    if not (identity.name in ticket.request.own or trusted or worker):
        raise RightMissing(
            f"{identity.name} may not run the ticket {ticket.id}.",
            why="its requester, approvers and administrators may",
            not_done="Nothing was run.",
            next_step="Ask one of them.",
        )


def _id(approved: Approved | ApprovedUndo) -> str:
    return approved.undo_id if isinstance(approved, ApprovedUndo) else approved.execution_id


def _decided(ticket: Ticket) -> bool:
    """Whether a person said what becomes of rows that stand in the way: a yes to certain rows, never to others."""
    undo = ticket.request.undo
    return undo is not None and undo.on_conflict is not OnConflict.REFUSE
