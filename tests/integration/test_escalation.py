"""A failure that must not wait reaches the people named for it: by mail, once, and in the audit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.mail_server import mail_server
from tests.support.mcp_client import settings_of

from pgwarden.adapters.postgres.connect import target
from pgwarden.bootstrap import App, build
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import OutcomeUnknown
from pgwarden.domain.identity import Identity
from pgwarden.domain.person import Person, Role
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.ticket_approval import approved_of
from pgwarden.domain.ticket_events import Decision, ExecutionClaimed

NOBODY_THERE = "1"
AT_ONCE = timedelta(0)


async def claimed(app: App) -> str:
    """A ticket that is approved, and claimed by a process that is gone."""
    wanted = Proposal("shop", "update stock set pieces = pieces + 1", "they came in")
    view = await app.approval.create_approval_request(wanted, identity=Identity("ada"), source="test")
    dora = Identity("dora")
    await app.approval.audit_approval_decision(view.ticket.id, Decision.APPROVE, identity=dora, via="test")
    desk = app.approval._desk
    ticket = await desk.load(view.ticket.id)
    approved = approved_of(ticket, datetime.now(UTC))
    claim = ExecutionClaimed(actor="ada", at=datetime.now(UTC), execution_id=approved.execution_id)
    await desk.append(ticket, (claim,), await desk.staff(), source="test")
    return ticket.id


async def test_nobody_can_say_whether_it_ran_and_the_people_named_hear_of_it_once(
    state_home: Path, make_database: MakeDatabase
) -> None:
    control, database = make_database(), owned(make_database())
    run(database, "create table stock(id int primary key, pieces int not null)", "insert into stock values (1, 7)")
    with mail_server() as box:
        settings = settings_of(
            state_home, control, database, smtp_host=box.host, smtp_port=box.port, smtp_tls="none",
            smtp_from="pgwarden@example.org", escalate_to=("olga",),
        )  # fmt: skip
        async with build(settings, admit=False) as app:
            approver = frozenset({Role.REQUESTER, Role.APPROVER})
            await app.people.add(Person("dora", roles=approver, level=3), audit=())
            await app.people.add(Person("olga", email="olga@example.org"), audit=())
            app.targets.add_for_now(target("shop", database, allow_writes=True))
            ticket = await claimed(app)
            gone = make_conninfo(database, port=NOBODY_THERE)
            app.targets.add_for_now(target("shop", gone, allow_writes=True))
            for _ in range(3):  # every worker that looks finds the same
                with pytest.raises(OutcomeUnknown):
                    await app.execution.changes.settle(ticket, grace=AT_ONCE)
            assert await app.execution.changes.settle_all(grace=AT_ONCE) == ()
            worker = app.worker(1)
            working = asyncio.create_task(worker.run())
            await box.until(1)
            worker.stop()
            await working
            entries = await app.audit.find(AuditFilter(action="failure.escalated"), limit=10)
            assert [(each.entry.subject, each.entry.details["error"]) for each in entries] == [(ticket, "PGW112")]
            critical = [mail for mail in box.mails if "Critical failure" in str(mail["Subject"])]
            assert [mail["To"] for mail in critical] == ["olga@example.org"]
            assert ticket in str(critical[0].get_body(("plain",)))
            app.targets.add_for_now(target("shop", database, allow_writes=True))
            settled = await app.execution.changes.settle(ticket, grace=AT_ONCE)
            assert type(settled.events[-1]).__name__ == "ExecutionFailed", "the ledger has nothing of it"
