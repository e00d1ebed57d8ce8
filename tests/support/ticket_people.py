"""The approval workflow on tickets in memory, with people, a clock to turn, and the jobs and notes it leaves."""

from __future__ import annotations

from typing import Any

from tests.support.ticket_house import STAFF as HOUSE_STAFF
from tests.support.tickets import NOON, later, request, terms

from pgwarden.agents.approval_workflow import ApprovalWorkflowAgent, TicketView, revision
from pgwarden.agents.proposed_decisions import ProposedDecisions
from pgwarden.agents.ticket_desk import TicketDesk
from pgwarden.agents.ticket_history import TicketHistory
from pgwarden.agents.ticket_timers import TicketTimers
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.job import Job
from pgwarden.domain.person import Person
from pgwarden.domain.request import Request, Terms
from pgwarden.domain.ticket_events import Decision, RevisionCause
from pgwarden.testing import MemoryTicketStore
from pgwarden.testing.people import MemoryPeople, MemoryPeopleStore

STAFF = (*HOUSE_STAFF, Person("cron", kind=IdentityKind.SERVICE))


class Workflow:
    """The workflow without a target: requests are made by hand."""

    def __init__(self) -> None:
        self.at = NOON
        self.tickets = MemoryTicketStore()
        self.people = MemoryPeopleStore(MemoryPeople(STAFF))
        self.desk = TicketDesk(self.tickets, self.people, lambda: self.at)
        self.history = TicketHistory(self.tickets, lambda: self.at)
        self.workflow = ApprovalWorkflowAgent(self.desk, _none, self.history)
        self.proposals = ProposedDecisions(self.desk)
        self.timers = TicketTimers(self.desk)
        self._handled: set[int] = set()

    def request(self) -> Request:
        return request()

    def who(self, name: str) -> Identity:
        person = self.people.held.people.get(name, Person(name))
        return Identity(name, person.kind, person.groups)

    async def open(self, asked: Request | None = None, demanded: Terms | None = None) -> TicketView:
        timed = terms(remind_at=(later(30),), escalate_at=(later(60),))
        return await self.workflow.open_ticket(asked or request(), demanded or timed, source="t")

    async def decide(
        self, ticket: str, by: str, decision: Decision = Decision.APPROVE, *, comment: str = "", seal: str = ""
    ) -> TicketView:
        return await self.workflow.audit_approval_decision(
            ticket, decision, identity=self.who(by), comment=comment, via="t", seal=seal
        )

    async def revise(self, ticket: str, asked: Request) -> None:
        found = await self.desk.load(ticket)
        events = revision(RevisionCause.EDITED, asked, found.terms, actor="ana", at=self.at)
        await self.desk.append(found, events, await self.desk.staff(), source="t")

    async def view(self, ticket: str) -> TicketView:
        return await self.workflow.check_approval_status(ticket)

    def jobs(self) -> list[Job]:
        return list(self.tickets.jobs.deferred)

    def told(self) -> list[tuple[str, tuple[str, ...]]]:
        """(kind, names) of every notification, in order."""
        return [(job.args["kind"], tuple(job.args["to"])) for job in self.jobs() if job.task == "notify"]

    def actions(self) -> list[str]:
        return [entry.action for entry in self.tickets.audit.entries]

    async def handle(self, job: Job) -> None:
        handlers: dict[str, Any] = {
            "remind_ticket": self.timers.remind,
            "escalate_ticket": self.timers.escalate,
            "expire_ticket": self.timers.expire,
        }
        await handlers[job.task](job.args)

    async def run_due(self) -> None:
        """What a worker would do now; every due timer again each time, as a job that is run twice."""
        for job in self.jobs():
            if job.at is not None and job.at <= self.at:
                await self.handle(job)


_none: Any = None
"""No requests are made from statements here."""
