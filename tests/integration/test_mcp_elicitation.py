"""Asking at the client for what a call lacks, with the official client: with forms, without, and by either protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.client.context import ClientRequestContext
from mcp.types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.mcp_client import AGENT, settings_of, text_of

from pgwarden.adapters.postgres.connect import target
from pgwarden.bootstrap import App, build
from pgwarden.domain.identity import Identity
from pgwarden.domain.person import DIRECTOR, Person, Role
from pgwarden.domain.ticket_events import Decision
from pgwarden.servers.build import build_server

Mode = Literal["auto", "legacy"]
"""Questions end a call and come again with the answer, or are put while it runs."""
CHANGE = "delete from tree where id <= 3"


@dataclass
class Desk:
    """Whoever sits at the client, and what they were asked."""

    answer: Callable[[ElicitRequestFormParams], ElicitResult]
    asked: list[ElicitRequestFormParams] = field(default_factory=list)

    async def __call__(
        self,
        context: ClientRequestContext,
        params: ElicitRequestParams,
    ) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params)
        return self.answer(params)


def says(**content: Any) -> Desk:
    return Desk(lambda _: ElicitResult(action="accept", content=content))


@pytest.fixture
async def app(state_home: Path, make_database: MakeDatabase) -> AsyncIterator[App]:
    owner = owned(make_database())
    run(owner, "create table tree (id int primary key)", "insert into tree select generate_series(1, 20)", "analyze")
    async with build(settings_of(state_home, make_database(), owner)) as made:
        made.targets.add_for_now(target("default", owner, allow_writes=True))
        approves = frozenset({Role.REQUESTER, Role.APPROVER})
        await made.people.add(Person("dora", level=DIRECTOR, roles=approves), audit=())
        yield made


@asynccontextmanager
async def client(app: App, mode: Mode, desk: Desk | None) -> AsyncIterator[Client]:
    async with Client(build_server("all", app, lambda: AGENT), mode=mode, elicitation_callback=desk) as connected:
        yield connected


async def request(connected: Client) -> CallToolResult:
    return await connected.call_tool("create_approval_request", {"operation_details": {"sql": CHANGE}})


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_a_call_lacks_is_asked_at_the_client(app: App, mode: Mode) -> None:
    desk = says(reason="they are ill")
    async with client(app, mode, desk) as connected:
        opened = await request(connected)
        assert not opened.is_error, text_of(opened)
        assert opened.structured_content is not None
        assert opened.structured_content["reason"] == "they are ill"
        (asked,) = desk.asked
        assert asked.message == "Why is this change wanted?"
        assert list(asked.requested_schema["properties"]) == ["reason"]

        tickets = [opened.structured_content["ticket_id"]]
        more = {"operation_details": {"sql": CHANGE, "reason": "they are old"}}
        again = await connected.call_tool("create_approval_request", more)
        assert again.structured_content is not None
        tickets.append(again.structured_content["ticket_id"])
        assert len(desk.asked) == 1, "nothing is asked that was said"
        for ticket in tickets:
            await app.approval.audit_approval_decision(ticket, Decision.APPROVE, identity=Identity("dora"), via="test")

        desk.answer = lambda _: ElicitResult(action="accept", content={"chosen": tickets[1]})
        ran = await connected.call_tool("execute_with_transaction", {"sql_statement": CHANGE})
        assert not ran.is_error, text_of(ran)
        assert ran.structured_content is not None
        assert (ran.structured_content["status"], ran.structured_content["ticket_id"]) == ("executed", tickets[1])
        choice = desk.asked[-1]
        assert set(choice.requested_schema["properties"]["chosen"]["enum"]) == set(tickets)
        assert "they are ill" in choice.message


SILENT: dict[str, Desk | None] = {
    "no forms": None,
    "declined": Desk(lambda _: ElicitResult(action="decline")),
    "cancelled": Desk(lambda _: ElicitResult(action="cancel")),
    "empty": says(reason=""),
    "another form": says(something="else"),
    "nothing": Desk(lambda _: ElicitResult(action="accept")),
}


async def test_without_an_answer_the_tool_says_what_is_missing(app: App) -> None:
    modes: tuple[Mode, ...] = ("auto", "legacy")
    for mode in modes:
        for how, desk in SILENT.items():
            async with client(app, mode, desk) as connected:
                refused = await request(connected)
            assert refused.is_error, (mode, how)
            assert "reason" in text_of(refused)
            assert desk is None or desk.asked, (mode, how)
    assert await app.approval.waiting_for("dora") == ()


async def test_a_form_chooses_among_approved_tickets_and_approves_nothing(app: App) -> None:
    desk = says(reason="x")
    async with client(app, "auto", desk) as connected:
        opened = [(await request(connected)).structured_content for _ in range(3)]
        *approved, waiting = [str(each["ticket_id"]) for each in opened if each]
        told = await connected.call_tool("execute_with_transaction", {"sql_statement": CHANGE})
        assert told.structured_content is not None
        assert told.structured_content["status"] == "awaiting_approval"
        for ticket in approved:
            await app.approval.audit_approval_decision(ticket, Decision.APPROVE, identity=Identity("dora"), via="test")
        for chosen in (waiting, "T-00000000", "", 7):
            desk.answer = says(chosen=chosen).answer
            told = await connected.call_tool("execute_with_transaction", {"sql_statement": CHANGE})
            assert "Several approved tickets fit" in text_of(told), chosen
            desk.answer = says(reason="x").answer
    for ticket in (*approved, waiting):
        assert (await app.approval.check_approval_status(ticket)).standing.execution_id == ""
