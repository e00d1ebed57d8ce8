"""The form of a statement holds no value of it."""

from __future__ import annotations

import pytest

from pgwarden.sql.pattern import form_of, pattern_of


@pytest.mark.parametrize(
    ("sql", "form"),
    [
        ("select  a.b from x\nwhere y in (1,2, 3) and z = 'secret' limit 5;",
         "SELECT a.b FROM x WHERE y IN(?) AND z = ? LIMIT ?"),
        ("select 1 -- secret\n, $$secret$$ /* secret */, e'secret', x'ff', b'01', 1.5e3, $1", "SELECT ?"),
        ('select now() - interval \'1 day\' from "Odd Name"', 'SELECT now() - INTERVAL ? FROM "Odd Name"'),
        ("this is 'no sql", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_values_and_comments_are_left_out(sql: str, form: str) -> None:
    assert form_of(sql) == form
    assert "secret" not in form_of(sql)


def test_the_same_form_has_the_same_pattern_whatever_its_values() -> None:
    one, other = (form_of(f"Select count(*) from T where x in ({values})") for values in ("1", "2, 3, 'x'"))
    assert pattern_of(one) == pattern_of(other) != pattern_of(form_of("select count(*) from t"))


def test_long_and_deep_texts_are_cut_and_harm_nothing() -> None:
    assert len(form_of("select " + "(" * 100_000)) <= 2_000
    assert form_of("select " + ", ".join(f"'{i}'" for i in range(100_000))) == "SELECT ?"
