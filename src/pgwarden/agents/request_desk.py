"""RequestDesk: from what somebody wants, in SQL or in plain words, to a ticket of the right kind; for every door."""

from __future__ import annotations

from pgwarden.agents.approval_workflow import ApprovalWorkflowAgent, TicketView
from pgwarden.agents.intelligent_query import IntelligentQueryAgent
from pgwarden.agents.orchestrator import DatabaseOrchestrator
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.domain.errors import InputInvalid, NotUnderstood, StatementInvalid
from pgwarden.domain.identity import Identity
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.result import ReadLimits


class RequestDesk:
    """Takes requests in. It opens tickets, and runs nothing."""

    def __init__(
        self,
        schema: SchemaContextAgent,
        query: IntelligentQueryAgent,
        orchestrator: DatabaseOrchestrator,
        execution: SafeExecutionAgent,
        approval: ApprovalWorkflowAgent,
    ) -> None:
        self._schema, self._query, self._orchestrator = schema, query, orchestrator
        self._execution, self._approval = execution, approval

    async def statement_in(self, database: str, text: str, *, identity: Identity) -> tuple[str, str]:
        """(SQL, the words that it comes from or ''). What is no SQL is taken as words. Raises NotUnderstood."""
        try:
            self._query.validate(text, await self._schema.catalog(database))
        except StatementInvalid:
            reading = await self._orchestrator.translate(text.strip(), database=database, identity=identity)
            if reading.sql is None:
                raise NotUnderstood(
                    "That is neither SQL nor words that make one clear change.",
                    why=reading.clarification.message if reading.clarification else "",
                    not_done="No ticket was opened.",
                    next_step="Say it more exactly, or give the SQL.",
                ) from None
            return reading.sql, text.strip()
        return text, ""

    async def open(self, wanted: Proposal, *, identity: Identity, limits: ReadLimits, source: str) -> TicketView:
        """A ticket for a change, or for a read that shows sensitive values as they are.

        Raises InputInvalid for a read that needs none.
        """
        catalog = await self._schema.catalog(wanted.database)
        if not self._query.validate(wanted.sql, catalog).allowed:
            return await self._approval.create_approval_request(wanted, identity=identity, source=source)
        shown = await self._execution.unmasked(wanted.database, wanted.sql, identity=identity, limits=limits)
        if shown is None:
            raise InputInvalid(
                "This read needs no approval.",
                why="It changes nothing and shows you no sensitive value.",
                not_done="No ticket was opened.",
                next_step="Run it: pgwarden query",
            )
        return await self._approval.create_read_request(wanted, shown, identity=identity, source=source)
