"""One pgwarden with its page for all tests of a worker: to make one takes longer than most tests of it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.support.change import owned, run
from tests.support.databases import create_database, drop_database
from tests.support.web import WebHouse, web_house

TABLES = (
    "create table customers(id int primary key, name text not null, email text)",
    "create table orders(id int primary key, customer_id int not null, note text)",
    "alter table orders add foreign key (customer_id) references customers on delete cascade",
    "insert into customers select i, 'name ' || i, 'c' || i || '@example.org' from generate_series(1, 20) i",
    "insert into orders select i, 1 + i % 20, '<b>' || i from generate_series(1, 60) i",
    "analyze",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_house(run_directory: Path, pg18_url: str, settled_people: str) -> AsyncIterator[WebHouse]:
    """20 customers and 60 orders, and the people of tests.support.web. Its tests leave both as they were."""
    mark = uuid.uuid4().hex[:8]
    home = run_directory / f"house-{mark}"
    home.mkdir(mode=0o711)
    database, control = (f"house_{mark}_{part}" for part in ("target", "control"))
    target = owned(create_database(pg18_url, database))
    run(target, *TABLES)
    policy = home / "policy.toml"
    policy.write_text("# the house's own policy\n")
    policy.chmod(0o640)
    control_url = create_database(pg18_url, control, settled_people)
    async with web_house(home, control_url, target, policy_file=policy) as made:
        yield made
    for name in (database, control):
        drop_database(pg18_url, name)


@pytest_asyncio.fixture(loop_scope="session")
async def house(shared_house: WebHouse) -> AsyncIterator[WebHouse]:
    """The shared one, with clients of this test's own."""
    yield shared_house
    await shared_house.close_clients()
