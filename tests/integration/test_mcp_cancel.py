"""A call that its client gives up ends on the server, in the database itself, whatever it came in through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mcp import Client
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.conftest import MakeDatabase
from tests.integration.test_mcp_http import connected, served
from tests.support.mcp_client import settings_of, text_of
from tests.support.mcp_processes import environment_of, over_stdio

from pgwarden.adapters.postgres.connect import target
from pgwarden.bootstrap import App, build
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.person import Person, Role
from pgwarden.domain.ticket_events import Decision

SECONDS = 30
LONG = "select count(*) from generate_series(1, 100000) given_up, generate_series(1, 100000)"
ACTIVE = """
select count(*) from pg_stat_activity
where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
    and (query like 'fetch%' or query like '%given_up%')
"""
TREES = f"""
create table tree (id int primary key, height int);
insert into tree values (1, 1);
create table brake (on_it int);
insert into brake values (1);
create function slowly() returns trigger language plpgsql as $$
begin
    if exists (select from brake) then
        perform ({LONG.replace("given_up", "leaves")});
    end if;
    return null;
end $$;
create trigger slowly after update on tree for each row execute function slowly();
"""
CHANGE = "update tree set height = 2 where id = 1 /* given_up */"
"""What its analysis runs does not hold the comment, and no trigger."""
Door = Callable[[Path, str, str], AbstractAsyncContextManager[Client]]


@asynccontextmanager
async def stdio(home: Path, control: str, database: str) -> AsyncIterator[Client]:
    async with Client(over_stdio(environment_of(home, control, database))) as client:
        yield client


@asynccontextmanager
async def http(home: Path, control: str, database: str) -> AsyncIterator[Client]:
    async with served(home, control, database) as url, connected(f"{url}/mcp/all") as client:
        yield client


async def until(running: bool, url: str) -> None:
    """Wait for the statement to be at work in the database, or not to be any more."""
    async with asyncio.timeout(SECONDS), await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while True:
            row = await (await connection.execute(ACTIVE)).fetchone()
            assert row is not None
            if bool(row[0]) is running:
                return


async def given_up(client: Client, tool: str, arguments: dict[str, Any], url: str) -> None:
    call = asyncio.create_task(client.call_tool(tool, arguments))
    running = asyncio.create_task(until(True, url))
    await asyncio.wait([call, running], return_when=asyncio.FIRST_COMPLETED)
    assert not call.done(), call.result()
    await running
    call.cancel()
    await asyncio.wait([call])
    assert call.cancelled()
    await until(False, url)


@pytest.mark.parametrize("door", [stdio, http])
async def test_a_call_that_is_given_up_ends_in_the_database(
    state_home: Path, make_database: MakeDatabase, database: str, door: Door
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("create table tree (id int primary key, height int); insert into tree values (1, 1)")
    async with door(state_home, make_database(), database) as client:
        await given_up(client, "execute_read_query", {"sql_string": LONG, "timeout": 600}, database)
        change = f"delete from tree where height < ({LONG})"
        await given_up(client, "analyze_delete_impact", {"delete_sql": change}, database)
        condition = f"height < ({LONG})"
        estimate = {"sql_conditions": condition, "target_table": "tree"}
        await given_up(client, "estimate_affected_rows", estimate, database)
        result = await client.call_tool("execute_read_query", {"sql_string": "select 1"})
        assert not result.is_error, "and the next call is answered"


@pytest.fixture
def owned(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the trees' owner, without the password, which stands in the environment."""
    name = f"forester_{database.rpartition('/')[2].partition('?')[0][-8:]}"
    role = sql.Identifier(name)
    monkeypatch.setenv("FORESTER", "x")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login password 'x'").format(role))
        on = sql.Identifier(str(connection.info.dbname))
        connection.execute(sql.SQL("grant create on database {} to {}").format(on, role))
        connection.execute(sql.SQL("grant all on schema public to {}").format(role))
        connection.execute(sql.SQL("set role {}").format(role))
        connection.execute(TREES)
    yield make_conninfo(
        "", **{k: str(v) for k, v in conninfo_to_dict(database).items() if k != "password"} | {"user": name}
    )
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("drop owned by {} cascade").format(role))
        connection.execute(sql.SQL("drop role {}").format(role))


async def people_and_forest(app: App, owned: str) -> None:
    """Ada, at her own desk or through her agent, may change the forest once dora says so."""
    audit = (AuditEntry("person.added", "test", datetime.now(UTC)),)
    for person in (
        Person("ada"),
        Person("robot", kind=IdentityKind.AGENT, owner="ada"),
        Person("dora", level=3, roles=frozenset({Role.REQUESTER, Role.APPROVER})),
    ):
        await app.people.add(person, audit=audit)
    await app.targets.add(target("forest", owned, password_env="FORESTER", allow_writes=True))


async def answered(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def settled(client: Client, ticket: str) -> dict[str, Any]:
    """The ticket once it knows what became of its execution."""
    async with asyncio.timeout(SECONDS):
        while True:
            seen = await answered(client, "check_approval_status", {"approval_ticket_id": ticket})
            if seen["status"] != "EXECUTING":
                return seen


@pytest.mark.parametrize("door", [stdio, http])
async def test_a_change_that_is_given_up_is_rolled_back_and_stays_approved(
    state_home: Path, make_database: MakeDatabase, database: str, owned: str, door: Door
) -> None:
    control = make_database()
    run = {"sql_statement": CHANGE, "database": "forest"}
    async with build(settings_of(state_home, control, database)) as app:
        await people_and_forest(app, owned)
        async with door(state_home, control, database) as client:
            details = {"sql": CHANGE, "reason": "it grew"}
            request = {"operation_details": details, "database": "forest"}
            ticket = (await answered(client, "create_approval_request", request))["ticket_id"]
            await app.approval.audit_approval_decision(
                ticket, Decision.APPROVE, identity=Identity("dora"), comment="", via="test"
            )
            await given_up(client, "execute_with_transaction", run, database)
            seen = await settled(client, ticket)
            assert seen["status"] == "APPROVED"
            assert (seen["timeline"][-1]["what"], seen["timeline"][-1]["words"]) == (
                "ExecutionFailed",
                "It was stopped.",
            )
            with psycopg.connect(database, autocommit=True) as connection:
                assert connection.execute("select height from tree").fetchall() == [(1,)]
                taken = "select finished_at from pgwarden.execution"
                assert connection.execute(taken).fetchall() == [(None,)], "the attempt's id is taken: it never runs"
                connection.execute("delete from brake")
            done = await answered(client, "execute_with_transaction", run)
            assert done["status"] == "executed", "the approval held on"
            assert done["ticket_id"] == ticket
