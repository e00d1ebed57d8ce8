"""The reviewed file of queries is exactly what the stores send."""

from __future__ import annotations

import re
from pathlib import Path

from pgwarden.adapters.postgres import control
from pgwarden.adapters.postgres.control.connection import OLDEST_MAJOR
from pgwarden.adapters.postgres.sqlfile import named_queries

ROOM = Path(next(iter(control.__path__)))
QUERIES = named_queries("control.sql", OLDEST_MAJOR)


def test_every_query_is_sent_and_every_sent_query_exists() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOM.glob("*.py"))
    sent = set(re.findall(r'(?:query|self\._write|_one|rows)\((?:connection, |self\._pool, )?"(\w+)"', code))
    assert sent == set(QUERIES)


def test_every_table_is_named_with_its_schema() -> None:
    migrations = "\n".join(path.read_text(encoding="utf-8") for path in (ROOM / "migrations").glob("*.sql"))
    tables = re.findall(r"create table pgwarden_control\.(\w+)", migrations)
    assert len(tables) == len(re.findall(r"create table", migrations)) > 5
    everything = "\n".join([migrations, *(text.decode() for text in QUERIES.values())])
    for table in tables:
        bare = re.findall(rf"(?:from|join|into|update|references) {table}\b", everything)
        assert not bare, f"{table} without its schema: {bare}"
