"""An installation's durable numbers in the text format of Prometheus, for a file that a collector reads."""

from __future__ import annotations

from collections.abc import Iterable

from pgwarden.domain.facts import Facts


def facts_text(facts: Facts) -> str:
    """Gauges: counts of the period that was asked for, and what stands now."""
    from prometheus_client import CollectorRegistry, Gauge
    from prometheus_client.exposition import generate_latest

    registry = CollectorRegistry()

    def put(name: str, what: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]) -> None:
        gauge = Gauge(f"pgwarden_{name}", what, labels, registry=registry)
        for of, value in values:
            (gauge.labels(*of) if labels else gauge).set(value)

    def one(name: str, what: str, value: float) -> None:
        put(name, what, (), [((), value)])

    one("period_seconds", "How long the period is that counts are of.", (facts.until - facts.since).total_seconds())
    put(
        "period_events",
        "Verbs of the agents that ended in the period.",
        ("action", "outcome", "error"),
        [((v.action, v.outcome, v.error), v.count) for v in facts.verbs],
    )
    one("period_reads", "Reads that gave rows out.", facts.reads)
    one("period_reads_cached", "Of these, from the result cache.", facts.reads_cached)
    one("period_read_rows", "Rows that reads gave out.", facts.read_rows)
    one("period_read_database_seconds", "Time that reads took on the servers.", facts.read_ms / 1000)
    one("period_executions", "Executions that were committed.", facts.executions)
    one("period_rows_written", "Rows that executions changed.", facts.rows_written)
    one("period_execution_seconds", "Time that executions took.", facts.execution_ms / 1000)
    put("tickets", "Tickets now.", ("status",), [((status,), n) for status, n in facts.tickets.items()])
    put("jobs", "Jobs now.", ("task", "state"), [((job.task, job.state), job.count) for job in facts.jobs])
    one("job_oldest_due_seconds", "How long the job that is due the longest has waited.", facts.oldest_due_seconds)
    put("deliveries", "Messages now.", ("status",), [((status,), n) for status, n in facts.deliveries.items()])
    one("alerts_open", "Incidents that go on.", facts.alerts)
    return generate_latest(registry).decode()
