"""What was slow or failed is remembered without its values, told when it comes again, and so is what helped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.mcp_client import settings_of

from pgwarden.bootstrap import App, build
from pgwarden.domain.answer import Answer
from pgwarden.domain.errors import ExecutionFailed
from pgwarden.domain.identity import DEFAULT_RIGHTS, Access, DataRight, Identity
from pgwarden.domain.plain import plain

ADA = Identity("ada")
BROKEN = "create view ratios as select id, 10 / amount as ratio from measures"
MENDED = "create or replace view ratios as select id, 10 / nullif(amount, 0) as ratio from measures"
QUESTION = "show all ratios"


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    target = owned(make_database())
    run(target, "create table measures(id int primary key, amount int not null)",
        "insert into measures select i, 0 from generate_series(4700, 4800) i", BROKEN)  # fmt: skip
    return target


async def ask(app: App, question: str = QUESTION) -> Answer:
    return await app.orchestrator.ask(question, database="default", identity=ADA, limits=app.limits())


async def test_a_failure_is_told_with_what_helped(state_home: Path, make_database: MakeDatabase, database: str) -> None:
    async with build(settings_of(state_home, make_database(), database)) as app:
        with pytest.raises(ExecutionFailed) as first:
            await ask(app)
        assert "failed" not in first.value.next_step
        with pytest.raises(ExecutionFailed) as second:
            await ask(app)
        assert "failed with PGW030 once this week" in second.value.next_step
        run(database, MENDED)
        mended = await ask(app)
        assert mended.result is not None
        assert "failed with PGW030 2 times" in mended.notes[0]
        (trouble,) = await app.memory.system.all("default")
        assert (trouble.times, trouble.helped) == (2, "view public.ratios changed")
        assert "what helped: view public.ratios changed" in (await ask(app)).notes[0]
        assert "ratios" in trouble.form


async def test_a_model_is_told_as_data_what_failed_and_what_helped(
    state_home: Path, make_database: MakeDatabase, database: str
) -> None:
    control = make_database()
    async with build(settings_of(state_home, control, database)) as app:
        for _ in range(2):
            with pytest.raises(ExecutionFailed):
                await ask(app)
    settings = settings_of(state_home, control, database, llm_primary="openai:m@http://127.0.0.1:9/v1")
    async with build(settings) as app:
        prompt = await app.orchestrator.preview(QUESTION, database="default", identity=ADA)
        assert prompt is not None
        before, _, told = prompt.material.partition("what went wrong before")
        assert "ratios" in told.partition(">>")[0]
        assert "failed with PGW030 2 times" in told.partition(">>")[0]
        assert "failed with" not in before + prompt.instructions, "it is data"
        other = await app.orchestrator.preview("all measures", database="default", identity=ADA)
        assert other is not None
        assert "what went wrong before" not in other.material, "of another question"
        lines = (*DEFAULT_RIGHTS, DataRight("person:ada", Access.DENY, table="ratios"))
        await app.rights.replace(lines, expected=0, author="eve", at=datetime.now(UTC))
        denied = await app.orchestrator.preview(QUESTION, database="default", identity=ADA)
        assert denied is not None
        assert "ratios" not in denied.material.replace(QUESTION, ""), "nor of what who asks may not know"


async def test_slow_reads_are_remembered_from_every_door(
    state_home: Path, make_database: MakeDatabase, database: str
) -> None:
    run(database, MENDED)
    settings = settings_of(state_home, make_database(), database, slow_seconds=0.000001, cache_results_seconds=0)
    async with build(settings) as app:
        for number in (4711, 4712, 4713):
            sql = f"select count(*) from measures where id > {number}"
            await app.execution.read("default", sql, identity=ADA, limits=app.limits())
        (slow,) = await app.memory.system.all()
        assert (slow.code, slow.times, slow.form) == ("slow", 3, "SELECT count(*) FROM measures WHERE id > ?")
        assert slow.worst_ms > 0
        assert "471" not in json.dumps(plain(slow), default=str), "no value of a row or of anybody's words"
        answer = await ask(app)
        again = await ask(app)
        assert answer.notes == ()
        assert "was slow" in again.notes[0]
