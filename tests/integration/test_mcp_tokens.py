"""What a token may do: its scopes, its databases and its hour, as real clients meet them at both doors."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mcp import Client
from tests.conftest import MakeDatabase
from tests.support.mcp_client import error_of
from tests.support.mcp_processes import SECONDS, agents_token, environment_of, over_http, over_stdio, serving

ONE = {"sql_string": "select 1"}
MANY = {"sql_string": "select generate_series(1, 7)"}
REQUEST = {"operation_details": {"sql": "delete from reviews where id = 1", "reason": "x"}}


async def bounded(client: Client) -> None:
    """Reads what is given to it, asks for nothing, and has five rows an hour."""
    assert "may not request" in error_of(await client.call_tool("create_approval_request", REQUEST))["error"]
    assert not (await client.call_tool("execute_read_query", MANY)).is_error
    spent = error_of(await client.call_tool("execute_read_query", ONE))
    assert (spent["code"], "7 of 5 rows" in spent["why"]) == ("PGW220", True)


async def used_up(client: Client) -> None:
    """Used its hour up at another door, in another process."""
    assert error_of(await client.call_tool("execute_read_query", ONE))["code"] == "PGW220"


async def shut_out(client: Client) -> None:
    """Its token was made for another database."""
    assert "may not use the database" in error_of(await client.call_tool("execute_read_query", ONE))["error"]
    listed = (await client.read_resource("pgwarden://databases")).contents[0]
    assert '"default"' not in str(listed)


async def test_tokens_are_held_to_scopes_databases_and_budgets_at_both_doors(
    state_home: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    environment = environment_of(state_home, make_database(), shop_url, PGWARDEN_MCP_ROWS_PER_HOUR="5")
    own, other = await agents_token(environment), await agents_token(environment)
    elsewhere = await agents_token(environment, databases=frozenset({"elsewhere"}))
    async with asyncio.timeout(2 * SECONDS):
        async with serving(environment) as (_, url):
            async with over_http(url, own) as client:
                await bounded(client)
            async with over_http(url, elsewhere) as client:
                await shut_out(client)
        async with Client(over_stdio(environment | {"PGWARDEN_TOKEN": own})) as client:
            await used_up(client)
        async with Client(over_stdio(environment | {"PGWARDEN_TOKEN": other})) as client:
            await bounded(client)
        async with Client(over_stdio(environment | {"PGWARDEN_TOKEN": elsewhere})) as client:
            await shut_out(client)
