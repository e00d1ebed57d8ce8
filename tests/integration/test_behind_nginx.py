"""``pgwarden serve`` behind nginx with the file that deploy/ gives: TLS, login, streams, MCP, whose address counts."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from ssl import create_default_context

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.conftest import MakeDatabase
from tests.support.mcp_processes import PASSWORD, SECONDS, agents_token, environment_of
from tests.support.web import field_of

from pgwarden.web.door import page_token

pytestmark = pytest.mark.requires("nginx")

FILE = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NAME = "pgwarden.example.org"
PROXY = """
daemon off; master_process off; pid {home}/pid; error_log {home}/error.log;
events {{}}
http {{
    access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    {servers}
}}
"""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on: pgwarden and nginx have to be told each other's."""
    with ExitStack() as held:
        found = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in found]


def certificate(home: Path) -> tuple[Path, Path]:
    made, key = home / "crt", home / "key"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"]
    subprocess.run([*request, *names, "-keyout", key, "-out", made], check=True, capture_output=True)
    return made, key


@contextmanager
def nginx(home: Path, plain: int, tls: int, backend: int) -> Iterator[None]:
    """The documented file with this machine's ports and certificate, and nothing else changed."""
    made, key = certificate(home)
    text = FILE.read_text()
    for documented, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{tls} ssl;"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        (f"/etc/ssl/{NAME}.crt", str(made)),
        (f"/etc/ssl/private/{NAME}.key", str(key)),
        ("http://127.0.0.1:8765", f"http://127.0.0.1:{backend}"),
    ):
        assert text.count(documented) == 1, documented
        text = text.replace(documented, here)
    (home / "nginx.conf").write_text(PROXY.format(home=home, servers=text))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [program, "-p", str(home), "-e", str(home / "error.log"), "-c", str(home / "nginx.conf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        try:
            yield
        finally:
            running.terminate()


@asynccontextmanager
async def pgwarden(environment: Mapping[str, str], port: int) -> AsyncIterator[None]:
    options = ("--port", str(port), "--url", f"https://{NAME}", "--jobs", "0")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pgwarden", "serve", *options, env=environment, stderr=PIPE
    )
    try:
        assert process.stderr is not None
        while b"serves its page" not in (line := await process.stderr.readline()):
            assert line, "it ended before it served"
        yield
    finally:
        process.terminate()
        await process.communicate()


async def test_everything_comes_through_as_it_was_meant(
    tmp_path: Path, make_database: MakeDatabase, shop_url: str
) -> None:
    (tmp_path / "none.toml").touch(mode=0o600)
    config = {"PGWARDEN_CONFIG": str(tmp_path / "none.toml")}
    environment = environment_of(tmp_path / "home", make_database(), shop_url, **config)
    token = await agents_token(environment)
    plain, tls, backend = free_ports(3)
    async with asyncio.timeout(3 * SECONDS), pgwarden(environment, backend):
        with nginx(tmp_path, plain, tls, backend):
            trusting = create_default_context(cafile=tmp_path / "crt")
            url, named = f"https://127.0.0.1:{tls}", {"Host": NAME, "X-Forwarded-For": "203.0.113.6"}
            client = httpx2.AsyncClient(verify=trusting, base_url=url, headers=named, timeout=SECONDS)
            async with client, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{plain}") as bare:
                while True:
                    try:
                        moved = await bare.get("/ask", headers={"Host": NAME})
                        break
                    except httpx2.ConnectError:
                        await asyncio.sleep(0.01)  # nginx tells nobody when it listens
                assert (moved.status_code, moved.headers["location"]) == (301, f"https://{NAME}/ask")
                await logged_in(client)
                await refused(client)
                await streamed(client)
            headers = {"Host": NAME, "Authorization": f"Bearer {token}"}
            async with (
                httpx2.AsyncClient(verify=trusting, headers=headers, timeout=SECONDS) as http,
                Client(streamable_http_client(f"{url}/mcp/all", http_client=http)) as agent,
            ):
                counted = await agent.call_tool("execute_read_query", {"sql_string": "select 6 * 7 as answer"})
                assert counted.structured_content is not None
                assert counted.structured_content["rows"] == [[42]]


async def logged_in(client: httpx2.AsyncClient) -> None:
    """The cookie travels by HTTPS alone, and the audit is told nginx's word on the address, not the client's."""
    form = await client.get("/login")
    assert form.headers["strict-transport-security"].startswith("max-age=")
    given = {"name": "admin", "password": PASSWORD, "csrf": field_of(form.text, "csrf")}
    answer = await client.post("/login", data=given, headers={"Origin": f"https://{NAME}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ask")
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if "-login=" in each]
    assert cookie.startswith("__Host-pgwarden-login=")
    assert "; secure" in cookie.lower()
    account = (await client.get("/account")).text
    assert "web 127.0.0.1" in account
    assert "203.0.113.6" not in account


async def refused(client: httpx2.AsyncClient) -> None:
    """Another name in Host, and a change from a page of another site."""
    other = await client.get("/ask", headers={"Host": "evil.example"})
    assert (other.status_code, other.json()["code"]) == (403, "PGW240")
    foreign = await client.post("/api/v1/reads", json={"sql": "select 1"}, headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "PGW240")


async def streamed(client: httpx2.AsyncClient) -> None:
    """The steps of a question come while it is worked on, not with its answer."""
    csrf = {"X-CSRF-Token": page_token(client.cookies["__Host-pgwarden-login"]), "Origin": f"https://{NAME}"}
    asked = {"question": "how many customers are there?"}
    async with client.stream("POST", "/api/v1/ask/stream", json=asked, headers=csrf) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        parts = [part async for part in stream.aiter_raw()]
    assert parts[0].startswith(b"event: step")
    assert b"event: answer" not in parts[0]
    assert re.search(rb"event: answer", b"".join(parts))
