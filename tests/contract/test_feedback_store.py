from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgwarden.adapters.postgres.control.feedback import PostgresFeedbackStore
from pgwarden.domain.feedback import Feedback
from pgwarden.ports import FeedbackStore
from pgwarden.testing import MemoryFeedbackStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> FeedbackStore:
    if implementation == "memory":
        return MemoryFeedbackStore()
    return PostgresFeedbackStore(request.getfixturevalue("control"))


def feedback(
    question_id: str, *, right: bool, identity: str = "ana", sql: str | None = "select 1", corrected: str | None = None
) -> Feedback:
    return Feedback(question_id, identity, "shop", f"question {question_id}?", sql, right, NOON, corrected)


async def test_a_judgement_comes_back(store: FeedbackStore) -> None:
    said = feedback("q1", right=False, corrected="select 2")
    await store.save(said)
    assert await store.get("q1", identity="ana") == said
    assert await store.get("q1", identity="bob") is None


async def test_said_again_it_replaces_and_counts_as_the_newest(store: FeedbackStore) -> None:
    for said in (feedback("q1", right=True), feedback("q2", right=True), feedback("q1", right=False)):
        await store.save(said)
    assert await store.of("shop") == (feedback("q1", right=False), feedback("q2", right=True))
    assert await store.of("shop", limit=1) == (feedback("q1", right=False),)
    assert await store.of("elsewhere") == ()


async def test_two_people_may_differ(store: FeedbackStore) -> None:
    await store.save(feedback("q1", right=True))
    await store.save(feedback("q1", right=False, identity="bob"))
    assert len(await store.of("shop")) == 2


async def test_examples_are_what_someone_vouched_for(store: FeedbackStore) -> None:
    for said in (
        feedback("confirmed", right=True),
        feedback("wrong", right=False),
        feedback("corrected", right=False, corrected="select 2"),
        feedback("asked back", right=True, sql=None),
        feedback("improved", right=True, identity="bob", corrected="select 3"),
        feedback("emptied", right=True, corrected=""),
    ):
        await store.save(said)
    assert [(e.question, e.sql, e.identity) for e in await store.examples("shop")] == [
        ("question emptied?", "select 1", "ana"),
        ("question improved?", "select 3", "bob"),
        ("question corrected?", "select 2", "ana"),
        ("question confirmed?", "select 1", "ana"),
    ]
    assert [e.sql for e in await store.examples("shop", identity="bob")] == ["select 3"]
    assert [e.sql for e in await store.examples("shop", identity="ana", limit=2)] == ["select 1", "select 2"]


async def test_a_judgement_can_be_taken_back(store: FeedbackStore) -> None:
    await store.save(feedback("q1", right=True))
    assert not await store.delete("q1", identity="bob")
    assert await store.delete("q1", identity="ana")
    assert not await store.delete("q1", identity="ana")
    assert await store.examples("shop") == ()


async def test_everything_of_one_identity_can_be_forgotten(store: FeedbackStore) -> None:
    for number, identity in enumerate(("ana", "ana", "bob")):
        await store.save(feedback(f"q{number}", right=True, identity=identity))
    assert await store.delete_all("ana") == 2
    assert [f.identity for f in await store.of("shop")] == ["bob"]


async def test_everything_that_one_identity_said_newest_first(store: FeedbackStore) -> None:
    for said in (feedback("q1", right=True), feedback("q2", right=False), feedback("q3", right=True, identity="bob")):
        await store.save(said)
    assert await store.by("ana") == (feedback("q2", right=False), feedback("q1", right=True))
    assert await store.by("nobody") == ()
