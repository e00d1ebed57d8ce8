"""Who may rehearse a change, and that nothing of it stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.conftest import MakeDatabase
from tests.support.mcp_client import settings_of

from pgwarden.adapters.postgres.connect import target
from pgwarden.bootstrap import App, build
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import LocksBusy, NotUndoable, RehearsalRefused, StatementRefused, WritesNotAllowed
from pgwarden.domain.identity import Identity, IdentityKind

TABLES = """
create table tree (id int primary key, kind text not null);
create table journal (what text);
create function note() returns trigger language plpgsql as
  $$begin insert into journal values (tg_op); return null; end$$;
create trigger note after delete on tree for each row execute function note();
insert into tree select i, 'oak' from generate_series(1, 20) i;
"""
CHANGE = "delete from tree where id <= 3"
ADA = Identity("ada")
Open = Callable[..., AbstractAsyncContextManager[App]]


@pytest.fixture
def opened(state_home: Path, make_database: MakeDatabase) -> Open:
    url, control = make_database(), make_database()
    name = f"owner_{url.rpartition('/')[2].partition('?')[0][-8:]}"
    with psycopg.connect(url, autocommit=True) as connection:
        role = sql.Identifier(name)
        connection.execute(sql.SQL("create role {} login password 'x'").format(role))
        connection.execute(sql.SQL("grant all on schema public to {}").format(role))
        connection.execute(sql.SQL("set role {}").format(role))
        connection.execute(TABLES)

    @asynccontextmanager
    async def app(*, writes: bool = True, **more: Any) -> AsyncIterator[App]:
        async with build(settings_of(state_home, control, url, **more)) as found:
            owner = make_conninfo(url, user=name, password="x")
            found.targets.add_for_now(target("default", owner, allow_writes=writes))
            yield found

    return app


async def test_a_rehearsal_knows_what_a_trigger_does_and_leaves_no_row(opened: Open) -> None:
    async with opened() as app:
        counted = await app.impact.assess("default", CHANGE, identity=ADA)
        assert not counted.impact.certain
        rehearsed = await app.impact.rehearse("default", CHANGE, identity=ADA)
        assert rehearsed.impact.certain
        rows = {table.name: table.counts for table in rehearsed.impact.tables}
        assert rows["public.tree"].deleted == rows["public.journal"].inserted == 3
        read = await app.execution.read("default", "select count(*) from tree", identity=ADA, limits=app.limits())
        assert read.rows == ((20,),)
        (kept,) = await app.audit.find(AuditFilter(action="impact.rehearsed"))
        assert (kept.entry.actor, kept.entry.details["rows"]) == ("ada", 6)


async def test_only_where_and_by_whom_it_may_be(opened: Open) -> None:
    async with opened(writes=False) as app:
        with pytest.raises(WritesNotAllowed):
            await app.impact.rehearse("default", CHANGE, identity=ADA)
    async with opened() as app:
        for kind in (IdentityKind.AGENT, IdentityKind.SERVICE):
            with pytest.raises(RehearsalRefused, match="not rehearsed"):
                await app.impact.rehearse("default", CHANGE, identity=Identity("robot", kind))
    async with opened(rehearsal_by_agents=True) as app:
        robot = Identity("robot", IdentityKind.AGENT)
        assert (await app.impact.rehearse("default", CHANGE, identity=robot)).impact.certain
    async with opened(rehearsal_rows=2) as app:
        with pytest.raises(RehearsalRefused) as refused:
            await app.impact.rehearse("default", CHANGE, identity=ADA)
        assert "2 are rehearsed at most" in refused.value.why


async def test_not_more_often_than_allowed(opened: Open) -> None:
    async with opened(rehearsals_per_hour=2) as app:
        for _ in range(2):
            await app.impact.rehearse("default", CHANGE, identity=ADA)
        for _ in range(2):
            with pytest.raises(RehearsalRefused):
                await app.impact.rehearse("default", CHANGE, identity=ADA)
        assert (await app.impact.rehearse("default", CHANGE, identity=Identity("bob"))).impact.certain


async def test_it_waits_for_no_lock_longer_than_a_second(opened: Open) -> None:
    async with opened() as app:
        with psycopg.connect(str(app.settings.targets["default"].url.get_secret_value())) as writer:
            writer.execute("update tree set kind = 'elm' where id = 1")
            with pytest.raises(LocksBusy, match="hold locks"):
                await asyncio.wait_for(app.impact.rehearse("default", CHANGE, identity=ADA), 60)
            writer.rollback()
        assert (await app.impact.rehearse("default", CHANGE, identity=ADA)).impact.certain


async def test_functions_with_effects_elsewhere_are_not_even_tried(opened: Open) -> None:
    """In the statement itself, where no trigger hides them."""
    async with opened() as app:
        with psycopg.connect(str(app.settings.targets["default"].url.get_secret_value()), autocommit=True) as c:
            c.execute(
                "create function end_others(int) returns text language plpgsql as"
                " $$begin perform pg_terminate_backend($1); return 'x'; end$$"
            )
        for sql in (
            "update tree set kind = end_others(id) where id = 1",
            "delete from tree where end_others(id) = 'x'",
        ):
            with pytest.raises((NotUndoable, StatementRefused)):
                await app.impact.rehearse("default", sql, identity=ADA)


async def test_never_where_an_effect_could_survive(opened: Open) -> None:
    async with opened() as app:
        with psycopg.connect(str(app.settings.targets["default"].url.get_secret_value()), autocommit=True) as c:
            c.execute(
                "create function hidden() returns trigger language plpgsql as"
                " $$begin execute 'select 1'; return null; end$$"
            )
            c.execute("create trigger hidden after delete on tree for each row execute function hidden()")
        with pytest.raises(NotUndoable):
            await app.impact.rehearse("default", CHANGE, identity=ADA)
