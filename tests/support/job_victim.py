"""A worker in a process of its own that can be killed: ``python -m tests.support.job_victim CONNINFO TASK BEHAVIOUR``.

Each job writes a line when it starts. With ``hang`` it never ends by itself; with ``note`` it notes its effect once.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from typing import Any

import psycopg

from pgwarden.adapters.jobs.worker import Pace, Worker

QUICK = Pace(poll=0.1, heartbeat=0.2, silence=1.5, sweep=0.2, grace=5, delays=(0.1,))


async def main(conninfo: str, task: str, behaviour: str) -> None:
    async def handle(args: Mapping[str, Any]) -> None:
        sys.stdout.write(f"started {args.get('number')}\n")
        sys.stdout.flush()
        if behaviour == "hang":
            await asyncio.Event().wait()
        await note(conninfo, args["number"])

    worker = Worker(conninfo, {task: handle}, concurrency=2, pace=QUICK)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run()


async def note(conninfo: str, number: int) -> None:
    """The effect of a job: one row, however often it runs; and one row for each run."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute("insert into run (number) values (%s)", [number])
        await connection.execute("insert into effect (number) values (%s) on conflict do nothing", [number])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
