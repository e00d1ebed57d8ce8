"""The engine scored on the shop with questions of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.mcp_client import settings_of

from pgwarden.agents.evaluation import EvaluationAgent
from pgwarden.bootstrap import build
from pgwarden.domain.evaluation import Case, Outcome, Scored
from pgwarden.domain.identity import Identity
from pgwarden.settings import Settings

QUESTION = "how many customers are there?"


@pytest.fixture
def settings(state_home: Path, make_database: MakeDatabase, shop_url: str) -> Settings:
    return settings_of(state_home, make_database(), shop_url)


async def test_answers_are_held_against_gold_and_only_reads_run(settings: Settings) -> None:
    async with build(settings) as app:
        agent = EvaluationAgent(app.orchestrator, app.execution)

        async def score(*gold: str, question: str = QUESTION, answerable: bool = True) -> Scored:
            case = Case(1, question, gold, answerable)
            return await agent.score(case, database="default", identity=Identity("ada"), limits=app.limits(rows=10))

        count = "SELECT count(*) FROM customers"
        assert (await score(count)).outcome is Outcome.CORRECT
        assert (await score("SELECT -1", count)).outcome is Outcome.CORRECT
        assert (await score("SELECT -1 ORDER BY 1")).outcome is Outcome.WRONG
        assert (await score(answerable=False)).outcome is Outcome.WRONG
        refused = await score(count, question="what is the shoe size of the moon?")
        assert (refused.sql, refused.outcome in (Outcome.ASKED, Outcome.REFUSED)) == (None, True)
        cut = await score("SELECT id FROM customers")
        assert cut.outcome is Outcome.ERROR
        assert "cut" in cut.why
        assert (await score("DELETE FROM customers")).outcome is Outcome.ERROR
        assert (await score(count)).outcome is Outcome.CORRECT, "the gold that deletes did not run"
