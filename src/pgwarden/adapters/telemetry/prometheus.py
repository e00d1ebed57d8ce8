"""Metrics for Prometheus, in a registry of their own: two applications in one process do not mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgwarden import __version__
from pgwarden.domain.audit import AuditEntry

if TYPE_CHECKING:
    from prometheus_client import Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds: from a read that the cache answers to a change that runs for minutes."""
READ = "read.run"


class PrometheusMetrics:
    """Counts what the agents' verbs leave in the audit, and what the doors and the worker time themselves."""

    def __init__(self) -> None:
        self._instruments: _Instruments | None = None

    def begin(self) -> None:
        if self._instruments is None:
            self._instruments = _Instruments()

    def ended(self, entry: AuditEntry, seconds: float) -> None:
        if (of := self._instruments) is None:
            return
        error = entry.details.get("error", "")
        of.events.labels(entry.action, entry.outcome.value, error).inc()
        of.seconds.labels(entry.action).observe(seconds)
        if entry.action == READ and "rows" in entry.details:
            of.rows.inc(entry.details["rows"])
            of.reads.labels("hit" if entry.details.get("cached") else "miss").inc()

    def requested(self, place: str, status: str, seconds: float) -> None:
        if self._instruments is not None:
            self._instruments.requests.labels(place, status).observe(seconds)

    def called(self, tool: str, outcome: str, seconds: float) -> None:
        if self._instruments is not None:
            self._instruments.calls.labels(tool, outcome).observe(seconds)

    def worked(self, task: str, outcome: str, seconds: float) -> None:
        if self._instruments is not None:
            self._instruments.jobs.labels(task, outcome).observe(seconds)

    def exposition(self) -> bytes:
        from prometheus_client.exposition import generate_latest

        self.begin()
        assert self._instruments is not None, "begun"
        return generate_latest(self._instruments.registry)


class _Instruments:
    """The library's part, imported when somebody is to see the numbers: a command that ends soon does without."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge

        self.registry = registry = CollectorRegistry()
        self.events = Counter(
            "pgwarden_events",
            "Verbs of the agents that ended: the audit's action and outcome, with the error's code if any.",
            ("action", "outcome", "error"),
            registry=registry,
        )
        self.seconds = self._times(
            "pgwarden_event_seconds", "Verbs of the agents, until their audit entry was durable.", ("action",)
        )
        self.rows = Counter("pgwarden_read_rows", "Rows that reads gave out.", registry=registry)
        self.reads = Counter(
            "pgwarden_reads_answered",
            "Reads that gave rows out, by where these came from.",
            ("cache",),
            registry=registry,
        )
        self.requests = self._times("pgwarden_http_request_seconds", "HTTP requests.", ("place", "status"))
        self.calls = self._times("pgwarden_mcp_call_seconds", "Calls of MCP tools.", ("tool", "outcome"))
        self.jobs = self._times("pgwarden_job_seconds", "Runs of jobs.", ("task", "outcome"))
        built = Gauge("pgwarden_build_info", "Always 1; its label says what runs.", ("version",), registry=registry)
        built.labels(__version__).set(1)

    def _times(self, name: str, what: str, labels: tuple[str, ...]) -> Histogram:
        from prometheus_client import Histogram

        return Histogram(name, f"{what} Seconds.", labels, buckets=BUCKETS, registry=self.registry)
