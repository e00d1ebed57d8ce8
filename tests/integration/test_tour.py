"""``./run demo`` as a newcomer sees it: the first start makes everything, the second one only answers."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import psycopg

from pgwarden.adapters.embedded.places import data_root
from pgwarden.adapters.embedded.server import EmbeddedServer
from pgwarden.bootstrap import EMBEDDED

FIRST_ANSWER = "first answer"
LOADING_SECONDS = 120.0
SECOND_START_SECONDS = 15.0
"""Three times what the second start may take on a machine with nothing else to do."""
CHAPTERS = ("Ask in plain words", "Go on talking", "What is allowed", "Know the data", "A change")


@asynccontextmanager
async def tour(environment: Mapping[str, str]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pgwarden.demo.tour", env=environment, stdout=PIPE, stderr=PIPE, limit=2**20
    )
    try:
        yield process
    finally:
        if process.returncode is None:  # the test has failed; whoever is left is ended
            process.terminate()
            await asyncio.wait_for(process.communicate(), 30)


async def shown_until(process: Process, text: str, seconds: float) -> str:
    """What the tour printed up to a line with this text, in at most so many seconds."""
    assert process.stdout is not None
    shown = ""
    async with asyncio.timeout(seconds):
        async for line in process.stdout:
            shown += line.decode()
            if text in shown:
                return shown
    raise AssertionError(f"the tour ended without {text!r}: {shown[-2000:]}")


def traces(home: Path) -> tuple[object, ...]:
    """What initdb and loading leave: when the cluster was made, and which tables and rows there are."""
    root = data_root(home, EMBEDDED)
    with EmbeddedServer(root) as server, psycopg.connect(server.conninfo("shop")) as connection:
        cluster = connection.execute("select system_identifier from pg_control_system()").fetchone()
        tables = connection.execute(
            "select array_agg(oid order by oid) from pg_class where relnamespace = 'public'::regnamespace"
        ).fetchone()
        loaded = connection.execute("select min(xmin::text::bigint), count(*) from orders").fetchone()
    return cluster, tables, loaded


async def test_the_second_start_makes_nothing_anew_and_the_tour_goes_to_its_end(state_home: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PGWARDEN_")},
        "HOME": str(state_home),
        "PGWARDEN_HOME": str(state_home),
        "PYTHONUNBUFFERED": "1",
    }
    async with tour(environment) as first:
        await shown_until(first, FIRST_ANSWER, LOADING_SECONDS)
        first.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(first.communicate(), 30)
        assert (first.returncode, said.decode()) == (130, "Stopped.\n")
    day = datetime.now(UTC).date()
    before = await asyncio.to_thread(traces, state_home)

    started = monotonic()
    async with tour(environment) as second:
        shown = await shown_until(second, FIRST_ANSWER, LOADING_SECONDS)
        took = monotonic() - started
        rest, said = await asyncio.wait_for(second.communicate(), LOADING_SECONDS)
        shown += rest.decode()
        assert (second.returncode, said.decode()) == (0, "")
    assert took < SECOND_START_SECONDS
    assert [chapter for chapter in CHAPTERS if chapter not in shown] == []
    if datetime.now(UTC).date() == day:  # the shop is made anew once a day
        after = await asyncio.to_thread(traces, state_home)
        assert after[:2] == before[:2]
        assert after[2] == before[2]
