"""``/metrics`` of what is served: its numbers, and who may read them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import httpx2
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg import sql
from tests.conftest import MakeDatabase
from tests.support.mcp_client import settings_of
from tests.support.tokens import token_with

from pgwarden.bootstrap import App, build
from pgwarden.domain.identity import Identity
from pgwarden.domain.job import Job
from pgwarden.servers import health
from pgwarden.servers.serving import web_app

BASE = "http://127.0.0.1:8765"
Access = Literal["off", "loopback", "token"]


@pytest.fixture
def control(make_database: MakeDatabase) -> str:
    return make_database()


@asynccontextmanager
async def running(home: Path, control: str, shop: str, access: Access) -> AsyncIterator[tuple[App, httpx2.AsyncClient]]:
    """An application, and a client of its web side on the same machine."""
    settings = settings_of(home, control, shop).model_copy(update={"metrics_access": access})
    async with build(settings) as app:
        transport = httpx2.ASGITransport(app=web_app(app, BASE), client=("127.0.0.1", 4711))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as http:
            yield app, http


async def test_this_machine_reads_what_was_counted(state_home: Path, control: str, shop_url: str) -> None:
    async with running(state_home, control, shop_url, "loopback") as (app, http):
        sql, limits = "select 1 union all select 2", app.limits()
        await app.execution.read(await app.targets.choose(None), sql, identity=Identity("ana"), limits=limits)
        assert (await http.get("/health")).status_code == 200
        answer = await http.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        found = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }
        assert found["pgwarden_read_rows_total",] == 2
        assert found["pgwarden_http_request_seconds_count", ("place", "health"), ("status", "2xx")] == 1
        assert "union" not in answer.text


async def test_nobody_from_elsewhere_reads_them(state_home: Path, control: str, shop_url: str) -> None:
    passed_on = ({"X-Forwarded-For": "10.0.0.5"}, {"Forwarded": "for=127.0.0.1"}, {"Host": "rebound.example.org"})
    async with running(state_home, control, shop_url, "loopback") as (app, http):
        answers = [await http.get("/metrics", headers=headers) for headers in passed_on]
        transport = httpx2.ASGITransport(app=web_app(app, BASE), client=("10.0.0.5", 4711))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as elsewhere:
            answers.append(await elsewhere.get("/metrics"))
    assert [answer.status_code for answer in answers] == [403] * 4
    assert not [answer for answer in answers if "pgwarden_build_info" in answer.text]


async def test_without_the_setting_a_token_with_the_scope_is_needed(
    state_home: Path, control: str, shop_url: str
) -> None:
    async with running(state_home, control, shop_url, "token") as (app, http):
        secret = await token_with(app, "metrics")
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {secret}"}):
            answer = await http.get("/metrics", headers=given)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        assert (await http.get("/metrics", headers={"Authorization": f"Bearer {secret}"})).status_code == 200


async def test_a_token_for_other_things_does_not_do(state_home: Path, control: str, shop_url: str) -> None:
    async with running(state_home, control, shop_url, "token") as (app, http):
        secret = await token_with(app, "ask", "audit")
        answer = await http.get("/metrics", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 403
        assert "metrics" in answer.json()["error"]


async def test_switched_off_there_is_no_such_page(state_home: Path, control: str, shop_url: str) -> None:
    async with running(state_home, control, shop_url, "off") as (_, http):
        assert (await http.get("/metrics")).status_code == 404


async def test_health_says_whether_it_lives_and_can_answer(state_home: Path, control: str, shop_url: str) -> None:
    async with running(state_home, control, shop_url, "off") as (app, http):
        for path in ("/health", "/health/ready", "/health/live"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        await app.jobs.defer(Job("settle_tickets", at=datetime.now(UTC) - timedelta(hours=1)))
        answer = await http.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert "pgwarden worker" in answer.json()["wrong"]["jobs"]


async def test_health_without_a_control_database(
    state_home: Path, control: str, shop_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.3)
    async with running(state_home, control, shop_url, "off") as (_, http):
        with psycopg.connect(shop_url, autocommit=True) as connection:
            name = control.rpartition("/")[2].partition("?")[0]
            connection.execute(sql.SQL("alter database {} allow_connections false").format(sql.Identifier(name)))
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        answer = await http.get("/health/ready")
        assert (await http.get("/health/live")).status_code == 200
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert list(answer.json()["wrong"]) == ["control"]
    assert name not in answer.text
