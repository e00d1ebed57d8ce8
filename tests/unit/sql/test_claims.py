"""Every constant of a statement is found, with the column it stands beside."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.claims import Literal, LiteralKind, Role
from pgwarden.sql.claims import claims_of
from pgwarden.sql.literals import without_values

CUSTOMERS, ORDERS = 1, 2
SHOP = catalog(
    table(CUSTOMERS, "customers", ["id integer", "name text", "state text", "joined date"]),
    table(
        ORDERS, "orders", ["id integer", "customer_id integer", "total numeric", "ordered date", "status text"],
        references=[(2, CUSTOMERS)],
    ),
)  # fmt: skip
ID, NAME, STATE, JOINED = ((CUSTOMERS, n) for n in (1, 2, 3, 4))
KEY, BUYER, TOTAL, ORDERED, STATUS = ((ORDERS, n) for n in (1, 2, 3, 4, 5))


def found(sql: str) -> list[tuple[str, Role, set[tuple[int, int]]]]:
    return [(literal.text, literal.role, set(literal.columns)) for literal in claims_of(sql, SHOP).literals]


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("select from customers c where lower(c.state) = 'texas'", [("texas", Role.VALUE, {STATE})]),
        ("select from customers where 'Ohio' = state", [("Ohio", Role.VALUE, {STATE})]),
        (
            "select from customers where state in ('Ohio', 'Utah')",
            [("Ohio", Role.VALUE, {STATE}), ("Utah", Role.VALUE, {STATE})],
        ),
        ("select from customers where state = any(array['Ohio'])", [("Ohio", Role.VALUE, {STATE})]),
        ("select from orders where total between 5 and 9", [("5", Role.VALUE, {TOTAL}), ("9", Role.VALUE, {TOTAL})]),
        ("select from customers where name ilike '%ann%'", [("%ann%", Role.PATTERN, {NAME})]),
        ("select from customers where name ~* $$ann$$", [("ann", Role.PATTERN, {NAME})]),
        ("select from orders where ordered > now() - interval '6 months'", [("6 months", Role.PERIOD, {ORDERED})]),
        ("select from orders where ordered > date '2024-01-01'", [("2024-01-01", Role.VALUE, {ORDERED})]),
        (
            "select from orders where extract(year from ordered) = 2023",
            [("year", Role.UNIT, {ORDERED}), ("2023", Role.VALUE, {ORDERED})],
        ),
        (
            "with t as (select id, state as s from customers) select from t where s = 'Texas'",
            [("Texas", Role.VALUE, {STATE})],
        ),
        (
            "select from orders where customer_id in (select id from customers where state = 'Ohio') limit 3",
            [("Ohio", Role.VALUE, {STATE}), ("3", Role.COUNT, set())],
        ),
        (
            "select from customers where (id, state) = (1, E'O\\'x')",
            [("1", Role.VALUE, {ID}), ("O'x", Role.VALUE, {STATE})],
        ),
        (
            "select from orders o join customers c on c.id = customer_id and c.state = 'Ohio' having sum(total) > 9.5",
            [("Ohio", Role.VALUE, {STATE}), ("9.5", Role.VALUE, {TOTAL})],
        ),
    ],
)
def test_a_literal_is_tied_to_the_column_it_is_compared_with(
    sql: str, wanted: list[tuple[str, Role, set[tuple[int, int]]]]
) -> None:
    assert sorted(found(sql)) == sorted(wanted)


@pytest.mark.parametrize(
    ("where", "bounds"),
    [
        ("total > 5", {"5": ">"}),
        ("5 > total", {"5": "<"}),
        ("not (total > 5 and ordered <= '2024-01-01')", {"5": "<=", "2024-01-01": ">"}),
        ("not (not total > 5)", {"5": ">"}),
        ("total between 5 and 9", {"5": ">=", "9": "<="}),
        ("total not between 5 and 9", {"5": "<", "9": ">"}),
        ("ordered < now() - interval '6 months'", {"6 months": ">"}),
        ("now() - ordered < interval '6 months'", {"6 months": "<"}),
        ("ordered < now() + interval '6 months'", {"6 months": "<"}),
        ("total > 5 * id", {"5": ""}),
        ("total = 5", {"5": ""}),
        ("customer_id not in (select customer_id from orders where total > 5)", {"5": ""}),
        ("not exists (select 1 from orders o where o.total > 5)", {"1": "", "5": ""}),
        ("exists (select from orders o where not o.total > 5)", {"5": "<="}),
        ("true except select from orders where total > 5", {"true": "", "5": ""}),
    ],
)
def test_a_comparison_is_kept_as_it_counts(where: str, bounds: dict[str, str]) -> None:
    claims = claims_of(f"select from orders where {where}", SHOP)
    assert {literal.text: literal.bound for literal in claims.literals} == bounds


def test_averages_and_names_are_kept() -> None:
    claims = claims_of("select o.status from orders o where not total < (select avg(total) from orders)", SHOP)
    assert claims.averages == (">=",)
    assert {"orders", "status", "total"} <= claims.names


def test_what_is_written_is_tied_to_the_column_it_goes_into() -> None:
    claims = claims_of("update orders set (status, total) = ('paid', 9.5), ordered = null where id = -3", SHOP)
    assert claims.written == {STATUS, TOTAL, ORDERED}
    assert set(claims.literals) == {
        Literal("paid", LiteralKind.TEXT, Role.VALUE, frozenset({STATUS}), written=True),
        Literal("9.5", LiteralKind.NUMBER, Role.VALUE, frozenset({TOTAL}), written=True),
        Literal("null", LiteralKind.NULL, Role.VALUE, frozenset({ORDERED}), written=True),
        Literal("-3", LiteralKind.NUMBER, Role.VALUE, frozenset({KEY}), exact=True),
    }
    raised = claims_of("update orders set total = total * 1.1 where status = 'open'", SHOP)
    assert ("1.1", frozenset({TOTAL}), True) in {(x.text, x.columns, x.written) for x in raised.literals}


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("insert into customers (name, state) values ('Ann', 'Ohio'), ('Bob', 'Utah')", {NAME, STATE}),
        ("insert into customers values (1, 'Ann')", {ID, NAME}),
        ("insert into orders (id, status) select id, 'new' from customers where state = 'Ohio'", {KEY, STATUS}),
        (
            "insert into orders (id, status) values (1, 'new') on conflict (id) do update set status = 'old'",
            {KEY, STATUS},
        ),
        (
            """merge into orders o using customers c on c.id = o.customer_id when matched then update set status = 'x'
            when not matched then insert (id, total) values (5, 6)""",
            {KEY, TOTAL, STATUS},
        ),
        ("with gone as (delete from orders where status = 'x' returning id) select id from gone", set()),
    ],
)
def test_the_columns_that_are_written(sql: str, written: set[tuple[int, int]]) -> None:
    claims = claims_of(sql, SHOP)
    assert claims.written == written
    assert all(literal.columns for literal in claims.literals)


@pytest.mark.parametrize(
    ("sql", "every"),
    [
        ("delete from orders", True),
        ("delete from orders where true", True),
        ("delete from orders where 1 = 1", True),
        ("update orders set total = 0 where status = status", True),
        ("delete from orders where id = 1 or true", True),
        ("delete from orders where id = 1 and true", False),
        ("delete from orders where false", False),
        ("with gone as (delete from orders returning id) select * from gone", True),
    ],
)
def test_a_change_of_every_row_is_seen_by_its_form(sql: str, *, every: bool) -> None:
    assert claims_of(sql, SHOP).every_row is every


def test_a_statement_can_be_shown_without_its_values() -> None:
    shape, values = without_values("select * from orders where status = 'it''s' and total > 5 limit 3")
    assert shape == "select * from orders where status = $1 and total > $2 limit $3"
    assert values == ("it's", "5", "3")
