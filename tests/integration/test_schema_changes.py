"""A real ALTER TABLE while pgwarden runs: every agent works with the new structure, in this process and in others."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.mcp_client import settings_of

from pgwarden.bootstrap import App, build
from pgwarden.domain.answer import Answer, AnswerStatus
from pgwarden.domain.errors import StatementRefused
from pgwarden.domain.identity import DEFAULT_RIGHTS, Access, DataRight, Identity

ADA = Identity("ada")


async def ask(app: App, question: str) -> Answer:
    return await app.orchestrator.ask(question, database="default", identity=ADA, limits=app.limits())


async def rows(app: App, sql: str) -> tuple[tuple[object, ...], ...]:
    return (await app.execution.read("default", sql, identity=ADA, limits=app.limits())).rows


async def test_everybody_works_with_the_new_structure_at_once(state_home: Path, make_database: MakeDatabase) -> None:
    control, database = make_database(), owned(make_database())
    run(database, "create table guests(id int primary key, town text not null)",
        "insert into guests values (1, 'Bern'), (2, 'Rome')")  # fmt: skip
    settings = settings_of(state_home, control, database)
    async with build(settings) as first, build(settings) as second:
        for app in (first, second):
            assert (await ask(app, "guests from Bern")).status is AnswerStatus.ANSWERED
            with pytest.raises(StatementRefused):
                await rows(app, "select nickname from guests")
        run(database, "alter table guests add nickname text default 'Zaza'")
        answer = await ask(first, "how many guests have the nickname Zaza?")
        assert answer.status is AnswerStatus.ANSWERED
        assert answer.result is not None
        assert answer.result.rows == ((2,),)
        assert "column public.guests.nickname added" in " ".join(answer.warnings)
        assert await rows(second, "select nickname from guests limit 1") == (("Zaza",),), (
            "another process, by its verdict"
        )
        run(database, "alter table guests rename column town to city")
        assert (await ask(second, "guests by city")).status is AnswerStatus.ANSWERED
        with pytest.raises(StatementRefused):
            await rows(second, "select town from guests")
        run(database, "drop table guests")
        for app in (first, second):
            with pytest.raises(StatementRefused):
                await ask(app, "how many guests are there?")
            assert (await ask(app, "how many guests are there?")).status is AnswerStatus.CLARIFY
        run(database, "create table guests(id int primary key)")
        talk = partial(first.orchestrator.ask, "guests", database="default", identity=ADA, limits=first.limits())
        await talk(session="s1")
        run(database, "alter table guests add phone text")
        await first.schema.refresh("default")  # somebody's look, or the one of every minute
        told = "The structure has changed: column public.guests.phone added."
        assert [told in (await talk(session=name)).warnings for name in ("s1", "s1", "s2")] == [True, False, False]
        lines = (*DEFAULT_RIGHTS, DataRight("person:ada", Access.DENY, table="guests", column="secret"))
        await first.rights.replace(lines, expected=0, author="eve", at=datetime.now(UTC))
        run(database, "alter table guests add secret text", "alter table guests add fax text")
        await first.schema.refresh("default")
        heard = " ".join((await talk(session="s1")).warnings)
        assert "guests.fax" in heard
        assert "guests.secret" not in heard, "nobody is told of what they may not know"
        run(database, "alter table guests drop secret", "alter table guests add pager text default 'Zaza'")
        noted = " ".join((await ask(first, "how many guests have the pager Zaza?")).warnings)
        assert "guests.pager" in noted
        assert "guests.secret" not in noted, "nor where it is the question that has the schema looked at again"
        history = await first.schema.history("default")
        assert len(history) >= 3, "each version with what changed, once, whichever process saw it first"
