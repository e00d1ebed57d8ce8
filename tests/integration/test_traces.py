"""Traces as a real collector gets them: one for each question, call and job, and nothing of anybody's data."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.collector import Collector, Kept, below, collecting
from tests.support.http_server import Answer, listening
from tests.support.mcp_client import AGENT, desktop, settings_of
from tests.support.ticket_house import house_on
from tests.support.tokens import token_with

from pgwarden.adapters.telemetry.otlp import OtlpTracer
from pgwarden.bootstrap import App, build
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import ExecutionFailed
from pgwarden.domain.identity import Identity
from pgwarden.domain.job import Job
from pgwarden.servers.serving import web_app
from pgwarden.settings import Settings
from pgwarden.sql.shape import fingerprint
from pgwarden.tracing import resumed, tracing_with

ANA = Identity("ana.secretname")
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = TRACEPARENT[3:35]


@pytest.fixture
def control(make_database: MakeDatabase) -> str:
    return make_database()


def traced(home: Path, control: str, shop: str, collector: Collector, **more: Any) -> Settings:
    return settings_of(home, control, shop, traces_url=collector.url, **more)


async def test_a_question_is_one_trace_of_its_steps_and_statements(
    state_home: Path, control: str, shop_url: str
) -> None:
    with collecting() as collector:
        async with build(traced(state_home, control, shop_url, collector)) as app:
            answer = await app.orchestrator.ask(
                "how many customers have the city Zweibrücken", database="default", identity=ANA, limits=app.limits()
            )
            (entry,) = [r.entry for r in await app.audit.find(AuditFilter(action="question.asked"))]
        spans = collector.trace_of("question.asked")
        assert {"step schema_context", "step query_building"} <= below(spans, "question.asked")
        assert "SELECT" in below(spans, "step schema_context")
        assert entry.details["trace"] == spans[0].trace
        told = str([(span.name, span.attributes) for span in collector.spans()]) + str(
            [got.body for got in collector.requests]
        )
        assert answer.reading.sql is None or answer.result is not None
        assert not [word for word in ("Zweibr", "secretname", "customers") if word in told]


async def test_a_statement_shows_its_verb_and_shape_whatever_its_values(
    state_home: Path, control: str, shop_url: str
) -> None:
    with collecting() as collector:
        async with build(traced(state_home, control, shop_url, collector)) as app:
            for literal in ("private one", "another"):
                await read(app, f"select '{literal}' /* {literal} */ as word")
            with pytest.raises(ExecutionFailed):
                await read(app, "select abs('private too'::int)")  # the server's message quotes it
        spans = collector.spans()
        shapes = ("select 'any' as word", "select abs('any'::int)")
        words, broken = ([s for s in spans if s.attributes.get("pgwarden.statement") == fingerprint(x)] for x in shapes)
        assert [(s.name, s.failed, parent_of(s, spans)) for s in words] == [("SELECT", False, "read.run")] * 2
        assert [s.attributes["error.type"] for s in broken if s.failed] == ["InvalidTextRepresentation"]
        assert {s.attributes["pgwarden.database"] for s in words} == {"target"}
        assert not [got for got in collector.requests if b"private" in got.body or b"another" in got.body]


def parent_of(span: Kept, spans: list[Kept]) -> str:
    return next((each.name for each in spans if each.id == span.parent), "")


async def read(app: App, sql: str) -> None:
    await app.execution.read("default", sql, identity=ANA, limits=app.limits())


async def test_a_request_goes_on_with_the_callers_trace_and_so_do_the_jobs_that_it_causes(
    state_home: Path, control: str, shop_url: str
) -> None:
    with collecting() as collector:
        async with build(traced(state_home, control, shop_url, collector)) as app:
            transport = httpx2.ASGITransport(app=web_app(app, "http://127.0.0.1:1"))
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as http:
                await http.get("/health", headers={"traceparent": TRACEPARENT})
                await http.get("/health", headers=[(b"traceparent", b"nonsense \xff")])
            with resumed(TRACEPARENT):
                await app.jobs.defer(Job("settle_tickets", queueing_lock="test"))
            await app.worker(1).drain()
        here = [span for span in collector.spans() if span.trace == TRACE]
        assert [span.parent for span in here if span.name == "http health"] == [TRACEPARENT[36:52]]
        assert [span.parent for span in here if span.name == "job settle_tickets"] == [TRACEPARENT[36:52]]
        assert "SELECT" in below(here, "http health")
        assert len([span for span in collector.spans() if span.name == "http health"]) == 2
        assert [span for span in collector.spans() if span.name == "job anchor_audit" and span.trace != TRACE]


async def test_an_mcp_call_is_one_trace(state_home: Path, control: str, shop_url: str) -> None:
    with collecting() as collector:
        async with desktop(traced(state_home, control, shop_url, collector), caller=AGENT) as desk:
            await desk.answer("execute_read_query", sql_string="select 42 as answer")
            await desk.refused("execute_read_query", sql_string="drop table customers")
        good, bad = [span for span in collector.spans() if span.name == "tool execute_read_query"]
        spans = [span for span in collector.spans() if span.trace == good.trace]
        assert {"read.run", "SELECT"} <= below(spans, good.name)
        assert (good.attributes["pgwarden.outcome"], bad.attributes["pgwarden.outcome"]) == ("done", "refused")
        assert good.trace != bad.trace


async def test_an_execution_is_one_trace_from_the_claim_to_the_commit(database: str) -> None:
    owner = owned(database)
    run(owner, "create table shelf (id int primary key)", "insert into shelf values (1), (2)")
    with collecting() as collector:
        tracer = OtlpTracer(collector.url)
        async with house_on(owner) as house:
            ticket = (await house.ask("delete from shelf where id = 1")).ticket.id
            await house.approve(ticket)
            with tracing_with(tracer):
                await house.run(ticket)
        await asyncio.to_thread(tracer.close)
        spans = collector.trace_of("ticket.execute")
        assert {"step claim", "step execution"} <= below(spans, "ticket.execute")
        assert {"BEGIN", "SAVEPOINT", "COMMIT"} <= below(spans, "step execution")
        assert not [span.name for span in spans if span.failed]


async def test_a_call_over_http_is_one_trace_with_its_request(state_home: Path, control: str, shop_url: str) -> None:
    with collecting() as collector:
        async with build(traced(state_home, control, shop_url, collector)) as app:
            secret = await token_with(app, "ask")
            listening_at = socket.create_server(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{listening_at.getsockname()[1]}"
            server = uvicorn.Server(uvicorn.Config(web_app(app, url), log_level="warning"))
            serving = asyncio.create_task(server.serve(sockets=[listening_at]))
            headers = {"Authorization": f"Bearer {secret}", "traceparent": TRACEPARENT}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=30) as http,
                Client(streamable_http_client(f"{url}/mcp/all", http_client=http)) as client,
            ):
                result = await client.call_tool("execute_read_query", {"sql_string": "select 1 as one"})
                assert not result.is_error
            server.should_exit = True
            await serving
        spans = collector.trace_of("tool execute_read_query")
        (call,) = [span for span in spans if span.name == "tool execute_read_query"]
        assert (call.trace, parent_of(call, spans)) == (TRACE, "http mcp")
        assert {"read.run", "SELECT"} <= below(spans, call.name)


@pytest.mark.parametrize("away", ["refuses", "fails", "hangs"])
async def test_a_collector_that_is_away_harms_no_request(
    state_home: Path, control: str, shop_url: str, away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgwarden.adapters.telemetry.otlp.PATIENCE_SECONDS", 0.3)
    with listening(lambda _got: Answer(500, late=away == "hangs")) as listener:
        url = "http://127.0.0.1:9" if away == "refuses" else listener.url
        async with build(settings_of(state_home, control, shop_url, traces_url=url)) as app:
            found = await app.execution.read("default", "select 42 as n", identity=ANA, limits=app.limits())
            assert found.rows == ((42,),)
        assert bool(listener.got) == (away != "refuses")


async def test_headers_go_to_the_collector_and_a_share_is_kept(state_home: Path, control: str, shop_url: str) -> None:
    with collecting() as collector:
        settings = traced(state_home, control, shop_url, collector, traces_headers="x-key=a%2Cb", traces_share=0.0)
        async with build(settings) as app:
            await read(app, "select 1 as one")
            transport = httpx2.ASGITransport(app=web_app(app, "http://127.0.0.1:1"))
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as http:
                await http.get("/health", headers={"traceparent": TRACEPARENT})
        assert {span.trace for span in collector.spans()} == {TRACE}
        assert {got.headers["x-key"] for got in collector.requests} == {"a,b"}


def test_what_is_switched_off_is_not_imported() -> None:
    """Neither traces nor metrics cost a command anything: their libraries stay out."""
    code = "import pgwarden.cli.main, pgwarden.bootstrap, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "pgwarden.bootstrap" in loaded
    assert [name for name in loaded if name.partition(".")[0] in ("opentelemetry", "prometheus_client")] == []


async def test_two_applications_of_one_process_keep_their_traces_apart(
    state_home: Path, control: str, shop_url: str
) -> None:
    async def one(collector: Collector, sql: str) -> None:
        async with build(traced(state_home, control, shop_url, collector)) as app:
            await read(app, sql)

    with collecting() as first, collecting() as second:
        ours = "select upper('x') limit 3", "select lower('x') limit 4"
        await asyncio.gather(*(one(each, sql) for each, sql in zip((first, second), ours, strict=True)))
        shapes = [{s.attributes.get("pgwarden.statement") for s in each.spans()} for each in (first, second)]
        assert [fingerprint(sql) in shape for sql in ours for shape in shapes] == [
            True,
            False,
            False,
            True,
        ]
