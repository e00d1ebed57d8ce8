"""The servers over streamable HTTP, as a real client reaches them: tokens, hosts, origins, and each server's tools."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.conftest import MakeDatabase
from tests.support.mcp_client import AGENT, error_of, settings_of

from pgwarden.bootstrap import build
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.servers.build import SERVERS
from pgwarden.servers.caller import Caller
from pgwarden.servers.hub import hub

ONE = Caller(Identity("one", IdentityKind.AGENT, token="t1"), "mcp http")
CALLERS = {"good": AGENT, "one": ONE}


async def verify(token: str, _url: str) -> Caller | None:
    return CALLERS.get(token)


class Served(uvicorn.Server):
    """A server that says when it takes connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def served(home: Path, control: str, database: str, **settings: object) -> AsyncIterator[str]:
    """The base URL of a running hub."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with build(settings_of(home, control, database, **settings)) as app:
            application = hub(app, verify, url=url)
            server = Served(uvicorn.Config(application, log_level="warning", ws="none"))
            task = asyncio.create_task(server.serve(sockets=[listening]))
            await asyncio.wait_for(server.ready.wait(), 20)
            try:
                yield url
            finally:
                server.should_exit = True
                await task


@asynccontextmanager
async def connected(url: str, token: str = "good") -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def test_each_server_answers_at_its_own_path(
    state_home: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    async with served(state_home, make_database(), shop_url) as url:
        everything: set[str] = set()
        for name in SERVERS:
            async with connected(f"{url}/mcp/{name}") as client:
                tools = {tool.name for tool in (await client.list_tools()).tools}
                assert len(tools) == 5, name
                assert not tools & everything
                everything |= tools
        async with connected(f"{url}/mcp/all/") as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == everything
            result = await client.call_tool("execute_read_query", {"sql_string": "select count(*) from orders"})
            assert result.structured_content is not None
            assert result.structured_content["row_count"] == 1


async def test_progress_streams_while_a_call_runs(state_home: Path, make_database: MakeDatabase, shop_url: str) -> None:
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async with (
        served(state_home, make_database(), shop_url) as url,
        connected(f"{url}/mcp/postgresql-ops") as client,
    ):
        await client.call_tool("execute_read_query", {"sql_string": "select 1"}, progress_callback=note)
    assert told == ["running"]


async def test_without_a_valid_token_nothing_is_answered(
    state_home: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    async with served(state_home, make_database(), shop_url) as url, httpx2.AsyncClient() as http:
        ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic Z29vZDo="}):
            refused = await http.post(f"{url}/mcp/postgresql-ops", json=ask, headers=headers)
            assert refused.status_code == 401
            where = refused.headers["www-authenticate"]
            assert "/.well-known/oauth-protected-resource/mcp/postgresql-ops" in where
        described = await http.get(f"{url}/.well-known/oauth-protected-resource/mcp/postgresql-ops")
        assert described.json()["resource"] == f"{url}/mcp/postgresql-ops"
        assert (await http.get(f"{url}/health")).json()["status"] == "ok"
        assert (await http.post(f"{url}/mcp/nowhere", json=ask)).status_code == 404


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}], ids=["other host", "other origin"]
)
async def test_pages_of_others_cannot_reach_it(
    state_home: Path, make_database: MakeDatabase, shop_url: str, headers: dict[str, str]
) -> None:
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepted = {"Accept": "application/json, text/event-stream", "Authorization": "Bearer good"}
    async with served(state_home, make_database(), shop_url) as url, httpx2.AsyncClient() as http:
        refused = await http.post(f"{url}/mcp/postgresql-ops", json=ask, headers={**accepted, **headers})
        assert refused.status_code in (403, 421)


async def test_a_caller_that_used_up_its_hour_is_refused_and_others_are_not(
    state_home: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    async with served(state_home, make_database(), shop_url, mcp_rows_per_hour=5) as url:
        async with connected(f"{url}/mcp/postgresql-ops", "one") as client:
            many = {"sql_string": "select generate_series(1, 7)"}
            assert not (await client.call_tool("execute_read_query", many)).is_error
            refused = await client.call_tool("execute_read_query", {"sql_string": "select 1"})
            assert error_of(refused)["code"] == "PGW220"
        async with connected(f"{url}/mcp/postgresql-ops") as client:
            assert not (await client.call_tool("execute_read_query", {"sql_string": "select 1"})).is_error


async def test_a_second_process_and_a_restarted_one_go_on_with_the_same_hour(
    state_home: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    control, ask = make_database(), {"sql_string": "select generate_series(1, 3)"}

    async def codes(url: str, token: str, times: int) -> list[str]:
        async with connected(f"{url}/mcp/postgresql-ops", token) as client:
            results = [await client.call_tool("execute_read_query", ask) for _ in range(times)]
        return [error_of(result)["code"] if result.is_error else "" for result in results]

    async with served(state_home, control, shop_url, mcp_rows_per_hour=5) as url:
        assert await codes(url, "one", 1) == [""]
    async with (
        served(state_home, control, shop_url, mcp_rows_per_hour=5) as one,
        served(state_home, control, shop_url, mcp_rows_per_hour=5) as other,
    ):
        assert await codes(one, "one", 2) == ["", "PGW220"], "three rows of five were used before the restart"
        assert await codes(one, "good", 1) == [""]
        assert await codes(other, "good", 1) == [""], "a caller of its own, whose rows are not saved yet"
    async with served(state_home, control, shop_url, mcp_rows_per_hour=5) as url:
        assert await codes(url, "good", 1) == ["PGW220"], "what two processes let it use adds up"
