"""The handlers of the queue, each run timed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pgwarden.ports import JobHandler, Metrics


def timed_jobs(handlers: Mapping[str, JobHandler], metrics: Metrics) -> dict[str, JobHandler]:
    """The same handlers under the same names; what one raises goes on to the worker."""
    return {task: _timed(task, handler, metrics) for task, handler in handlers.items()}


def _timed(task: str, handler: JobHandler, metrics: Metrics) -> JobHandler:
    async def run(args: Mapping[str, Any]) -> None:
        started, outcome = time.perf_counter(), "failed"
        try:
            await handler(args)
            outcome = "done"
        finally:
            metrics.worked(task, outcome, time.perf_counter() - started)

    return run
