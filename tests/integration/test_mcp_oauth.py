"""The MCP servers as a resource server: a client with an access token, and what it is told where one does not do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.conftest import MakeDatabase
from tests.support.mcp_client import error_of, serving, settings_of
from tests.support.oidc_provider import running_provider
from tests.support.web import PASSWORD

from pgwarden.bootstrap import App, build
from pgwarden.domain.admission import Admission
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import AlreadyExists, InputInvalid, RightMissing
from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.person import DIRECTOR, Person, Role
from pgwarden.servers.build import build_server
from pgwarden.servers.caller import Caller
from pgwarden.servers.gate import SCOPES

WELL_KNOWN = "/.well-known/oauth-protected-resource/mcp/all"
REQUIRED: dict[str, Any] = {
    "operation_details": {"sql": "delete from orders"},
    "intent_object": {},
    "affected_tables": ["orders"],
    "execution_results": {},
    "expected_outcomes": {},
}
"""For arguments that are no text."""


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def test_access_tokens_over_http(state_home: Path, make_database: MakeDatabase, shop_url: str) -> None:
    async with running_provider() as provider:
        settings = settings_of(state_home, make_database(), shop_url, oauth_issuer=provider.issuer)
        async with build(settings, admit=False) as app, serving(app) as url, httpx2.AsyncClient() as http:
            director = Person("dora", email="ana@example.org", roles=frozenset({Role.APPROVER}), level=DIRECTOR)
            await app.people.add(director, audit=())
            here = f"{url}/mcp/all"

            described = (await http.get(url + WELL_KNOWN)).json()
            assert described["resource"] == here
            assert described["authorization_servers"] == [provider.issuer]
            assert described["scopes_supported"] == ["pgwarden:ask", "pgwarden:request", "pgwarden:execute"]

            for audience in (f"{url}/mcp/postgresql-ops", "https://elsewhere.example.org/mcp/all"):
                told = await called(http, here, provider.access_token(audience), "check_approval_status")
                assert told.status_code == 401
                assert f'resource_metadata="{url}{WELL_KNOWN}"' in told.headers["www-authenticate"]

            async with connected(here, provider.access_token(here)) as client:
                answer = await client.call_tool("execute_read_query", {"sql_string": "select 1"})
                assert not answer.is_error
                details = {"sql": "delete from orders", "reason": "a test"}
                opened = await client.call_tool("create_approval_request", {"operation_details": details})
                assert opened.is_error, "the target is read-only: the tool answers, not the gate"
            (read,) = await app.audit.find(AuditFilter(action="read.run"), limit=1)
            assert (read.entry.actor, read.entry.details["token"]) == ("dora", "oauth:desktop:dora")

            narrow = provider.access_token(here, scope="pgwarden:ask")
            told = await called(http, here, narrow, "create_approval_request")
            assert told.status_code == 403
            header = told.headers["www-authenticate"]
            assert 'error="insufficient_scope"' in header
            assert 'scope="pgwarden:request"' in header
            assert f'resource_metadata="{url}{WELL_KNOWN}"' in header
            async with connected(here, narrow) as client:
                assert not (await client.call_tool("execute_read_query", {"sql_string": "select 1"})).is_error
            limited = provider.access_token(here, pgwarden_databases=["another"])
            async with connected(here, limited) as client:
                refused = await client.call_tool("execute_read_query", {"sql_string": "select 1"})
                assert error_of(refused)["code"] == "PGW040"


async def test_a_program_of_its_own_acts_for_a_service_that_an_administrator_linked(
    state_home: Path, make_database: MakeDatabase, settled_people: str, shop_url: str
) -> None:
    """Client credentials: nobody ever logged in with that subject, and no mail address comes with it."""
    control = make_database(template=settled_people)
    async with running_provider() as provider:
        settings = settings_of(state_home, control, shop_url, oauth_issuer=provider.issuer)
        async with build(settings, admit=False) as app, serving(app) as url, httpx2.AsyncClient() as http:
            here = f"{url}/mcp/all"
            token = provider.access_token(here, sub="nightly", client_id="nightly", email="", email_verified=False)
            admin = await logged_in(app, "admin")
            await app.personnel.add(Person("robot", IdentityKind.SERVICE), by=admin)
            assert (await called(http, here, token, "check_approval_status")).status_code == 401
            with pytest.raises(InputInvalid):
                await app.personnel.link("admin", provider.issuer, "nightly", by=admin)
            with pytest.raises(RightMissing):
                await app.personnel.link("robot", provider.issuer, "nightly", by=await logged_in(app, "ana"))
            await app.personnel.link("robot", provider.issuer, "nightly", by=admin)
            with pytest.raises(AlreadyExists):
                await app.personnel.link("robot", provider.issuer, "nightly", by=admin)
            async with connected(here, token) as client:
                assert not (await client.call_tool("execute_read_query", {"sql_string": "select 1"})).is_error
            (read,) = await app.audit.find(AuditFilter(action="read.run"), limit=1)
            assert (read.entry.actor, read.entry.details["token"]) == ("robot", "oauth:nightly:robot")
            (linked,) = await app.audit.find(AuditFilter(action="login.linked"))
            assert (linked.entry.actor, linked.entry.subject) == ("admin", "robot")
            await app.personnel.remove("robot", by=admin)
            assert (await called(http, here, token, "check_approval_status")).status_code == 401


async def logged_in(app: App, name: str) -> Admission:
    opened = await app.front_desk.log_in(name, PASSWORD, source="test")
    return await app.front_desk.admit_login(opened.secret, "test")


async def called(http: httpx2.AsyncClient, url: str, token: str, tool: str) -> httpx2.Response:
    """The bare answer to the call of a tool."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}}
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    return await http.post(url, json=call, headers=headers)


async def test_the_gate_knows_what_each_tool_asks_for(
    state_home: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    nobody = Caller(Identity("robot", IdentityKind.AGENT), "mcp test", scopes=frozenset())
    async with (
        build(settings_of(state_home, make_database(), shop_url)) as app,
        Client(build_server("all", app, lambda: nobody)) as client,
    ):
        found = {}
        for tool in (await client.list_tools()).tools:
            needed = tool.input_schema.get("required", ())
            result = await client.call_tool(tool.name, {name: REQUIRED.get(name, "approve") for name in needed})
            found[tool.name] = error_of(result)["error"]
    assert found == {name: f"This token may not {scope}." for name, scope in SCOPES.items()}
