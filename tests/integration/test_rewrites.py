"""Every rewrite gives the same rows as what was given, on random data with NULLs, in zones whose clocks change."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.cli_runner import CliRunner, Result

from pgwarden.adapters.postgres.catalog import read_catalog
from pgwarden.cli import main as command_line
from pgwarden.domain.errors import StatementRefused
from pgwarden.sql.rewrites import rewrites

ZONES = ("UTC", "Europe/Berlin", "America/Havana", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe")
DAYS = ("2024-03-01", "2024-03-31", "2024-11-03", "2018-11-04", "2018-02-18", "2011-12-30", "2024-01-01", "2024-04-01")
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
TABLES = """
create table customer (id int primary key, name text, state varchar(2) not null, rank smallint);
create table sale (
    id int primary key, customer_id int references customer, owner_id int not null references customer,
    note text, amount numeric, big bigint, due date, placed timestamp, at timestamptz);
"""
FORMS = (
    "select id from sale where coalesce(note, 'a') = 'b' or note is null",
    "select id from sale where not (coalesce(note, 'a') = 'a')",
    "select id from sale where coalesce(customer_id, 3) = 3 and coalesce(big, 1) = 2",
    "select id from sale where amount + 2 {op} 5 or big - 1 {op} 3",
    "select c.id from customer c where c.rank + 1 {op} 2",
    "select id from sale where due + 30 {op} '{day}'",
    "select id from sale where note = 'a' or note = 'b' or note = 'c'",
    "select id from sale where not (customer_id = 1 or customer_id = 2)",
    "select id from sale where customer_id in (select id from customer where state = 'CA')",
    "select id from sale where customer_id in (select distinct customer_id from sale s where note = 'a' order by 1)",
    "select id from customer where id not in (select owner_id from sale)",
    "select id from customer where id not in (select customer_id from sale)",
    "select id from customer c where (select count(*) from sale s where s.customer_id = c.id) > 0",
    "select id from customer c where 1 > (select count(*) from sale s where s.owner_id = c.id and note = 'a')",
    "select distinct id, state from customer",
    "select count(*), max(id) from (select id from sale order by placed) s",
    "select id, 'x' from sale where note = 'a' union select id, 'y' from sale",
    "select id, state from customer where state = 'CA' union select id, state from customer where state = 'NY'",
    "select id from sale where customer_id in (select id from customer union select owner_id from sale)",
    "select s.id, s.note from sale s left join customer c on c.id = s.customer_id",
    "select s.id, s.note from sale s join customer c on c.id = s.owner_id where s.amount > 1",
    "select s.id from sale s join customer c on c.id = s.customer_id",
    "select s.id, x.id from sale s left join sale x on x.owner_id + 1 {op} 3 and x.id = s.id",
    "select s.id, x.id from customer s left join sale x on coalesce(x.note, 'a') = 'b' and x.owner_id = s.id",
    "select id from sale where placed::date {op} '{day}'",
    "select id from sale where at::date {op} '{day}'",
    "select id from sale where date_trunc('day', at) {op} '{day}'",
    "select id from sale where date_trunc('month', at) {op} date '{day}'",
    "select id from sale where date_trunc('week', placed) {op} '{day}'",
    "select id from sale where date_trunc('quarter', placed) {op} '{day}'",
    "select id from sale where extract(year from at) {op} 2024 or extract(year from placed) {op} 2018",
    "select id from sale where not (date_part('year', due) {op} 2011)",
)
SHAPES = (
    "select distinct note, owner_id from sale",
    "select note, due from sale group by 2, note order by due, 1",
    "select id, note from sale where customer_id {op} 3 or note = 'a'",
    "select id from sale where (owner_id = 1 or note = 'b' or big is null) and amount > 1 order by id",
    "select id from sale where (customer_id = 1 and note = 'a') or not (big {op} 2)",
    (
        "select c.id, c.name, count(*), count(s.note), sum(s.amount), avg(s.big), max(s.due) as last from customer c"
        " join sale s on s.customer_id = c.id where s.note {op} 'b' and c.state = 'CA'"
        " group by c.id, c.name having count(*) > 2 or sum(s.big) is null order by last, c.id"
    ),
    (
        "select c.id, c.name, count(*), count(s.id), count(distinct s.note), sum(amount) filter (where note = 'a') + 1"
        " from customer c left join sale s on s.customer_id = c.id and s.big {op} 7 group by 1, c.name"
    ),
    "select c.id, count(*) n from customer c, sale s where s.owner_id = c.id and s.amount {op} 2 group by c.id",
    (
        "select c.id, (select count(*) from sale s where s.customer_id = c.id and s.note {op} 'b'),"
        " (select sum(s.amount) from sale s where s.owner_id = c.id and s.big > 4 and s.due > '2024-03-01') total"
        " from customer c where c.rank > 0"
    ),
    "select s.id, (select max(i.due) from sale i where i.customer_id = s.customer_id) from sale s",
    "select count(distinct note) from sale where amount {op} 3",
    "select owner_id, note, count(distinct customer_id) c from sale group by owner_id, note order by 2, owner_id",
    (
        "select s.id, s.note from sale s"
        " where s.due = (select max(i.due) from sale i where i.customer_id = s.customer_id) and s.note {op} 'b'"
    ),
    "select s.id from sale s where (select min(i.big) from sale i where i.owner_id = s.owner_id) = s.big",
    (
        "select id, due from (select id, due, row_number() over (partition by owner_id order by due desc, id) n"
        " from sale where note {op} 'b') x where n <= 3 and due is not null"
    ),
    (
        "select state, count(*) from (select id as which, state, row_number() over (partition by state order by rank,"
        " id) as n from customer) groups where n < 3 group by state"
    ),
    (
        "select (select count(*) from sale where note {op} 'b'), (select max(s.due) from sale s where s.big = 2) last,"
        " (select sum(amount) from sale where note is null)"
    ),
)
EVERY = {
    "truncated-date", "cast-date", "extracted-year", "coalesced", "moved-arithmetic", "or-to-in", "exists-for-in",
    "exists-for-count", "needless-distinct", "needless-order", "union-all", "unused-join", "combined", "simpler",
    "distinct-or-group", "union-all-for-or", "grouped-before-join", "grouped-for-subquery", "distinct-before-count",
    "window-for-subquery", "lateral-top", "filtered-aggregates",
}  # fmt: skip


@pytest.fixture
def stocked(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Customers and sales at random, many of them near the moments at which clocks change."""
    chance = random.Random(6)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLES)
        near = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in DAYS]
        with connection.cursor().copy("copy customer from stdin") as copy:
            for number in range(1, 21):
                state = chance.choice(["CA", "NY"])
                copy.write_row((number, chance.choice(["ann", None]), state, chance.randint(0, 3)))
        with connection.cursor().copy("copy sale from stdin") as copy:
            for number in range(1, 1201):
                at = chance.choice(near) + timedelta(minutes=30 * chance.randint(-60, 60))
                values: list[object] = [chance.randint(1, 20), chance.choice("abc"), *chance.choices(range(6), k=2)]
                values += [at.date(), at.replace(tzinfo=None), at]
                maybe = [None if chance.random() < 0.15 else value for value in values]
                copy.write_row((number, maybe[0], chance.randint(1, 15), *maybe[1:]))
        connection.execute("insert into sale values (1201, 1, 1, 'a', 'NaN', 0, 'infinity', 'infinity', 'infinity')")
        connection.execute("insert into sale values (1202, 1, 1, 'a', 1, 0, '-infinity', '-infinity', '-infinity')")
        yield connection


