"""The approval-workflow and execution-monitor servers: an agent asks, people decide, it runs and is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.conftest import MakeDatabase
from tests.support.mcp_client import Desktop, desktop, in_own_task, settings_of

from pgwarden.adapters.postgres.connect import target
from pgwarden.agents.ticket_object import ticket_object
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.errors import ControlDatabaseUnavailable
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.person import Person, Role
from pgwarden.domain.proposal import Proposal
from pgwarden.domain.ticket_events import Decision

TABLES = """
create table tree (id int primary key, kind text not null, height int);
create table leaf (id int primary key, tree int not null references tree on delete cascade);
insert into tree select i, 'oak', i from generate_series(1, 20) i;
insert into leaf select i, 1 + i % 20 from generate_series(1, 100) i;
"""
CHANGE = "delete from tree where id <= 3"
APPROVER = frozenset({Role.REQUESTER, Role.APPROVER})


@dataclass(frozen=True, slots=True)
class Grove:
    """An agent's desktop on a database that it may change once people say so."""

    desk: Desktop
    url: str

    async def ask(self, statement: str = CHANGE) -> str:
        made = await self.desk.answer(
            "create_approval_request",
            operation_details={"sql": statement},
            user_context={"reason": "they are ill"},
        )
        return str(made["ticket_id"])

    async def decide(self, ticket: str, decision: Decision = Decision.APPROVE, by: str = "dora") -> None:
        """What a person does at a door of theirs."""
        await self.desk.app.approval.audit_approval_decision(
            ticket, decision, identity=Identity(by), comment="so be it", via="test"
        )

    def count(self, table: str) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
            assert row is not None
            return int(row[0])


