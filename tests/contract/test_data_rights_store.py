from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.domain.errors import ChangedMeanwhile, InputInvalid
from pgwarden.domain.identity import DEFAULT_RIGHTS, Access, DataRight
from pgwarden.domain.rights_version import RightsVersion
from pgwarden.ports import DataRightsStore
from pgwarden.testing import MemoryDataRightsStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINES = (
    DataRight("group:support", Access.MASKED, "shop", "public", "customers", "e%mail*", sensitive_only=True),
    DataRight("person:ana", Access.READ),
    DataRight("*", Access.DENY, schema="hr"),
)


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> DataRightsStore:
    if implementation == "memory":
        return MemoryDataRightsStore()
    return PostgresDataRightsStore(request.getfixturevalue("control"))


async def test_the_default_rights_hold_until_someone_writes_others(store: DataRightsStore) -> None:
    assert await store.current() == RightsVersion(0, DEFAULT_RIGHTS)
    assert await store.history() == ()


async def test_lines_come_back_in_their_order(store: DataRightsStore) -> None:
    written = await store.replace(LINES, expected=0, author="ana", at=NOON)
    assert written == RightsVersion(1, LINES, "ana", NOON)
    assert await store.current() == written


async def test_no_lines_at_all_is_not_the_same_as_never_written(store: DataRightsStore) -> None:
    await store.replace((), expected=0, author="ana", at=NOON)
    assert (await store.current()).lines == ()


async def test_an_edit_of_an_old_version_overwrites_nothing(store: DataRightsStore) -> None:
    await store.replace(LINES, expected=0, author="ana", at=NOON)
    for stale in (0, 2):
        with pytest.raises(ChangedMeanwhile):
            await store.replace((), expected=stale, author="bob", at=NOON)
    assert await store.current() == RightsVersion(1, LINES, "ana", NOON)


async def test_of_two_edits_at_once_one_wins(store: DataRightsStore) -> None:
    edits = (store.replace(LINES, expected=0, author=f"editor {n}", at=NOON) for n in range(4))
    outcomes = await asyncio.gather(*edits, return_exceptions=True)
    won = [outcome for outcome in outcomes if isinstance(outcome, RightsVersion)]
    assert len(won) == 1
    assert all(isinstance(o, ChangedMeanwhile) for o in outcomes if o is not won[0])
    assert await store.current() == won[0]


async def test_every_written_version_can_be_read_back(store: DataRightsStore) -> None:
    first = await store.replace(LINES, expected=0, author="ana", at=NOON)
    second = await store.replace(LINES[:1], expected=1, author="bob", at=NOON)
    third = await store.replace((), expected=2, author="bob", at=NOON)
    assert await store.history() == (third, second, first)
    assert await store.history(limit=1) == (third,)


@pytest.mark.parametrize(
    "line",
    [
        DataRight("persn:ana", Access.DENY),
        DataRight("group:", Access.DENY),
        DataRight("ana", Access.DENY),
        DataRight("", Access.DENY),
        DataRight("*", Access.DENY, table=""),
        DataRight("*", Access.DENY, column="a\x00"),
    ],
    ids=repr,
)
async def test_a_line_that_could_never_apply_is_refused(store: DataRightsStore, line: DataRight) -> None:
    with pytest.raises(InputInvalid):
        await store.replace((*LINES, line), expected=0, author="ana", at=NOON)
    assert (await store.current()).number == 0
