"""``pgwarden report``, ``metrics`` and ``alerts`` on a real control database, for those who may see them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.conftest import MakeDatabase
from tests.support.cli_runner import CliRunner
from tests.support.mcp_client import settings_of

from pgwarden.bootstrap import App, build
from pgwarden.cli import main as command_line
from pgwarden.domain.admission import Admission
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_filter import Erasure
from pgwarden.domain.errors import LoginNeeded, RightMissing, StatementRefused
from pgwarden.domain.identity import Identity
from pgwarden.domain.job import Job
from pgwarden.domain.person import Person, Role

ANA = Identity("ana")
GUEST = Admission(ANA)
STARTER = Admission(ANA, own_house=True)
SCRAPER = Admission(
    Identity("bot"), Person("bot", roles=frozenset({Role.REQUESTER})), scopes=frozenset({"metrics"}), source="token"
)


def since() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def app(state_home: Path, make_database: MakeDatabase, shop_url: str) -> AsyncIterator[App]:
    """An application after some reads, one of them refused, and one execution."""
    async with build(settings_of(state_home, make_database(), shop_url)) as opened:
        for word in ("secretone", "secrettwo"):
            await read(opened, f"select count(*) from customers where city = '{word}' /* {word} */")
        await read(opened, "select 1 as one union all select 2")
        with pytest.raises(StatementRefused):
            await read(opened, "select pg_sleep(1)")
        counts = {"public.t": {"inserted": 3, "updated": 4, "deleted": 0}}
        done = {"counts": counts, "milliseconds": 1500.0}
        written = {"statement": "update t set a = 'secretthree'"}
        at = datetime.now(UTC)
        await opened.audit.append(
            AuditEntry("execution.committed", "ana", at, database="default", details=done, personal=written)
        )
        yield opened


async def read(app: App, sql: str) -> None:
    await app.execution.read("default", sql, identity=ANA, limits=app.limits())


async def test_slow_statements_are_shown_by_their_shape_without_a_value(app: App) -> None:
    report = await app.report_desk.slow(by=STARTER, since=since())
    slowest, *reads = report.lines
    assert (slowest.statement, slowest.rows, slowest.total_ms) == ("UPDATE t SET a = $1", 7, 1500)
    (city,) = [line for line in reads if "city" in line.statement]
    assert (city.count, city.rows, city.database, city.counted_by) == (2, 2, "default", "pgwarden")
    assert city.last_seen is not None
    assert city.max_ms <= city.total_ms
    assert "secret" not in json.dumps(report.to_dict(), default=str)
    assert "pg_stat_statements" in report.unknown["default"]


async def test_what_was_erased_is_counted_and_not_shown(app: App) -> None:
    entry = AuditEntry("audit.erased", "ada", datetime.now(UTC))
    await app.audit.erase(Erasure(containing="secretone"), entry)
    report = await app.report_desk.slow(by=STARTER, since=since(), database="default", limit=1)
    assert (report.unreadable, len(report.lines)) == (1, 1)


async def test_errors_are_shown_with_what_to_do(app: App) -> None:
    (line,) = (await app.report_desk.errors(by=STARTER, since=since(), database="default")).lines
    assert (line.code, line.action, line.count) == (StatementRefused.code, "read.run", 1)
    assert line.what_to_do.startswith("Somebody wants what they may not")
    assert (await app.report_desk.errors(by=STARTER, since=datetime.now(UTC) + timedelta(days=1))).lines == ()


async def test_facts_are_numbers_of_the_period_and_of_now(app: App) -> None:
    await app.jobs.defer(Job("settle_tickets"), Job("settle_tickets", at=datetime.now(UTC) + timedelta(days=1)))
    facts = await app.report_desk.facts(by=SCRAPER, since=since())
    assert (facts.reads, facts.reads_cached, facts.read_rows) == (3, 0, 4)
    assert (facts.executions, facts.rows_written, facts.execution_ms) == (1, 7, 1500)
    assert [(job.task, job.state, job.count) for job in facts.jobs] == [("settle_tickets", "waiting", 2)]
    assert facts.oldest_due_seconds > 0
    found = {family.name: family for family in text_string_to_metric_families(app.facts_text(facts))}
    assert found["pgwarden_period_rows_written"].samples[0].value == 7
    assert (await app.report_desk.facts(by=STARTER, since=since(), database="other")).reads == 0


async def test_only_those_who_may_see_the_audit_see_reports(app: App) -> None:
    desk = app.report_desk
    for ask in (desk.slow, desk.errors, desk.facts):
        with pytest.raises(LoginNeeded):
            await ask(by=GUEST, since=since())
    for ask in (desk.slow, desk.errors):
        with pytest.raises(RightMissing):
            await ask(by=SCRAPER, since=since())
    with pytest.raises(LoginNeeded):
        await desk.alerts(by=GUEST, only_open=True)
    assert await desk.alerts(by=SCRAPER, only_open=True) == ()


def test_the_command_line_shows_them(
    state_home: Path, make_database: MakeDatabase, shop_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state_home / "none.toml").touch(mode=0o600)
    for name, value in {"HOME": state_home, "CONFIG": state_home / "none.toml", "CONTROL_URL": make_database()}.items():
        monkeypatch.setenv(f"PGWARDEN_{name}", str(value))
    monkeypatch.setenv("PGWARDEN_DATABASE_URL", shop_url)

    def run(*words: str) -> str:
        result = CliRunner().invoke(command_line.app, words)
        assert result.exit_code == 0, result.output
        return result.stdout

    run("query", "select 4711 as number")
    assert [line["statement"] for line in json.loads(run("report", "slow", "--json"))["lines"]] == [
        "SELECT $1 AS number"
    ]
    assert "Nothing was refused or failed" in run("report", "errors", "--since", "2d")
    assert json.loads(run("metrics", "--json"))["reads"]["count"] == 1
    assert "reads 1 (0 from the cache), 1 rows" in run("metrics")
    assert "pgwarden_period_reads 1.0" in run("metrics", "--prometheus")
    assert json.loads(run("alerts", "--json")) == []
    assert "Nothing is out of the ordinary" in run("alerts")
