"""``approval-workflow``: ask a person, see what they say. Nothing here decides, whoever calls."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from pydantic import BaseModel, ConfigDict, Field

from pgwarden.domain.errors import InputInvalid, TooManyTickets, UnknownTicket
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.request import Urgency, Window
from pgwarden.domain.ticket_events import Decision
from pgwarden.servers.asking import ReasonForm, ask_for
from pgwarden.servers.desk import ADDS, READS, Desk, offer
from pgwarden.servers.postgresql_ops import Database
from pgwarden.servers.ticket_answers import (
    DecisionAnswer,
    DeliveryAnswer,
    NotifiedAnswer,
    OperationDetails,
    TicketAnswer,
    ticket_answer,
)

if TYPE_CHECKING:
    from pgwarden.agents.approval_workflow import TicketView
    from pgwarden.domain.notification import Delivery
    from pgwarden.servers.caller import Caller

TicketId = Annotated[str, Field(description="The ticket, as create_approval_request gave it.", max_length=200)]


class TicketReference(BaseModel):
    """A ticket, named inside an object."""

    model_config = ConfigDict(extra="allow")

    ticket_id: str = Field(max_length=200)


def add_tools(server: MCPServer[Any], desk: Desk) -> None:
    """Offer the five tools."""

    async def create_approval_request(
        operation_details: Annotated[OperationDetails, Field(description="What is asked for.")],
        risk_assessment: Annotated[
            dict[str, Any] | None, Field(description="What you think of the risk: a hint; it is found out anew.")
        ] = None,
        user_context: Annotated[
            dict[str, Any] | None,
            Field(description='For whom and why: {"reason": "customer 42 asked to be forgotten"}'),
        ] = None,
        database: Database = None,
        ctx: Context[Any, Any] | None = None,
    ) -> TicketAnswer:
        """Ask a person to approve a change. Returns the ticket, who is asked, and how long it usually takes.

        The statement is analysed first; what the approver sees is what pgwarden found, not what you say. The approval
        is for exactly this statement: any other text needs another ticket. You cannot approve it.
        """
        context = user_context or {}
        if not (operation_details.reason or context.get("reason")):
            desk.callers().require("request")
            given = await ask_for(ctx, "reason", "Why is this change wanted?", ReasonForm)
            context = context | ({"reason": given.reason} if given else {})
        async with desk.call("request", database) as (caller, name):
            answer = ticket_answer(await request_change(desk, caller, name, operation_details, context))
            said = str((risk_assessment or {}).get("risk_level", "")).upper()
            if said and said != answer.risk_level:
                answer.factors.append(f"The risk was given as {said}; it was found to be {answer.risk_level}.")
            return answer

    async def check_approval_status(approval_ticket_id: TicketId) -> TicketAnswer:
        """Tell where a ticket stands: status, who is asked, comments, what happened so far, and what to do next.

        A person decides, which takes minutes to hours: do not call it again and again, but go on with other work.
        """
        async with desk.caller("ask") as caller:
            return ticket_answer(await own_ticket(desk, caller, approval_ticket_id))

    async def notify_approvers(
        approval_request: Annotated[
            str | TicketReference, Field(description='A ticket id, or an object with it: {"ticket_id": "…"}')
        ],
        urgency_level: Annotated[
            Literal["low", "normal", "high", "emergency"] | None,
            Field(description="How soon an answer is needed; it chooses the channels."),
        ] = None,
    ) -> NotifiedAnswer:
        """Remind the people who are asked to decide, at most once an hour, and tell what reached them."""
        async with desk.caller("request") as caller:
            ticket_id = approval_request if isinstance(approval_request, str) else approval_request.ticket_id
            view = await own_ticket(desk, caller, ticket_id)
            urgency = Urgency(urgency_level) if urgency_level else view.standing.request.urgency
            message = ""
            try:
                view = await desk.app.approval.notify_approvers(
                    ticket_id, identity=caller.identity, source=caller.source, urgency=urgency
                )
            except TooManyTickets as error:  # they know already, which is what was wanted
                message = error.what
            letters = await desk.app.notifications.of_ticket(ticket_id)
            return NotifiedAnswer(
                ticket_id=ticket_id,
                status=view.standing.status.value,
                asked=list(view.asked),
                reminded=not message,
                message=message,
                urgency=urgency.value,
                deliveries=[_delivery(letter.delivery) for letter in letters],
            )

    async def escalate_approval(
        ticket_id: TicketId,
        escalation_reason: Annotated[str, Field(description="Why a higher level should decide.", max_length=4000)],
    ) -> TicketAnswer:
        """Ask the next higher level of approvers, when nobody answers or the matter is larger than it seemed."""
        async with desk.caller("request") as caller:
            await own_ticket(desk, caller, ticket_id)
            view = await desk.app.approval.escalate_approval(
                ticket_id, identity=caller.identity, reason=escalation_reason, source=caller.source
            )
            return ticket_answer(view)

    async def audit_approval_decision(
        ticket_id: TicketId,
        decision: Annotated[Literal["approve", "deny"], Field(description="What the person said.")],
        approver_id: Annotated[str, Field(description="The person, by the name of their account.", max_length=200)],
        comments: Annotated[str, Field(description="In their words.", max_length=4000)] = "",
        ctx: Context[Any, Any] | None = None,
    ) -> DecisionAnswer:
        """Write down that a person said yes or no. It changes nothing by itself.

        That very person must confirm it on the page, in Slack or on the command line, logged in: what comes through
        an agent is no signature. Until then the ticket waits as before.
        """
        async with desk.caller("request") as caller:
            asked = await desk.app.approval.check_approval_status(ticket_id, history=False)
            caller.require_database(asked.ticket.request.database)
            view = await desk.app.proposals.propose(
                ticket_id,
                Decision(decision),
                approver=approver_id,
                identity=caller.identity,
                comment=comments,
                client=_client(caller, ctx),
                via=caller.source,
            )
            return DecisionAnswer(
                ticket_id=ticket_id,
                status=view.standing.status.value,
                decision=decision,
                approver=approver_id,
                effective=False,
                message=f"Written down; {approver_id} must confirm it: pgwarden ticket confirm {ticket_id}",
            )

    offer(server, create_approval_request, title="Ask for approval", annotations=ADDS)
    offer(server, check_approval_status, title="Status of a ticket", annotations=READS)
    offer(server, notify_approvers, title="Remind the approvers", annotations=ADDS)
    offer(server, escalate_approval, title="Ask a higher level", annotations=ADDS)
    offer(server, audit_approval_decision, title="Write down a decision", annotations=ADDS)


async def request_change(
    desk: Desk, caller: Caller, name: str, details: OperationDetails, context: dict[str, Any]
) -> TicketView:
    """Open a ticket for a change, as the caller's."""
    return await desk.app.approval.create_approval_request(
        Proposal(
            database=name,
            sql=details.sql,
            reason=details.reason or str(context.get("reason") or ""),
            question=details.question,
            urgency=Urgency(details.urgency),
            window=Window(_zoned(details.not_before), _zoned(details.not_after)),
            run_when_approved=details.run_when_approved,
        ),
        identity=caller.identity,
        source=caller.source,
    )


