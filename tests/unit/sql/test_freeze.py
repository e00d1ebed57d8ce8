"""What drifts in conditions becomes literals; what is merely assigned stays."""

from __future__ import annotations

import pytest

from pgwarden.sql.freeze import freeze

MOMENT = {
    "current_timestamp": "2026-01-02 03:04:05+00",
    "current_date": "2026-01-02",
    "current_time": "03:04:05+00",
    "localtimestamp": "2026-01-02 03:04:05",
    "localtime": "03:04:05",
    "current_user": "o'hara",
    "session_user": "ann",
    "current_catalog": "shop",
    "current_schema": "public",
    "tomorrow": "2026-01-03",
    "yesterday": "2026-01-01",
}
NOW = "'2026-01-02 03:04:05+00'::timestamptz"
TODAY = "'2026-01-02'::date"


@pytest.mark.parametrize(
    ("sql", "frozen"),
    [
        ("update t set a = now() where b < now()", f"update t set a = now() where b < {NOW}"),
        ("delete from t where d = CURRENT_DATE - 1", f"delete from t where d = {TODAY} - 1"),
        ("delete from t where d < current_timestamp(2)", f"delete from t where d < {NOW}(2)"),
        ("delete from t where d < pg_catalog.now ( )", f"delete from t where d < {NOW}"),
        ("delete from t where d = date 'today'", "delete from t where d = date '2026-01-02'"),
        ("delete from t where d < 'Yesterday'::date", "delete from t where d < '2026-01-01'::date"),
        ("delete from t where u = current_user", "delete from t where u = 'o''hara'::name"),
        ("insert into t values (now())", "insert into t values (now())"),
        (
            "insert into t select now() from u where d = current_date",
            f"insert into t select now() from u where d = {TODAY}",
        ),
        ("insert into t select x from (select now() x) y", f"insert into t select x from (select {NOW} x) y"),
        (
            "insert into t values (1) on conflict (a) do update set b = now() where t.c < now()",
            f"insert into t values (1) on conflict (a) do update set b = now() where t.c < {NOW}",
        ),
        (
            "update t set a = (select max(b) from u where c < now())",
            f"update t set a = (select max(b) from u where c < {NOW})",
        ),
        (
            "with x as (select now() n) delete from t using x where é = n",
            f"with x as (select {NOW} n) delete from t using x where é = n",
        ),
        ("delete from t where a < now() returning now()", f"delete from t where a < {NOW} returning now()"),
        (
            "merge into t using u on t.a = u.a and u.b < now() when matched and u.c < now() then update set d = now()",
            f"merge into t using u on t.a = u.a and u.b < {NOW} when matched and u.c < {NOW} then update set d = now()",
        ),
        ("delete from t where a = 'now()' -- now()", "delete from t where a = 'now()' -- now()"),
    ],
)
def test_conditions_are_frozen_and_nothing_else(sql: str, frozen: str) -> None:
    assert freeze(sql, MOMENT).sql == frozen


def test_what_was_frozen_is_shown_in_order() -> None:
    values = freeze("delete from t where a < now() and b = current_date", MOMENT).values
    assert [(v.expression, v.literal) for v in values] == [("now()", NOW), ("current_date", TODAY)]


@pytest.mark.parametrize(
    ("sql", "taken"),
    [
        (
            "update t set a = now(), b = CURRENT_DATE, c = now() where d < now() returning now()",
            ("now()", "CURRENT_DATE"),
        ),
        ("insert into t values (now(), gen_random_uuid())", ("now()", "gen_random_uuid()")),
        ("insert into t values (1) on conflict (a) do update set b = current_user", ("current_user",)),
        ("merge into t using u on t.a = u.a when matched then update set d = localtime", ("localtime",)),
        ("delete from t where a < now()", ()),
    ],
)
def test_what_is_taken_when_it_runs_is_said(sql: str, taken: tuple[str, ...]) -> None:
    assert freeze(sql, MOMENT).taken == taken


@pytest.mark.parametrize("call", ["random()", "clock_timestamp()", "gen_random_uuid()", "age(a)", "nextval('s')"])
def test_what_cannot_be_frozen_is_named(call: str) -> None:
    assert freeze(f"delete from t where a < {call}", MOMENT).drifting == (call.partition("(")[0],)
    assert freeze(f"update t set a = {call} where b", MOMENT).drifting == ()


def test_an_age_between_two_moments_does_not_drift() -> None:
    assert freeze("delete from t where age(a, b) > '1 day'", MOMENT).drifting == ()
