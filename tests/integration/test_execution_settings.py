"""Databases of other encodings and roles of other settings: what is approved, done and taken back is the same."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.integration.test_impact import counts, impact_of
from tests.support.change import dump, owned, perform, run, take_back
from tests.support.databases import drop_database, point_at

from pgwarden.adapters.postgres.connect import connection_string, target
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session
from pgwarden.adapters.postgres.undo import preview_undo
from pgwarden.domain.execution import RowCounts

ODD_SETTINGS = {
    "datestyle": "German",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "-3",
    "timezone": "Asia/Kolkata",
    "quote_all_identifiers": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
}
TABLE = """
create table note (id int primary key, text text, at timestamptz default '2024-01-01 00:00+00',
                   raw bytea default '\\xff', f float8 default 0.1234567890123456,
                   every interval default '1 mon -3 days');
insert into note (id, text) values (1, 'a'), (2, 'b');
"""


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
def elsewhere(request: pytest.FixtureRequest, make_database: MakeDatabase) -> Iterator[str]:
    """A database in another encoding, as pgwarden connects to it."""
    server = make_database()
    name = f"{psycopg.conninfo.conninfo_to_dict(server)['dbname']}_{request.param.lower()}"
    with psycopg.connect(server, autocommit=True) as connection:
        made = f"create database {name} encoding '{request.param}' locale_provider libc locale 'C' template template0"
        connection.execute(made.encode())
    yield owned(point_at(server, name))
    drop_database(server, name)


async def test_another_encoding_of_the_database(elsewhere: str) -> None:
    database = await connection_string(target("elsewhere", elsewhere, allow_writes=True))
    run(database, 'create table größe (id int primary key, "Ünï" text)', "insert into größe values (1, 'é'), (2, 'ß')")
    before = dump(database)
    sql = "update größe set \"Ünï\" = 'ö' where \"Ünï\" = 'é'"
    impact = await impact_of(database, sql)
    assert counts(impact) == {'"größe"': RowCounts(updated=1)}
    execution = await perform(database, impact.sql, {"größe": RowCounts(updated=1)})
    assert dump(database)['"größe"'] == ["(1,ö)", "(2,ß)"]
    assert (await preview_undo(database, execution.id)).execution.tables[0].columns == ("id", "Ünï")
    await take_back(database, execution)
    assert dump(database) == before


async def test_images_are_kept_in_ordinary_tables(make_database: MakeDatabase) -> None:
    """Others, such as columnar ones, may know neither UPDATE nor inheritance."""
    superuser = make_database()
    database = owned(superuser)
    run(database, "create table t (id int primary key)", "insert into t select generate_series(1, 2000)")
    role = psycopg.conninfo.conninfo_to_dict(database)["user"]
    run(
        superuser,
        "create access method other type table handler heap_tableam_handler",
        f"alter role {role} set default_table_access_method = 'other'",
    )
    await take_back(database, await perform(database, "delete from t", {"t": RowCounts(deleted=2000)}))
    used = "select distinct a.amname from pg_class c join pg_am a on a.oid = c.relam where c.relkind = 'r'"
    with psycopg.connect(superuser) as connection:
        found = connection.execute(f"{used} and c.relnamespace = 'pgwarden'::regnamespace".encode()).fetchall()
    assert found == [("heap",)]


@pytest.mark.parametrize(("own", "used"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")])
async def test_a_commit_waits_for_the_disk_and_for_standbys_where_they_apply(
    make_database: MakeDatabase, own: str, used: str
) -> None:
    superuser = make_database()
    database = owned(superuser)
    run(database, "create table t (id int primary key, waits text)", "insert into t values (1, '')")
    role = psycopg.conninfo.conninfo_to_dict(database)["user"]
    run(superuser, f"alter role {role} set synchronous_commit = '{own}'")
    sql = "update t set waits = current_setting('synchronous_commit')"
    await perform(database, sql, {"t": RowCounts(updated=1)})
    assert dump(database)["t"] == [f"(1,{used})"]


async def test_settings_of_the_role_change_nothing(make_database: MakeDatabase) -> None:
    """And neither do others, set between the approval and the execution: definitions are read under the same ones."""
    superuser = make_database()
    database = owned(superuser)
    run(database, TABLE)
    before = dump(database)
    expected = (await impact_of(database, "update note set f = f + 1")).definitions
    role = psycopg.conninfo.conninfo_to_dict(database)["user"]
    run(superuser, *(f"alter role {role} set {name} = '{value}'" for name, value in ODD_SETTINGS.items()))
    impact = await impact_of(database, "update note set f = f + 1")
    assert impact.definitions == expected
    execution = await perform(database, impact.sql, {"note": RowCounts(updated=2)})
    async with open_session(database) as session:
        (found,) = await Ledger(session).executions()
    assert found.started_at == execution.started_at
    assert (await preview_undo(database, execution.id)).conflicts == ()
    await take_back(database, execution)
    run(superuser, f"alter role {role} reset all")
    assert dump(database) == before
