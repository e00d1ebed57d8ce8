"""Reads on a real server: what comes back, in how many round trips, and what cannot get through."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from tests.support.reading import allowed, pool_on, prepare, runner_on
from tests.support.round_trips import round_trips

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.domain.errors import (
    CatalogChanged,
    ConnectionFailed,
    ExecutionFailed,
    ExecutionTimeout,
    InputInvalid,
    RightMissing,
    StatementRefused,
)
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.statement import Decision, Reason, StatementKind, Verdict

LIMITS = ReadLimits()


async def rows(runner: PostgresReadRunner, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    return list((await runner.run(allowed(sql), parameters, limits=LIMITS)).rows)


async def test_values_come_as_python_values_and_what_python_lacks_as_text(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        sql = """select 1::int2, 2::int8, true, 1.5::float8, 'NaN'::float8, 1.50::numeric, 'NaN'::numeric, null,
            'ä'::text, 'c'::"char", date '2026-03-01', date 'infinity', date '0044-03-15 BC', time '24:00',
            timestamptz '2026-03-01 12:00+00', timestamp '-infinity', timestamp '12026-01-01', interval '90 minutes',
            interval '1 month', interval '170000000 years', '{"a": 1.0}'::jsonb, array[1, null],
            array[date 'infinity'], int4range(1, 5), '10.0.0.1/8'::inet, '\\x00ff'::bytea,
            '6b3a1b2e-0000-4000-8000-000000000001'::uuid, row(1, 'x'), point(1, 2), 'pg_class'::regclass, b'101',
            '1 year'::interval::text"""
        assert (await rows(runner, sql))[0][4] != (await rows(runner, sql))[0][4]  # NaN
        found = list((await rows(runner, sql))[0])
        found[4] = found[6] = "nan"
        assert found == [
            1, 2, True, 1.5, "nan", Decimal("1.50"), "nan", None,
            "ä", "c", date(2026, 3, 1), "infinity", "0044-03-15 BC", "24:00:00",
            datetime(2026, 3, 1, 12, tzinfo=UTC), "-infinity", "12026-01-01 00:00:00", timedelta(minutes=90),
            "1 mon", "170000000 years", '{"a": 1.0}', [1, None],
            "{infinity}", "[1,5)", "10.0.0.1/8", b"\x00\xff",
            UUID("6b3a1b2e-0000-4000-8000-000000000001"), "(1,x)", "(1,2)", "pg_class", "101",
            "1 year",
        ]  # fmt: skip


async def test_one_odd_value_does_not_change_its_neighbours(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        sql = "select d from (values (date '2026-01-01'), ('infinity'), ('2026-01-02')) as v (d)"
        assert await rows(runner, sql) == [(date(2026, 1, 1),), ("infinity",), (date(2026, 1, 2),)]


async def test_columns_of_every_shape(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        result = await runner.run(
            allowed('select 1 as a, \'x\' as a, 2 as "we ""ird", 3, 4 as "Ä";  -- done; or not'), limits=LIMITS
        )
        assert [column.name for column in result.columns] == ["a", "a", 'we "ird', "?column?", "Ä"]
        assert result.rows == ((1, "x", 2, 3, 4),)
        assert [column.type_name for column in result.columns] == ["integer", "text", "integer", "integer", "integer"]
        nothing = await runner.run(allowed("select from generate_series(1, 3)"), limits=LIMITS)
        assert (nothing.columns, nothing.rows, nothing.statistics.rows) == ((), ((), (), ()), 3)
        wide = await runner.run(allowed("select " + ", ".join(f"'v{i}'" for i in range(1600))), limits=LIMITS)
        assert wide.rows[0][1599] == "v1599"
        assert len(wide.columns) == 1600


@pytest.mark.parametrize(
    "sql",
    [
        "values (1, 'a'), (2, 'b')",
        "table numbered order by id",
        "with t as (select * from numbered) select * from t order by id",
        "(select * from numbered order by id)",
        "/* ; */ select id, name from numbered where name <> ';' order by id; /* a /* nested */ ; */",
        "select * from numbered where id < 2 union all select 2, $$b$$ order by 1",
    ],
)
async def test_every_form_of_read_keeps_its_rows_and_their_order(database: str, sql: str) -> None:
    prepare(database, "create table numbered (id int, name text)", "insert into numbered values (2, 'b'), (1, 'a')")
    async with runner_on(database) as runner:
        assert await rows(runner, sql) == [(1, "a"), (2, "b")]


async def test_order_survives_the_projection_of_wide_columns(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        sql = "select n::text, repeat('x', n % 7) from generate_series(1, 900) as n order by n * 37 % 901"
        expected = [(str(n), "x" * (n % 7)) for n in sorted(range(1, 901), key=lambda n: n * 37 % 901)]
        assert await rows(runner, sql) == expected


async def test_select_one_takes_two_round_trips(pg18_url: str) -> None:
    async with round_trips(pg18_url) as proxy, pool_on(proxy.url) as pool:
        runner = PostgresReadRunner(pool)
        await runner.run(allowed("select 1"), limits=LIMITS)  # opens the connection
        for sql in ("select 1", "select 'some text'", "select 2"):
            before = proxy.count
            await runner.run(allowed(sql), limits=LIMITS, expected={}, search_path=("pg_catalog", "public"))
            assert proxy.count - before == 2


async def test_a_connection_that_died_while_idle_is_replaced(pg18_url: str) -> None:
    async with round_trips(pg18_url) as proxy, pool_on(proxy.url) as pool:
        runner = PostgresReadRunner(pool)
        assert (await runner.run(allowed("select 1"), limits=LIMITS)).rows == ((1,),)
        proxy.cut()
        assert (await runner.run(allowed("select 2"), limits=LIMITS)).rows == ((2,),)


async def test_a_backend_that_is_killed_while_it_runs_is_a_clear_error(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        with pytest.raises(ConnectionFailed):
            await runner.run(allowed("select pg_terminate_backend(pg_backend_pid())"), limits=LIMITS)
        assert (await runner.run(allowed("select 1"), limits=LIMITS)).rows == ((1,),)


@pytest.mark.parametrize(
    "sql",
    [
        "commit; drop table kept",
        "select 1; drop table kept",
        "drop table kept",
        "with gone as (delete from kept returning 1) select * from gone",
        "select lo_create(0)",
        "select 1 into other",
        "set default_transaction_read_only = off",
        "copy kept to program 'true'",
        "begin",
        "commit",
        "select 1 from kept for update",
    ],
)
async def test_what_is_no_read_fails_even_with_a_verdict_that_allows_it(database: str, sql: str) -> None:
    prepare(database, "create table kept as select 1 as id")
    async with runner_on(database) as runner:
        for kind in (StatementKind.SELECT, StatementKind.EXPLAIN):
            with pytest.raises((ExecutionFailed, StatementRefused)):
                await runner.run(Verdict(sql, kind, Decision.ALLOW), limits=LIMITS)
        assert await rows(runner, "select id from kept") == [(1,)]
        assert await rows(runner, "select current_setting('transaction_read_only')") == [("on",)]


async def test_only_an_allow_runs(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        for decision in (Decision.REFUSE, Decision.NEEDS_APPROVAL):
            refused = Verdict("select 1", StatementKind.SELECT, decision, (Reason("why", "It is for a reason."),))
            with pytest.raises(StatementRefused, match="not allowed") as caught:
                await runner.run(refused, limits=LIMITS)
            assert caught.value.why == "It is for a reason."
        with pytest.raises(StatementRefused):
            await runner.explain(Verdict("x", StatementKind.SELECT, Decision.REFUSE), limits=LIMITS)


async def test_parameters_are_values_and_never_text_of_the_statement(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        bobby = "'; drop table students; --"
        assert await rows(runner, "select $1::text, $2 + 1, $3::date, $4::int[]", bobby, 41, "2026-01-01", [1, 2]) == [
            (bobby, 42, date(2026, 1, 1), [1, 2])
        ]
        assert await rows(runner, "select $1 || 'b'", "a") == [("ab",)]
        assert await rows(runner, "select n from generate_series(1, 9) n limit $1", 2) == [(1,), (2,)]
        for bad in (object(), "half \ud800", "nul \x00"):
            with pytest.raises(InputInvalid):
                await rows(runner, "select $1::text", bad)
        with pytest.raises(InputInvalid):
            await rows(runner, "select 1\x00; drop table x")


async def test_errors_tell_place_and_hint_and_the_connection_goes_on(pg18_url: str) -> None:
    async with pool_on(pg18_url) as pool:
        runner = PostgresReadRunner(pool)
        with pytest.raises(ExecutionFailed) as caught:
            await rows(runner, "select 1, relnam from pg_class")
        assert "relnam" in caught.value.why
        assert "42703" in caught.value.why
        assert "character 11" in caught.value.why
        assert "relname" in caught.value.next_step
        with pytest.raises(ExecutionFailed, match="could not run"):
            await rows(runner, "select 1 / (n - 500) from generate_series(1, 900) n")
        assert await rows(runner, "select 1") == [(1,)]
        assert pool.busy == 0


async def test_a_role_without_the_right_is_told_so(database: str) -> None:
    prepare(
        database,
        "create table hidden (id int)",
        "drop role if exists runner_nobody",
        "create role runner_nobody login password 'x'",
    )
    try:
        async with runner_on(psycopg.conninfo.make_conninfo(database, user="runner_nobody", password="x")) as runner:
            with pytest.raises(RightMissing):
                await rows(runner, "select * from hidden")
    finally:
        prepare(database, "drop role runner_nobody")


async def test_masked_values_stay_on_the_server(database: str) -> None:
    prepare(
        database,
        "create function loud(v text) returns text language plpgsql as"
        " $$ begin raise notice 'saw %', v; return v; end $$",
        "create table person (id int, email text, card int)",
        "insert into person values (1, 'ann@example.org', 4711), (2, null, null)",
    )
    async with runner_on(database) as runner:
        verdict = allowed("select id, email, card, email || 'x' as made from person order by id", outputs=4)
        result = await runner.run(verdict, limits=LIMITS, masked=frozenset({1, 2, 3}))
        assert result.rows == ((1, "***", "***", "***"), (2, "***", "***", "***"))
        assert [column.masked for column in result.columns] == [False, True, True, True]
        heard = await runner.run(allowed("select id, loud(email) from person", outputs=2), limits=LIMITS)
        assert any("ann@example.org" in notice for notice in heard.notices)
        with pytest.raises(ExecutionFailed) as caught:
            await runner.run(
                allowed("select email::int as n, id from person where id = 1 and email::int > 0", outputs=2),
                limits=LIMITS,
                masked=frozenset({0}),
            )
        assert "ann@example.org" not in str(caught.value.to_dict())
        with pytest.raises(CatalogChanged):
            await runner.run(allowed("select * from person", outputs=2), limits=LIMITS, masked=frozenset({1}))


async def test_a_table_that_changed_after_the_verdict_is_not_read(database: str) -> None:
    prepare(
        database,
        "create table moved (id int)",
        "create function pure() returns int language sql immutable return 1",
    )
    async with pool_on(database) as pool:
        runner = PostgresReadRunner(pool)
        catalog = await PostgresCatalogReader(pool.connection).read()
        (table,) = (r for r in catalog.relations.values() if r.name.name == "moved")
        (function,) = (f for f in catalog.functions.values() if f.name.name == "pure")
        seen = {"expected": {table.oid: table.xmin}, "expected_functions": {function.oid: function.xmin}}
        verdict = allowed("select id, pure() from moved")
        assert (await runner.run(verdict, limits=LIMITS, **seen)).rows == ()  # type: ignore[arg-type]  # the names are right
        prepare(database, "create or replace function pure() returns int language sql immutable return 2")
        with pytest.raises(CatalogChanged):
            await runner.run(verdict, limits=LIMITS, **seen)  # type: ignore[arg-type]
        with pytest.raises(CatalogChanged):
            await runner.run(verdict, limits=LIMITS, expected={table.oid: "another"})
        prepare(database, "alter table moved add column more int")
        with pytest.raises(CatalogChanged):
            await runner.run(verdict, limits=LIMITS, expected={table.oid: table.xmin})


async def test_names_mean_what_they_meant_when_judged(database: str) -> None:
    prepare(
        database,
        "create schema other",
        "create table public.t as select 'public' as place",
        "create table other.t as select 'other' as place",
    )
    async with runner_on(database) as runner:
        for path, place in ((("other", "public"), "other"), (("pg_catalog", "public", "other"), "public")):
            result = await runner.run(allowed("select place from t"), limits=LIMITS, search_path=path)
            assert result.rows == ((place,),)


async def test_explain_and_show_take_their_own_way(pg18_url: str) -> None:
    async with runner_on(pg18_url) as runner:
        shown = await runner.run(allowed("show statement_timeout", StatementKind.SHOW), limits=LIMITS)
        assert shown.rows == (("30s",),)
        explained = await runner.run(allowed("explain analyze select 1", StatementKind.EXPLAIN), limits=LIMITS)
        assert any("Execution Time" in str(row[0]) for row in explained.rows)
        plan = await runner.explain(allowed("select * from pg_class where relname = 'x'"), limits=LIMITS)
        assert "Index" in str(plan["Plan"])


async def test_explain_of_a_change_plans_and_changes_nothing(database: str) -> None:
    prepare(database, "create table kept as select 1 as id")
    async with runner_on(database) as runner:
        verdict = Verdict("delete from kept where id = $1", StatementKind.DELETE, Decision.NEEDS_APPROVAL, parameters=1)
        for parameters in ((), (1,)):
            plan = await runner.explain(verdict, parameters, limits=LIMITS)
            assert plan["Plan"]["Node Type"] == "ModifyTable"  # type: ignore[index]
        assert await rows(runner, "select id from kept") == [(1,)]


@pytest.mark.parametrize("version", [17, 16, 15, 14])
async def test_older_servers_work_the_same(request: pytest.FixtureRequest, version: int) -> None:
    server: str = request.getfixturevalue(f"pg{version}_url")
    async with runner_on(server) as runner:
        for _ in range(2):  # the second time with our own statements prepared
            result = await runner.run(allowed("select 1, 'a'::text"), limits=LIMITS, expected={})
            assert result.rows == ((1, "a"),)
        cut = await runner.run(allowed("select repeat('x', 200)"), limits=ReadLimits(cell_bytes=100))
        assert cut.rows == (("x" * 100 + "…",),)
        settings = "select current_setting('transaction_read_only'), current_setting('statement_timeout')"
        assert await rows(runner, settings) == [("on", "30s")]
        with pytest.raises(ExecutionFailed):
            await rows(runner, "select 1 / 0")
        with pytest.raises(ExecutionTimeout):
            await runner.run(allowed("select pg_sleep(60)"), limits=ReadLimits(seconds=0.1))


async def test_types_of_users_are_shown_by_their_names(database: str) -> None:
    prepare(
        database,
        "create type mood as enum ('sad', 'happy')",
        "create domain zip as text check (value ~ '^[0-9]+$')",
        "create type pair as (a int, b text)",
        "create function pair_text(pair) returns text language plpgsql as $$ begin raise exception 'called'; end $$",
        "create cast (pair as text) with function pair_text(pair)",
    )
    async with runner_on(database) as runner:
        sql = "select 'sad'::mood, '123'::zip, array['sad','happy']::mood[], row(1, 'x')::pair"
        result = await runner.run(allowed(sql), limits=LIMITS)
        assert result.rows == (("sad", "123", "{sad,happy}", "(1,x)"),)
        assert [column.type_name for column in result.columns] == ["mood", "text", "mood[]", "pair"]
