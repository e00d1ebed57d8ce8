"""Impact analysis on real tables: what is foretold is what happens, and what cannot be told is said."""

from __future__ import annotations

import time

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import LATER, NOW, dump, owned, run
from tests.support.round_trips import round_trips

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.estimates import sampled
from pgwarden.adapters.postgres.impact import AnalysisLimits, analyse
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.rehearsal import rehearse
from pgwarden.adapters.postgres.session import Query, open_session
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import ApprovalInvalid, ImpactUnknown, LimitReached, NotUndoable, StatementInvalid
from pgwarden.domain.execution import Parameter, RowCounts
from pgwarden.domain.impact import Basis, Impact, SideEffectKind
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.rehearsal_permit import RehearsalPermit
from pgwarden.domain.risk import RiskPolicy, TableTag
from pgwarden.rules.assessment import assess

SHOP = """
create table customer (id int primary key, email text, city text);
create table purchase (id int primary key, customer int references customer on delete cascade, at date);
create table line (id int primary key, purchase int references purchase on delete cascade, n int check (n > 0));
create table review (id int primary key, customer int references customer on delete set null);
create table invoice (id int primary key, customer int references customer on delete restrict);
create table staff (id int primary key, boss int references staff on delete cascade);
create index on purchase (customer);
insert into customer select i, 'a@b.org', 'x' from generate_series(1, 20) i;
insert into purchase select i, (i - 1) % 20 + 1, '2024-01-01'::date + i from generate_series(1, 60) i;
insert into line select i, (i - 1) % 60 + 1, 1 from generate_series(1, 120) i;
insert into review select i, i from generate_series(1, 10) i;
insert into invoice values (1, 20), (2, 19);
insert into staff values (1, null), (2, 1), (3, 2), (4, 3), (5, null);
create view busy as select customer from purchase;
create view grouped as select customer from purchase group by customer;
create materialized view totals as select count(*) from line;
analyze;
"""


@pytest.fixture
def shop(request: pytest.FixtureRequest, make_database: MakeDatabase) -> str:
    database = owned(make_database(getattr(request, "param", 18)))
    run(database, SHOP)
    return database


async def catalog_of(database: str) -> Catalog:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        return await PostgresCatalogReader(connection).read()


async def impact_of(database: str, sql: str, *parameters: Parameter) -> Impact:
    return await analyse(database, sql, await catalog_of(database), parameters=parameters)


def counts(impact: Impact) -> dict[str, RowCounts]:
    return {table.name.removeprefix("public."): table.counts for table in impact.tables}


@pytest.mark.parametrize("shop", [18, 17, 16, 14], indirect=True)
async def test_a_cascade_is_counted_by_table_and_by_path(shop: str) -> None:
    before = dump(shop)
    impact = await impact_of(shop, "delete from customer where id <= $1", Parameter(23, "5"))
    assert counts(impact) == {
        "customer": RowCounts(deleted=5),
        "purchase": RowCounts(deleted=15),
        "line": RowCounts(deleted=30),
        "review": RowCounts(updated=5),
    }
    steps = {step.table.removeprefix("public."): step for step in impact.cascades}
    assert (steps["line"].depth, steps["line"].figure.rows, steps["line"].action) == (2, 30, "CASCADE")
    assert steps["review"].action == "SET NULL"
    assert steps["purchase"].missing_index == ""
    assert steps["line"].missing_index == "CREATE INDEX ON public.line (purchase)"
    assert impact.violations == ()
    assert impact.certain
    assert dump(shop) == before


async def test_rows_that_forbid_it_are_named(shop: str) -> None:
    impact = await impact_of(shop, "delete from customer where id > 17")
    (violation,) = impact.violations
    assert (violation.table, violation.rows, violation.certain) == ("public.invoice", 2, True)
    assert "RESTRICT" in violation.message


