"""Metrics as a person reads them."""

from __future__ import annotations

from pgwarden.adapters.telemetry.prometheus import PrometheusMetrics
from pgwarden.domain.metric_text import read_metrics

TEXT = """# HELP jobs_total Jobs \\"that\\" ran.
# TYPE jobs_total counter
jobs_total{task="a b",outcome="done"} 3.0
# HELP took_seconds How long.
# TYPE took_seconds histogram
took_seconds_bucket{le="+Inf"} 2.0
took_seconds_count 2.0
took_seconds_sum 0.5
"""


def test_counters_and_histograms_are_told_without_buckets() -> None:
    jobs, took = read_metrics(TEXT)
    assert (jobs.name, jobs.samples) == ("jobs_total", [('task="a b",outcome="done"', 3.0)])
    assert took.samples == [("count", 2.0), ("sum", 0.5)]


def test_what_pgwarden_exposes_is_understood() -> None:
    metrics = PrometheusMetrics()
    metrics.exposition()  # counting begins with whoever looks
    metrics.requested("page", "2xx", 0.1)
    found = {each.name: each for each in read_metrics(metrics.exposition().decode())}
    assert ('count place="page",status="2xx"', 1.0) in found["pgwarden_http_request_seconds"].samples
    assert not [name for name in found if name.endswith("_created")]
