"""The verdict on real catalogs: what is allowed, needs approval or is refused, and what each statement touches."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.databases import create_database, drop_database

from pgwarden.adapters.postgres.catalog import read_catalog
from pgwarden.domain.catalog import Catalog, Name
from pgwarden.domain.errors import StatementInvalid
from pgwarden.domain.statement import Decision, StatementKind, Verdict
from pgwarden.sql.policy import ReadPolicy
from pgwarden.sql.verdict import judge

GROUND = """
set check_function_bodies = off;
create table people (id int primary key, name text, email text, salary numeric, team_id int, born date, extra jsonb);
create table teams (id int primary key, name text, lead_id int references people);
create table big (id int primary key, label text, at timestamptz);
insert into big select n, 'x', now() from generate_series(1, 200000) n;
analyze big;
create view rich as select id, name, upper(email) as mail from people where salary > 100;
create materialized view headcount as select team_id, count(*) as n, max(email) as any_mail from people group by 1;

create function adds(a int, b int) returns int language sql as 'select a + b';
create function plain(a int, b int default 2) returns int language plpgsql as 'begin return a + b; end';
create function writes(a int) returns int language sql as 'insert into teams values (a); select a';
create function liar(a int) returns int immutable language plpgsql as
  'begin perform pg_notify(''c'', ''m''); return a; end';
create function nested(a int) returns int language sql as 'select liar(a)';
create function dynamic(q text) returns int language plpgsql as 'declare n int; begin execute q into n; return n; end';
create function secret_mail(a int) returns text language sql security definer as
  'select email from people where id = a';
create function team_people(wanted int) returns table (who text, pay numeric) language plpgsql as
  'begin return query select p.name, p.salary from people p where p.team_id = wanted; end';
create function late(a int default liar(1)) returns int language sql as 'select a';
create function even(a int) returns boolean language sql as 'select a % 2 = 0 or even(a - 2)';
create function up(n int) returns int language sql as 'select case when n = 0 then 0 else down(n - 1) end';
create function down(n int) returns int language sql as 'select liar(n)';
create function shadowed(p people) returns text language sql as 'select p.name';
create function trap(p people) returns int language sql as 'select liar(p.id)';
create function atomic(a int) returns int return a * 2;
create function badly_atomic(a int) returns int begin atomic select liar(a); end;

create schema other;
create function other.helper(a int) returns int language sql as 'select liar(a)';
create function helper(a int) returns int language sql as 'select a';
create function calls_helper(a int) returns int language sql as 'select helper(a)';
create function elsewhere(a int) returns int language sql set search_path = other, public as 'select calls_helper(a)';

create domain odd as int check (value % 2 = 1);
create domain trapped as int check (liar(value) > 0);
create type pair as (a int, b trapped);
create function liar_op(int, int) returns int immutable language sql as 'select liar($1)';
create operator #>< (leftarg = int, rightarg = int, function = liar_op);
create operator <+> (leftarg = int, rightarg = int, function = adds);
create function liar_sum(int, int) returns int language sql as 'select liar($1)';
create aggregate bad_sum (int) (sfunc = liar_sum, stype = int);
create aggregate good_sum (int) (sfunc = adds, stype = int);
create view bad_view as select id, liar(id) as l from people;
create table guarded (id int);
alter table guarded enable row level security;
create policy p on guarded using (liar(id) > 0);
create function to_text(pair) returns text language sql as 'select liar(1)::text';
create cast (pair as text) with function to_text(pair);
create function lower(int) returns int language sql as 'select liar($1)';
create table parts (id int, k int) partition by range (k);
create table parts_1 partition of parts for values from (0) to (10);
create table tracked (id int);
create table indexed (a int, b int);
create index on indexed (a) where a > liar(1);
create table measured (a int, b int);
create statistics measured_s on (a + liar(1)), b from measured;
create table defaulted (a int default liar(1), b int);
create type point3 as (x int, y int, z int);
create function point3_json(point3) returns json language sql as 'select json_build_array(liar(1))';
create cast (point3 as json) with function point3_json(point3);
create table points (p point3);
create function hash_of(who text) returns text security definer language sql as
  'select rolpassword from pg_authid where rolname = who';