async def test_self_references_are_followed(shop: str) -> None:
    assert counts(await impact_of(shop, "delete from staff where id = 2")) == {"staff": RowCounts(deleted=3)}


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("insert into line values (1, 1, 1)", "line_pkey"),
        ("insert into line values (500, 999, 1)", "line_purchase_fkey"),
        ("insert into line values (500, 1, 0)", "line_n_check"),
        ("insert into line values (501, 1, 1), (501, 1, 1)", "line_pkey"),
        ("insert into line (purchase, n) values (1, 1)", "id NOT NULL"),
        ("update line set n = n - 1", "line_n_check"),
        ("update line set purchase = 1000 where id = 3", "line_purchase_fkey"),
        ("update line set id = 7 where id = 8", "line_pkey"),
    ],
)
async def test_constraints_that_would_refuse_it(shop: str, sql: str, constraint: str) -> None:
    impact = await impact_of(shop, sql)
    assert [violation.constraint for violation in impact.violations] == [constraint]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("update customer set city = 'y' where id = any(array[1, 2])", RowCounts(updated=2)),
        (
            "insert into customer select i, null, null from generate_series(15, 25) i on conflict do nothing",
            RowCounts(inserted=5),
        ),
        (
            "insert into customer values (1), (99) on conflict (id) do update set city = 'z' where customer.id > 5",
            RowCounts(inserted=1),
        ),
        (
            """merge into customer c using (values (1), (2), (98)) v (i) on c.id = v.i
               when matched and c.id = 1 then do nothing when matched then update set city = 'm'
               when not matched then insert values (v.i)""",
            RowCounts(inserted=1, updated=1),
        ),
        ("update customer c set city = p.id from purchase p where p.customer = c.id", RowCounts(updated=20)),
        (
            "with old as (select id from customer where id < 4) update customer set city = 'o' where id in (table old)",
            RowCounts(updated=3),
        ),
    ],
)
async def test_every_kind_of_statement_is_counted(shop: str, sql: str, expected: RowCounts) -> None:
    impact = await impact_of(shop, sql)
    assert counts(impact) == {"customer": expected}
    assert impact.multiplying == ("from purchase" in sql)


NO_CHANGE_OF_ROWS = {
    "truncate customer": "TRUNCATE cannot be taken back",
    "drop table customer": "DDL is future work",
    "select 1": "The statement changes nothing",
    "create table x ()": "DDL is future work",
    "delete from grouped": "Name the tables behind the view",
}


@pytest.mark.parametrize(("sql", "why"), NO_CHANGE_OF_ROWS.items())
async def test_what_is_no_protected_change_is_explained(shop: str, sql: str, why: str) -> None:
    with pytest.raises(ImpactUnknown) as caught:
        await impact_of(shop, sql)
    assert why in f"{caught.value} {caught.value.why} {caught.value.next_step}"
    assert caught.value.not_done


async def test_an_upsert_beside_another_change_is_counted(shop: str) -> None:
    impact = await impact_of(
        shop,
        "with gone as (delete from purchase where id = 1) insert into customer values (1, 'x'), (99, 'y')"
        " on conflict (id) do update set city = 'z'",
    )
    assert counts(impact) == {
        "purchase": RowCounts(deleted=1),
        "line": RowCounts(deleted=2),
        "customer": RowCounts(inserted=1, updated=1),
    }


async def test_a_deep_graph_is_counted_at_once(database: str) -> None:
    database = owned(database)
    run(
        database,
        "create table t0 (id int primary key)",
        *(f"create table t{n} (id int primary key, up int references t{n - 1} on delete cascade)" for n in range(1, 6)),
        "create table kept (id int, up int references t5 on delete restrict)",
        "insert into t0 select generate_series(1, 9)",
        *(f"insert into t{n} select i, (i - 1) / 2 + 1 from generate_series(1, {9 * 2**n}) i" for n in range(1, 6)),
        "insert into kept values (1, 1), (2, 33), (3, 200)",
    )
    impact = await impact_of(database, "delete from t0 where id <= 2")
    assert [(t.name, t.deleted.rows) for t in impact.tables] == [(f"public.t{n}", 2 * 2**n) for n in range(6)]
    assert [(s.table, s.figure.rows) for s in impact.cascades if s.figure.rows][:5] == [
        (f"public.t{n}", 2 * 2**n) for n in range(1, 6)
    ]
    (violation,) = impact.violations
    assert (violation.rows, violation.certain) == (2, True)
    assert impact.depth == 5


