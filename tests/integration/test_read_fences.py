"""With the verdict out of the way, the runner's own fences hold: nothing is written, nothing stays, everything ends."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import perf_counter

import pytest
from psycopg import conninfo
from tests.corpora.attacks.corpus import Attack, Harm, attacks, family
from tests.corpora.attacks.denial import ENDLESS
from tests.corpora.attacks.ground import TRAPS, Ground
from tests.support.reading import prepare, runner_on

from pgwarden.adapters.postgres.connect import target
from pgwarden.adapters.postgres.pool import TargetPool
from pgwarden.adapters.postgres.runner import PostgresReadRunner
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.result import ReadLimits
from pgwarden.domain.statement import Decision, StatementKind, Verdict

LIMITS = ReadLimits(rows=50, seconds=0.4, total_bytes=1024 * 1024)
KEPT = (Harm.WRITE, Harm.ESCAPE, Harm.NOTIFY, Harm.SETTING, Harm.SESSION, Harm.LOCK, Harm.SLOW)
"""Harms that the second fence holds by itself. Secrets, files and other backends are left to verdict and role."""
KINDS = {"explain": StatementKind.EXPLAIN, "show": StatementKind.SHOW}


@pytest.fixture(scope="module")
def ground(run_directory: Path) -> Iterator[Ground]:
    with Ground(run_directory / f"fences-{uuid.uuid4().hex[:8]}") as ground:
        yield ground


@pytest.fixture
async def runner(ground: Ground) -> AsyncIterator[PostgresReadRunner]:
    pool = TargetPool(target("traps", conninfo.make_conninfo(ground.server, dbname=TRAPS)))
    yield PostgresReadRunner(pool)
    await pool.close()


def allowed(sql: str) -> Verdict:
    """A verdict as it would be if nothing had looked at the statement."""
    kind = KINDS.get(sql.split(maxsplit=1)[0].lower(), StatementKind.SELECT) if sql.split() else StatementKind.SELECT
    return Verdict(sql, kind, Decision.ALLOW)


async def outcome(runner: PostgresReadRunner, sql: str) -> str:
    """How the runner ended: the error's code, or ''."""
    try:
        await runner.run(allowed(sql), limits=LIMITS)
    except PgwardenError as error:
        return error.code
    return ""


def tried() -> list[Attack]:
    """Attacks whose harm the fences hold; of the positions, which are alike to the server, one call each."""
    found = [attack for attack in attacks() if attack.harm in KEPT and attack.family != "positions"]
    return found + [attack for attack in family("positions") if attack.name.endswith("/writes")]


async def test_nothing_is_written_although_everything_is_allowed(ground: Ground, runner: PostgresReadRunner) -> None:
    wrote = []
    with ground.connect() as listener, ground.connect() as looking:
        before = ground.digest(by=looking)
        listener.execute("listen trap")
        for attack in tried():
            await outcome(runner, attack.filled(ground.data, TRAPS))
            after = ground.digest(by=looking)
            if after != before:
                wrote.append(attack.name)
                before = after
        heard = list(listener.notifies(timeout=0))
    assert wrote == []
    assert heard == []


@pytest.mark.parametrize("harm", [Harm.SETTING, Harm.SESSION, Harm.LOCK])
async def test_nothing_stays_in_the_session(harm: Harm, ground: Ground, runner: PostgresReadRunner) -> None:
    left = """
        select coalesce(current_setting('trap.poison', true), '') || current_setting('search_path') || current_user
            || (select count(*) from pg_prepared_statements where name not like 'pgwarden%')
            || (select count(*) from pg_listening_channels()) || (select count(*) from pg_cursors where is_holdable)
            || (select count(*) from pg_locks where locktype = 'advisory')
            || (select count(*) from pg_class where relnamespace = pg_my_temp_schema())
    """
    clean = (await runner.run(allowed(left), limits=ReadLimits())).rows
    stained = []
    for attack in (attack for attack in attacks() if attack.harm is harm):
        await outcome(runner, attack.filled(ground.data, TRAPS))
        if (await runner.run(allowed(left), limits=ReadLimits())).rows != clean:
            stained.append(attack.name)
    assert stained == []


@pytest.mark.parametrize("name", ENDLESS)
async def test_endless_read_ends(name: str, runner: PostgresReadRunner) -> None:
    started = perf_counter()
    ended = await outcome(runner, ENDLESS[name])
    assert perf_counter() - started < LIMITS.seconds + 6
    assert ended in ("", "PGW030", "PGW031")
    assert await outcome(runner, "select 1") == ""


async def test_a_function_that_meddles_with_our_statements_reaches_no_later_read(database: str) -> None:
    prepare(
        database,
        "create function meddle() returns int language plpgsql as $$ declare name text; begin"
        " for name in select p.name from pg_prepared_statements p loop"
        " execute format('deallocate %I', name); execute format('prepare %I as select 1', name); end loop;"
        " return 1; end $$",
    )
    looking = "select current_setting('transaction_read_only'), current_setting('statement_timeout')"
    async with runner_on(database) as runner:
        for _ in range(2):
            await runner.run(allowed("select 1"), limits=ReadLimits(), expected={})
            assert (await runner.run(allowed("select meddle()"), limits=ReadLimits())).rows == ((1,),)
            assert (await runner.run(allowed(looking), limits=ReadLimits(), expected={})).rows == (("on", "30s"),)
