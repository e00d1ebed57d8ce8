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
    from pg_tables where schemaname = 'pgwarden_control' and tablename not in ('migration', 'job_schema')
        and tablename not like 'audit%';
    execute 'truncate ' || tables || ' cascade';
end $$;
-- The audit lets nothing be taken away: only a superuser who switches its triggers off can empty it.
alter table pgwarden_control.audit_entry disable trigger append_only;
alter table pgwarden_control.audit_personal disable trigger append_only;
truncate pgwarden_control.audit_entry, pgwarden_control.audit_personal, pgwarden_control.audit_key,
    pgwarden_control.audit_checkpoint;
update pgwarden_control.audit_head
    set number = 0, hash = encode(sha256(convert_to('pgwarden audit ' || chain, 'UTF8')), 'hex');
alter table pgwarden_control.audit_entry enable always trigger append_only;
alter table pgwarden_control.audit_personal enable always trigger append_only
"""
