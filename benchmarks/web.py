"""What the page costs: ``python benchmarks/web.py [users] [seconds]``.

A real ``pgwarden serve`` with its embedded server, the sample shop, 60 tickets, 50 people logged in (the login itself
is left out: it is slow on purpose). Each person loads a page, looks at it for three seconds on average (exponentially
distributed, so that some click at once), and loads the next one of the mix; that is what the bar is held against. Then
the same with one second, as nobody reads, and without any, which tells how many requests a second there can be. Told
are p50 and p95 of each page as its reader sees them, and the processor time that a request takes of pgwarden and of
PostgreSQL, which other work on the machine changes little. The bar is p95 under 300 ms with 50 people on two processors
of an idle machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import httpx
import psycopg

from pgwarden.bootstrap import App, build, embedded_server
from pgwarden.demo import shop
from pgwarden.domain.login import LoginMethod
from pgwarden.domain.person import Person, Role
from pgwarden.domain.proposal import Proposal
from pgwarden.settings import load

BAR = 300.0
"""Milliseconds, p95 of every page."""
THINKS, HURRIES = 3.0, 1.0
"""Seconds between two pages of one person, on average."""
TICKETS = 60
MIX = {
    "/ask": 3,
    "/schema?database=shop": 2,
    "/schema/shop/public.customers": 2,
    "/tickets": 4,
    "/tickets/{ticket}": 4,
    "/executions?database=shop": 1,
    "/account": 1,
    "/admin/people": 1,
    "/audit": 1,
    "/api/v1/tickets": 2,
    "/api/v1/session": 2,
}
"""Pages and how often each is loaded. Everybody is an administrator and an auditor, so that everybody may."""
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Seen:
    """Milliseconds of each page, by its pattern."""

    times: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return sum(map(len, self.times.values()))


async def arrange(app: App, url: str, users: int) -> tuple[list[str], list[str]]:
    """The shop registered, people logged in, tickets opened: cookies and ids of tickets."""
    app.targets.add_for_now(app.describe_target("shop", url, allow_writes=True))
    cookies = []
    for number in range(users):
        person = Person(f"user{number}", roles=frozenset({Role.REQUESTER, Role.ADMIN, Role.AUDITOR}))
        await app.people.add(person, audit=())
        cookies.append((await app.front_desk.open(person, LoginMethod.OIDC, "benchmark")).secret)
    tickets = []
    for number in range(TICKETS):
        by = await app.front_desk.admit_login(cookies[number % users], "benchmark")
        sql = f"update public.customers set city = 'Here' where id = {number + 1}"
        proposal = Proposal("shop", sql, "a benchmark")
        view = await app.approval.create_approval_request(proposal, identity=by.identity, source="benchmark")
        tickets.append(view.ticket.id)
    return cookies, tickets


@contextmanager
def served(home: Path, url: str) -> Iterator[tuple[str, int]]:
    """The address and the process of a server."""
    config = home / "config.toml"
    config.write_text(f"[databases.shop]\nurl = {json.dumps(url)}\n")
    config.chmod(0o600)
    environment = {**os.environ, "PGWARDEN_HOME": str(home), "PGWARDEN_CONFIG": str(config)}
    command = [sys.executable, "-m", "pgwarden", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        told = "".join(iter(process.stdout.readline, "}\n"))
        yield json.loads(told + "}")["url"], process.pid
    finally:
        process.terminate()
        process.wait(30)


async def walk(url: str, cookies: list[str], tickets: list[str], seconds: float, thinks: float) -> Seen:
    """Everybody at once for so long."""
    seen, end = Seen(), perf_counter() + seconds
    pages, weights = list(MIX), list(MIX.values())

    async def one(number: int, cookie: str) -> None:
        drawn = random.Random(number)
        async with httpx.AsyncClient(base_url=url, cookies={"pgwarden-login": cookie}, timeout=30) as client:
            await asyncio.sleep(drawn.random() * thinks)
            while perf_counter() < end:
                pattern = drawn.choices(pages, weights)[0]
                started = perf_counter()
                answer = await client.get(pattern.format(ticket=drawn.choice(tickets)), headers={"accept": "text/html"})
                seen.times.setdefault(pattern, []).append((perf_counter() - started) * 1000)
                if answer.status_code != 200:
                    seen.failures.append(f"{pattern} {answer.status_code}")
                await asyncio.sleep(drawn.expovariate(1 / thinks) if thinks else 0)

    await asyncio.gather(*(one(number, cookie) for number, cookie in enumerate(cookies)))
    return seen


def processor_seconds(pid: int) -> float:
    """Of a process with its threads, and of its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICK


def parent_of_backends(url: str) -> int:
    with psycopg.connect(url) as connection:
        pid = connection.info.backend_pid
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def family(root: int) -> list[int]:
    """A process and its children."""
    return [root, *map(int, Path(f"/proc/{root}/task/{root}/children").read_text().split())]


def measured(
    pids: tuple[int, int], url: str, cookies: list[str], tickets: list[str], seconds: float, thinks: float
) -> Seen:
    """Walk, and tell."""
    before = [sum(map(processor_seconds, each)) for each in ([pids[0]], family(pids[1]))]
    started = perf_counter()
    seen = asyncio.run(walk(url, cookies, tickets, seconds, thinks))
    took = perf_counter() - started
    after = [sum(map(processor_seconds, each)) for each in ([pids[0]], family(pids[1]))]
    print(f"\n{len(cookies)} people, {f'{thinks:g} s of thinking' if thinks else 'no thinking'}: "
          f"{seen.requests / took:.1f} requests/s, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"{'page':<34} {'loads':>6} {'p50 ms':>8} {'p95 ms':>8}")
    for pattern, times in sorted(seen.times.items()):
        print(f"{pattern:<34} {len(times):>6} {median(times):>8.1f} {_p95(times):>8.1f}")
    every = [time for times in seen.times.values() for time in times]
    print(f"{'all':<34} {len(every):>6} {median(every):>8.1f} {_p95(every):>8.1f}   bar {BAR:.0f}")
    cost = [(b - a) * 1000 / max(seen.requests, 1) for a, b in zip(before, after, strict=True)]
    print(f"processor time a request: pgwarden {cost[0]:.1f} ms, PostgreSQL {cost[1]:.1f} ms")
    if seen.failures:
        print(f"FAILED: {len(seen.failures)}, such as {seen.failures[0]}")
    return seen


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


def main(users: int = 50, seconds: float = 20.0) -> None:
    with tempfile.TemporaryDirectory(prefix="pgwarden-web-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        settings = load(home=home, user="benchmark")
        with embedded_server(settings) as server:
            server.create_role("shopkeeper")
            server.create_database("shop", owner="shopkeeper")
            shop.load(server.conninfo("shop"))
            url = server.conninfo("shop", role="shopkeeper")
            with psycopg.connect(server.conninfo("shop")) as connection:
                connection.execute("grant select, insert, update, delete on all tables in schema public to shopkeeper")

            async def prepare() -> tuple[list[str], list[str]]:
                async with build(settings, door="web", admit=False) as app:
                    return await arrange(app, url, users)

            cookies, tickets = asyncio.run(prepare())
            postmaster = parent_of_backends(url)
            with served(home, url) as (address, pid):
                asyncio.run(walk(address, cookies[:5], tickets, 3, 0))  # warm
                measured((pid, postmaster), address, cookies, tickets, seconds, THINKS)
                measured((pid, postmaster), address, cookies, tickets, seconds, HURRIES)
                measured((pid, postmaster), address, cookies, tickets, seconds / 2, 0)


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:3]))
