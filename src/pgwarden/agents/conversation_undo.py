"""ConversationUndo: from "undo that" to the execution that is meant, its recovery plan, and a request for it."""

from __future__ import annotations

from dataclasses import replace

from pgwarden.agents.approval_workflow import ApprovalWorkflowAgent, TicketView
from pgwarden.agents.context_memory import ContextMemoryAgent
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.domain.execution import Execution
from pgwarden.domain.feedback import question_key
from pgwarden.domain.identity import Identity
from pgwarden.domain.quantity import counted, plural
from pgwarden.domain.question import Clarification, Option, Reading
from pgwarden.domain.request import RequestKind
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_change import TicketFilter
from pgwarden.domain.undo_proposal import UndoProposal
from pgwarden.language.undoing import undo_of

LOOKED_BACK = 100
"""A person's newest executed tickets that are looked through."""
REASON = "taking it back, said in a conversation"


class ConversationUndo:
    """It only ever looks at changes of whoever speaks, and opens requests as ``pgwarden undo`` does; nothing runs."""

    def __init__(
        self, memory: ContextMemoryAgent, execution: SafeExecutionAgent, approval: ApprovalWorkflowAgent
    ) -> None:
        self._memory, self._execution, self._approval = memory, execution, approval

    async def meant(self, text: str, session: str, *, database: str, identity: Identity) -> TicketView | Reading:
        """The executed ticket that is meant; or a question back, where this conversation changed nothing."""
        wanted = TicketFilter(
            statuses=frozenset({TicketStatus.EXECUTED}),
            database=database,
            requester=identity.name,
            limit=LOOKED_BACK,
        )
        ran = [v for v in await self._approval.find(wanted) if v.ticket.request.kind is not RequestKind.READ]
        ran.sort(key=lambda view: view.ticket.last_at, reverse=True)
        if named := undo_of(text):
            return next((v for v in ran if v.standing.execution_id == named), None) or _asked_back(text, [], named)
        said = await self._memory.conversation(session, identity=identity, database=database) if session else ()
        statements = {" ".join(reading.sql.split()) for reading in said if reading.sql}
        questions = {question_key(reading.question) for reading in said}
        for view in ran:
            request = view.ticket.request
            here = " ".join(request.original.split()) in statements
            if here or (request.question and question_key(request.question) in questions):
                return view
        return _asked_back(text, ran[:3])

    def named(self, text: str, view: TicketView) -> Reading:
        """For who only translates: which change that is, and how it is taken back."""
        execution, request = view.standing.execution_id, view.ticket.request
        message = f"That takes back execution {execution} ({request.question or request.sql}). It is no SQL of its own:"
        message += f" call execute_rollback with transaction_id {execution}, or pgwarden undo {execution}."
        return Reading(text, None, 1.0, "conversation", clarification=Clarification(message), final=True)

    async def propose(self, view: TicketView, *, identity: Identity, opens: str) -> UndoProposal:
        """Its recovery plan, and with ``opens`` (the door) a ticket that waits for approval, or has it already.

        Where rows stand in the way none is opened: whether they are skipped or overwritten is for a person to say.
        """
        request = view.ticket.request
        report = await self._execution.undo_plan(request.database, view.standing.execution_id, identity=identity)
        proposal = _proposal(report.execution, len(report.conflicts or ()), request.question)
        if not opens or proposal.in_the_way:  # without a choice no ticket for it could be carried out
            return proposal
        ticket = await self._execution.changes.undo(
            request.database, report.execution.id, identity=identity, source=opens, reason=REASON
        )
        opened = await self._approval.check_approval_status(ticket.id, history=False)
        return replace(proposal, ticket=ticket.id, status=opened.standing.status.value, asked=opened.asked)


def _proposal(execution: Execution, in_the_way: int, question: str) -> UndoProposal:
    counts = {name: counts.to_dict() for name, counts in execution.counts.items() if counts.total}
    steps = []
    for name, done in counts.items():
        steps += [_step(kind, done[kind], name) for kind in ("deleted", "updated", "inserted") if done.get(kind)]
    one = in_the_way == 1
    steps.append(
        f"{counted(in_the_way, 'row')} {'was' if one else 'were'} changed by others since and"
        f" {'stands' if one else 'stand'} in the way: nothing is overwritten unasked"
        if in_the_way
        else "no row stands in the way now"
    )
    return UndoProposal(execution.id, execution.statement, question, counts, in_the_way, tuple(steps))


def _step(kind: str, number: int, table: str) -> str:
    """What becomes of the rows that were deleted, updated or inserted."""
    one = number == 1
    if kind == "updated":
        return f"{counted(number, 'row')} of {table} {'becomes what it was' if one else 'become what they were'}"
    goes = {"deleted": ("comes back", "come back"), "inserted": ("goes", "go")}[kind]
    return f"{number:,} {kind} {plural(number, 'row')} of {table} {goes[not one]}"


def _asked_back(text: str, others: list[TicketView], named: str = "") -> Reading:
    """Options are this person's newest changes, to be named one by one."""
    options = tuple(
        Option(
            f"{view.ticket.request.question or view.ticket.request.sql} ({view.ticket.last_at:%Y-%m-%d %H:%M} UTC)",
            f"undo execution {view.standing.execution_id}",
        )
        for view in others
    )
    if named:
        message = f"No change of yours that is in force has the id {named}."
    elif options:
        message = "No change of this conversation has run. Which of your changes is meant?"
    else:
        message = "No change of yours has run on this database, so there is nothing to take back."
    return Reading(text, None, 0.0, "conversation", clarification=Clarification(message, options), final=True)
