"""A call that its client gives up ends on the server, in the database itself, whatever it came in through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mcp import Client
from tests.conftest import MakeDatabase
from tests.integration.test_mcp_http import connected, served
from tests.support.mcp_processes import environment_of, over_stdio

SECONDS = 30
LONG = "select count(*) from generate_series(1, 100000) given_up, generate_series(1, 100000)"
ACTIVE = """
select count(*) from pg_stat_activity
where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
    and (query like 'fetch%' or query like '%given_up%')
"""
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
