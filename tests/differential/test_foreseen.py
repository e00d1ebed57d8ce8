"""What would refuse a change, foreseen against the truth: every statement is really run, and rolled back."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from random import Random

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.differential.cases import Table, case
from tests.differential.harness import _set_up, _truth, batched
from tests.support.change import owned

from pgwarden.adapters.postgres import impact as impact_module
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.impact import Impact

SLICES = 4
CASES = int(os.environ.get("PGWARDEN_SOAK", "32"))
REFUSED = ("23", "21", "22")
"""Classes of SQLSTATE that constraints and values answer with."""
FOUND = {"a reference that stands in a table that inherits, which no foreign key binds": 551}
"""Seeds that once failed, by what they taught."""
UNWRITTEN = ("42601", "42P10", "0A000", "42P17", "42804", "428C9", "42703")
"""The generator wrote what this server does not take."""


@dataclass
class Foresight:
    """How often it was right. Wrong is: surely refused yet it runs; refused without a word."""

    refused: int = 0
    foreseen: int = 0
    surely: int = 0
    maybe_in_vain: int = 0
    ran: int = 0
    wrong: list[str] = field(default_factory=list)


def statements(random: Random, tables: list[Table]) -> list[str]:
    """Changes of keys in every manner, and rows that collide."""
    found = []
    for table in tables:
        if not table.key:
            continue
        value = random.choice(["id + 100", "7 - id", "-id", "id + 1", "id * 2", "id", "default"])
        where = random.choice(["id = 2", "id in (1, 3)", "id % 2 = 0", "true", "v < 3"])
        found.append(f"update {table.name} set id = {value} where {where}")
        if "part" in table.key:
            found.append(f"update {table.name} set part = {random.choice(['part + 1', '0', '2 - part'])} where {where}")
        for _, parent, columns, _ in table.references:
            both = ", ".join(f"{column} = {random.choice([f'{column} + 1', '1', '99', 'null'])}" for column in columns)
            found.append(f"update {table.name} set {both} where {where}")
            if parent is table:
                found.append(f"update {table.name} set id = id + 50, {columns[0]} = {columns[0]} + 50 where {where}")
        if table.unique:
            found.append(f"update {table.name} set u = {random.choice(['4', 'u + 2', '8 - u'])} where {where}")
        cells = ", ".join("5" if column == "id" else "0" for column in table.key)
        override = " overriding system value" if table.identity else ""
        found.append(f"insert into {table.name} ({', '.join(table.key)}, v){override} values ({cells}, 1000000)")
        found.append(f"delete from {table.name} where {where}")
    random.shuffle(found)
    return found[:8]


@pytest.mark.parametrize("slice_", range(SLICES))
def test_what_would_refuse_a_change_is_foreseen(
    make_database: MakeDatabase, slice_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other slice counts each table by a statement of its own, as for changes of many rows."""
    if slice_ < SLICES / 2:
        monkeypatch.setattr(impact_module, "FEW_ROWS", -1)
        monkeypatch.setattr(impact_module, "FEW_OF_A_TABLE", -1.0)
    met = Foresight()
    for seeds in batched(range(slice_, CASES, SLICES)):
        database = owned(make_database(18 if slice_ % 2 else 16))
        for seed in seeds:
            _try_case(database, seed, met)
    assert met.wrong == []
    assert met.foreseen == met.refused
    assert met.surely > met.refused * 0.7
    assert met.maybe_in_vain < met.ran * 0.2, met


@pytest.mark.parametrize("seed", FOUND.values(), ids=FOUND)
def test_what_once_was_wrong(make_database: MakeDatabase, seed: int) -> None:
    met = Foresight()
    _try_case(owned(make_database()), seed, met)
    assert met.wrong == []


def _try_case(database: str, seed: int, met: Foresight) -> None:
    found = case(seed)
    schema = f"f{seed}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create schema {schema}; set search_path = {schema}".encode())
        try:
            _set_up(connection, found)
            catalog = asyncio.run(_catalog(database))
            for statement in statements(Random(seed), found.tables):
                _try(connection, database, catalog, schema, statement, seed, met)
        finally:
            connection.execute(f"drop schema {schema} cascade".encode())


def _try(
    connection: psycopg.Connection,
    database: str,
    catalog: Catalog,
    schema: str,
    statement: str,
    seed: int,
    met: Foresight,
) -> None:
    _, error = _truth(connection, schema, statement)
    if error in UNWRITTEN:
        return
    impact = asyncio.run(analyse(database, statement, catalog, search_path=f"{schema}, public"))
    context = f"seed {seed}: {statement}"
    told = "; ".join(violation.message for violation in impact.violations)
    surely = any(violation.certain for violation in impact.violations)
    if error[:2] in REFUSED:
        if not impact.violations and _by_trigger(impact):
            return
        met.refused += 1
        met.foreseen += bool(impact.violations)
        met.surely += surely
        if not impact.violations:
            met.wrong.append(f"{context}: fails with {error}, unforeseen; doubts {impact.doubts}")
    else:
        met.ran += 1
        met.maybe_in_vain += bool(impact.violations) and not surely
        if surely:
            met.wrong.append(f"{context}: runs ({error}), though it was said to fail: {told}")


def _by_trigger(impact: Impact) -> bool:
    """Whether triggers change rows in a way that no reading tells."""
    return bool(impact.doubts or impact.open_tables)


async def _catalog(database: str) -> Catalog:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        return await PostgresCatalogReader(connection).read()
