from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.adapters.postgres.control.questions import PostgresQuestionStore
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile, UnknownQuestion
from pgwarden.domain.saved_question import Chart, SavedQuestion, Schedule
from pgwarden.ports import QuestionStore
from pgwarden.testing import MemoryQuestionStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> QuestionStore:
    if implementation == "memory":
        return MemoryQuestionStore()
    return PostgresQuestionStore(request.getfixturevalue("control"))


def question(number: str = "q-1", owner: str = "ana", **changes: object) -> SavedQuestion:
    whole = SavedQuestion(
        id=number,
        owner=owner,
        database="shop",
        name=f"Orders {number}",
        question="orders by state, 100%_sure",
        sql="select state, count(*) from orders group by 1",
        changed_at=NOON + timedelta(minutes=int(number[-1])),
        chart=Chart("line", "state", "count"),
        schedule=Schedule("0 8 * * mon", "Europe/Berlin", ("ana", "bob"), "xlsx", NOON, 2, NOON, "no server"),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # names and types match above


async def test_it_comes_back_exactly_and_is_found_by_whom_it_is_for(store: QuestionStore) -> None:
    private, everybodys, teams, others = (
        question("q-1"),
        question("q-2", shared_with="everybody"),
        question("q-3", "bob", shared_with="group:sales", sql="select 'ÄRGER' from complaints"),
        question("q-4", "bob"),
    )
    for each in (private, everybodys, teams, others):
        await store.add(each)
    assert await store.get("q-1") == private
    assert await store.find("ana", ["everybody"]) == (everybodys, private)
    assert await store.find("cleo", ["everybody", "group:sales"]) == (teams, everybodys)
    assert await store.find("cleo", ["group:"]) == await store.find("cleo", [""]) == ()
    assert await store.find("cleo", ["group:sales", "everybody"], text="ärger") == (teams,)
    assert await store.find("ana", [], text="100%_SURE", limit=1) == (everybodys,)
    assert await store.find("ana", [], text="100%sure") == ()


async def test_a_name_is_taken_once_and_a_change_names_what_it_changes(store: QuestionStore) -> None:
    await store.add(question("q-1"))
    await store.add(question("q-2"))
    await store.add(question("q-3", "bob", name="Orders q-1"))
    with pytest.raises(AlreadyExists):
        await store.add(question("q-5", name="Orders q-1"))
    changed = await store.replace(question("q-1", name="Other", shared_with="approver"))
    assert (changed.revision, changed.name) == (2, "Other")
    assert await store.get("q-1") == changed
    assert await store.find("max", ["approver"], text="other") == (changed,)
    with pytest.raises(ChangedMeanwhile):
        await store.replace(question("q-1"))
    with pytest.raises(AlreadyExists):
        await store.replace(replace(changed, name="Orders q-2"))
    assert await store.get("q-1") == changed
    await store.remove("q-1")
    with pytest.raises(UnknownQuestion):
        await store.get("q-1")
    with pytest.raises(UnknownQuestion):
        await store.remove("q-1")
    with pytest.raises(ChangedMeanwhile):
        await store.replace(changed)


async def test_a_delivery_is_noted_once_for_each_run_and_person(store: QuestionStore) -> None:
    await store.add(question())
    assert await store.deliver("q-1", NOON, "bob", NOON)
    assert not await store.deliver("q-1", NOON, "bob", NOON)
    assert await store.deliver("q-1", NOON, "ana", NOON)
    assert await store.deliver("q-1", NOON + timedelta(days=1), "bob", NOON)
    assert await store.delivered("q-1", NOON) == {"ana", "bob"}
    assert not await store.deliver("gone", NOON, "bob", NOON)
