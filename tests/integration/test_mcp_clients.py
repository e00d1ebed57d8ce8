"""The configuration that docs/mcp.md gives for each client: in that client's form, and really started."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from tests.conftest import MakeDatabase
from tests.support.mcp_client import serving, settings_of
from tests.support.mcp_processes import agents_token

from pgwarden.bootstrap import build
from pgwarden.servers.gate import SCOPES

PAGE = Path(__file__).parents[2] / "docs" / "mcp.md"
SERVED = "http://127.0.0.1:8765"
BLOCK = re.compile(r"```(json|python)\n(.*?)```", re.DOTALL)


class Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Program(Exact):
    """Started by the client. ``type`` may be left out in all but VS Code."""

    type: Literal["stdio"] | None = None
    command: str
    args: list[str]
    env: dict[str, str] = {}


class Address(Exact):
    """Reached by the client. Claude Code and VS Code want its type, Cursor knows none."""

    type: Literal["http"] | None = None
    url: str
    headers: dict[str, str] = {}


class Servers(Exact):
    """Claude Desktop, Claude Code, Cursor."""

    servers: dict[str, Program | Address] = Field(alias="mcpServers")


class Prompt(Exact):
    type: Literal["promptString"]
    id: str
    description: str
    password: bool


class TypedProgram(Program):
    type: Literal["stdio"]


class TypedAddress(Address):
    type: Literal["http"]


class VsCode(Exact):
    inputs: list[Prompt] = []
    servers: dict[str, Annotated[TypedProgram | TypedAddress, Field(discriminator="type")]]


def part(heading: str) -> str:
    """What the page says between a client's name and the next one's."""
    page = PAGE.read_text()
    return page.partition(f"**{heading}**")[2].partition("\n**")[0].partition("\n## ")[0]


def blocks(heading: str, kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall(part(heading)) if found == kind]


FORMS: Mapping[str, tuple[type[Servers] | type[VsCode], str, int]] = {
    "Claude Desktop": (Servers, "", 1),
    "Claude Code": (Servers, "${PGWARDEN_TOKEN}", 2),
    "Cursor": (Servers, "${env:PGWARDEN_TOKEN}", 2),
    "VS Code": (VsCode, "${input:pgwarden-token}", 2),
}
"""Each client's form, how it writes a variable, and how many ways in the page shows for it."""


def configured() -> list[tuple[str, Program | Address]]:
    """Every server of every JSON block, read as its client reads it."""
    found: list[tuple[str, Program | Address]] = []
    for client, (form, _, count) in FORMS.items():
        texts = blocks(client, "json")
        assert len(texts) == count, client
        for text in texts:
            read = TypeAdapter[Servers | VsCode](form).validate_json(text)
            if isinstance(read, VsCode):
                used = set(re.findall(r"\$\{input:([^}]+)}", text))
                assert used == {prompt.id for prompt in read.inputs}
            found += [(client, server) for server in read.servers.values()]
    return found


def test_every_block_of_the_page_is_looked_at() -> None:
    section = PAGE.read_text().partition("## Clients")[2].partition("\n## ")[0]
    assert len(BLOCK.findall(section)) == len(configured()) + 2  # the two programs
    for client, server in configured():
        if client == "Claude Code":
            assert server.type is not None, "it takes an address without a type for a program"
    assert json.loads(blocks("Claude Desktop", "json")[0])["mcpServers"]["pgwarden"]["args"] == ["mcp", "all"]


async def test_each_client_finds_every_tool(tmp_path: Path, make_database: MakeDatabase, shop_url: str) -> None:
    (tmp_path / "none.toml").touch(mode=0o600)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PGWARDEN_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": shop_url,
        "PGWARDEN_USER": "ada",
    }
    token = await agents_token(environment, frozenset({"ask"}))
    settings = settings_of(tmp_path / "home", environment["PGWARDEN_CONTROL_URL"], shop_url)
    async with build(settings, admit=False) as app, serving(app) as url:

        def told(client: str, entry: Program | Address) -> Program | Address:
            """As the client reads it, with its variables."""
            if isinstance(entry, Program):
                return entry.model_copy(update={"type": "stdio"})
            headers = {name: value.replace(FORMS[client][1], token) for name, value in entry.headers.items()}
            return Address(type="http", url=entry.url.replace(SERVED, url), headers=headers)

        async def listed(entry: Program | Address) -> set[str]:
            if isinstance(entry, Program):
                return await of_program(entry, environment)
            return await of_address(entry.url, entry.headers)

        # what comes to the very same start is started once
        distinct = {entry.model_dump_json(): entry for entry in (told(*each) for each in configured())}
        found = await asyncio.gather(*map(listed, distinct.values()))
        programs = blocks("A program of your own", "python")
        given = environment | {"PGWARDEN_TOKEN": token}
        ran = await asyncio.gather(*(of_script(text.replace(SERVED, url), given) for text in programs))
    assert (len(found), len(ran)) == (3, 2)
    assert [*found, *ran] == [set(SCOPES)] * 5


async def of_program(entry: Program, environment: dict[str, str]) -> set[str]:
    parameters = StdioServerParameters(command=entry.command, args=entry.args, env=environment | entry.env)
    async with Client(parameters) as client:
        return {tool.name for tool in (await client.list_tools()).tools}


async def of_address(url: str, headers: dict[str, str]) -> set[str]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return {tool.name for tool in (await client.list_tools()).tools}


async def of_script(text: str, environment: dict[str, str]) -> set[str]:
    ran: Any = await asyncio.create_subprocess_exec(
        sys.executable, "-", stdin=-1, stdout=-1, stderr=-1, env=environment
    )
    out, err = await ran.communicate(text.encode())
    assert ran.returncode == 0, err.decode()
    return set(out.decode().split())
