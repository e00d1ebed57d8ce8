"""Statements taken apart into the rows they mean."""

from __future__ import annotations

import pytest

from pgwarden.domain.errors import ImpactUnknown, StatementInvalid
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.always_true import always_true
from pgwarden.sql.conditions import change_set


@pytest.mark.parametrize(
    "condition", ["true", "1 = 1", "id = id", "a or true", "not_null = not_null and 2 >= 2", "'t'::bool"]
)
def test_conditions_that_exclude_nothing(condition: str) -> None:
    assert always_true(condition)


@pytest.mark.parametrize("condition", ["false", "id = 1", "a and true", "id in (id)", "not true", "a like a", "1 <> 1"])
def test_conditions_that_exclude_something(condition: str) -> None:
    assert not always_true(condition)


def test_data_modifying_ctes_are_changes_of_their_own() -> None:
    found = change_set("with d as (delete from a where x = 1 returning y) update b set z = 1 from d where b.y = d.y")
    assert [(c.kind, c.table) for c in found.changes] == [(StatementKind.DELETE, "a"), (StatementKind.UPDATE, "b")]
    assert "d as (select y from a where x = 1)" in found.changes[1].ctes
    assert found.doubts == ()


def test_what_only_the_change_itself_knows_is_a_doubt() -> None:
    found = change_set("with u as (update a set x = 2 returning x) delete from b where x in (select x from u)")
    assert len(found.doubts) == 1


def test_merge_branches_exclude_each_other() -> None:
    found = change_set(
        "merge into t using s on t.i = s.i when matched and t.v > 1 then delete when matched then update set v = 0"
        " when not matched then insert values (s.i)"
    )
    kinds = [change.kind for change in found.changes]
    assert kinds == [StatementKind.DELETE, StatementKind.UPDATE, StatementKind.INSERT]
    assert "(t.v > 1) is not true" in found.changes[1].rows


@pytest.mark.parametrize("sql", ["truncate t", "drop table t", "select 1", "vacuum", "copy t from stdin", "call p()"])
def test_other_statements_are_not_analysed(sql: str) -> None:
    with pytest.raises(ImpactUnknown):
        change_set(sql)


@pytest.mark.parametrize("sql", ["delete from", "", "delete from a; delete from b"])
def test_not_exactly_one_valid_statement(sql: str) -> None:
    with pytest.raises(StatementInvalid):
        change_set(sql)
