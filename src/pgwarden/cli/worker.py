"""``pgwarden worker``: does what was left for later (timers, messages, executions); ``pgwarden jobs``: what waits."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json, one_line, simple_table
from pgwarden.domain.job import JobRecord, JobState

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

jobs = typer.Typer(help="Work that waits, runs or failed.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command()(worker)


def worker(
    drain: Annotated[
        bool, typer.Option("--drain", "--once", help="Do what is due now, with what follows from it, and stop.")
    ] = False,
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, max=64, help="Jobs at the same time.")] = 4,
    as_json: Json = False,
) -> None:
    """Do what was left for later, until stopped by Ctrl-C or SIGTERM. Any number of workers may run."""

    async def work(opened: App) -> int:
        running = opened.worker(concurrency)
        with _told_by_signals(running.stop):
            if drain:
                return await running.drain()
            sys.stderr.write(f"pgwarden worker: {len(running.tasks)} kinds of work; Ctrl-C stops it.\n")
            await running.run()
            return running.ran

    from pgwarden.bootstrap import set_up_logging
    from pgwarden.settings import load

    set_up_logging(load())
    done = open_app(work, admit=False, scope=None)  # a worker acts for nobody: whoever asked stands in the job
    if as_json:
        emit_json({"jobs": done})
    else:
        console().print(f"{done} job{'' if done == 1 else 's'} done.", style="dim")


@jobs.command("list")
def list_(
    state: Annotated[list[JobState] | None, typer.Option("--state", help="Only these states.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """What waits, runs or failed."""
    states = state or [JobState.WAITING, JobState.RUNNING, JobState.FAILED]

    async def work(opened: App) -> tuple[JobRecord, ...]:
        return await opened.job_desk.find(*states, by=opened.session, limit=limit)

    found = open_app(work, scope=None)
    if as_json:
        emit_json(found)
        return
    rows = [
        (
            str(job.id),
            job.task,
            job.state.name.lower(),
            f"{job.at.astimezone():%Y-%m-%d %H:%M:%S}" if job.at else "",
            str(job.attempts),
            one_line(json.dumps(job.args)),
        )
        for job in found
    ]
    console().print(simple_table(("id", "task", "state", "at", "tries", "args"), rows))


@jobs.command()
def retry(
    number: Annotated[int, typer.Argument(help="A failed job, as `pgwarden jobs list` numbers it.")],
    as_json: Json = False,
) -> None:
    """Let a failed job run again. For administrators."""

    async def work(opened: App) -> None:
        await opened.job_desk.retry(number, by=opened.session, source="cli")

    open_app(work, scope=None)
    if as_json:
        emit_json({"retried": number})
    else:
        console().print(f"Job {number} will run again.")


@jobs.command()
def discard(
    number: Annotated[int, typer.Argument(help="A failed job, as `pgwarden jobs list` numbers it.")],
    as_json: Json = False,
) -> None:
    """Give a failed job up for good. For administrators."""

    async def work(opened: App) -> None:
        await opened.job_desk.discard(number, by=opened.session, source="cli")

    open_app(work, scope=None)
    if as_json:
        emit_json({"discarded": number})
    else:
        console().print(f"Job {number} is given up.")


@contextmanager
def _told_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and Ctrl-C call ``stop``; a second one ends the process as it ends any command."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)

    def tell() -> None:
        stop()
        restore()

    def restore() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, tell)
    try:
        yield
    finally:
        restore()
