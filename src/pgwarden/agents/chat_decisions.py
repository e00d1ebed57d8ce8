"""Decisions that come from a chat: there is no password to ask for, so a yes to what is risky is not taken there."""

from __future__ import annotations

from collections.abc import Collection

from pgwarden.agents.approval_workflow import ApprovalWorkflowAgent
from pgwarden.domain.errors import ProofNeeded
from pgwarden.domain.identity import Identity
from pgwarden.domain.person import Person
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.ticket_events import Decision


class ChatDecisions:
    """Hands a person's decision to the workflow, if a chat may bring it."""

    def __init__(self, approval: ApprovalWorkflowAgent, approves: Collection[RiskLevel], via: str) -> None:
        self._approval = approval
        self._approves = frozenset(approves)
        self._via = via

    async def decide(self, person: Person, ticket_id: str, decision: Decision, *, seal: str, reason: str) -> None:
        """A no is always taken. Raises ProofNeeded for a yes beyond the risks that a chat may approve."""
        if decision is Decision.APPROVE:
            view = await self._approval.check_approval_status(ticket_id)
            risk = view.ticket.request.risk
            if risk not in self._approves:
                raise ProofNeeded(
                    f"A yes to {risk.value} risk takes a fresh proof of who you are.",
                    not_done="Nothing was decided.",
                    next_step=f"pgwarden ticket approve {ticket_id}",
                )
        await self._approval.audit_approval_decision(
            ticket_id,
            decision,
            identity=Identity(person.name, person.kind, person.groups),
            comment=reason,
            via=self._via,
            seal=seal,  # what the message showed; the risk that was looked at above is part of it
        )
