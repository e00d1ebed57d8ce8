"""Metrics for Prometheus, in a registry of their own: two applications in one process do not mix."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from pgwarden import __version__
from pgwarden.domain.audit import AuditEntry

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds: from a read that the cache answers to a change that runs for minutes."""
READ = "read.run"


class PrometheusMetrics:
    """Counts what the agents' verbs leave in the audit, and what the doors and the worker time themselves."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._events = Counter(
            "pgwarden_events",
            "Verbs of the agents that ended: the audit's action and outcome, with the error's code if any.",
            ("action", "outcome", "error"),
            registry=registry,
        )
        self._seconds = self._times(
            "pgwarden_event_seconds", "Verbs of the agents, until their audit entry was durable.", ("action",)
        )
        self._rows = Counter("pgwarden_read_rows", "Rows that reads gave out.", registry=registry)
        self._reads = Counter(
            "pgwarden_reads_answered",
            "Reads that gave rows out, by where these came from.",
            ("cache",),
            registry=registry,
        )
        self._requests = self._times("pgwarden_http_request_seconds", "HTTP requests.", ("place", "status"))
        self._calls = self._times("pgwarden_mcp_call_seconds", "Calls of MCP tools.", ("tool", "outcome"))
        self._jobs = self._times("pgwarden_job_seconds", "Runs of jobs.", ("task", "outcome"))
        built = Gauge("pgwarden_build_info", "Always 1; its label says what runs.", ("version",), registry=registry)
        built.labels(__version__).set(1)

    def ended(self, entry: AuditEntry, seconds: float) -> None:
        error = entry.details.get("error", "")
        self._events.labels(entry.action, entry.outcome.value, error).inc()
        self._seconds.labels(entry.action).observe(seconds)
        if entry.action == READ and "rows" in entry.details:
            self._rows.inc(entry.details["rows"])
            self._reads.labels("hit" if entry.details.get("cached") else "miss").inc()

    def requested(self, place: str, status: str, seconds: float) -> None:
        self._requests.labels(place, status).observe(seconds)

    def called(self, tool: str, outcome: str, seconds: float) -> None:
        self._calls.labels(tool, outcome).observe(seconds)

    def worked(self, task: str, outcome: str, seconds: float) -> None:
        self._jobs.labels(task, outcome).observe(seconds)

    def exposition(self) -> bytes:
        return generate_latest(self._registry)

    def _times(self, name: str, what: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(name, f"{what} Seconds.", labels, buckets=BUCKETS, registry=self._registry)
