"""The shape of a statement: the same whatever its values, and without them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgwarden.sql.shape import LONGEST, fingerprint, normalised, verb


@given(st.text(alphabet=st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"])), st.integers(0, 2**31))
def test_values_are_not_in_it(text: str, number: int) -> None:
    quoted = text.replace("'", "''")
    sql = f"select * from t where a = '{quoted}' and b = {number}"
    assert normalised(sql) == "SELECT * FROM t WHERE a = $1 AND b = $2"
    assert fingerprint(sql) == fingerprint("select * from t where a = %(a)s and b = %s")


def test_other_statements_have_other_shapes() -> None:
    statements = (
        "select a from t",
        "select b from t",
        "select a from u",
        "delete from t",
        "nonsense (",
        "x" * LONGEST * 2,
    )
    shapes = [fingerprint(sql) for sql in statements]
    assert len(set(shapes[:4])) == 4
    assert shapes[4:] == ["", ""]
    assert normalised("nonsense (") == ""


def test_comments_are_left_out() -> None:
    assert normalised("select 1 -- of card 4111\n/* too */") == "SELECT $1"


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select 1", "SELECT"),
        ("  -- why\n /* and */ (with x as (select 1) select * from x)", "WITH"),
        ("explain (format json) select 1", "EXPLAIN"),
        ("updated", "OTHER"),
        ("'secret'", "OTHER"),
        ("", "OTHER"),
    ],
)
def test_the_verb_is_one_of_a_closed_list(sql: str, found: str) -> None:
    assert verb(sql) == found
