"""One pgwarden that is served, and one Chromium, for all browser tests of a worker."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
import uvicorn
from playwright.async_api import async_playwright, expect
from tests.support import parts
from tests.support.browser import Site
from tests.support.change import owned, run
from tests.support.databases import create_database, drop_database
from tests.support.web import web_house

QUIET = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"]
TABLES = (
    "create table customers(id int primary key, name text not null, state text not null)",
    "create table orders(id int primary key, customer_id int not null, total numeric not null)",
    "alter table orders add foreign key (customer_id) references customers on delete cascade",
    "insert into customers select i, 'Customer ' || i, chr(65 + i % 4) || 'A' from generate_series(1, 40) i",
    "insert into orders select i, 1 + i % 40, i * 3.5 from generate_series(1, 200) i",
    "analyze",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_site(run_directory: Path, pg18_url: str, settled_people: str) -> AsyncIterator[Site]:
    """40 customers and 200 orders, and the people of tests.support.web."""
    parts.need("chromium")
    expect.set_options(timeout=20_000)  # the usual five seconds are short where other tests have the processors
    mark = uuid.uuid4().hex[:8]
    home = run_directory / f"site-{mark}"
    home.mkdir(mode=0o711)
    database, control = (f"site_{mark}_{part}" for part in ("target", "control"))
    target = owned(create_database(pg18_url, database))
    run(target, *TABLES)
    policy = home / "policy.toml"
    policy.write_text("# the house's own policy\n")
    policy.chmod(0o640)
    control_url = create_database(pg18_url, control, settled_people)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with web_house(home, control_url, target, url, policy_file=policy, read_confirm_rows=150) as house:
            server = uvicorn.Server(uvicorn.Config(house.application, log_level="warning", ws="none"))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                async with async_playwright() as playwright:
                    browser = await playwright.chromium.launch(executable_path=chromium(), args=QUIET)
                    yield Site(house, browser)
                    await browser.close()
            finally:
                server.should_exit = True
                await serving
    for name in (database, control):
        drop_database(pg18_url, name)


@pytest_asyncio.fixture(loop_scope="session")
async def site(shared_site: Site) -> AsyncIterator[Site]:
    """The shared one, with browsers of this test's own."""
    yield shared_site
    while shared_site.contexts:
        await shared_site.contexts.pop().close()


def chromium() -> str:
    return os.environ.get("CHROMIUM", "/usr/bin/chromium")
