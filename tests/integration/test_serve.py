"""``pgwarden mcp`` and ``pgwarden serve`` as processes, with a real client at the other end."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from tests.conftest import MakeDatabase
from tests.support import debian
from tests.support.mcp_client import error_of, settings_of
from tests.support.mcp_processes import SECONDS, agents_token, environment_of, over_http, over_stdio, serving

from pgwarden.bootstrap import build
from pgwarden.cli.serve import _certificate, _listening
from pgwarden.domain.errors import InputInvalid
from pgwarden.servers.serving import web_app


@pytest.fixture
def environment(tmp_path: Path, make_database: MakeDatabase, shop_url: str) -> dict[str, str]:
    (tmp_path / "none.toml").touch(mode=0o600)
    return environment_of(tmp_path / "home", make_database(), shop_url, PGWARDEN_CONFIG=str(tmp_path / "none.toml"))


async def test_stdio_answers_a_client(environment: dict[str, str]) -> None:
    async with asyncio.timeout(SECONDS), Client(over_stdio(environment, "postgresql-ops")) as client:
        assert len((await client.list_tools()).tools) == 5
        result = await client.call_tool("execute_read_query", {"sql_string": "select 6 * 7 as answer"})
        assert result.structured_content is not None
        assert result.structured_content["rows"] == [[42]]


async def test_serving_agents_with_tokens_until_told_to_stop(environment: dict[str, str]) -> None:
    secret = await agents_token(environment)
    async with serving(environment) as (process, url):
        async with over_http(url, secret) as client:
            result = await client.call_tool("execute_read_query", {"sql_string": "select 1 as one"})
            assert not result.is_error, result
            refused = await client.call_tool(
                "create_approval_request", {"operation_details": {"sql": "delete from reviews", "reason": "x"}}
            )
            assert "may not request" in error_of(refused)["error"]
        async with httpx2.AsyncClient() as http:
            assert (await http.post(f"{url}/mcp/all", json={})).status_code == 401
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_tls_is_spoken_with_a_certificate_of_ones_own(environment: dict[str, str], run_directory: Path) -> None:
    files = debian.tls_settings(run_directory)
    certificate, key = files["ssl_cert_file"], files["ssl_key_file"]
    options = ("--tls-certificate", certificate, "--tls-key", key, "--jobs", "0")
    async with serving(environment, *options) as (process, url):
        assert url.startswith("https://")
        trusting = ssl.create_default_context(cafile=certificate)
        async with httpx2.AsyncClient(verify=trusting, base_url=url) as http:
            form = await http.get("/login")
            assert form.status_code == 200
            assert form.headers["strict-transport-security"].startswith("max-age=")
            cookie = form.headers["set-cookie"]
            assert cookie.startswith("__Host-pgwarden-visit=")
            assert "secure" in cookie.lower()
            assert (await http.get("/health")).json()["status"] == "ok"
        async with httpx2.AsyncClient() as strict:
            with pytest.raises(httpx2.ConnectError):
                await strict.get(f"{url}/login")  # nobody it knows vouches for the certificate
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


@pytest.mark.parametrize("files", [("crt", None), (None, "key"), ("crt", "nothing"), ("key", "crt")])
def test_a_certificate_without_its_key_is_refused(run_directory: Path, files: tuple[str | None, str | None]) -> None:
    made = debian.tls_settings(run_directory)
    known = {"crt": Path(made["ssl_cert_file"]), "key": Path(made["ssl_key_file"]), "nothing": Path("/nothing")}
    with pytest.raises(InputInvalid):
        _certificate(*(known[name] if name else None for name in files))


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


def test_answers_that_go_out_in_parts_do_not_wait_for_acknowledgements() -> None:
    with (
        _listening("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