def _client(caller: Caller, ctx: Context[Any, Any] | None) -> str:
    """The program that calls: what it calls itself, and the token that it shows."""
    session = ctx.request_context.session if ctx is not None else None
    named = session.client_params.client_info if session is not None and session.client_params else None
    name = "".join(each for each in f"{named.name} {named.version}" if each.isprintable())[:100] if named else ""
    return ", ".join(filter(None, (name, caller.identity.token)))


def _delivery(delivery: Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        recipient=delivery.person, channel=delivery.channel.value, status=delivery.status.value, error=delivery.error
    )


def _zoned(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise InputInvalid(
            "A moment has no time zone.",
            not_done="No ticket was opened.",
            next_step="Write it with one, e.g. 2026-01-31T18:00:00+01:00.",
        )
    return moment


async def own_ticket(desk: Desk, caller: Caller, ticket_id: str) -> TicketView:
    """A ticket that this caller may know of: its own, or any for who may audit."""
    view = await desk.app.approval.check_approval_status(ticket_id)
    caller.require_database(view.ticket.request.database)
    if caller.identity.name in view.ticket.request.own or "audit" in caller.scopes:
        return view
    raise UnknownTicket(
        f"You have no ticket {ticket_id}.",
        not_done="Nothing was done.",
        next_step="Use the id that create_approval_request gave you.",
    )