def test_every_rewrite_gives_the_same_rows(stocked: psycopg.Connection[Any], database: str) -> None:
    catalog = read_catalog(database)
    chance, seen = random.Random(7), Counter[str]()

    def rows(sql: str) -> Counter[tuple[object, ...]]:
        return Counter(stocked.execute(f"select found::text from ({sql}) found").fetchall())

    def names(sql: str) -> list[str]:
        return [column.name for column in stocked.execute(sql).description or ()]

    for zone in ZONES:
        stocked.execute("select set_config('timezone', %s, false)", (zone,))
        for form in (*FORMS, *(SHAPES if zone == "UTC" else ())):
            for _ in range(4 if "{" in form else 1):
                sql = form.replace("{op}", chance.choice(COMPARISONS)).replace("{day}", chance.choice(DAYS))
                given = rows(sql)
                for rewrite in rewrites(sql, catalog, zone=zone):
                    assert rows(rewrite.sql) == given, f"in {zone}: {sql} -> {rewrite.sql}"
                    assert names(rewrite.sql) == names(sql), f"{sql} -> {rewrite.sql}"
                    seen[rewrite.code] += 1
    assert seen.keys() >= EVERY, EVERY - seen.keys()


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, make_database: MakeDatabase, shop_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "none.toml").touch(mode=0o600)
    settings = {
        "HOME": str(tmp_path / "home"),
        "CONFIG": str(tmp_path / "none.toml"),
        "CONTROL_URL": make_database(),
        "DATABASE_URL": shop_url,
        "USER": "ada",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"PGWARDEN_{name}", value)
    return lambda *arguments: CliRunner().invoke(command_line.app, arguments)


