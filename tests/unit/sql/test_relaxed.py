"""Leaving out one condition leaves everything else of the query."""

from __future__ import annotations

import pytest

from pgwarden.sql.relaxed import relaxed


def test_each_condition_is_left_out_once() -> None:
    assert relaxed("select count(*) from a join b using (id) where x = 1 and (y or z) and s = 'it''s' order by 1") == (
        ("x = 1", "SELECT count(*) FROM a JOIN b USING (id) WHERE (y OR z) AND s = 'it''s' ORDER BY 1"),
        ("y OR z", "SELECT count(*) FROM a JOIN b USING (id) WHERE x = 1 AND s = 'it''s' ORDER BY 1"),
        ("s = 'it''s'", "SELECT count(*) FROM a JOIN b USING (id) WHERE x = 1 AND (y OR z) ORDER BY 1"),
    )
    assert relaxed("select * from a where x = 1") == (("x = 1", "SELECT * FROM a"),)


OTHERS = (
    "select 1",
    "select a from b union select c from d where e",
    "delete from a where x",
    "no sql",
    "select 1; select 2",
)


@pytest.mark.parametrize("sql", OTHERS)
def test_anything_else_is_left_as_it_is(sql: str) -> None:
    assert relaxed(sql) == ()
