"""Tables that a statement of somebody else names."""

from __future__ import annotations

import pytest

from pgwarden.domain.catalog import Name
from pgwarden.sql.mentions import mentioned, writes

ORDERS, LINES = Name("public", "orders"), Name("app", "lines")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("select * from orders", (ORDERS,)),
        ("select * from public.orders o join app.lines l on true where l.id = $1", (ORDERS, LINES)),
        ("select * from other.orders", ()),
        ("select 'orders', orders from lines", (LINES,)),
        ("with x as (delete from orders returning id) select * from x", (ORDERS,)),
        ("insert into lines select 1", (LINES,)),
        ("select * from orders where note = 'cut off in the mid", (ORDERS,)),  # words, where the text does not parse
        ("select * from orders_archive where note = 'cut off in the mid", ()),
    ],
)
def test_tables_that_a_text_names(text: str, found: tuple[Name, ...]) -> None:
    assert mentioned(text, (ORDERS, LINES)) == found


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("update orders set a = 1", True),
        ("  DELETE from orders", True),
        ("with x as (insert into orders values (1)) select 1", True),
        ("select * from orders", False),
    ],
)
def test_whether_a_text_changes_rows(text: str, changes: bool) -> None:
    assert writes(text) is changes
