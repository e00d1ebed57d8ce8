"""TicketUndo: tickets that take an execution back, and what becomes of the tickets of what was taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from pgwarden.agents.approval_workflow import opening, revision
from pgwarden.agents.ticket_desk import TicketDesk
from pgwarden.agents.ticket_requests import TicketRequests, requester_of
from pgwarden.domain.approval import OnConflict
from pgwarden.domain.errors import NotApproved, UndoImpossible
from pgwarden.domain.execution import Execution
from pgwarden.domain.identity import Identity
from pgwarden.domain.recovery import RowConflict, RowsChangedSince, conflicts_digest
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_events import Event, ExecutionReinstated, ExecutionUndone, RevisionCause
from pgwarden.domain.ticket_status import standing_of
from pgwarden.ports import ExecutionRecords


class TicketUndo:
    """Asks for undos, and keeps both tickets of one telling the same."""

    def __init__(
        self, desk: TicketDesk, requests: TicketRequests, records: Callable[[str], Awaitable[ExecutionRecords]]
    ) -> None:
        """``records`` finds what ran on a target by its registered name."""
        self._desk, self._requests, self._records = desk, requests, records

    async def open(
        self,
        database: str,
        execution_id: str,
        *,
        identity: Identity,
        source: str,
        reason: str,
        on_conflict: OnConflict = OnConflict.REFUSE,
    ) -> Ticket:
        """A ticket that takes an execution back: approved at once where the change's own approval covers that.

        That takes a person who asks within the days of the policy, a recovery plan that the approver was shown, and
        no row in the way. Everything else waits for approvers. Rows in the way without a choice between skipping and
        overwriting them raise RowsChangedSince, and no ticket is opened: it could not be carried out.
        """
        records = await self._records(database)
        execution = await records.execution(execution_id)
        if execution.undone:
            raise UndoImpossible(
                f"The execution {execution.id} is already undone.",
                why=f"{execution.undone_by} took it back",
                not_done="No ticket was opened.",
                next_step="Undo that undo to bring its changes back.",
            )
        conflicts = await records.conflicts(execution.id)
        origin = await self._origin(execution.id)
        await self._desk.require_room(identity)
        at = self._desk.now()
        staff = await self._desk.staff(at)
        request, terms = await self._requests.undo(
            database, execution, conflicts, on_conflict, identity, staff, at, reason=reason, origin=origin
        )
        if conflicts and on_conflict is OnConflict.REFUSE:
            raise _asking_for_a_choice(execution.id, tuple(conflicts))
        return await self._desk.open(opening(request, terms, at), source=source)

    async def taken_back(
        self, ticket: Ticket, execution: Execution, actor: str, at: datetime
    ) -> Sequence[tuple[Ticket, Sequence[Event]]]:
        """The tickets whose execution is no longer in force, or is in force again, with what happens to them."""
        found: list[tuple[Ticket, Sequence[Event]]] = []
        target, undone = execution.undoes, True
        while target is not None and (origin := await self._origin(target)) is not None:
            event = ExecutionUndone if undone else ExecutionReinstated
            when = max(at, origin.last_at)
            found.append((origin, (event(actor=actor, at=when, undo_id=execution.id, ticket=ticket.id),)))
            target = origin.request.undo.execution_id if origin.request.undo else None
            undone = not undone  # taking back what took something back brings that back
        return found

    async def _origin(self, execution_id: str) -> Ticket | None:
        """The ticket that claimed an execution."""
        found = await self._desk.tickets.find(TicketFilter(execution_id=execution_id, limit=1), at=self._desk.now())
        return found[0] if found else None

    async def require_same_conflicts(self, ticket_id: str, identity: Identity, source: str) -> None:
        """A yes to skipping or overwriting rows is for the rows that stood in the way then, and for no others."""
        ticket = await self._desk.load(ticket_id)
        undo = ticket.request.undo
        status = standing_of(ticket, self._desk.now()).status
        if undo is None or undo.on_conflict is OnConflict.REFUSE or status is not TicketStatus.APPROVED:
            return
        records = await self._records(ticket.request.database)
        conflicts = await records.conflicts(undo.execution_id)
        if conflicts_digest(conflicts) == undo.conflicts_digest:
            return
        at = max(self._desk.now(), ticket.last_at)
        staff = await self._desk.staff(at)
        request, terms = await self._requests.undo(
            ticket.request.database,
            await records.execution(undo.execution_id),
            conflicts,
            undo.on_conflict,
            requester_of(ticket.request, staff),
            staff,
            at,
            reason=ticket.request.reason,
            origin=await self._origin(undo.execution_id),
            urgency=ticket.request.urgency,
        )
        why = "other rows stand in the way than those that were approved to be passed over"
        events = revision(RevisionCause.DRIFT, request, terms, actor=identity.name, at=at, reason=why)
        await self._desk.append(ticket, events, staff, source=source)
        raise NotApproved(
            f"The ticket {ticket.id} has to be approved again.",
            why=why,
            not_done="Nothing was taken back.",
            next_step=f"pgwarden ticket show {ticket.id}",
        )


def _asking_for_a_choice(execution: str, conflicts: tuple[RowConflict, ...]) -> RowsChangedSince:
    error = RowsChangedSince.of(conflicts)
    error.not_done = "No ticket was opened, nothing was taken back, nothing was overwritten."
    error.next_step = (
        f"pgwarden undo {execution} --plan shows each row. Then choose: --skip-rows leaves them as they are now,"
        " --force-rows overwrites them; either takes a new approval."
    )
    return error
