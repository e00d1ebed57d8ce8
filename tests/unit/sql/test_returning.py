"""Statements that change one table once."""

from __future__ import annotations

import pytest

from pgwarden.domain.errors import StatementInvalid
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.returning import changed_tables, single_change


def test_the_text_is_kept_as_it_was_written() -> None:
    found = single_change("/* é */ update a.t as x set v = 1, (w, y[2]) = (select 1, 2) where 'é;' = k ;  -- end")
    assert found is not None
    assert (found.kind, found.schema, found.table, found.alias) == (StatementKind.UPDATE, "a", "t", "x")
    assert found.assigned == {"v", "w", "y"}
    assert found.text.strip() == "update a.t as x set v = 1, (w, y[2]) = (select 1, 2) where 'é;' = k"


@pytest.mark.parametrize(
    "sql",
    [
        "insert into t select 1 on conflict do nothing",
        "with q as (select 1) delete from t using q",
        'delete from "T" "odd ""x"',
        "insert into t default values",
    ],
)
def test_simple_changes(sql: str) -> None:
    found = single_change(sql)
    assert found is not None
    assert found.text == sql


@pytest.mark.parametrize(
    "sql",
    [
        "delete from t returning id",
        "delete from t; delete from t",
        "with q as (delete from a returning *) insert into t select * from q",
        "insert into t select 1 on conflict (i) do update set i = 2",
        "merge into t using s on t.i = s.i when matched then delete",
        "select 1",
        "truncate t",
    ],
)
def test_everything_else_is_none(sql: str) -> None:
    assert single_change(sql) is None


def test_every_changed_table_is_named_once() -> None:
    sql = "with q as (delete from s.a returning *), r as (update a set i = 1) insert into a select * from q"
    assert set(changed_tables(sql)) == {("s", "a"), (None, "a")}
    assert changed_tables("select 1") == ()


def test_what_does_not_parse_is_said() -> None:
    with pytest.raises(StatementInvalid):
        single_change("delete form t")
