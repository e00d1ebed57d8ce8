"""Comments and index wishes made from a statement's tree and the catalog."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.catalog import Catalog
from pgwarden.sql.commented import commented
from pgwarden.sql.index_wishes import index_wishes

TRAP = "where it\nlies; drop table x"


def shop(rows: float = 100_000) -> Catalog:
    said = {"state": TRAP}
    customers = table(1002, "customers", ["id integer", "name text", "state text"], comment="who buys", comments=said)
    orders = table(1001, "orders", ["id integer", "customer_id integer", "due date"], references=[(2, 1002)])
    return catalog(*(replace(each, estimated_rows=rows) for each in (customers, orders)))


def test_each_clause_is_explained_with_the_databases_own_comments() -> None:
    sql = (
        "with o as (select * from orders) select c.name, count(*) from customers c left join o on o.customer_id = c.id"
        " where c.state = 'CA' and c.id > 3 group by c.name having count(*) > 1 order by 2 desc limit 5"
    )
    assert commented(sql, shop()).splitlines() == [
        "-- steps of their own first: o",
        "WITH o AS (SELECT * FROM orders)",
        "-- shows 2 columns",
        "SELECT c.name, count(*)",
        "-- from customers, about 100,000 rows: who buys",
        "-- from o",
        "FROM customers c LEFT JOIN o ON o.customer_id = c.id",
        "-- keeps rows that meet all 2 conditions",
        "-- state: where it lies; drop table x",
        "WHERE c.state = 'CA' AND c.id > 3",
        "-- one row for each c.name",
        "GROUP BY c.name",
        "-- keeps the groups that meet the condition",
        "HAVING count(*) > 1",
        "-- sorted by 2, greatest first",
        "ORDER BY 2 DESC",
        "-- only a part of the rows",
        "LIMIT 5",
    ]


@pytest.mark.parametrize("sql", ["select 1 union select 2", "values (1)", "delete from orders", "select 1; select 2"])
def test_what_is_no_plain_select_is_not_commented(sql: str) -> None:
    assert commented(sql, shop()) == ""


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("select id from customers where state = 'CA'", ("state",)),
        ("select id from customers where state = 'CA' and name > 'b'", ("state", "name")),
        ("select id from customers where lower(name) = 'ann'", ("lower(name)",)),
        ("select id from customers order by name limit 3", ("name",)),
        ("select c.id from customers c join orders o on o.customer_id = c.id", ("customer_id",)),
        ("select 1 where exists (select 1 from orders where due < '2024-01-01')", ("due",)),
    ],
)
def test_an_index_is_wished_for_what_a_statement_looks_for(sql: str, columns: tuple[str, ...]) -> None:
    assert [wish.columns for wish in index_wishes(sql, shop())] == [columns]
    assert index_wishes(sql, shop(rows=50)) == ()  # a small table is read whole as fast


@pytest.mark.parametrize(
    "sql",
    [
        "select id from customers where id = 1",  # the primary key serves it
        "select id from customers where name <> 'x'",
        "select id from customers order by name",
        "select id from customers where name = state",
    ],
)
def test_no_index_is_wished_that_would_not_serve(sql: str) -> None:
    assert index_wishes(sql, shop()) == ()
