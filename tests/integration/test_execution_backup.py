"""Backups before an execution: one moment, readable back, closed to others."""

from __future__ import annotations

import gzip
from pathlib import Path

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import dump, owned, run

from pgwarden.adapters.postgres.backup import export_tables, restore_point, snapshot_tables
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import RightMissing

TABLES = (Name("public", "a"), Name("public", "odd name"))
SETUP = """
create table a (id int generated always as identity primary key, v json, g int generated always as (1) stored);
create table "odd name" (v text);
insert into a (v) values ('[1,  2]'), (null); insert into "odd name" values (E'tab\\t'), ('b'), (null);
"""


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    owner = owned(make_database())
    run(owner, SETUP)
    return owner


async def test_a_snapshot_can_be_put_back_as_instructed(database: str) -> None:
    backup = await snapshot_tables(database, TABLES)
    assert [table.rows for table in backup.tables] == [2, 3]
    run(database, "delete from a", 'delete from "odd name"', *backup.instructions[1:3])
    with psycopg.connect(database) as connection:
        assert connection.execute("select id, v::text from a order by 1").fetchall() == [(1, "[1,  2]"), (2, None)]


async def test_files_are_compressed_and_private(database: str, tmp_path: Path) -> None:
    backup = await export_tables(database, TABLES, tmp_path / "backups")
    first, second = (Path(table.location) for table in backup.tables)
    assert gzip.decompress(first.read_bytes()) == b"1\t[1,  2]\n2\t\\N\n"
    assert gzip.decompress(second.read_bytes()).count(b"\n") == 3
    assert first.stat().st_mode & 0o077 == 0
    assert "empty the tables" in backup.instructions[0]
    before = dump(database)
    run(database, "delete from a", 'delete from "odd name"')
    with psycopg.connect(database) as connection:
        for path, step in zip((first, second), backup.instructions[1:], strict=True):
            unpack, command = step.removesuffix("'").split(" | psql -c '")
            assert unpack == f"gunzip -c {path}"
            with connection.cursor().copy(command.encode()) as copy:
                copy.write(gzip.decompress(path.read_bytes()))
    assert dump(database) == before


async def test_a_restore_point_needs_its_right(database: str, make_database: MakeDatabase) -> None:
    with pytest.raises(RightMissing):
        await restore_point(database, "before")
    assert (await restore_point(make_database(), "before")).lsn
