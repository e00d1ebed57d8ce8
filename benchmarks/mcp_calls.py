"""Tool calls a second through a real MCP client over stdio: ``python benchmarks/mcp_calls.py [--rounds N]``.

A bare tool on the same SDK runs in the same rounds, so that the ratio holds on any machine. The best-known peer's
``execute_sql`` was measured at about 25 calls/s where a bare tool made about 420: 0.06 of it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from mcp import Client, StdioServerParameters

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.demo import shop

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
PEER = 420 / 25
"""How many times slower than a bare tool the peer's reads were."""


def main(rounds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="pgwarden-bench-") as home:
        Path(home).chmod(0o711)
        with EmbeddedServer(Path(home) / "server", options=ServerOptions(durable=True)) as server:
            server.create_database("control")
            server.create_database("shop")
            shop.load(server.conninfo("shop"))
            environment = {
                **{key: value for key, value in os.environ.items() if not key.startswith("PGWARDEN_")},
                "PGWARDEN_HOME": str(Path(home) / "state"),
                "PGWARDEN_CONTROL_URL": server.conninfo("control"),
                "PGWARDEN_DATABASE_URL": server.conninfo("shop"),
            }
            return asyncio.run(_measured(environment, rounds))


async def _measured(environment: dict[str, str], rounds: int) -> int:
    async with AsyncExitStack() as stack:
        started = perf_counter()
        ours = await stack.enter_async_context(Client(_process(["-m", "pgwarden", "mcp", "all"], environment)))
        await ours.list_tools()
        print(f"pgwarden mcp all: {perf_counter() - started:.1f} s until its tools are listed")
        bare = await stack.enter_async_context(Client(_process(["-c", BARE], environment)))
        rates: dict[str, list[float]] = {"bare": [], "select 1": [], "1,000 x 10": []}
        for _ in range(rounds):
            rates["bare"].append(await _rate(bare, "echo", {"text": "x"}, 200))
            rates["select 1"].append(await _rate(ours, "execute_read_query", {"sql_string": "select 1"}, 200))
            rates["1,000 x 10"].append(await _rate(ours, "execute_read_query", {"sql_string": WIDE}, 30))
    found = {name: median(values) for name, values in rates.items()}
    print(f"load average {os.getloadavg()[0]:.1f}; calls/s, medians of {rounds} rounds")
    for name, rate in found.items():
        print(f"  {name:12} {rate:7.1f}/s   {rate / found['bare']:.2f} of the bare tool")
    ahead = found["select 1"] / found["bare"] * PEER
    print(f"select 1 against the peer: x{ahead:.1f} (bar 8)")
    return 0 if ahead >= 8 else 1


def _process(arguments: list[str], environment: dict[str, str]) -> StdioServerParameters:
    return StdioServerParameters(command=sys.executable, args=arguments, env=environment)


async def _rate(client: Client, tool: str, arguments: dict[str, Any], calls: int) -> float:
    started = perf_counter()
    for _ in range(calls):
        result = await client.call_tool(tool, arguments)
        assert not result.is_error, result
    return calls / (perf_counter() - started)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    sys.exit(main(parser.parse_args().rounds))