@pytest.fixture
async def grove(state_home: Path, make_database: MakeDatabase) -> AsyncIterator[Grove]:
    url, control = make_database(), make_database()
    name = f"gardener_{url.rpartition('/')[2].partition('?')[0][-8:]}"
    with psycopg.connect(url, autocommit=True) as connection:
        role = sql.Identifier(name)
        connection.execute(sql.SQL("create role {} login password 'x'").format(role))
        database = sql.Identifier(str(connection.info.dbname))
        connection.execute(sql.SQL("grant create on database {} to {}").format(database, role))
        connection.execute(sql.SQL("grant all on schema public to {}").format(role))
        connection.execute(sql.SQL("set role {}").format(role))
        connection.execute(TABLES)
    owner = make_conninfo(url, user=name, password="x")
    async with in_own_task(desktop(settings_of(state_home, control, url))) as desk:
        desk.app.targets.add_for_now(target("default", owner, allow_writes=True))
        audit = AuditEntry("person.added", "test", datetime.now(UTC))
        people = (
            Person("robot", kind=IdentityKind.AGENT, owner="ana"),
            Person("ana"),
            Person("lea", level=1, roles=APPROVER),
            Person("dora", level=3, roles=APPROVER),
        )
        for person in sorted(people, key=lambda p: bool(p.owner)):
            await desk.app.people.add(person, audit=[audit])
        yield Grove(desk, url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop owned by {} cascade").format(sql.Identifier(name)))
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


async def test_from_request_to_approval_to_execution_to_undo(grove: Grove) -> None:
    desk = grove.desk
    made = await desk.answer(
        "create_approval_request",
        operation_details={"sql": CHANGE},
        risk_assessment={"risk_level": "low"},
        user_context={"reason": "they are ill"},
    )
    assert made["status"] == "PENDING"
    assert made["asked"] == ["dora"] or "dora" in made["asked"]
    assert any("given as LOW" in factor for factor in made["factors"])
    waiting = await desk.answer("execute_with_transaction", sql_statement=CHANGE)
    assert (waiting["status"], waiting["ticket_id"]) == ("awaiting_approval", made["ticket_id"])
    assert grove.count("tree") == 20
    await grove.decide(made["ticket_id"])
    assert (await desk.answer("check_approval_status", approval_ticket_id=made["ticket_id"]))["status"] == "APPROVED"
    done = await desk.answer("execute_with_transaction", sql_statement=CHANGE)
    assert (done["status"], done["proven"]) == ("executed", True)
    assert done["counts"]["public.tree"] == {"inserted": 0, "updated": 0, "deleted": 3}
    assert (grove.count("tree"), grove.count("leaf")) == (17, 85)
    again = await desk.refused("execute_with_transaction", sql_statement=CHANGE, ticket_id=made["ticket_id"])
    assert grove.count("tree") == 17, again
    seen = await desk.answer("monitor_execution_progress", execution_id=done["execution_id"])
    assert seen["status"] == "executed"
    report = await desk.answer(
        "verify_execution_integrity",
        execution_results={"execution_id": done["execution_id"], "claims": "all is well"},
        expected_outcomes={"tree": {"deleted": 3}, "public.leaf": {"deleted": 15}, "rows": 18},
    )
    assert report["sound"], report
    assert {check["check"] for check in report["checks"]} >= {"ledger", "expected tree", "expected rows", "rows"}
    wrong = await desk.answer(
        "verify_execution_integrity",
        execution_results={"execution_id": done["execution_id"]},
        expected_outcomes={"tree": {"deleted": 4}},
    )
    assert not wrong["sound"]
    meant = await desk.answer(
        "generate_query_from_intent", intent_object={"question": f"undo execution {done['execution_id']}"}
    )
    assert (meant["status"], meant["sql"]) == ("clarify", None), "words run and open nothing here"
    assert f"call execute_rollback with transaction_id {done['execution_id']}" in meant["message"]
    asked = await desk.answer("execute_rollback", transaction_id=done["transaction_id"], reason="they were healthy")
    assert asked["status"] == "awaiting_approval", "an agent's undo is approved like any change"
    assert grove.count("tree") == 17
    (ticket,) = asked["tickets"]
    await grove.decide(ticket["ticket_id"])
    undone = await desk.answer("execute_with_transaction", sql_statement="undo", ticket_id=ticket["ticket_id"])
    assert undone["undoes"] == done["execution_id"]
    assert (grove.count("tree"), grove.count("leaf")) == (20, 100)


async def test_a_progress_that_cannot_be_looked_at_costs_the_change_nothing(
    grove: Grove, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blind(ticket: str) -> None:
        looked.append(ticket)
        raise ControlDatabaseUnavailable("It cannot be reached.")

    looked: list[str] = []
    monkeypatch.setattr("pgwarden.servers.execution_monitor.LOOK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(grove.desk.app.execution.changes, "progress", blind)
    ticket = await grove.ask()
    await grove.decide(ticket)
    done = await grove.desk.answer("execute_with_transaction", sql_statement=CHANGE)
    assert (done["status"], grove.count("tree")) == ("executed", 17)
    assert ticket in looked


async def test_an_approval_covers_not_one_character_more(grove: Grove) -> None:
    ticket = await grove.ask()
    await grove.decide(ticket)
    for other in (CHANGE + " ", CHANGE.replace("3", "4"), CHANGE.upper()):
        refused = await grove.desk.refused("execute_with_transaction", sql_statement=other, ticket_id=ticket)
        assert "another statement" in refused["error"]
        opened = await grove.desk.answer("execute_with_transaction", sql_statement=other)
        assert opened["status"] == "awaiting_approval"
        assert opened["ticket_id"] != ticket
    assert grove.count("tree") == 20


async def test_nothing_that_an_agent_calls_is_a_decision(grove: Grove) -> None:
    ticket = await grove.ask()
    written = await grove.desk.answer(
        "audit_approval_decision", ticket_id=ticket, decision="approve", approver_id="dora", comments="go ahead"
    )
    assert written["effective"] is False
    assert f"ticket confirm {ticket}" in written["message"]
    (standing,) = ticket_object(await grove.desk.app.approval.check_approval_status(ticket))["proposals"]
    assert (standing["approver"], standing["by"], standing["via"]) == ("dora", "robot", "mcp test")
    assert standing["client"].startswith("mcp "), "as the official client names itself"
    assert (await grove.desk.answer("check_approval_status", approval_ticket_id=ticket))["status"] == "PENDING"
    assert (await grove.desk.answer("execute_with_transaction", sql_statement=CHANGE))["status"] == "awaiting_approval"
    await grove.desk.refused(
        "audit_approval_decision", ticket_id=ticket, decision="approve", approver_id="ana", comments=""
    )
    wrong = await grove.desk.refused("audit_approval_decision", ticket_id=ticket, decision="maybe", approver_id="dora")
    assert "decision" in wrong["why"]
    assert grove.count("tree") == 20
    await grove.desk.app.proposals.confirm(ticket, identity=Identity("dora"), via="test")
    assert (await grove.desk.answer("check_approval_status", approval_ticket_id=ticket))["status"] == "APPROVED"


async def test_denied_is_denied(grove: Grove) -> None:
    ticket = await grove.ask()
    await grove.decide(ticket, Decision.DENY)
    found = await grove.desk.answer("check_approval_status", approval_ticket_id=ticket)
    assert found["status"] == "DENIED"
    assert any(event["words"] == "so be it" for event in found["timeline"])
    await grove.desk.refused("execute_with_transaction", sql_statement=CHANGE, ticket_id=ticket)
    assert grove.count("tree") == 20


async def test_reminding_and_escalating(grove: Grove) -> None:
    ticket = await grove.ask("insert into tree values (21, 'elm', 1)")
    soon = await grove.desk.answer("notify_approvers", approval_request={"ticket_id": ticket}, urgency_level="high")
    assert (soon["reminded"], soon["urgency"]) == (False, "high")
    assert "less than an hour ago" in soon["message"]
    assert soon["asked"]
    higher = await grove.desk.answer("escalate_approval", ticket_id=ticket, escalation_reason="nobody answers")
    assert higher["status"] == "ESCALATED"
    await grove.desk.refused("escalate_approval", ticket_id="no-such-ticket", escalation_reason="x")


async def test_several_tickets_for_one_statement_are_listed(grove: Grove) -> None:
    tickets = {await grove.ask(), await grove.ask()}
    for ticket in tickets:
        await grove.decide(ticket)
    found = await grove.desk.answer("execute_with_transaction", sql_statement=CHANGE)
    assert found["status"] == "choose"
    assert {each["ticket_id"] for each in found["tickets"]} == tickets
    assert grove.count("tree") == 20


async def test_not_waiting_gives_the_id_at_once(grove: Grove) -> None:
    ticket = await grove.ask()
    await grove.decide(ticket)
    begun = await grove.desk.answer("execute_with_transaction", sql_statement=CHANGE, monitoring_config={"wait": False})
    assert begun["execution_id"]
    async with asyncio.timeout(30):
        while True:
            seen = await grove.desk.answer("monitor_execution_progress", execution_id=begun["execution_id"])
            if seen["status"] == "executed":
                break
    assert grove.count("tree") == 17


async def test_backups_of_every_kind(grove: Grove) -> None:
    for strategy in ("snapshot", "file"):
        made = await grove.desk.answer(
            "create_pre_execution_backup", affected_tables=["tree", "leaf"], backup_strategy=strategy
        )
        assert {copy["table"]: copy["rows"] for copy in made["tables"]} == {"public.tree": 20, "public.leaf": 100}
        assert len(made["restore_instructions"]) >= 3
    refused = await grove.desk.refused(
        "create_pre_execution_backup", affected_tables=["tree"], backup_strategy="restore_point"
    )
    assert refused["code"] == "PGW040", "an owner of tables may not mark the log of the server"
    await grove.desk.refused("create_pre_execution_backup", affected_tables=["nowhere"])


async def test_other_peoples_tickets_and_executions_are_not_shown(grove: Grove) -> None:
    view = await grove.desk.app.approval.create_approval_request(
        Proposal("default", CHANGE, "mine"), identity=Identity("lea"), source="test"
    )
    for tool, arguments in (
        ("check_approval_status", {"approval_ticket_id": view.ticket.id}),
        ("escalate_approval", {"ticket_id": view.ticket.id, "escalation_reason": "x"}),
        ("execute_with_transaction", {"sql_statement": CHANGE, "ticket_id": view.ticket.id}),
        ("monitor_execution_progress", {"execution_id": "none"}),
        ("execute_rollback", {"transaction_id": "none"}),
        ("verify_execution_integrity", {"execution_results": {}}),
    ):
        assert "no " in (await grove.desk.refused(tool, **arguments))["error"], tool