def test_advise_offers_what_the_planner_finds_cheaper(run: Run) -> None:
    sql = "select o.id from orders o join customers c on c.id = o.customer_id"
    result = run("advise", sql, "--json")
    assert result.exit_code == 0, result.output
    advice = json.loads(result.stdout)
    (best, *_) = advice["alternatives"]
    assert best["sql"] == "SELECT o.id FROM orders o"
    assert best["faster"]
    assert best["same_rows"]
    assert best["cost"] < advice["estimate"]["cost"]
    assert "milliseconds" not in advice["estimate"]
    assert advice["estimate"]["guessed_milliseconds"] > 0
    shown = run("advise", f"{sql} where lower(o.order_number) = 'x'", "--analyze", "--comments").stdout
    assert "-- keeps rows that meet the condition\n" in shown
    assert "CREATE INDEX CONCURRENTLY ON public.orders (lower(order_number))" in shown
    assert "not verified" in shown
    assert "measured" in shown
    assert "SELECT o.id FROM orders o WHERE lower(o.order_number) = 'x'\n" in shown


def test_advise_shows_other_shapes_and_what_is_less_than_was_asked_for(run: Run) -> None:
    sql = "select c.id, count(o.id) as n from customers c left join orders o on o.customer_id = c.id group by c.id"
    advice = json.loads(run("advise", sql, "--json").stdout)
    found = {one["code"]: one for one in advice["alternatives"]}
    assert found["grouped-before-join"]["purpose"] == "other shape"
    assert found["grouped-before-join"]["same_rows"]
    assert found["grouped-before-join"]["cost"] > 0
    whole = json.loads(run("advise", "select * from order_items order by line_total", "--json").stdout)
    lesser = [one for one in whole["alternatives"] if not one["same_rows"]]
    assert {one["code"] for one in lesser} == {"limited", "unordered"}
    assert all(one["cost"] <= whole["estimate"]["cost"] for one in lesser)
    assert "Not the same: 1,000 of the about" in run("advise", "select * from order_items order by line_total").stdout


def test_advise_is_for_reads(run: Run) -> None:
    result = run("advise", "delete from orders", "--json")
    assert isinstance(result.exception, StatementRefused)
    nothing = json.loads(run("advise", "select id from customers where id = 1", "--json").stdout)
    assert nothing["alternatives"] == []
