"""Tables for the words of a text."""

from __future__ import annotations

from tests.support.catalogs import catalog, table

from pgwarden.domain.search import TableSearch

KNOWN = catalog(
    table(1, "customers", ["id integer", "name text", "state text"], comment="people who buy"),
    table(2, "orders", ["id integer", "customer_id integer", "total numeric"]),
    table(3, "order_items", ["id integer", "order_id integer", "price numeric"]),
    table(4, "employees", ["id integer", "salary numeric"], comments={"salary": "gross pay a year"}),
)


def _names(text: str, limit: int = 10) -> list[str]:
    return [match.name for match in TableSearch(KNOWN).suggest(text, limit=limit)]


def test_the_table_that_is_named_comes_first() -> None:
    assert _names("How many orders were there?")[0] == "public.orders"
    assert _names("show me the order items")[0] == "public.order_items"


def test_columns_and_comments_count() -> None:
    assert _names("which state has the most") == ["public.customers"]
    assert _names("gross pay") == ["public.employees"]
    assert "public.customers" in _names("people")


def test_beginnings_count_less_and_nothing_matches_nothing() -> None:
    match = TableSearch(KNOWN).suggest("employ")[0]
    assert (match.name, match.matched) == ("public.employees", ("employ",))
    assert _names("the of and") == []
    assert _names("zebra") == []
    assert len(_names("order customer total", limit=1)) == 1
