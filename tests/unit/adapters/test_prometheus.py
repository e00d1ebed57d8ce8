"""What is counted, as Prometheus's own parser reads it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pgwarden.adapters.telemetry.prometheus import PrometheusMetrics
from pgwarden.agents.audit_trail import AuditTrail, asked_for
from pgwarden.agents.timed_jobs import timed_jobs
from pgwarden.domain.audit import Outcome
from pgwarden.domain.errors import ControlDatabaseUnavailable, StatementRefused
from pgwarden.domain.identity import Identity
from pgwarden.testing import MemoryAuditLog

ANA = Identity("ana.secretname")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def samples(metrics: PrometheusMetrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """Each sample by its name and the values of its labels."""
    return {
        (sample.name, tuple(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


@pytest.fixture
def metrics() -> PrometheusMetrics:
    found = PrometheusMetrics()
    found.begin()
    return found


@pytest.fixture
def trail(metrics: PrometheusMetrics) -> AuditTrail:
    ticks = iter(range(0, 1000, 2))
    return AuditTrail(MemoryAuditLog(), lambda: NOON, metrics=metrics, clock=lambda: float(next(ticks)))


async def test_reads_are_counted_and_timed_with_their_rows(metrics: PrometheusMetrics, trail: AuditTrail) -> None:
    for rows, cached in ((3, False), (3, True)):
        async with trail.event("read.run", identity=ANA) as event:
            event.details |= {"rows": rows, "cached": cached}
    found = samples(metrics)
    assert found["pgwarden_events_total", ("read.run", "", "done")] == 2
    assert found["pgwarden_event_seconds_sum", ("read.run",)] == 4
    assert found["pgwarden_event_seconds_bucket", ("read.run", "1.0")] == 0
    assert found["pgwarden_event_seconds_bucket", ("read.run", "2.5")] == 2
    assert found["pgwarden_read_rows_total", ()] == 6
    assert found["pgwarden_reads_answered_total", ("hit",)] == found["pgwarden_reads_answered_total", ("miss",)] == 1


async def test_a_refusal_has_its_reason_and_no_words_of_the_caller(
    metrics: PrometheusMetrics, trail: AuditTrail
) -> None:
    asked = asked_for("select 'a private word'", ["value"])
    with pytest.raises(StatementRefused):
        async with trail.event("read.run", identity=ANA, database="payroll", subject="s1", personal=asked):
            raise StatementRefused("This is refused.", why="a private word")
    assert samples(metrics)["pgwarden_events_total", ("read.run", StatementRefused.code, "refused")] == 1
    text = metrics.exposition().decode()
    assert not [word for word in ("private", 'value"', "secretname", "payroll", "s1") if word in text]


async def test_what_the_audit_could_not_keep_has_failed(metrics: PrometheusMetrics) -> None:
    class Away(MemoryAuditLog):
        async def append(self, *entries: object, rights: int | None = None) -> None:
            raise ControlDatabaseUnavailable("The control database is away.")

    trail = AuditTrail(Away(), lambda: NOON, metrics=metrics)
    with pytest.raises(ControlDatabaseUnavailable):
        async with trail.event("read.run", identity=ANA):
            pass
    assert samples(metrics)["pgwarden_events_total", ("read.run", "", Outcome.FAILED.value)] == 1


async def test_jobs_are_timed_and_their_errors_go_on(metrics: PrometheusMetrics) -> None:
    async def good(_args: object) -> None: ...

    async def bad(_args: object) -> None:
        raise StatementRefused("No.")

    jobs = timed_jobs({"good": good, "bad": bad}, metrics)
    await jobs["good"]({})
    with pytest.raises(StatementRefused):
        await jobs["bad"]({})
    found = samples(metrics)
    assert (
        found["pgwarden_job_seconds_count", ("done", "good")]
        == found["pgwarden_job_seconds_count", ("failed", "bad")]
        == 1
    )


async def test_two_applications_do_not_share_numbers(metrics: PrometheusMetrics, trail: AuditTrail) -> None:
    async with trail.event("read.run", identity=ANA):
        pass
    assert ("pgwarden_events_total", ("read.run", "", "done")) not in samples(PrometheusMetrics())
