"""`db check` tells safe from unsafe, and the roles that it proposes can do what they are for and nothing more."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.support.reading import allowed, prepare, runner_on

from pgwarden.adapters.postgres import facts
from pgwarden.adapters.postgres.check import advise_roles, check_database
from pgwarden.adapters.postgres.connect import target
from pgwarden.domain.database import Grade, RoleAdvice
from pgwarden.domain.errors import ConnectionFailed
from pgwarden.domain.result import ReadLimits


@pytest.fixture
def shop(database: str) -> Iterator[str]:
    """A database with a schema, an owner and tables; its owner is no superuser."""
    owner = f"owner_{uuid.uuid4().hex[:8]}"
    prepare(
        database,
        f"create role {owner} login password 'x'",
        'create schema "Sales"',
        f'alter schema "Sales" owner to {owner}',
        f"set role {owner}",
        'create table "Sales".orders (id serial primary key, total int)',
        'insert into "Sales".orders (total) values (10)',
    )
    yield make_conninfo(database, user=owner, password="x")
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute("select rolname from pg_roles where strpos(rolname, current_database()) = 1")
        for role in [name for (name,) in found.fetchall()] + [owner]:
            connection.execute(f"drop owned by {role} cascade".encode())
            connection.execute(f"drop role {role}".encode())


def take(conninfo: str, advice: RoleAdvice) -> str:
    """Run the advice as it stands, give the role a password, and connect as it."""
    prepare(conninfo, advice.sql, f"alter role {advice.role} password 'x'")
    return make_conninfo(conninfo, user=advice.role, password="x")


async def test_a_superuser_is_a_danger_and_a_reader_is_not(database: str, shop: str) -> None:
    dangerous = await check_database(target("t", database))
    assert not dangerous.safe
    assert {f.code for f in dangerous.findings if f.grade is Grade.DANGER} == {"role-is-superuser"}
    owner = {finding.code for finding in (await check_database(target("t", shop))).findings}
    assert {"role-owns-tables", "role-can-write", "role-can-create"} <= owner
    reader, _ = dangerous.advice
    found = await check_database(target("t", take(database, reader)))
    assert found.safe
    assert {f.code for f in found.findings if f.grade not in (Grade.GOOD, Grade.NOTE)} == set()
    assert found.role == reader.role


async def test_the_reader_role_reads_and_cannot_write(database: str, shop: str) -> None:
    reader, _ = await advise_roles(target("t", shop))
    conninfo = take(database, reader)
    prepare(shop, 'create table "Sales".later as select 1 as id')
    async with runner_on(conninfo) as runner:
        sql = 'select total, l.id from "Sales".orders, "Sales".later l'
        assert (await runner.run(allowed(sql), limits=ReadLimits())).rows == ((10, 1),)
    for statement in (
        'set default_transaction_read_only = off; delete from "Sales".orders',
        "set default_transaction_read_only = off; create table stolen (id int)",
        "set default_transaction_read_only = off; create schema stolen",
        "set default_transaction_read_only = off; copy (select 1) to program 'true'",
        "select pg_read_file('PG_VERSION')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            prepare(conninfo, *statement.split("; "))


async def test_the_writer_role_changes_rows_and_no_structure(database: str, shop: str) -> None:
    _, writer = await advise_roles(target("t", shop))
    conninfo = take(database, writer)
    prepare(conninfo, 'insert into "Sales".orders (total) values (20)', 'delete from "Sales".orders where total = 20')
    prepare(conninfo, "create table pgwarden.kept (id int)")
    for statement in ('drop table "Sales".orders', 'truncate "Sales".orders', 'alter table "Sales".orders add x int'):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            prepare(conninfo, statement)


async def test_an_unreachable_target_is_told() -> None:
    with pytest.raises(ConnectionFailed):
        await check_database(target("t", "postgresql://nobody@127.0.0.1:1/none"))


async def test_a_server_newer_than_known_is_a_warning_and_is_read(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "NEWEST_VERSION", 179_999)  # so that 18 is the future
    found = await check_database(target("t", database))
    (newer,) = [finding for finding in found.findings if finding.code == "server-is-newer"]
    assert newer.grade is Grade.WARNING
    assert "refused" in newer.why
    async with runner_on(database) as runner:
        assert (await runner.run(allowed("select 1"), limits=ReadLimits())).rows == ((1,),)
