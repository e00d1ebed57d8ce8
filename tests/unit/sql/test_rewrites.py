"""Each rewrite where it is valid, and its refusal where a proof is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.advice import Purpose
from pgwarden.domain.catalog import Catalog, Column
from pgwarden.sql.lesser import lesser
from pgwarden.sql.rewrites import rewrites

MOMENTS = {"placed": (1114, "timestamp without time zone"), "at": (1184, "timestamp with time zone")}


def shop(*, required: bool = True) -> Catalog:
    """Customers and their orders; ``required``: each order names its customer."""
    customers = table(1002, "customers", ["id integer", "name text", "state text"])
    orders = table(
        1001, "orders", ["id integer", "customer_id integer", "note text", "due date"], references=[(2, 1002)]
    )
    for name, (oid, type_name) in MOMENTS.items():
        more = Column(len(orders.columns) + 1, name, oid, type_name, False, None, "", "", 0, None, True)
        orders = replace(orders, columns=(*orders.columns, more))
    columns = tuple(c._replace(not_null=required) if c.name == "customer_id" else c for c in orders.columns)
    return catalog(customers, replace(orders, columns=columns))


def forms(sql: str, known: Catalog | None = None, zone: str = "") -> dict[str, str]:
    found = rewrites(sql, known or shop(), zone=zone)
    return {r.code: r.sql for r in found if r.purpose is not Purpose.SHAPE}


@pytest.mark.parametrize(
    ("code", "condition", "becomes"),
    [
        ("truncated-date", "date_trunc('month', placed) = '2024-02-01'",
         "placed >= '2024-02-01'::timestamp AND placed < '2024-03-01'::timestamp"),
        ("truncated-date", "date_trunc('quarter', placed) <= date '2024-10-01'", "placed < '2025-01-01'::timestamp"),
        ("truncated-date", "'2024-01-01' < date_trunc('week', placed)", "placed >= '2024-01-08'::timestamp"),
        ("cast-date", "placed::date <> '2024-02-29'",
         "placed < '2024-02-29'::timestamp OR placed >= '2024-03-01'::timestamp"),
        ("cast-date", "due::date = '2024-02-29'", "due = '2024-02-29'"),
        ("extracted-year", "extract(year from due) = 2024", "due >= '2024-01-01'::date AND due < '2025-01-01'::date"),
        ("coalesced", "coalesce(note, 'x') = 'y'", "note = 'y'"),
        ("coalesced", "not coalesce(note, 'x') = 'x'", "NOT (note = 'x' OR note IS NULL)"),
        ("moved-arithmetic", "customer_id + 1 >= 5", "customer_id >= 4"),
        ("moved-arithmetic", "'2024-03-01' = due - 1", "due = '2024-03-02'::date"),
        ("or-to-in", "note = 'a' or note = 'b'", "note IN ('a', 'b')"),
        ("exists-for-in", "customer_id in (select id from customers where state = 'x')",
         "EXISTS (SELECT 1 FROM customers WHERE state = 'x' AND customers.id = orders.customer_id)"),
        ("exists-for-count", "(select count(*) from customers c where c.id = customer_id) = 0",
         "NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = customer_id)"),
        ("needless-distinct", "customer_id in (select distinct id from customers)",
         "customer_id IN (SELECT id FROM customers)"),
        ("needless-order", "customer_id in (select id from customers order by name)",
         "customer_id IN (SELECT id FROM customers)"),
        ("union-all", "customer_id in (select id from customers union select id from orders)",
         "customer_id IN (SELECT id FROM customers UNION ALL SELECT id FROM orders)"),
    ],
)  # fmt: skip
def test_a_condition_is_rewritten(code: str, condition: str, becomes: str) -> None:
    assert forms(f"select id from orders where {condition}")[code] == f"SELECT id FROM orders WHERE {becomes}"


@pytest.mark.parametrize(
    "condition",
    [
        "date_trunc('month', placed) = '2024-02-02'",  # no month begins there: the condition is never true
        "date_trunc('month', placed) = '2024-02-01 01:00'",
        "date_trunc('month', due) = '2024-02-01'",  # a date goes through the session's time zone
        "date_trunc('month', at) = '2024-02-01'",  # no zone is known
        "at::date = '2024-02-01'",
        "extract(month from placed) = 2",
        "not coalesce(note, 'x') = 'y'",  # NULL here, false there: NOT tells them apart
        "coalesce(note, 'x') <> 'y'",
        "customer_id * 2 = 4",
        "customer_id + 1 = -2147483648",
        "note = 'a' or id = 1",
        "note = 'a' or note > 'b'",
        "customer_id not in (select customer_id from orders o where note = 'x' limit 1)",
        "customer_id in (select id from customers orders)",  # the inner name hides the outer one
        "customer_id in (select max(id) from customers)",
        "(select count(note) from customers c) = 0",
        "(select count(*) from customers group by state) = 0",
        "customer_id = any (select distinct on (state) id from customers)",
        "customer_id = (select id from customers order by name limit 1)",
    ],
)
def test_a_condition_without_proof_is_left_alone(condition: str) -> None:
    known = {code: sql for code, sql in forms(f"select id from orders where {condition}").items()
             if code not in ("exists-for-in", "needless-distinct")}  # fmt: skip
    assert known == {}


def test_not_in_needs_both_sides_without_null() -> None:
    sql = "select id from customers where id not in (select customer_id from orders)"
    assert forms(sql)["exists-for-in"].endswith(
        "WHERE NOT EXISTS (SELECT 1 FROM orders WHERE orders.customer_id = customers.id)"
    )
    assert forms(sql, shop(required=False)) == {}
    joined = (
        "select 1 from orders o left join customers c on false where c.id not in (select customer_id from orders x)"
    )
    assert "exists-for-in" not in forms(joined)


@pytest.mark.parametrize(
    ("zone", "day", "possible"),
    [
        ("UTC", "2024-03-31", True),
        ("Europe/Berlin", "2024-02-01", True),
        ("Europe/Berlin", "2024-03-31", False),  # clocks change that night
        ("America/Havana", "2024-11-03", False),  # the hour before midnight comes twice, after the day has begun
        ("Pacific/Apia", "2011-12-30", False),  # a day that never was
        ("Not/AZone", "2024-02-01", False),
    ],
)
def test_moments_are_bounded_only_where_no_clock_changes(zone: str, day: str, possible: bool) -> None:
    assert ("cast-date" in forms(f"select id from orders where at::date = '{day}'", zone=zone)) is possible


def test_distinct_goes_only_over_a_key() -> None:
    assert forms("select distinct id, name from customers")["needless-distinct"] == "SELECT id, name FROM customers"
    for sql in (
        "select distinct name from customers",
        "select distinct c.id from customers c, orders o",
        "select distinct id, upper(name) from customers",
    ):
        assert forms(sql) == {}


def test_union_keeps_looking_for_duplicates_unless_the_sides_differ_for_certain() -> None:
    both = "select id, state from customers where state = '{}' union select id, state from customers where state = '{}'"
    assert "UNION ALL" in forms(both.format("a", "b"))["union-all"]
    assert forms(both.format("a", "a")) == {}
    assert forms("select name, 'a' from customers union select name, 'b' from customers") == {}


def test_a_join_goes_only_where_it_neither_adds_nor_removes_rows() -> None:
    left = "select o.id from orders o left join customers c on c.id = o.customer_id"
    inner = left.replace("left ", "")
    assert forms(left)["unused-join"] == "SELECT o.id FROM orders o"
    assert forms(inner)["unused-join"] == "SELECT o.id FROM orders o"
    assert forms(inner, shop(required=False)) == {}
    for used in (
        f"{left} where c.state = 'x'",
        f"{left} where state = 'x'",
        left.replace("o.id from", "* from"),
        inner.replace("c.id =", "c.name = o.note and c.id ="),
        left.replace("c.id = o.c", "c.id <> o.c"),
        left.replace("customers c on c.id = o.customer_id", "orders x on x.customer_id = o.customer_id"),
    ):
        assert "unused-join" not in forms(used), used


def test_a_simpler_version_drops_what_nobody_refers_to() -> None:
    sql = "with unused as (select 1), used as (select id from customers) select id from used"
    assert forms(sql)["simpler"] == "WITH used AS (SELECT id FROM customers) SELECT id FROM used"
    assert forms("with gone as (delete from orders returning id) select 1 from customers") == {}


def test_rows_are_counted_without_sorting_them_but_not_numbered() -> None:
    inner = "(select id, name from customers order by name) s"
    assert "ORDER" not in forms(f"select count(*) from {inner}")["needless-order"]
    for sql in (f"select string_agg(name, ',') from {inner}", f"select id, row_number() over () from {inner}",
                f"select id from {inner} limit 3"):  # fmt: skip
        assert forms(sql) == {}


def test_operators_of_a_path_that_is_not_the_usual_are_not_trusted() -> None:
    assert (
        forms("select id from orders where customer_id + 1 = 5", replace(shop(), search_path=("odd", "pg_catalog")))
        == {}
    )


def test_two_findings_are_offered_together_and_alone() -> None:
    found = forms("select o.id from orders o left join customers c on c.id = o.customer_id where o.id + 1 = 5")
    assert found["combined"] == "SELECT o.id FROM orders o WHERE o.id = 4"
    assert set(found) == {"combined", "moved-arithmetic", "unused-join", "simpler"}


JOINED = "from customers c join orders o on o.customer_id = c.id"
LEFT = JOINED.replace("join", "left join")
OF_C = "from orders o where o.customer_id = c.id"
OF_O = "from orders i where i.customer_id = o.customer_id"
NUMBER, FIRST = "row_number() over (", "from orders) x where n <= 3"


def shapes(sql: str) -> set[str]:
    return {r.code for r in rewrites(sql, shop()) if r.purpose is Purpose.SHAPE}


def test_the_shapes_that_are_refused_below_are_found_where_they_are_valid() -> None:
    valid = {
        "grouped-before-join": f"select c.id, count(*) {LEFT} group by c.id",
        "grouped-for-subquery": f"select c.id, (select max(due) {OF_C}) from customers c",
        "window-for-subquery": f"select o.id from orders o where o.due = (select max(i.due) {OF_O})",
        "lateral-top": f"select id from (select id, {NUMBER} partition by customer_id order by due, id) n {FIRST}",
        "filtered-aggregates": "select (select count(*) from orders), (select max(id) from orders where note = 'x')",
        "distinct-before-count": "select count(distinct note) from orders",
        "union-all-for-or": "select id from orders where note = 'x' or customer_id = 1",
        "distinct-or-group": "select distinct note from orders",
    }
    assert {code: code in shapes(sql) for code, sql in valid.items()} == dict.fromkeys(valid, True)


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        # the key is not grouped by; a column of the child is; an aggregate of the parent; a condition on both
        ("grouped-before-join", f"select c.name, count(*) {JOINED} group by c.name"),
        ("grouped-before-join", f"select c.id, o.note, count(*) {JOINED} group by c.id, o.note"),
        ("grouped-before-join", f"select c.id, count(c.name) {JOINED} group by c.id"),
        ("grouped-before-join", f"select c.id, count(*) {JOINED} where c.name = o.note group by c.id"),
        # a LEFT JOIN's row without a child would be filtered by what follows, or counted by a filter on nothing
        ("grouped-before-join", f"select c.id, count(*) {LEFT} where o.note is null group by c.id"),
        ("grouped-before-join", f"select c.id, count(*) filter (where o.note is null) {LEFT} group by c.id"),
        ("grouped-for-subquery", f"select *, (select count(*) {OF_C}) from customers c"),
        ("grouped-for-subquery", f"select c.id, (select count(*) {OF_C} or o.id = 1) from customers c"),
        ("grouped-for-subquery", f"select c.id, (select max(due) {OF_C} limit 1) from customers c"),
        ("window-for-subquery", f"select * from orders o where o.due = (select max(i.due) {OF_O})"),
        ("window-for-subquery", f"select o.id from orders o where o.due = (select max(i.due) {OF_O} and i.id > 1)"),
        # ties have no order of their own; the number is shown; the group may be NULL
        ("lateral-top", f"select id from (select id, {NUMBER} partition by customer_id order by due) n {FIRST}"),
        ("lateral-top", f"select id, n from (select id, {NUMBER} partition by customer_id order by id) n {FIRST}"),
        ("lateral-top", f"select id from (select id, {NUMBER} partition by note order by id) n {FIRST}"),
        ("filtered-aggregates", "select (select count(*) from orders), (select count(*) from customers)"),
        ("distinct-before-count", "select count(distinct note), count(*) from orders"),
        ("union-all-for-or", "select id from orders where note = 'x' or random() < 0.5"),
        ("union-all-for-or", "select count(*) from orders where note = 'x' or customer_id = 1"),
        ("union-all-for-or", "select id from orders where note = 'x' or customer_id = 1 limit 3"),
        ("distinct-or-group", "select note from orders group by note, due"),
        ("distinct-or-group", "select distinct on (note) note from orders"),
    ],
)  # fmt: skip
def test_no_other_shape_where_it_could_give_other_rows(code: str, sql: str) -> None:
    assert code not in shapes(sql)


def test_a_lesser_version_says_in_what_it_differs() -> None:
    sql = (
        "select o.id, c.name, (select count(*) from orders) as n from orders o"
        " left join customers c on c.id = o.customer_id order by o.id"
    )
    found = {one.code: one for one in lesser(sql, shop(), rows=5000, most=1000)}
    assert found["limited"].sql.endswith("ORDER BY o.id LIMIT 1000")
    said = "Not the same: 1,000 of the about 5,000 rows, the first in its order; the others are left out."
    assert found["limited"].reasons == (said,)
    assert found["fewer-columns"].sql == "SELECT o.id FROM orders o ORDER BY o.id"
    assert found["fewer-columns"].reasons == (
        (
            'Not the same: the same rows without the column "n", which a subquery computes for each row;'
            ' without "name", which comes from public.customers.'
        ),
    )
    assert found["unordered"].reasons == ("Not the same: the same rows in no particular order.",)
    assert not any(one.same for one in found.values())
    bounded = lesser("select id from orders order by id limit 5", shop(), rows=5000, most=1000)
    assert [one.code for one in bounded] == []
    large = {r.oid: replace(r, estimated_rows=10**7) for r in shop().relations.values()}
    (counted,) = lesser("select count(*) from orders", replace(shop(), relations=large), rows=1, most=1000)
    assert counted.code == "estimated-count"
    assert "oid = 1001" in counted.sql
