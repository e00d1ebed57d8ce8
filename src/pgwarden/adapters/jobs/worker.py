"""The worker: takes due jobs from the queue and runs their handlers, beside any number of others like it.

A handler that fails is tried again, later each time. A worker that dies leaves its jobs lying; another one notices
that its heartbeat stopped and puts them back. A control database that goes away is waited for. Which job is due is
decided by the database's clock alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as LibraryJob
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from psycopg_pool import AsyncConnectionPool

from pgwarden.adapters.jobs.queue import TRACE
from pgwarden.adapters.jobs.schema import query
from pgwarden.adapters.postgres.control.connection import Connection, transaction, unavailable
from pgwarden.domain.errors import ControlDatabaseUnavailable
from pgwarden.ports import JobHandler
from pgwarden.tracing import resumed, span

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How a worker paces itself, in seconds."""

    poll: float = 1.0
    """How often it looks for due jobs; new ones are announced at once, unless a pooler stands in between."""
    heartbeat: float = 5.0
    silence: float = 30.0
    """A worker that was not heard of for so long is dead: its jobs go to others."""
    sweep: float = 10.0
    """How often it looks for jobs that were left lying, and for periodic work."""
    grace: float = 30.0
    """How long a stop waits for the running jobs; then they are cancelled and go back to the queue."""
    patience: float = 10.0
    """How long it waits for a connection to the control database before it counts as gone."""
    kept_hours: float = 168.0
    """How long finished jobs can still be seen."""
    delays: tuple[float, ...] = (1, 5, 15, 60, 300, 900)
    """Before the second, third … try; the last one repeats."""
    attempts: int = 20
    """After so many tries a job rests as failed until a person retries it."""


