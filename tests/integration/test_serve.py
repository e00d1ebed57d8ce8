"""``pgwarden mcp`` and ``pgwarden serve`` as processes, with a real client at the other end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.conftest import MakeDatabase
from tests.support.mcp_client import settings_of

from pgwarden.bootstrap import build
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person
from pgwarden.servers.serving import web_app

SECONDS = 60


@pytest.fixture
def environment(tmp_path: Path, make_database: MakeDatabase, shop_url: str) -> dict[str, str]:
    (tmp_path / "none.toml").touch(mode=0o600)
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("PGWARDEN_")},
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": shop_url,
        "PGWARDEN_USER": "ada",
    }


async def token_of_an_agent(environment: dict[str, str], scopes: frozenset[str]) -> str:
    """The secret of a token that the account ``robot`` has."""
    settings = settings_of(
        Path(environment["PGWARDEN_HOME"]),
        environment["PGWARDEN_CONTROL_URL"],
        environment["PGWARDEN_DATABASE_URL"],
    )
    async with build(settings) as app:
        password = await app.personnel.first_administrator()
        opened = await app.front_desk.log_in("admin", password, source="test")
        by = await app.front_desk.admit_login(opened.secret, "test")
        await app.personnel.set_password(password, "a long enough password", by=by)
        by = await app.front_desk.admit_login(opened.secret, "test")
        await app.personnel.add(Person("robot", kind=IdentityKind.AGENT), by=by)
        made = await app.personnel.make_token(
            "robot", "test", scopes=scopes, databases=frozenset({"*"}), lifetime=timedelta(days=1), by=by
        )
        return made.secret


async def test_stdio_answers_a_client(environment: dict[str, str]) -> None:
    process = StdioServerParameters(
        command=sys.executable, args=["-m", "pgwarden", "mcp", "postgresql-ops"], env=environment
    )
    async with asyncio.timeout(SECONDS), Client(process) as client:
        assert len((await client.list_tools()).tools) == 5
        result = await client.call_tool("execute_read_query", {"sql_string": "select 6 * 7 as answer"})
        assert result.structured_content is not None
        assert result.structured_content["rows"] == [[42]]


async def test_serving_agents_with_tokens_until_told_to_stop(environment: dict[str, str]) -> None:
    secret = await token_of_an_agent(environment, frozenset({"ask"}))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pgwarden", "serve", "--port", "0", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(SECONDS):
            assert process.stderr is not None
            url = ""
            while not url:
                line = (await process.stderr.readline()).decode()
                assert line, "it ended before it served"
                found = re.search(r"http://127\.0\.0\.1:\d+", line)
                url = found[0] if found else ""
            async with (
                httpx2.AsyncClient(headers={"Authorization": f"Bearer {secret}"}, timeout=30) as http,
                Client(streamable_http_client(f"{url}/mcp/all", http_client=http)) as client,
            ):
                result = await client.call_tool("execute_read_query", {"sql_string": "select 1 as one"})
                assert not result.is_error, result
                refused = await client.call_tool(
                    "create_approval_request", {"operation_details": {"sql": "delete from reviews", "reason": "x"}}
                )
                assert refused.is_error
                assert refused.structured_content is not None
                assert "may not request" in refused.structured_content["error"]
            async with httpx2.AsyncClient() as http:
                assert (await http.post(f"{url}/mcp/all", json={})).status_code == 401
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_slacks_buttons_come_in_where_slack_is_set_up(
    state_home: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    control = make_database()
    for more, status in (({}, 404), ({"slack_token": "xoxb-1", "slack_signing_secret": "s"}, 401)):
        async with build(settings_of(state_home, control, shop_url, **more)) as app:
            transport = httpx2.ASGITransport(app=web_app(app, "http://127.0.0.1:1"))
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as http:
                answer = await http.post("/slack/interactions", content=b"payload=%7B%7D")
                assert answer.status_code == status