async def test_a_small_change_reads_no_whole_table(database: str) -> None:
    """Its rows are followed key by key, however large the tables below are."""
    database = owned(database)
    levels = range(1, 5)
    run(
        database,
        "create table t0 (id int primary key); insert into t0 select generate_series(1, 3000)",
        *(f"create table t{n} (id int primary key, up int references t{n - 1} on delete cascade)" for n in levels),
        *(f"insert into t{n} select i, i from generate_series(1, 3000) i; create index on t{n} (up)" for n in levels),
        "create table kept (id int primary key, up int references t4); create index on kept (up)",
        "insert into kept select i, i from generate_series(2, 3000) i",
        "analyze",
    )
    scans = "select coalesce(sum(seq_scan), 0)::int, coalesce(sum(idx_scan), 0)::int from pg_stat_user_tables"
    below = f"{scans} where relname <> 't0'"
    catalog = await catalog_of(database)
    with psycopg.connect(database, autocommit=True) as connection:
        before = connection.execute(below.encode()).fetchone()
        assert before is not None
        impact = await analyse(database, "delete from t0 where id <= 60", catalog)
        assert [table.deleted.rows for table in impact.tables] == [60] * 5
        assert [violation.rows for violation in impact.violations] == [59]
        until = time.monotonic() + 60
        while (after := connection.execute(below.encode()).fetchone()) is None or after[1] == before[1]:
            assert time.monotonic() < until, "the server's statistics do not arrive"
        assert after[0] == before[0]


@pytest.mark.parametrize(
    ("sql", "most"), [("delete from purchase where id = 1", 13), ("update purchase set at = at where id = 1", 15)]
)
async def test_a_small_change_waits_for_the_network_a_few_times(shop: str, sql: str, most: int) -> None:
    """All that the server tells beside the rows is asked at once: 10 and 11 waits, where asking in turn took 17 and 20.

    Some room is left, for answers that come while the rest of a batch is on its way.
    """
    catalog = await catalog_of(shop)
    async with round_trips(shop) as network:
        await analyse(network.url, sql, catalog)
    assert network.count <= most


