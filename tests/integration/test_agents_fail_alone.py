"""Each optional collaborator really broken, one by one: the answer comes, and says what was left out."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from tests.conftest import MakeDatabase
from tests.support.mcp_client import settings_of

from pgwarden.bootstrap import build
from pgwarden.domain.answer import AnswerStatus
from pgwarden.domain.errors import ControlDatabaseUnavailable
from pgwarden.domain.identity import Identity

ADA = Identity("ada")
BROKEN = {
    "session": "The conversation so far is left out.",
    "turn": "This question is not remembered",
    "feedback": "What people taught is left out.",
    "glossary_term": "The team's own words are left out.",
    "user_preference": "Your preferences are left out.",
    "trouble": "How it went before is left out.",
    "schema_version": "",
    "relationship_set": "",
}
"""A store's table → what the answer says without it; '' where nothing is missing from the answer."""


def rename(control: str, table: str, to: str) -> None:
    with psycopg.connect(control, autocommit=True) as connection:
        connection.execute(f'alter table pgwarden_control."{table}" rename to "{to}"')


async def test_a_broken_store_costs_a_warning(state_home: Path, make_database: MakeDatabase, shop_url: str) -> None:
    control = make_database()
    async with build(settings_of(state_home, control, shop_url)) as app:
        for table, warning in BROKEN.items():
            session = "s" if table in ("session", "turn") else ""
            rename(control, table, "gone")
            if not warning:
                await app.schema.reread("default")
            answer = await app.orchestrator.ask(
                "how many orders?", database="default", identity=ADA, limits=app.limits(), session=session
            )
            assert answer.status is AnswerStatus.ANSWERED, table
            assert answer.result is not None
            if warning:
                assert any(warning in each and "is missing" in each for each in answer.warnings), table
            else:
                assert answer.warnings == (), table
            rename(control, "gone", table)


@pytest.mark.parametrize("table", ["rights_version", "audit_entry"])
async def test_what_guards_is_no_collaborator_to_do_without(
    state_home: Path, make_database: MakeDatabase, shop_url: str, table: str
) -> None:
    control = make_database()
    async with build(settings_of(state_home, control, shop_url)) as app:
        rename(control, table, "gone")
        with pytest.raises(ControlDatabaseUnavailable):
            await app.orchestrator.ask(
                "how many orders?", database="default", identity=ADA, limits=app.limits(), session="s"
            )
        rename(control, "gone", table)
