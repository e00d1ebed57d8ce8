"""Tool calls a second through a real MCP client, over stdio and over HTTP: ``python benchmarks/mcp_calls.py``.

HTTP is measured as it ships: `pgwarden serve`, a bearer token looked up in the control database at every call, answers
as server-sent events. Every read is written down in the audit, durably, before its rows are released. `select 1` again
and again comes from the cache of results; `select N` is another statement each time and always asks the database.

Processor time is that of pgwarden's own process, per call; on a machine that others use, too, it says more than a rate.

A bare tool on the same SDK runs in the same rounds, so that the ratio holds on any machine. With ``--peer PROGRAM`` so
does the best-known peer, Postgres MCP Pro in its restricted mode (it has an environment of its own: it needs another
SDK), and eight times its calls a second are the bar. Without, its figure of an earlier machine stands in: about 25
calls/s where a bare tool made about 420. The other bars are calls a second as they are measured.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

from mcp import Client, StdioServerParameters

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.demo import shop

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.mcp_processes import agents_token, environment_of, over_http, over_stdio, serving

BARE = """
from mcp.server import MCPServer
server = MCPServer("bare", log_level="WARNING")
@server.tool()
async def echo(text: str) -> dict[str, str]:
    return {"text": text}
server.run("stdio")
"""
NUMBERS, TEXTS = (
    ", ".join(f"i{cast} {name}" for name in names) for cast, names in (("", "abcde"), ("::text", "fghjk"))
)
WIDE = f"select {NUMBERS}, {TEXTS} from generate_series(1, 1000) i"
BARE_THERE, PEER_THERE = 420, 25
"""Calls a second on the machine where the peer was measured first."""
AHEAD_OF_PEER = 8


@dataclass(slots=True)
class Measured:
    """One kind of call and what it came to."""

    name: str
    client: Client
    sql: Callable[[], str]
    bar: float
    """Calls a second; 0 where none was set."""
    process: int
    """Id of the process that answers."""
    calls: int = 150
    tool: str = "execute_read_query"
    argument: str = "sql_string"
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    """Seconds of processor time per call."""

    async def round(self) -> None:
        before = processor_seconds(self.process)
        self.rates.append(await rate(self.client, self.tool, self.calls, lambda: {self.argument: self.sql()}))
        self.costs.append((processor_seconds(self.process) - before) / self.calls)


def processor_seconds(process: int) -> float:
    """What a process used up to now, in user and kernel mode (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def started_by_us(words: str) -> int:
    """The process below this one whose command line ends so: the SDK's client does not tell which it started."""
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            command = (each / "cmdline").read_text().replace("\0", " ").strip()
        except OSError:  # it has ended
            continue
        if parent == os.getpid() and command.endswith(words):
            return int(each.name)
    raise AssertionError(f"no process of ours ends in {words}")


async def rate(client: Client, tool: str, calls: int, arguments: Callable[[], dict[str, str]]) -> float:
    started = perf_counter()
    for _ in range(calls):
        result = await client.call_tool(tool, arguments())
        assert not result.is_error, result
    return calls / (perf_counter() - started)


async def measure(environment: dict[str, str], rounds: int, peer: str | None) -> int:
    secret = await agents_token(environment)
    async with AsyncExitStack() as stack:
        started = perf_counter()
        stdio = await stack.enter_async_context(Client(over_stdio(environment)))
        await stdio.list_tools()
        print(f"pgwarden mcp all: {perf_counter() - started:.1f} s until its tools are listed")
        process = StdioServerParameters(command=sys.executable, args=["-c", BARE], env=environment)
        bare = await stack.enter_async_context(Client(process))
        served, url = await stack.enter_async_context(serving(environment, seconds=3600))
        http = await stack.enter_async_context(over_http(url, secret))
        numbers, ours = count(2), started_by_us("mcp all")
        peers = await peer_calls(stack, environment, peer) if peer else []
        kinds = [
            Measured("stdio, select 1", stdio, lambda: "select 1", 250, ours),
            Measured("stdio, select N", stdio, lambda: f"select {next(numbers)}", 0, ours),
            Measured("stdio, 1,000 x 10", stdio, lambda: WIDE, 60, ours, calls=30),
            Measured("HTTP, select 1", http, lambda: "select 1", 150, served.pid),
            Measured("HTTP, select N", http, lambda: f"select {next(numbers)}", 0, served.pid),
            Measured("HTTP, 1,000 x 10", http, lambda: WIDE, 0, served.pid, calls=30),
        ]
        bares = []
        for _ in range(rounds):
            bares.append(await rate(bare, "echo", 200, lambda: {"text": "x"}))
            for kind in kinds + peers:
                await kind.round()
    return report(median(bares), kinds, peers)


async def peer_calls(stack: AsyncExitStack, environment: dict[str, str], program: str) -> list[Measured]:
    """The peer's tool with the same three statements, on the same database."""
    environment = {**environment, "DATABASE_URI": environment["PGWARDEN_DATABASE_URL"]}
    process = StdioServerParameters(command=program, args=["--access-mode=restricted"], env=environment)
    client = await stack.enter_async_context(Client(process))
    numbers, id_ = count(2), started_by_us("--access-mode=restricted")
    return [
        Measured("peer, select 1", client, lambda: "select 1", 0, id_, 40, "execute_sql", "sql"),
        Measured("peer, select N", client, lambda: f"select {next(numbers)}", 0, id_, 40, "execute_sql", "sql"),
        Measured("peer, 1,000 x 10", client, lambda: WIDE, 0, id_, 10, "execute_sql", "sql"),
    ]


def report(bare: float, kinds: list[Measured], peers: list[Measured]) -> int:
    print(f"load average {os.getloadavg()[0]:.1f}; a bare tool makes {bare:.0f} calls/s; medians of the rounds")
    print(f"{'':20} {'calls':>8}  of bare  {'bar':>5}  of the peer  processor")
    assumed = [PEER_THERE * bare / BARE_THERE]
    reached = True
    for number, kind in enumerate(kinds + peers):
        here = median(kind.rates)
        theirs = median(peers[number % 3].rates if peers else assumed)
        bar, cost = f"{kind.bar:.0f}" if kind.bar else "", median(kind.costs) * 1000
        print(f"{kind.name:20} {here:6.1f}/s {here / bare:8.2f}  {bar:>5}  x{here / theirs:10.1f}  {cost:6.1f} ms")
        reached &= here >= kind.bar and (number > 0 or here >= AHEAD_OF_PEER * theirs)
    return 0 if reached else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    parser.add_argument("--peer", metavar="PROGRAM", help="where the command postgres-mcp is")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pgwarden-bench-") as home:
        Path(home).chmod(0o711)
        with EmbeddedServer(Path(home) / "server", options=ServerOptions(durable=True)) as server:
            server.create_database("control")
            server.create_database("shop")
            shop.load(server.conninfo("shop"))
            environment = environment_of(Path(home) / "state", server.conninfo("control"), server.conninfo("shop"))
            return asyncio.run(measure(environment, asked.rounds, asked.peer))


if __name__ == "__main__":
    sys.exit(main())