async def test_what_fails_among_others_costs_nothing(shop: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever was sent with it is answered, the transaction goes on, and no driver complains."""
    queries: list[Query] = [
        ("select 1 as n", ()),
        ("select 1 / $1::int as n", [0]),
        ("select n from nowhere", ()),
        ("select %(n)s::int as n", {"n": 4}),
    ]
    async with open_session(shop) as session:
        await session.script("begin read only")
        first, second, third, fourth = await session.attempts(queries)
        assert (first, fourth) == ([{"n": 1}], [{"n": 4}])
        assert isinstance(second, psycopg.errors.DivisionByZero)
        assert isinstance(third, psycopg.errors.UndefinedTable)
        with pytest.raises(psycopg.errors.UndefinedTable):
            await session.width("select * from nowhere")
        assert await session.width("select 1, 2") == 2
    assert caplog.records == []


async def test_two_statements_are_refused(shop: str) -> None:
    with pytest.raises(StatementInvalid):
        await impact_of(shop, "delete from line; delete from purchase")


async def test_drifting_conditions_are_frozen_and_shown(shop: str) -> None:
    impact = await impact_of(shop, "update purchase set at = current_date where at < current_date - 3 and random() < 2")
    assert [value.expression for value in impact.frozen] == ["current_date"]
    assert "set at = current_date where at < '" in impact.sql
    assert impact.volatile == ("random",)
    assert impact.taken == ("current_date",)


async def test_functions_that_ask_for_the_time_cannot_be_frozen(shop: str) -> None:
    run(
        shop,
        "create function cutoff() returns date language sql as 'select current_date - 30'",
        "create function old(date) returns boolean language plpgsql as 'begin return $1 < cutoff(); end'",
        "create function even(int) returns boolean language plpgsql as 'begin return $1 % 2 = 0; end'",
    )
    impact = await impact_of(shop, "delete from purchase where old(at) and even(id) and lower('X') = 'x'")
    assert impact.volatile == ("old",)
    assert (await impact_of(shop, "update purchase set at = cutoff() where even(id)")).volatile == ()


async def test_views_that_ask_for_the_time_cannot_be_frozen(shop: str) -> None:
    """Whether rows are changed through the view, or meant by it; what a materialized view holds stays."""
    run(
        shop,
        """create view recent as select * from purchase where at > current_date - 3650;
           create view outer_ as select * from recent; create view mine as select * from purchase where id > 0;
           create function cutoff() returns date language sql as 'select current_date - 30';
           create view by_function as select id from purchase where at < cutoff();
           create materialized view kept as select * from recent""",
    )
    for sql, view in (
        ("delete from recent where id = 1", "recent"),
        ("delete from outer_ where id = 1", "outer_"),
        ("update purchase set at = at where id in (select id from recent)", "recent"),
        ("delete from line using by_function b where b.id = line.purchase", "by_function"),
        ("insert into customer (id) select id + 1000 from recent", "recent"),
    ):
        impact = await impact_of(shop, sql)
        assert impact.volatile == (f"the view public.{view}",), sql
        risk = assess(impact, await catalog_of(shop))
        findings = [finding.message for finding in risk.findings if finding.rule == "drifting-condition"]
        assert findings == [f"which rows it means changes from call to call: the view public.{view} cannot be frozen"]
    for sql in (
        "delete from mine where id = 1",
        "delete from purchase where id in (select id from kept)",
    ):
        assert (await impact_of(shop, sql)).volatile == (), sql


async def test_surroundings_are_listed(shop: str) -> None:
    run(
        shop,
        """create table journal (what text);
           create function note() returns trigger language plpgsql as
             $$begin insert into journal values (tg_op); perform pg_sleep(0); return null; end$$;
           create function hidden() returns trigger language plpgsql as
             $$begin execute 'select 1'; return null; end$$;
           create trigger note after delete on line for each row execute function note();
           alter table customer enable row level security, force row level security;
           create policy everyone on customer using (true);
           alter table review enable row level security;""",
    )
    impact = await impact_of(shop, "delete from customer where id = 1")
    kinds = {(effect.kind, effect.name) for effect in impact.side_effects}
    assert (SideEffectKind.TRIGGER, "note") in kinds
    assert (SideEffectKind.VIEW, "public.busy") in kinds
    assert (SideEffectKind.MATERIALIZED_VIEW, "public.totals") in kinds
    assert {name for kind, name in kinds if kind is SideEffectKind.ROW_SECURITY} == {"public.customer"}, (
        "not the owner's"
    )
    assert {e.name: e.counts for e in impact.expectations()}["public.journal"] is None
    assert not impact.certain

    run(shop, "create trigger hidden after delete on line execute function hidden()")
    impact = await impact_of(shop, "delete from customer where id = 1")
    assert [e.name for e in impact.side_effects if not e.known] == ["hidden"]
    assert impact.recovery is not None
    assert impact.recovery.irreversible


async def test_functions_that_the_statement_calls_are_followed(shop: str) -> None:
    """Also where nothing but a value to assign calls them; what only computes is not told."""
    run(
        shop,
        """create table journal (what text);
           create function noted(int) returns int language plpgsql as
             $$begin insert into journal values ($1::text); return $1 + (select count(*) from purchase); end$$;
           create function hidden(int) returns int language plpgsql as
             $$begin execute 'delete from journal'; return $1; end$$;
           create function plain(int) returns int language sql as 'select $1 + 1'""",
    )
    impact = await impact_of(shop, "update line set n = noted(n) where id = 1")
    (call,) = [effect for effect in impact.side_effects if effect.kind is SideEffectKind.CALL]
    assert (call.name, call.writes, call.reads, call.known) == (
        "public.noted", ("INSERT journal",), ("public.purchase",), True,
    )  # fmt: skip
    assert {e.name: e.counts for e in impact.expectations()}["public.journal"] is None
    assert not impact.certain
    impact = await impact_of(shop, "update line set n = hidden(n) where id = 1")
    assert [effect.name for effect in impact.side_effects if not effect.known] == ["public.hidden"]
    risk = assess(impact, await catalog_of(shop))
    assert "unknown-effects" in {finding.rule for finding in risk.findings}
    for sql in ("update line set n = plain(n) where id = 1", "delete from line where abs(n) + plain(id) = 3"):
        assert not [e for e in (await impact_of(shop, sql)).side_effects if e.kind is SideEffectKind.CALL]


async def permit(database: str, rows: int = 1000) -> RehearsalPermit:
    async with open_session(database) as session:
        identity, role = await Ledger(session).identify()
    return RehearsalPermit(identity, role, "ann", LATER, rows)


async def test_a_rehearsal_tells_what_counting_cannot(shop: str) -> None:
    run(
        shop,
        """create table journal (what text);
           create function note() returns trigger language plpgsql as
             $$begin insert into journal values (tg_op); return null; end$$;
           create trigger note after delete on line for each row execute function note();""",
    )
    before = dump(shop)
    impact = await impact_of(shop, "delete from customer where id = 1")
    rehearsed = await rehearse(shop, impact, await permit(shop), now=NOW)
    assert counts(rehearsed)["journal"] == RowCounts(inserted=6)
    assert rehearsed.certain
    assert {table.deleted.basis for table in rehearsed.tables} == {Basis.REHEARSED}
    assert dump(shop) == before
    with pytest.raises(LimitReached):
        await rehearse(shop, impact, await permit(shop, rows=3), now=NOW)
    with pytest.raises(ApprovalInvalid):
        await rehearse(shop, impact, await permit(shop), now=LATER.replace(year=2999))


async def test_what_may_survive_a_rollback_is_not_rehearsed(shop: str) -> None:
    run(
        shop,
        "create function hidden() returns trigger language plpgsql as $$begin execute 'select 1'; return null; end$$",
        "create trigger hidden after delete on line execute function hidden()",
    )
    impact = await impact_of(shop, "delete from line")
    with pytest.raises(NotUndoable):
        await rehearse(shop, impact, await permit(shop), now=NOW)


async def test_a_slow_count_gives_way_to_a_labelled_estimate(shop: str) -> None:
    sql = "delete from line where n in (select 1 from generate_series(1, 3000000))"
    impact = await analyse(shop, sql, await catalog_of(shop), limits=AnalysisLimits(query_seconds=0.05))
    (line,) = [table for table in impact.tables if table.name == "public.line"]
    assert line.deleted.basis is Basis.ESTIMATED
    assert not impact.certain


async def test_a_large_table_is_sampled_when_counting_takes_too_long(shop: str) -> None:
    """The ways stand side by side: the planner's guess, and a sample with its interval where no count is to be had."""
    run(
        shop,
        "create function slowly(int) returns boolean language plpgsql stable as"
        " $$begin perform pg_sleep(0.001); return $1 % 4 = 0; end$$",
        "create table fat as select i as id, (select string_agg(md5((i * n)::text), '')"
        " from generate_series(1, 58) n) as v from generate_series(1, 2400) i",
        "analyze fat",
    )
    limits = AnalysisLimits(query_seconds=0.5, large_pages=100, sample_pages=20)
    impact = await analyse(shop, "delete from fat where slowly(id)", await catalog_of(shop), limits=limits)
    (fat,) = impact.tables
    assert fat.deleted.basis is Basis.SAMPLED
    assert fat.deleted.low is not None
    assert fat.deleted.high is not None
    assert 0 < fat.deleted.low < fat.deleted.rows < fat.deleted.high <= 2400
    assert impact.estimate.basis is Basis.ESTIMATED
    assert not impact.certain


async def test_sampled_intervals_cover_clustered_data(make_database: MakeDatabase) -> None:
    """Rows with the same batch lie in the same blocks: an interval that forgets it misses most of the time."""
    database = owned(make_database())
    run(
        database,
        "create table big as select i as id, i / 4000 as batch, i % 500 as spread from generate_series(1, 200000) i",
        "analyze big",
    )
    relation = (await catalog_of(database)).resolve_relation("big", "public")
    assert relation is not None
    predicates = {"batch = 7": 4000, "id < 30000": 29999, "spread = 3": 400, "id < 0": 0, "batch % 2 = 0": 100000}
    draws = 120
    covered = dict.fromkeys(predicates, 0)
    async with open_session(database) as session:
        await session.script("begin")
        for seed in range(draws):
            for where, truth in predicates.items():
                figure = await sampled(session, relation, where, [], pages=60 + seed % 30, seed=seed)
                assert figure is not None
                assert figure.low is not None
                assert figure.high is not None
                covered[where] += figure.low <= truth <= figure.high
    # 95 % of 120 independent draws is 114; fewer than 106 would happen once in a thousand runs of a true interval
    assert {where: n for where, n in covered.items() if n < 106} == {}


async def test_risk_has_two_measures_and_the_higher_holds(shop: str) -> None:
    catalog = await catalog_of(shop)
    one = assess(await analyse(shop, "delete from invoice where id = 1", catalog), catalog)
    assert (one.level, one.score) == (RiskLevel.HIGH, 7)
    assert one.matrix_level is RiskLevel.LOW
    update = assess(await analyse(shop, "update invoice set customer = 3 where id = 1", catalog), catalog)
    assert update.level is RiskLevel.MEDIUM
    everything = assess(await analyse(shop, "delete from customer", catalog), catalog)
    assert everything.level is RiskLevel.CRITICAL
    found = {finding.rule for finding in everything.findings}
    assert found >= {"missing-where", "cascade", "violation", "sensitive-data", "missing-index"}
    policy = RiskPolicy(tables=(TableTag("public.staff", owner="HR", regulations=("GDPR",), critical=True),))
    staff = assess(await analyse(shop, "update staff set boss = 1 where id = 2", catalog), catalog, policy)
    assert staff.level is RiskLevel.CRITICAL
    assert [str(table) for table in staff.business.tables] == [
        "public.staff: the business stands still without it; under GDPR; HR answers for it"
    ]
