"""What the advisor has the server try: indexes that are imagined, and settings of the planner for one statement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.conftest import MakeDatabase
from tests.support.cli_runner import CliRunner, Result
from tests.support.reading import allowed, pool_on, prepare

from pgwarden.adapters.cache.memory import MemoryCache
from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.agents.query_advisor import QueryAdvisor
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.cli import main as command_line
from pgwarden.domain.advice import Advice
from pgwarden.domain.advice_json import advice_object, index_words, setting_words
from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import ExecutionFailed, InputInvalid
from pgwarden.domain.identity import Access, DataRight, Identity
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.rights_version import RightsVersion
from pgwarden.ports import ExecutionRecords, ReadRunner

ANN = Identity("ann")
ENTRIES = (
    "create table entry (id int primary key, kind int not null, day date not null, note text)",
    "insert into entry select i, i % 500, date '2024-01-01' + i % 2, 'n' || i from generate_series(1, 20000) i",
    "analyze entry",
)


class House:
    """An advisor on one database."""

    def __init__(self, pool: TargetPool, known: Catalog) -> None:
        self.known = known
        self._runner = PostgresReadRunner(pool)
        self.agent = SafeExecutionAgent(
            self,
            self.runner,
            self.records,
            self,  # type: ignore[arg-type]  # current() is all it asks
            MemoryCache(),
        )

    @classmethod
    async def on(cls, pool: TargetPool) -> House:
        return cls(pool, await PostgresCatalogReader(pool.connection).read())

    async def current(self) -> RightsVersion:
        return RightsVersion(1, (DataRight("*", Access.READ),))

    async def catalog(self, _database: str) -> Catalog:
        return self.known

    refresh = reread = catalog

    async def runner(self, _database: str) -> ReadRunner:
        return self._runner

    async def records(self, _database: str) -> ExecutionRecords:
        raise AssertionError("no record is asked for")

    async def advise(self, sql: str, *, analyze: bool = False) -> Advice:
        advisor = QueryAdvisor(self.agent)
        return await advisor.advise(
            "here", sql, self.known, identity=ANN, limits=ReadLimits(), analyze=analyze, timed=False
        )


@pytest.mark.requires("hypopg")
async def test_an_index_is_wished_for_where_the_planner_would_use_it(make_database: MakeDatabase) -> None:
    database = make_database(15)
    prepare(database, *ENTRIES, "create schema extras", "create extension hypopg schema extras")
    async with pool_on(database, size=2) as pool:  # one connection for all statements
        house = await House.on(pool)
        advice = await house.advise("select id from entry where kind = 7")
        (wish,) = advice.indexes
        assert wish.costs is not None
        before, after = wish.costs
        assert after < before / 4
        assert index_words(wish).endswith(f"(verified by the planner: cost {before:,.0f} → {after:,.0f})")
        assert advice_object(advice)["indexes"][0]["verified"]

        nothing = await house.advise("select id, note from entry where day >= '2024-01-01'")
        assert nothing.indexes == ()
        assert nothing.notes == ("An index on public.entry (day) was tried and would not help.",)

        with pytest.raises(ExecutionFailed):  # the statement fails while it is planned: nothing stays behind
            await PostgresReadRunner(pool).explain_with_index(
                allowed("select 1 / 0 from entry where kind = 1"),
                "create index on public.entry (kind)",
                limits=ReadLimits(),
            )
        async with pool.connection() as connection:
            left = await (await connection.execute("select count(*) from extras.hypopg()")).fetchone()
            real = await (await connection.execute("select count(*) from pg_index where indrelid = 'entry'::regclass")
                          ).fetchone()  # fmt: skip
        assert (left, real) == ((0,), (1,))


@pytest.mark.requires("hypopg")
async def test_whoever_may_not_imagine_gets_the_index_unverified(make_database: MakeDatabase) -> None:
    database = make_database(15)
    prepare(
        database, *ENTRIES, "create extension hypopg", "revoke execute on function hypopg_create_index from public",
        "create role trials_reader login password 'x'", "grant select on entry to trials_reader",
    )  # fmt: skip
    reader = make_conninfo(database, user="trials_reader", password="x")
    try:
        async with pool_on(reader) as pool:
            advice = await (await House.on(pool)).advise("select id from entry where kind = 7")
        (wish,) = advice.indexes
        assert wish.costs is None
        assert advice.notes[0].startswith("The index on public.entry could not be tried: ")
    finally:
        prepare(database, "drop owned by trials_reader", "drop role trials_reader")


MISLED = (
    "create table fact (a int, b int, c int, other int)",
    "create table side (id int, p int, q int, r int)",
    "insert into fact select i % 40, i % 40, i % 40, i % 1000 from generate_series(1, 20000) i",
    "insert into side select i % 1000, i % 20, i % 20, i % 20 from generate_series(1, 3000) i",
    "analyze fact, side",
)
NESTED = (
    "select count(*) from fact f join side s on s.id = f.other"
    " where f.a = 3 and f.b = 3 and f.c = 3 and s.p = 3 and s.q = 3 and s.r = 3"
)


@pytest.fixture
async def misled(database: str) -> AsyncIterator[House]:
    """Conditions that always hold together, which the planner takes for independent: it expects one row of many."""
    prepare(database, *MISLED)
    async with pool_on(database) as pool:
        yield await House.on(pool)


async def test_a_setting_is_offered_where_the_clock_shows_that_it_helps(misled: House) -> None:
    planned = await misled.advise(NESTED)
    assert planned.settings == ()  # by its own estimate the planner has chosen best
    advice = await misled.advise(NESTED, analyze=True)
    helping = {wish.words: wish for wish in advice.settings}
    wish = helping["enable_nestloop=off"]
    assert wish.before.milliseconds is not None
    assert wish.after.milliseconds is not None
    assert wish.after.milliseconds < wish.before.milliseconds / 2
    assert "measured: " in setting_words(wish)
    assert "enable_seqscan=off" not in helping  # there is no index to read by instead

    limits = replace(ReadLimits(), planner=wish.settings)
    plan = await misled.agent.explain("here", NESTED, identity=ANN, limits=limits)
    assert "Nested Loop" not in str(plan)
    with_it = await misled.agent.read("here", NESTED, identity=ANN, limits=limits)
    without = await misled.agent.read("here", NESTED, identity=ANN, limits=ReadLimits())
    assert with_it.rows == without.rows
    shown = await misled.agent.read("here", "show enable_nestloop", identity=ANN, limits=ReadLimits())
    assert shown.rows == (("on",),)  # for that statement alone
    wrong = replace(ReadLimits(), planner=(("session_replication_role", "replica"),))
    with pytest.raises(InputInvalid):
        await misled.agent.read("here", NESTED, identity=ANN, limits=wrong)


async def test_memory_is_offered_by_the_estimate_and_an_administrators_bound_stays(database: str) -> None:
    prepare(database, *ENTRIES, "insert into entry select i, i, '2024-01-01', repeat('x', 100)"
            " from generate_series(20001, 90000) i", "analyze entry")  # fmt: skip
    sql = "select * from entry order by note, id desc"
    async with pool_on(database) as pool:
        advice = await (await House.on(pool)).advise(sql)
    (wish,) = [wish for wish in advice.settings if wish.words.startswith("work_mem=")]
    assert wish.after.cost < wish.before.cost
    assert "verified by the planner: cost" in setting_words(wish)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"alter database {connection.info.dbname} set work_mem = '1MB'".encode())
    async with pool_on(database) as pool:
        house = await House.on(pool)
        assert not [wish for wish in (await house.advise(sql)).settings if wish.words.startswith("work_mem=")]
        limits = replace(ReadLimits(), planner=(("work_mem", "32768kB"),))
        assert (await house.agent.read("here", "show work_mem", identity=ANN, limits=limits)).rows == (("1MB",),)


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, make_database: MakeDatabase, shop_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "none.toml").touch(mode=0o600)
    settings: Mapping[str, str] = {
        "HOME": str(tmp_path / "home"),
        "CONFIG": str(tmp_path / "none.toml"),
        "CONTROL_URL": make_database(),
        "DATABASE_URL": shop_url,
        "USER": "ada",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"PGWARDEN_{name}", value)
    return lambda *arguments: CliRunner().invoke(command_line.app, arguments)


def test_a_reader_chooses_for_one_statement(run: Run) -> None:
    sql = "explain select * from orders o join customers c on c.id = o.customer_id"
    usual = run("query", sql).stdout
    assert "Hash Join" in usual
    chosen = run("query", sql, "--set", "enable_hashjoin=off", "--set", "work_mem=8MB").stdout
    assert "Hash Join" not in chosen
    for wrong in ("statement_timeout=0", "enable_hashjoin=maybe", "work_mem=9GB", "jit"):
        refused = run("query", "select 1", "--set", wrong)
        assert isinstance(refused.exception, InputInvalid), wrong
