"""Decisions that come from a chat: there is no password to ask for, so a yes to what is risky is not taken there."""

from __future__ import annotations

from collections.abc import Collection

from pgwarden.agents.approval_workflow import ApprovalWorkflowAgent
from pgwarden.agents.proposed_decisions import ProposedDecisions
from pgwarden.domain.errors import ProofNeeded
from pgwarden.domain.identity import Identity
from pgwarden.domain.person import Person
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.ticket_events import Decision


class ChatDecisions:
    """Hands a person's decision to the workflow, if a chat may bring it."""

    def __init__(
        self,
        approval: ApprovalWorkflowAgent,
        proposals: ProposedDecisions,
        approves: Collection[RiskLevel],
        via: str,
    ) -> None:
        self._approval, self._proposals = approval, proposals
        self._approves = frozenset(approves)
        self._via = via

    async def decide(
        self,
        person: Person,
        ticket_id: str,
        decision: Decision,
        *,
        seal: str,
        reason: str,
        proposal: int = 0,
        discard: bool = False,
    ) -> None:
        """A no is always taken. Raises ProofNeeded for a yes beyond the risks that a chat may approve.

        ``proposal``: which one of the ticket is confirmed, or discarded; 0 for a decision of the person's own.
        """
        if proposal:
            await (self._discard if discard else self._confirm)(person, ticket_id, proposal, reason)
            return
        if decision is Decision.APPROVE:
            await self._require_low(ticket_id, f"pgwarden ticket approve {ticket_id}")
        await self._approval.audit_approval_decision(
            ticket_id,
            decision,
            identity=Identity(person.name, person.kind, person.groups),
            comment=reason,
            via=self._via,
            seal=seal,  # what the message showed; the risk that was looked at above is part of it
        )

    async def _confirm(self, person: Person, ticket_id: str, number: int, reason: str) -> None:
        identity = Identity(person.name, person.kind, person.groups)
        found = await self._proposals.of(ticket_id, person.name)
        if found is not None and found.decision is Decision.APPROVE:
            await self._require_low(ticket_id, f"pgwarden ticket confirm {ticket_id}")
        await self._proposals.confirm(ticket_id, number, identity=identity, comment=reason, via=self._via)

    async def _discard(self, person: Person, ticket_id: str, number: int, reason: str) -> None:
        identity = Identity(person.name, person.kind, person.groups)
        await self._proposals.discard(ticket_id, number, identity=identity, comment=reason, via=self._via)

    async def _require_low(self, ticket_id: str, next_step: str) -> None:
        """Raises ProofNeeded beyond the risks that a chat may approve."""
        risk = (await self._approval.check_approval_status(ticket_id, history=False)).ticket.request.risk
        if risk not in self._approves:
            raise ProofNeeded(
                f"A yes to {risk.value} risk takes a fresh proof of who you are.",
                not_done="Nothing was decided.",
                next_step=next_step,
            )
