"""One bad call at every expression position of the grammar: each constant and column of many statements in turn."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support.databases import create_database, drop_database

from pgwarden.adapters.postgres.catalog import read_catalog
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import StatementInvalid
from pgwarden.sql.parse import parse
from pgwarden.sql.verdict import judge

GROUND = """
create table t (a int, b text, c int[], j jsonb, d date, r numeric);
create table u (a int, k int);
create type pair as (x int, y text);
create table h (id int, p pair, ps pair[]);
create function bad(anyelement) returns anyelement immutable language plpgsql as
  'begin perform pg_notify(''c'', ''m''); return $1; end';
create function f(a int, b int default 3) returns int language sql as 'select a + b';
"""

STATEMENTS = [line for line in Path(__file__).with_suffix(".sql").read_text().splitlines() if not line.startswith("--")]

NEWEST = 180000
_LITERAL = re.compile(r"""(?:[a-z]+\s+)?'[^']*'|\d+(?:\.\d+)?|\$\d+|"?\w+"?(?:\."?\w+"?)*""")


@pytest.fixture(scope="module")
def catalog(pg18_url: str) -> Iterator[Catalog]:
    with ground_on(pg18_url) as found:
        yield found


@contextmanager
def ground_on(server: str) -> Iterator[Catalog]:
    name = f"positions_{uuid.uuid4().hex[:10]}"
    url = create_database(server, name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(GROUND)
    yield read_catalog(url)
    drop_database(server, name)


def leaves(sql: str) -> list[tuple[int, int]]:
    """Start and end of every constant, parameter and column in the text."""
    found: set[tuple[int, int]] = set()
    waiting: list[Any] = list(parse(sql).statements)
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            for key, part in item.items():
                if key in ("A_Const", "ColumnRef", "ParamRef") and part.get("location", -1) >= 0:
                    match = _LITERAL.match(sql, part["location"])
                    if match is not None and sql[match.end() : match.end() + 2] != ".*":
                        found.add(match.span())
                waiting.append(part)
    return sorted(found)


def spoiled(sql: str, start: int, end: int) -> list[str]:
    """The text with a bad call in place of one leaf, and with a bad call around it."""
    leaf = sql[start:end]
    typed = f"{leaf}::text" if leaf.startswith("'") else leaf
    inside = "null::int" if leaf.startswith("$") or leaf in ("null", "default") else typed
    return [f"{sql[:start]}public.bad({inside}){sql[end:]}", f"{sql[:start]}(select bad({inside})){sql[end:]}"]


def found_at(places: list[tuple[int, int]], sql: str, catalog: Catalog) -> int:
    """How many spoiled texts the grammar takes; each of them must be refused for the bad call."""
    tried = 0
    for start, end in places:
        for text in spoiled(sql, start, end):
            try:
                verdict = judge(text, catalog)
            except StatementInvalid:
                continue  # the grammar takes no expression here
            tried += 1
            said = " ".join(reason.message for reason in verdict.reasons)
            newer = catalog.server_version < NEWEST and verdict.reasons[0].code == "newer-syntax"
            assert "function public.bad" in said or newer, (text, verdict.decision, said)
    return tried


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_bad_call_is_found_wherever_it_stands(catalog: Catalog, sql: str) -> None:
    assert not judge(sql, catalog).reasons or judge(sql, catalog).reasons[0].code == "changes-data"
    places = leaves(sql)
    assert found_at(places, sql, catalog) >= (1 if places else 0)


@pytest.mark.parametrize("version", [17, 14])
def test_a_bad_call_is_found_on_other_servers_too(request: pytest.FixtureRequest, version: int) -> None:
    """Their catalogs name other functions and operators, and other syntax is new; a position or two of each."""
    with ground_on(request.getfixturevalue(f"pg{version}_url")) as other:
        assert sum(found_at(leaves(sql)[:2], sql, other) for sql in STATEMENTS) > len(STATEMENTS)


def test_the_statements_cover_the_grammar() -> None:
    positions = sum(len(leaves(sql)) for sql in STATEMENTS)
    assert positions > 400
