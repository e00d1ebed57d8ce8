"""The workflow and the road to a write with real parts around them: a target with an owner, people, a clock to turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pgwarden.adapters.cache.memory import MemoryCache
from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.pool import Pools
from pgwarden.adapters.postgres.targets import Targets
from pgwarden.agents.approval_workflow import ApprovalWorkflowAgent, TicketView
from pgwarden.agents.impact_assessment import ImpactAssessmentAgent
from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.agents.ticket_desk import TicketDesk, new_ticket_id
from pgwarden.agents.ticket_execution import Ran, TicketExecution
from pgwarden.agents.ticket_history import TicketHistory
from pgwarden.agents.ticket_requests import TicketRequests
from pgwarden.agents.ticket_timers import TicketTimers
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.person import Delegation, Person, Role
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.ticket import TicketStatus
from pgwarden.domain.ticket_events import Decision
from pgwarden.domain.ticket_status import status_of
from pgwarden.ports import TicketStore
from pgwarden.testing import MemoryDatabaseStore, MemoryDataRightsStore, MemorySchemaHistory, MemoryTicketStore
from pgwarden.testing.people import MemoryPeople, MemoryPeopleStore

APPROVER = frozenset({Role.REQUESTER, Role.APPROVER})
STAFF = (
    Person("ana"),
    Person("lea", level=1, roles=APPROVER),
    Person("max", level=2, roles=APPROVER),
    Person("mia", level=2, roles=APPROVER),
    Person("dora", level=3, roles=APPROVER),
    Person("audrey", roles=frozenset({Role.AUDITOR})),
    Person("root", roles=frozenset({Role.ADMIN})),
    Person("bot", kind=IdentityKind.AGENT, owner="max"),
)


@dataclass
class House:
    """One target ``shop``; ``kind`` of each identity is the account's."""

    tickets: TicketStore
    targets: Targets
    schema: SchemaContextAgent
    people: MemoryPeopleStore
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        rights = MemoryDataRightsStore()
        self.desk = TicketDesk(self.tickets, self.people, lambda: self.now, new_ticket_id)
        self.history = TicketHistory(self.tickets, lambda: self.now)
        impact = ImpactAssessmentAgent(self.schema, self.targets.analyst, rights, lambda: self.now)
        self.requests = TicketRequests(self.schema, impact, self.targets.changes, self.history)
        self.workflow = ApprovalWorkflowAgent(self.desk, self.requests, self.history)
        self.timers = TicketTimers(self.desk)
        self.road = TicketExecution(
            self.desk, self.requests, self.targets.changes, self.targets.records, self.schema.reread, self._written
        )

    async def _written(self, database: str) -> None:
        self.written.append(database)

    def who(self, name: str) -> Identity:
        person = self.people.held.people.get(name, Person(name))
        return Identity(name, person.kind, person.groups)

    def delegate(self, delegation: Delegation) -> None:
        self.people.held.delegations.append(delegation)

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def ask(self, sql: str, by: str = "ana", **changes: Any) -> TicketView:
        wanted = Proposal("shop", sql, changes.pop("reason", "because"), **changes)
        return await self.workflow.create_approval_request(wanted, identity=self.who(by), source="test")

    async def approve(self, ticket: str, by: str = "dora", **more: Any) -> TicketView:
        return await self.workflow.audit_approval_decision(
            ticket, Decision.APPROVE, identity=self.who(by), via="test", **more
        )

    async def deny(self, ticket: str, by: str = "dora", comment: str = "no") -> TicketView:
        return await self.workflow.audit_approval_decision(
            ticket, Decision.DENY, identity=self.who(by), comment=comment, via="test"
        )

    async def run(self, ticket: str, by: str = "ana") -> Ran:
        return await self.road.execute(ticket, identity=self.who(by), source="test")

    async def status(self, ticket: str) -> TicketStatus:
        return status_of(await self.desk.load(ticket), self.now)

    async def events(self, ticket: str) -> list[str]:
        return [type(event).__name__ for event in (await self.desk.load(ticket)).events]


@asynccontextmanager
async def house_on(
    conninfo: str,
    *,
    tickets: TicketStore | None = None,
    people: Iterable[Person] = STAFF,
    targets: Mapping[str, str] | None = None,
) -> AsyncIterator[House]:
    """The house on a target that may be written, logged in by ``conninfo``."""
    known = {"shop": target("shop", conninfo, allow_writes=True)}
    known |= {name: target(name, url) for name, url in (targets or {}).items()}
    pools = Pools(size=2)
    found = Targets(known, MemoryDatabaseStore(), pools)
    schema = SchemaContextAgent(found.source, MemoryCache(), MemorySchemaHistory())
    try:
        yield House(tickets or MemoryTicketStore(), found, schema, MemoryPeopleStore(MemoryPeople(people)))
    finally:
        await schema.close()
        await pools.close()
