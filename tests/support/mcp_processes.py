"""`pgwarden mcp` and `pgwarden serve` as processes of their own, as clients start and reach them."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from tests.support.mcp_client import settings_of

from pgwarden.bootstrap import App, build
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person

SECONDS = 60
PASSWORD = "a long enough password"
EMAIL = "robot@example.org"
EVERY_DATABASE = frozenset({"*"})


def environment_of(home: Path, control: str, database: str, **more: str) -> dict[str, str]:
    """What a process needs to know; nothing of the machine's own settings."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("PGWARDEN_")},
        "PGWARDEN_HOME": str(home),
        "PGWARDEN_CONTROL_URL": control,
        "PGWARDEN_DATABASE_URL": database,
        "PGWARDEN_USER": "ada",
        **more,
    }


def over_stdio(environment: Mapping[str, str], server: str = "all") -> StdioServerParameters:
    """How a client starts it."""
    return StdioServerParameters(command=sys.executable, args=["-m", "pgwarden", "mcp", server], env=dict(environment))


@asynccontextmanager
async def serving(
    environment: Mapping[str, str], *options: str, seconds: float = SECONDS
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A running `pgwarden serve` and its URL. It is killed at the end of the block unless it has ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pgwarden", "serve", "--port", "0", *options),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            yield process, await _url(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _url(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    while True:
        line = (await process.stderr.readline()).decode()
        assert line, "it ended before it served"
        if found := re.search(r"https?://127\.0\.0\.1:\d+", line):
            return found[0]


@asynccontextmanager
async def over_http(url: str, secret: str, server: str = "all") -> AsyncIterator[Client]:
    """A client that shows a bearer token."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {secret}"}, timeout=SECONDS) as http,
        Client(streamable_http_client(f"{url}/mcp/{server}", http_client=http)) as client,
    ):
        yield client


async def agents_token(
    environment: Mapping[str, str],
    scopes: frozenset[str] = frozenset({"ask"}),
    databases: frozenset[str] = EVERY_DATABASE,
) -> str:
    """The secret of a token of the account ``robot``, which is made with the first one."""
    settings = settings_of(
        Path(environment["PGWARDEN_HOME"]), environment["PGWARDEN_CONTROL_URL"], environment["PGWARDEN_DATABASE_URL"]
    )
    async with build(settings) as app:
        if await app.people.find(email=EMAIL) is None:
            await _settle(app)
        return await made_token(app, scopes, databases)


async def made_token(app: App, scopes: frozenset[str], databases: frozenset[str] = EVERY_DATABASE) -> str:
    """One more token of that account."""
    opened = await app.front_desk.log_in("admin", PASSWORD, source="test")
    by = await app.front_desk.admit_login(opened.secret, "test")
    made = await app.personnel.make_token(
        "robot", "test", scopes=scopes, databases=databases, lifetime=timedelta(days=1), by=by
    )
    return made.secret


async def _settle(app: App) -> None:
    password = await app.personnel.first_administrator()
    opened = await app.front_desk.log_in("admin", password, source="test")
    by = await app.front_desk.admit_login(opened.secret, "test")
    await app.personnel.set_password(password, PASSWORD, by=by)
    by = await app.front_desk.admit_login(opened.secret, "test")
    await app.personnel.add(Person("robot", kind=IdentityKind.AGENT, email=EMAIL), by=by)