create view hashes as select rolname, rolpassword from pg_authid;
create function over_(a int) returns int language sql as 'select a';
create function over_(a text) returns int language sql as 'select liar(1)';
create table ruled (a int);
create rule r as on insert to ruled do also select liar(1);
create table keyed (a int) partition by range ((a + liar(1)));
create table numbered (id serial, at timestamptz default clock_timestamp());
create table checked (a int check (a > liar(1)));
"""


@pytest.fixture(scope="module")
def ground_url(pg18_url: str) -> Iterator[str]:
    name = f"verdict_{uuid.uuid4().hex[:10]}"
    url = create_database(pg18_url, name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(GROUND)
    yield url
    drop_database(pg18_url, name)


@pytest.fixture(scope="module")
def catalog(ground_url: str) -> Catalog:
    return read_catalog(ground_url)


def column(catalog: Catalog, table: str, name: str) -> tuple[int, int]:
    relation = catalog.by_name[Name("public", table)]
    found = relation.column(name)
    assert found is not None
    return relation.oid, found.number


def codes(verdict: Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


ALLOWED = [line for line in Path(__file__).with_suffix(".sql").read_text().splitlines() if not line.startswith("--")]


@pytest.mark.parametrize("sql", ALLOWED)
def test_real_reads_are_allowed(catalog: Catalog, sql: str) -> None:
    verdict = judge(sql, catalog)
    assert (verdict.decision, verdict.reasons) == (Decision.ALLOW, ())


def shown(catalog: Catalog, oid: int) -> int:
    """The type that the protocol names: a domain goes as its base type."""
    return catalog.types[oid].base_oid or oid if oid else 0


def test_outputs_are_those_that_the_server_describes(catalog: Catalog, ground_url: str) -> None:
    with psycopg.connect(ground_url) as connection:
        for sql in ALLOWED:
            connection.pgconn.prepare(b"", sql.encode())
            described = connection.pgconn.describe_prepared(b"")
            assert not described.error_message, (sql, described.error_message)
            names = [(described.fname(n) or b"").decode() for n in range(described.nfields)]
            types = [described.ftype(n) for n in range(described.nfields)]
            outputs = judge(sql, catalog).outputs
            if sql.startswith(("show", "explain")):
                assert len(outputs) == 1
                continue
            assert [output.name for output in outputs] == names, sql
            told = [shown(catalog, output.type_oid) or types[n] for n, output in enumerate(outputs)]
            assert told == types, sql
            assert sum(output.type_oid == 0 for output in outputs) <= 1, sql


REFUSED = {
    "select nextval('s')": "function-has-effects",
    "select pg_sleep(1)": "function-has-effects",
    "select * from pg_read_file('x')": "function-has-effects",
    "select query_to_xml('select 1', true, true, '')": "function-has-effects",
    "select ts_rewrite('a'::tsquery, 'select 1')": "function-has-effects",
    "select pg_current_xact_id()": "function-has-effects",
    "select set_config('a.b', 'c', false)": "function-has-effects",
    "select writes(1)": "function-has-effects",
    "select liar(1)": "function-has-effects",
    "select nested(1)": "function-has-effects",
    "select dynamic('select 1')": "function-has-effects",
    "select late()": "function-has-effects",
    "select up(3)": "function-has-effects",
    "select badly_atomic(1)": "function-has-effects",
    "select elsewhere(1)": "function-has-effects",
    "select other.helper(1)": "function-has-effects",
    "select p.trap from people p": "function-has-effects",
    "select (p).trap from people p": "function-has-effects",
    "select 1::trapped": "function-has-effects",
    "select '(1,2)'::pair": "function-has-effects",
    "select json_populate_record(null::pair, '{}')": "function-has-effects",
    "select * from json_to_record('{}') as t(a trapped)": "function-has-effects",
    "select pg_input_is_valid('1', 'trapped')": "function-has-effects",
    "select 1 #>< 2": "function-has-effects",
    "select bad_sum(id) from people": "function-has-effects",
    "select * from bad_view": "function-has-effects",
    "select * from guarded": "function-has-effects",
    "select * from indexed": "function-has-effects",
    "select row(1, 2)::pair::text": "function-has-effects",
    "select * from measured": "function-has-effects",
    "select * from keyed": "function-has-effects",
    "select * from checked": "function-has-effects",
    "explain insert into defaulted (b) values (1)": "function-has-effects",
    "explain insert into ruled values (1)": "has-rules",
    "select to_json(p) from points": "function-has-effects",
    "select json_agg(points) from points": "function-has-effects",
    "select json_object('a': p) from points": "function-has-effects",
    "select over_($1)": "function-has-effects",
    "select over_('x')": "function-has-effects",
    "select hash_of('postgres')": "secret-column",
    "select rolpassword from hashes": "secret-column",
    "select lower(1)": "function-has-effects",
    "explain select liar(1)": "function-has-effects",
    "select rolpassword from pg_authid": "secret-column",
    "select * from pg_authid": "secret-column",
    "select a from pg_authid a": "secret-column",
    "select count(*) from pg_authid natural join pg_authid b": "secret-column",
    "select passwd from pg_shadow": "secret-column",
    "select * from pg_stat_activity": "secret-relation",
    "select setting from pg_settings": "secret-column",
    "select current_setting('ssl_passphrase_command')": "secret-setting",
    "select current_setting(name) from people": "name-as-text",
    "show all": "secret-setting",
    "show primary_conninfo": "secret-setting",
    "select * from people for update": "locks-rows",
    "select * into x from people": "select-into",
    "select 1; select 2": "several-statements",
    "select 1; commit": "several-statements",
    "": "empty",
    "explain analyze delete from people": "explain-analyze",
    "truncate people": "truncate",
    "copy people to '/x'": "copy",
    "call p()": "call",
    "do 'begin end'": "do",
    "set role postgres": "set",
    "begin": "transaction-control",
    "prepare a as select 1": "prepare",
    "create table x (a int)": "structure",
    "drop table people": "structure",
    "grant select on people to public": "structure",
    "create view v as select 1": "structure",
    "refresh materialized view headcount": "maintenance",
    "vacuum": "maintenance",
    "lock people": "lock",
    "listen x": "notify",
    "select nope from people": "unknown-column",
    "select people.nope from people": "unknown-column",
    "select nope.id from people": "unknown-table",
    "select * from peeple": "unknown-table",
    "select nofunc(1)": "unknown-function",
    "select 1::notype": "unknown-type",
    "select * from elsewhere.public.people": "other-database",
    "with d as (delete from people returning id) select liar(id) from d": "function-has-effects",
    "delete from pg_class": "system-table",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_read_is_refused_with_its_reason(catalog: Catalog, sql: str) -> None:
    verdict = judge(sql, catalog)
    assert verdict.decision is Decision.REFUSE
    assert REFUSED[sql] in codes(verdict)
    assert not verdict.allowed


CHANGES = {
    "delete from people where id = 1": StatementKind.DELETE,
    "update people set salary = 2 * salary, (name, email) = (select 'a', 'b') from teams": StatementKind.UPDATE,
    "insert into teams (id) select id from people on conflict (id) do update set id = 1": StatementKind.INSERT,
    "merge into teams t using people p on t.id = p.id when matched then delete": StatementKind.MERGE,
    "with d as (delete from people returning *) select name from d": StatementKind.DELETE,
    "insert into teams values (1, default, 2) returning id, old.id, new.name": StatementKind.INSERT,
}


@pytest.mark.parametrize("sql", CHANGES)
def test_changes_need_approval(catalog: Catalog, sql: str) -> None:
    verdict = judge(sql, catalog)
    assert (verdict.decision, verdict.kind) == (Decision.NEEDS_APPROVAL, CHANGES[sql])
    assert verdict.writes
    assert not verdict.stable


def test_hints_name_what_was_probably_meant(catalog: Catalog) -> None:
    hints = {
        "select nme from people": "name",
        "select * from peple": "people",
        "select uper('x')": "upper",
        "select * from helper_": "",
    }
    for sql, meant in hints.items():
        (reason, *_) = judge(sql, catalog).reasons
        assert meant in reason.hint


def test_reasons_point_into_the_text(catalog: Catalog) -> None:
    sql = "select 'ééé', nextval('s')"
    (reason,) = judge(sql, catalog).reasons
    assert reason.position == sql.index("nextval")


def lineages(catalog: Catalog, sql: str) -> list[set[str]]:
    """Per output, ``table.column`` of the base columns behind it."""
    verdict = judge(sql, catalog)
    assert verdict.decision is not Decision.REFUSE, verdict.reasons
    return [{_label(catalog, key) for key in output.lineage} for output in verdict.outputs]


def _label(catalog: Catalog, key: tuple[int, int]) -> str:
    relation = catalog.relations[key[0]]
    found = relation.column_at(key[1])
    return f"{relation.name.name}.{found.name if found else key[1]}"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select email from people", [{"people.email"}]),
        ("select x.e from (select email e, id from people) x", [{"people.email"}]),
        ("with c as (select email e from people) select upper(e) || 'x', count(e) from c group by 1",
         [{"people.email"}, {"people.email"}]),
        ("select mail from rich", [{"people.email"}]),
        ("select (r).mail from rich r", [{"people.email", "people.id", "people.name"}]),
        ("select any_mail from headcount", [{"people.email", "headcount.any_mail"}]),
        ("select secret_mail(2)", [{"people.email"}]),
        ("select case when email = 'a' then 1 end from people", [{"people.email"}]),
        ("select name from people union select name from teams", [{"people.name", "teams.name"}]),
        ("select (select email from people limit 1)", [{"people.email"}]),
        ("select array_agg(email), jsonb_build_object('m', email) from people group by email",
         [{"people.email"}, {"people.email"}]),
        ("with recursive t(a, b) as (select name, null from people union select b, email from t, people) table t",
         [{"people.name", "people.email"}, {"people.email"}]),
        ("select to_json(p) from (select email from people) p", [{"people.email"}]),
        ("select count(*), 1 from people", [set(), set()]),
        ("delete from people returning email", [{"people.email"}]),
        ("select id from people join teams using (id)", [{"people.id", "teams.id"}]),
        ("select sum(salary) filter (where email = 'x') from people", [{"people.salary", "people.email"}]),
    ],
)  # fmt: skip
def test_lineage_reaches_the_base_columns(catalog: Catalog, sql: str, expected: list[set[str]]) -> None:
    assert lineages(catalog, sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 from people where email = 'x'",
        "select 1 from people order by email",
        "select count(*) from people group by email",
        "select 1 from people p join teams t on t.name = p.email",
        "select count(*) from people having max(email) > 'a'",
        "select 1 from teams where exists (select from people where email = teams.name)",
        "select distinct on (email) id from people",
        "select 1 where 'x' in (select email from people)",
        "select id from people except select length(email) from people",
        "delete from people where email = 'x'",
        "select rank() over w from people window w as (order by email)",
    ],
)
def test_conditions_name_the_columns_that_decide(catalog: Catalog, sql: str) -> None:
    assert column(catalog, "people", "email") in judge(sql, catalog).conditions


def test_reads_go_through_views_functions_and_partitions(catalog: Catalog) -> None:
    def read(sql: str) -> set[str]:
        return {catalog.relations[oid].name.name for oid in judge(sql, catalog).reads}

    assert read("select * from rich") == {"rich", "people"}
    assert read("select secret_mail(1)") == {"people"}
    assert read("select * from parts") == {"parts", "parts_1"}
    assert read("select * from team_people(1)") == {"people"}


def test_outputs_have_names_and_types(catalog: Catalog) -> None:
    sql = "select id, name as n, id + 1, now(), count(*) over (), salary::int, 'x', null from people"
    outputs = judge(sql, catalog).outputs
    assert [o.name for o in outputs] == ["id", "n", "?column?", "now", "count", "salary", "?column?", "?column?"]
    assert [o.type_oid for o in outputs] == [23, 25, 23, 1184, 20, 23, 25, 25]


@pytest.mark.parametrize("sql", ["select id + 1, upper(name), sum(salary) from people group by 1", "select adds(1, 2)"])
def test_answers_that_depend_on_data_alone_may_be_cached(catalog: Catalog, sql: str) -> None:
    assert judge(sql, catalog).stable


@pytest.mark.parametrize(
    "sql",
    [
        "select now()",
        "select current_date",
        "select random()",
        "select current_user",
        "select 'now'::timestamp",
        "select * from pg_class",
        "select * from people tablesample system (1)",
        "show work_mem",
        "explain select 1",
    ],
)
def test_answers_that_depend_on_more_may_not(catalog: Catalog, sql: str) -> None:
    assert not judge(sql, catalog).stable


def test_parameters_are_counted(catalog: Catalog) -> None:
    assert judge("select * from people where id = $2 and name = $1", catalog).parameters == 2
    assert judge("select 1", catalog).parameters == 0


def test_suggestions(catalog: Catalog) -> None:
    def suggested(sql: str) -> set[str]:
        return {s.code for s in judge(sql, catalog).suggestions}

    assert suggested("select * from big") == {"unbounded-scan", "select-star"}
    assert suggested("select id from big where label = 'x'") == {"missing-index"}
    assert suggested("select p.id from people p, teams t") == {"cartesian-product"}
    assert suggested("select p.id from people p cross join teams t") == {"cartesian-product"}
    assert suggested("select id from big where id = 3") == set()
    assert suggested("select id from big limit 5") == set()
    assert suggested("select p.id from people p, lateral (select p.id) x, generate_series(1, p.id) g") == set()


def test_policy_widens_and_narrows(catalog: Catalog) -> None:
    assert judge("select liar(1)", catalog, policy=ReadPolicy(functions=frozenset({"public.liar"}))).allowed
    assert not judge("select secret_mail(1)", catalog, policy=ReadPolicy(security_definer=False)).allowed
    activity = frozenset({"pg_catalog.pg_stat_activity"})
    assert judge("select * from pg_stat_activity", catalog, policy=ReadPolicy(relations=activity)).allowed
    assert not judge("select liar(1)", catalog).allowed  # the other policy's judgement was not kept for this one


def test_functions_are_listed_with_those_behind(catalog: Catalog) -> None:
    found = {
        catalog.functions[oid].name.name
        for oid in judge("select good_sum(id) + 1 <+> 2 from people", catalog).functions
    }
    assert {"good_sum", "adds", "int4pl"} <= found


def test_syntax_that_older_servers_read_otherwise_is_refused_there(pg16_url: str) -> None:
    old = read_catalog(pg16_url)
    assert codes(judge("select json_value('{}', '$')", old)) == {"newer-syntax"}
    assert judge("select json_object('a': 1)", old).allowed


def test_unreadable_text_is_an_error(catalog: Catalog) -> None:
    with pytest.raises(StatementInvalid):
        judge("selec", catalog)


@pytest.mark.parametrize(
    "sql",
    [
        "select 1" + "+1" * 30_000,
        "select 1 where 1 in (" + ",".join(["1"] * 50_000) + ")",
        "select 1" + " union all select 1" * 2_000,
        "select " + "(select " * 1_000 + "1" + ")" * 1_000,
        "select 1 from people a0 " + " ".join(f"join people a{n} on a{n}.id = a{n - 1}.id" for n in range(1, 500)),
    ],
    ids=["sum", "list", "union", "sub-selects", "joins"],
)
def test_large_statements_are_judged(catalog: Catalog, sql: str) -> None:
    assert judge(sql, catalog).allowed


def test_a_bad_call_at_the_bottom_of_a_deep_statement_is_found(catalog: Catalog) -> None:
    assert not judge("select liar(1)" + "+1" * 20_000, catalog).allowed
    assert not judge("select " + "(select " * 1_000 + "liar(1)" + ")" * 1_000, catalog).allowed
