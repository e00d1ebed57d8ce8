"""TicketUndo: tickets that take an execution back, and what becomes of the tickets of what was taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from pgwarden.agents.approval_workflow import opening, revision
from pgwarden.agents.ticket_desk import TicketDesk
from pgwarden.agents.ticket_requests import TicketRequests, requester_of
from pgwarden.domain.approval import OnConflict, RowChoice
from pgwarden.domain.errors import NotApproved, UndoImpossible
from pgwarden.domain.execution import Execution
from pgwarden.domain.identity import Identity
from pgwarden.domain.quantity import counted
from pgwarden.domain.recovery import RowConflict, RowsChangedSince, conflicts_digest
from pgwarden.domain.request import UndoTarget
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.ticket_events import Event, ExecutionReinstated, ExecutionUndone, RevisionCause
from pgwarden.domain.ticket_status import standing_of
from pgwarden.domain.undo_choice import chosen, rows_in_the_way
from pgwarden.ports import ExecutionRecords

NO_CHOICES: Mapping[str, OnConflict] = MappingProxyType({})


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
        choices: Mapping[str, OnConflict] = NO_CHOICES,
    ) -> Ticket:
        """A ticket that takes an execution back: approved at once where the change's own approval covers that.

        That takes a person who asks within the days of the policy, a recovery plan that the approver was shown, and
        no row in the way. Everything else waits for approvers. Rows in the way without a choice between skipping and
        overwriting them raise RowsChangedSince, and no ticket is opened: it could not be carried out. ``choices``: what
        becomes of single rows, by their ids (``undo_choice.RowInTheWay``); see ``undo_choice.chosen``.
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
        on_conflict, each = chosen(conflicts, on_conflict, choices)
        origin = await self._origin(execution.id)
        await self._desk.require_room(identity)
        at = self._desk.now()
        staff = await self._desk.staff(at)
        request, terms = await self._requests.undo(
            database,
            execution,
            conflicts,
            on_conflict,
            identity,
            staff,
            at,
            reason=reason,
            origin=origin,
            choices=each,
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
        on_conflict, each = _chosen_still(ticket, undo, conflicts)
        at = max(self._desk.now(), ticket.last_at)
        staff = await self._desk.staff(at)
        request, terms = await self._requests.undo(
            ticket.request.database,
            await records.execution(undo.execution_id),
            conflicts,
            on_conflict,
            requester_of(ticket.request, staff),
            staff,
            at,
            reason=ticket.request.reason,
            origin=await self._origin(undo.execution_id),
            urgency=ticket.request.urgency,
            choices=each,
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


def _chosen_still(
    ticket: Ticket, undo: UndoTarget, conflicts: Sequence[RowConflict]
) -> tuple[OnConflict, tuple[RowChoice, ...]]:
    """What was chosen, for the rows that are in the way now. Raises NotApproved where nobody chose for one of them."""
    if undo.on_conflict is not OnConflict.EACH:
        return undo.on_conflict, ()
    rows = {row.id for row in rows_in_the_way(conflicts)}
    left = {choice.row: choice.choice for choice in undo.choices if choice.row in rows}
    if rows - left.keys():
        raise NotApproved(
            f"The ticket {ticket.id} does not say what becomes of {counted(len(rows - left.keys()), 'row')}.",
            why="others changed rows after it was chosen for each of them",
            not_done="Nothing was taken back.",
            next_step=f"Look again and choose anew: pgwarden undo {undo.execution_id} --plan",
        )
    return chosen(conflicts, OnConflict.REFUSE, left)
