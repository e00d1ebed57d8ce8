"""Each store suite runs on the implementation in memory and on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.support.databases import create_database, drop_database

from pgwarden.adapters.postgres.control.connection import Pool, control_pool
from pgwarden.adapters.postgres.control.migrate import migrate


@pytest.fixture(params=["memory", "postgres"])
def implementation(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="session")
def control_url(pg18_url: str) -> Iterator[str]:
    """A control database for this worker's contract tests."""
    name = f"control_{uuid.uuid4().hex[:12]}"
    yield create_database(pg18_url, name)
    drop_database(pg18_url, name)


@pytest.fixture
async def control(control_url: str) -> AsyncIterator[Pool]:
    """A pool on an empty, migrated control database."""
    async with control_pool(control_url, wait_seconds=60) as pool:
        await migrate(pool)
        async with pool.connection() as connection:
            await connection.execute(EMPTY)
        yield pool


EMPTY = """
do $$
declare tables text;
begin
    select string_agg(format('pgwarden_control.%I', tablename), ', ') into tables
    from pg_tables where schemaname = 'pgwarden_control' and tablename <> 'migration';
    execute 'truncate ' || tables || ' cascade';
end $$
"""