class _Backoff(BaseRetryStrategy):
    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(self, *, exception: BaseException, job: LibraryJob) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):  # our own stop: the next worker shall take it at once
            return RetryDecision(retry_in={"seconds": 0})
        if job.attempts + 1 >= self._pace.attempts:
            return None
        delays = self._pace.delays
        delay = timedelta(seconds=delays[min(job.attempts, len(delays) - 1)])
        return RetryDecision(retry_in={"seconds": delay.seconds, "milliseconds": delay.microseconds // 1000})


class _QueuePool(AsyncConnectionPool[Connection]):
    """Connections whose transactions see the queue's schema: the library names none, and a pooler keeps no setting."""

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Connection]:  # noqa: ASYNC109 - theirs
        async with super().connection(timeout) as connection:
            await connection.execute(query("enter_jobs_schema"))
            yield connection


@dataclass
class Worker:
    """``ports.JobWorker``: runs jobs that it has handlers for; others wait for a worker that knows them."""

    conninfo: str
    handlers: Mapping[str, JobHandler]
    concurrency: int = 4
    periodic: Mapping[str, float] = field(default_factory=dict)
    """Task → how often it shall run, in seconds: once each time, however many workers there are."""
    pace: Pace = field(default_factory=Pace)
    ran: int = 0
    """How many jobs it has run, failed tries included."""
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tasks(self) -> frozenset[str]:
        return frozenset(self.handlers)

    def stop(self) -> None:
        """Take no new job, let the running ones end (``Pace.grace``), and return from ``run``."""
        self._stopping.set()

    async def run(self) -> None:
        """Until ``stop``. A control database that does not answer is tried again, at most ten seconds apart."""
        delay = 0.2
        while not self._stopping.is_set():
            try:
                await self._serve()
                delay = 0.2
            except (ConnectorException, psycopg.OperationalError, ControlDatabaseUnavailable) as error:
                log.warning("the control database does not answer, trying again", seconds=delay, why=_first_line(error))
            await self._until_stopped(delay)
            delay = min(delay * 2, 10.0)

    async def drain(self) -> int:
        """Run what is due, what that makes due included, and return how many jobs were run.

        Raises ControlDatabaseUnavailable.
        """
        before = self.ran
        try:
            async with self._pool() as pool, self._library().open_async(pool) as app:
                await self._sweep(pool)
                while await self._due(pool) and not self._stopping.is_set():
                    already = self.ran
                    await self._unless_stopped(app.run_worker_async(**self._options(wait=False, listen=False)))
                    if self.ran == already:
                        break  # what is due is in the hands of another worker
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                raise unavailable(error.__cause__) from error
            raise
        return self.ran - before

    async def _unless_stopped(self, working: Coroutine[Any, Any, None]) -> None:
        """Let the library's worker end by itself, or gracefully when we are to stop."""
        tasks = [asyncio.create_task(working), asyncio.create_task(self._stopping.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._end(tasks)
        for task in done:
            await task

    async def _serve(self) -> None:
        """One life of the library's worker, which ends when the connection fails or we are stopped."""
        async with self._pool() as pool, self._library().open_async(pool) as app:
            listen = not await _behind_pooler(pool)
            tasks = [
                asyncio.create_task(app.run_worker_async(**self._options(wait=True, listen=listen))),
                asyncio.create_task(self._sweep_for_ever(pool)),
                asyncio.create_task(self._stopping.wait()),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await self._end(tasks)
            for task in done:
                await task

    async def _end(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()  # to the library's worker this is the request to end gracefully
        await asyncio.wait(tasks, timeout=self.pace.grace + 10)

    def _library(self) -> procrastinate.App:
        app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        retry = _Backoff(self.pace)
        for name, handler in self.handlers.items():
            app.task(name=name, queue=name, retry=retry)(self._counted(name, handler))
        return app

    def _counted(self, name: str, handler: JobHandler) -> Callable[..., Awaitable[None]]:
        async def run(**args: Any) -> None:
            self.ran += 1
            trace = str(args.pop(TRACE, ""))
            try:
                with resumed(trace), span(f"job {name}"):
                    await handler(args)
            except Exception as error:
                log.warning("a job failed and will be tried again", task=name, why=_first_line(error))
                raise

        return run

    def _options(self, *, wait: bool, listen: bool) -> dict[str, Any]:
        return {
            "queues": list(self.handlers),
            "concurrency": self.concurrency,
            "wait": wait,
            "listen_notify": listen,
            "fetch_job_polling_interval": self.pace.poll,
            "update_heartbeat_interval": self.pace.heartbeat,
            "stalled_worker_timeout": self.pace.silence,
            "shutdown_graceful_timeout": self.pace.grace,
            "install_signal_handlers": False,  # signals are the door's business
        }

    def _pool(self) -> _QueuePool:
        return _QueuePool(
            self.conninfo,
            min_size=1,
            max_size=4,
            timeout=self.pace.patience,
            open=False,
            name="jobs",
            kwargs={"prepare_threshold": None, "application_name": "pgwarden worker", "connect_timeout": 10},
            check=AsyncConnectionPool.check_connection,
        )

    async def _sweep_for_ever(self, pool: _QueuePool) -> None:
        while True:
            await self._sweep(pool)
            await asyncio.sleep(self.pace.sweep)

    async def _sweep(self, pool: _QueuePool) -> None:
        """Put back what dead workers left, queue periodic work, forget what is long done."""
        async with transaction(pool) as connection:
            silent = {"seconds": self.pace.silence}
            revived = await (await connection.execute(query("revive_stalled_jobs"), silent)).fetchall()
            await connection.execute(query("forget_silent_workers"), silent)
            await connection.execute(query("forget_old_jobs"), {"hours": self.pace.kept_hours})
            await connection.execute(query("lock_periodic_jobs"))
            for task, seconds in self.periodic.items():
                await connection.execute(query("defer_periodic_job"), {"task": task, "seconds": seconds})
        for number, task in revived:
            log.warning("a job of a worker that died goes back to the queue", job=number, task=task)

    async def _due(self, pool: _QueuePool) -> int:
        async with transaction(pool) as connection:
            cursor = await connection.execute(query("count_due_jobs"), {"tasks": list(self.handlers)})
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

    async def _until_stopped(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


async def _behind_pooler(pool: _QueuePool) -> bool:
    """A pooler shows another process than the one that answers; through it no announcement arrives."""
    async with transaction(pool) as connection:
        row = await (await connection.execute(query("server_process"))).fetchone()
        return row is not None and row[0] != connection.info.backend_pid


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    return str(cause).partition("\n")[0] or type(cause).__name__
