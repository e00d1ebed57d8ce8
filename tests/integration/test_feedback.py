"""What people say about answers changes what the same question gets next time, and nobody else's rights."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.mcp_client import settings_of

from pgwarden.agents.intelligent_query import PARAPHRASED
from pgwarden.bootstrap import App, build
from pgwarden.domain.answer import Answer, AnswerStatus
from pgwarden.domain.errors import InputInvalid, RightMissing, UnknownSession
from pgwarden.domain.identity import Access, DataRight, Identity
from pgwarden.settings import Settings

ADA, BOB = Identity("ada"), Identity("bob")
QUESTION = "how many customers are there?"
BETTER = "SELECT count(*) FROM customers WHERE state = 'Texas'"


@pytest.fixture
def settings(state_home: Path, make_database: MakeDatabase, shop_url: str) -> Settings:
    return settings_of(state_home, make_database(), shop_url)


async def ask(app: App, question: str = QUESTION, by: Identity = ADA, session: str = "") -> Answer:
    return await app.orchestrator.ask(question, database="default", identity=by, limits=app.limits(), session=session)


async def test_a_correction_answers_the_same_question_from_then_on(settings: Settings) -> None:
    async with build(settings) as app:
        first = await ask(app)
        assert first.reading.engine == "built-in"
        await app.orchestrator.feedback(first.turn, right=False, corrected_sql=BETTER, identity=ADA)
        again = await ask(app, " How many   customers ARE there ")
        assert (again.reading.sql, again.reading.engine) == (BETTER, "verified example")
        assert "ada vouched" in again.reading.explanation
        assert again.result is not None
        assert (await ask(app, by=BOB)).reading.sql == BETTER, "a team learns together"
        assert (await ask(app, "how many orders are there?")).reading.engine == "built-in"


async def test_a_reading_called_wrong_is_asked_about(settings: Settings) -> None:
    async with build(settings) as app:
        await ask(app)
        await app.orchestrator.feedback("", right=False, corrected_sql=None, identity=ADA)
        again = await ask(app)
        assert again.status is AnswerStatus.CLARIFY
        assert again.reading.clarification is not None
        assert "called wrong before" in again.reading.clarification.message
        await app.orchestrator.feedback((await ask(app)).turn, right=False, corrected_sql=BETTER, identity=ADA)
        assert (await ask(app)).reading.sql == BETTER


async def test_corrections_are_judged_and_belong_to_ones_own_questions(settings: Settings) -> None:
    async with build(settings) as app:
        turn = (await ask(app)).turn
        for sql in ("select pg_sleep(9)", "select nope from customers", "select 1; drop table customers"):
            with pytest.raises(InputInvalid, match="correction"):
                await app.orchestrator.feedback(turn, right=False, corrected_sql=sql, identity=ADA)
        with pytest.raises(UnknownSession):
            await app.orchestrator.feedback(turn, right=True, corrected_sql=None, identity=BOB)
        with pytest.raises(UnknownSession):
            await app.orchestrator.feedback("", right=True, corrected_sql=None, identity=BOB)


async def test_what_one_taught_shows_another_nothing_more(settings: Settings) -> None:
    async with build(settings) as app:
        turn = (await ask(app)).turn
        await app.orchestrator.feedback(turn, right=False, corrected_sql="SELECT id, city FROM customers", identity=ADA)
        version = await app.rights.current()
        lines = (*version.lines, DataRight("person:bob", Access.DENY, table="customers"))
        await app.rights.replace(lines, expected=version.number, author="test", at=datetime.now(UTC))
        try:
            answer = await ask(app, by=BOB)
        except RightMissing:
            return
        assert answer.result is None


async def test_follow_ups_are_never_answered_from_examples(settings: Settings) -> None:
    async with build(settings) as app:
        await ask(app, "how many orders per status?", session="s")
        follow = await ask(app, "only the first three", session="s")
        await app.orchestrator.feedback(follow.turn, right=True, corrected_sql=None, identity=ADA)
        await ask(app, "customers from Texas", session="t")
        other = await ask(app, "only the first three", session="t")
        assert other.reading.sql is not None
        assert "customers" in other.reading.sql


async def test_what_was_taught_answers_the_same_question_about_another_value(settings: Settings) -> None:
    taught = "SELECT count(*) AS ours FROM customers WHERE state = 'Texas' AND id > 0"
    async with build(settings) as app:
        first = await ask(app, "how many customers of ours are in Texas?")
        await app.orchestrator.feedback(first.turn, right=False, corrected_sql=taught, identity=ADA)
        other = await ask(app, "How many customers of ours are in California?")
        assert other.reading.sql == taught.replace("Texas", "California")
        assert "ada vouched" in other.reading.explanation
        unknown = await ask(app, "how many customers of ours are in Atlantis?")
        assert unknown.reading.engine != "verified example"


async def test_a_question_back_offers_what_was_taught_in_much_the_same_words(settings: Settings) -> None:
    async with build(settings) as app:
        first = await ask(app, "how many zorbs of ours are in Texas?")
        await app.orchestrator.feedback(first.turn, right=False, corrected_sql=BETTER, identity=ADA)
        near = await ask(app, "how many grey zorbs are in Texas?")
        assert near.reading.sql is None
        assert near.reading.clarification is not None
        assert BETTER in [option.sql for option in near.reading.clarification.options]
        far = await ask(app, "zorbs by month")
        assert far.reading.clarification is not None
        assert BETTER not in [option.sql for option in far.reading.clarification.options]


async def test_what_was_taught_answers_the_question_that_says_the_same_in_other_words(settings: Settings) -> None:
    async with build(settings) as app:
        first = await ask(app)
        await app.orchestrator.feedback(first.turn, right=False, corrected_sql=BETTER, identity=ADA)
        other = await ask(app, "What is the total number of customers?", by=BOB)
        assert (other.reading.sql, other.reading.engine) == (BETTER, "verified example")
        assert "which says the same" in other.reading.explanation
        assert other.reading.confidence == PARAPHRASED
        narrower = await ask(app, "What is the total number of customers from Ohio?")
        assert narrower.reading.sql != BETTER, "it says more"
        names = await ask(app, "how many Zorbs are there in Texas?")
        await app.orchestrator.feedback(names.turn, right=False, corrected_sql=BETTER, identity=ADA)
        same = await ask(app, "In Texas, how many zorbs are there?")
        assert same.reading.sql == BETTER, "the same words, though nobody knows what a zorb is"
        unknown = await ask(app, "how many Glorps are there in Texas?")
        assert unknown.reading.sql is None, "another name is another question"
