"""What the protocol's own inspector says of the MCP servers: ``python benchmarks/mcp_inspector.py``.

It is fetched from npm (about 110 MB, which is why the tests do without) and run from the command line over stdio and
over HTTP with a bearer token. Each line is one method; the inspector checks every answer against the protocol.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.demo import shop

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.mcp_processes import agents_token, environment_of, serving

INSPECTOR = "@modelcontextprotocol/inspector@2.12.0"
READ = ("--method", "tools/call", "--tool-name", "execute_read_query", "--tool-arg")
CALLS: dict[str, tuple[tuple[str, ...], str]] = {
    "tools/list": (("--method", "tools/list"), "execute_with_transaction"),
    "tools/call": ((*READ, "sql_string=select 6 * 7 as answer"), '"answer"'),
    "tools/call, refused": ((*READ, "sql_string=delete from orders"), "PGW023"),
    "resources/list": (("--method", "resources/list"), "pgwarden://databases"),
    "resources/templates/list": (("--method", "resources/templates/list"), "pgwarden://{database}/schema"),
    "resources/read": (("--method", "resources/read", "--uri", "pgwarden://default/tables/orders"), "customer_id"),
    "prompts/list": (("--method", "prompts/list"), "prepare_change"),
    "prompts/get": (
        ("--method", "prompts/get", "--prompt-name", "prepare_change", "--prompt-args", "change=close old orders"),
        "close old orders",
    ),
}
"""Arguments of the inspector, and what its answer must hold."""


async def inspected(target: tuple[str, ...], environment: dict[str, str], name: str) -> bool:
    arguments, expected = CALLS[name]
    process = await asyncio.create_subprocess_exec(
        *("npx", "--yes", INSPECTOR, "--cli", *target, *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode(errors="replace")
    good = expected in said
    print(f"  {'as expected' if good else 'NOT as expected':16} {name}", flush=True)
    if not good:
        print(said[-2000:])
    return good


async def inspect(environment: dict[str, str]) -> int:
    secret = await agents_token(environment)
    async with serving(environment, seconds=3600) as (_, url):
        own = [f"{key}={value}" for key, value in environment.items() if key.startswith("PGWARDEN_")]
        given = [part for each in own for part in ("-e", each)]
        doors = {
            "stdio": (*given, sys.executable, "-m", "pgwarden", "mcp", "all"),
            "HTTP": (f"{url}/mcp/all", "--transport", "http", "--header", f"Authorization: Bearer {secret}"),
        }
        good = True
        for door, target in doors.items():
            print(f"{INSPECTOR} over {door}")
            for name in CALLS:
                good &= await inspected(target, environment, name)
    return 0 if good else 1


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pgwarden-bench-") as home:
        Path(home).chmod(0o711)
        with EmbeddedServer(Path(home) / "server", options=ServerOptions(durable=True)) as server:
            server.create_database("control")
            server.create_database("shop")
            shop.load(server.conninfo("shop"))
            environment = environment_of(Path(home) / "state", server.conninfo("control"), server.conninfo("shop"))
            return asyncio.run(inspect(environment))


if __name__ == "__main__":
    sys.exit(main())
