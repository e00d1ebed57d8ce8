from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.adapters.postgres.control.sessions import PostgresSessionStore
from pgwarden.domain.errors import AlreadyExists, UnknownSession
from pgwarden.domain.session import TURNS_KEPT, Session, Turn
from pgwarden.ports import SessionStore
from pgwarden.testing import MemorySessionStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> SessionStore:
    if implementation == "memory":
        return MemorySessionStore()
    return PostgresSessionStore(request.getfixturevalue("control"))


def session(session_id: str = "s1", identity: str = "ana", minutes: int = 0) -> Session:
    at = NOON + timedelta(minutes=minutes)
    return Session(session_id, identity, "shop", at, at, "sales’ numbers")


def turn(turn_id: str = "t1", minutes: int = 0, **changes: object) -> Turn:
    fields: dict[str, object] = {"sql": "select 1", "state": {"where": [["state", "=", "CA"]], "top": 3}}
    return Turn(turn_id, NOON + timedelta(minutes=minutes), "shop", "how many?", **{**fields, **changes})  # type: ignore[arg-type]


async def test_a_session_comes_back_as_it_was_opened(store: SessionStore) -> None:
    await store.open(session())
    assert await store.get("s1", identity="ana") == session()


async def test_an_id_is_taken_once(store: SessionStore) -> None:
    await store.open(session())
    with pytest.raises(AlreadyExists):
        await store.open(session(minutes=5))
    assert await store.get("s1", identity="ana") == session()


async def test_the_same_ids_of_two_people_never_meet(store: SessionStore) -> None:
    for identity in ("ana", "bob"):
        await store.open(session(identity=identity))
        await store.add_turn("s1", turn(sql=f"select '{identity}'"), identity=identity)
    await store.delete("s1", identity="ana")
    assert await store.turns("s1", identity="bob") == (turn(sql="select 'bob'"),)
    assert await store.turn("t1", identity="bob") == turn(sql="select 'bob'")
    assert await store.turn("t1", identity="ana") is None


async def test_sessions_are_listed_last_used_first(store: SessionStore) -> None:
    for name, minutes in (("s1", 0), ("s2", 5), ("s3", 3)):
        await store.open(session(name, minutes=minutes))
    await store.open(session("other", identity="bob", minutes=9))
    await store.add_turn("s1", turn(minutes=7), identity="ana")
    assert [s.id for s in await store.of("ana")] == ["s1", "s2", "s3"]
    assert [s.id for s in await store.of("ana", limit=2)] == ["s1", "s2"]


async def test_turns_come_back_oldest_first_whatever_their_clocks_said(store: SessionStore) -> None:
    await store.open(session())
    first, second = turn("t1", minutes=9), turn("t2", minutes=1, sql=None, state={"options": ["a", "b\u0000", "ü"]})
    await store.add_turn("s1", first, identity="ana")
    await store.add_turn("s1", second, identity="ana")
    assert await store.turns("s1", identity="ana") == (first, second)
    assert (await store.get("s1", identity="ana")).last_used == first.at


async def test_only_the_last_turns_are_remembered(store: SessionStore) -> None:
    await store.open(session())
    await store.open(session("s2"))
    await store.add_turn("s2", turn("other"), identity="ana")
    for number in range(TURNS_KEPT + 3):
        await store.add_turn("s1", turn(f"t{number}"), identity="ana")
    kept = await store.turns("s1", identity="ana")
    assert [t.id for t in kept] == [f"t{number}" for number in range(3, TURNS_KEPT + 3)]
    assert await store.turn("t0", identity="ana") is None
    assert [t.id for t in await store.turns("s2", identity="ana")] == ["other"]


async def test_turns_added_at_once_are_all_kept(store: SessionStore) -> None:
    await store.open(session())
    await asyncio.gather(*(store.add_turn("s1", turn(f"t{n}"), identity="ana") for n in range(8)))
    assert {t.id for t in await store.turns("s1", identity="ana")} == {f"t{n}" for n in range(8)}


async def test_a_turn_is_found_by_its_id(store: SessionStore) -> None:
    await store.open(session())
    await store.add_turn("s1", turn(), identity="ana")
    assert await store.turn("t1", identity="ana") == turn()
    assert await store.turn("t1", identity="bob") is None
    with pytest.raises(AlreadyExists):
        await store.add_turn("s1", turn(sql="select 2"), identity="ana")
    assert await store.turns("s1", identity="ana") == (turn(),)


OTHERS: dict[str, Callable[[SessionStore], Awaitable[object]]] = {
    "get": lambda store: store.get("s1", identity="bob"),
    "turns": lambda store: store.turns("s1", identity="bob"),
    "add_turn": lambda store: store.add_turn("s1", turn("t2"), identity="bob"),
    "delete": lambda store: store.delete("s1", identity="bob"),
}


@pytest.mark.parametrize("verb", OTHERS)
async def test_someone_elses_session_is_as_unknown_as_none(store: SessionStore, verb: str) -> None:
    await store.open(session())
    await store.add_turn("s1", turn(), identity="ana")
    with pytest.raises(UnknownSession):
        await OTHERS[verb](store)
    assert await store.turns("s1", identity="ana") == (turn(),)
    assert await store.of("bob") == ()


async def test_a_deleted_session_leaves_nothing(store: SessionStore) -> None:
    await store.open(session())
    await store.add_turn("s1", turn(), identity="ana")
    await store.delete("s1", identity="ana")
    assert await store.turn("t1", identity="ana") is None
    with pytest.raises(UnknownSession):
        await store.delete("s1", identity="ana")
    await store.open(session())
    assert await store.turns("s1", identity="ana") == ()


async def test_everything_of_one_identity_can_be_forgotten(store: SessionStore) -> None:
    for name, identity in (("s1", "ana"), ("s2", "ana"), ("s3", "bob")):
        await store.open(session(name, identity))
        await store.add_turn(name, turn(f"turn of {name}"), identity=identity)
    assert await store.delete_all("ana") == 2
    assert await store.of("ana") == ()
    assert [t.id for t in await store.turns("s3", identity="bob")] == ["turn of s3"]


async def test_a_state_comes_back_exactly(store: SessionStore) -> None:
    odd = {
        "big": 2**70,
        "small": 1e-300,
        "text": "\ud800 \x00 ü 🛣",
        "": [[], {}, None, True],
        "order": {"b": 1, "a": 2},
    }
    await store.open(session())
    await store.add_turn("s1", turn(state=odd), identity="ana")
    (kept,) = await store.turns("s1", identity="ana")
    assert kept.state == odd
    assert list(kept.state) == list(odd)


async def test_a_state_that_json_cannot_hold_is_not_kept(store: SessionStore) -> None:
    await store.open(session())
    with pytest.raises(ValueError, match="JSON"):
        await store.add_turn("s1", turn(state={"score": float("nan")}), identity="ana")
    assert await store.turns("s1", identity="ana") == ()


async def test_the_history_of_one_identity_is_searched(store: SessionStore) -> None:
    for name, identity in (("s1", "ana"), ("s2", "ana"), ("s3", "bob")):
        await store.open(session(name, identity))
    await store.add_turn("s1", turn("t1"), identity="ana")
    await store.add_turn("s2", turn("t2", 1, sql="select Größe from t where p like '10%'"), identity="ana")
    await store.add_turn("s1", turn("t3", 2, sql=None), identity="ana")
    await store.add_turn("s3", turn("t4", 3), identity="bob")
    assert [t.id for t in await store.history("ana")] == ["t3", "t2", "t1"]
    assert [t.id for t in await store.history("ana", limit=2)] == ["t3", "t2"]
    assert [t.id for t in await store.history("ana", text="GRÖSSE")] == []
    assert [t.id for t in await store.history("ana", text="GRÖßE")] == ["t2"]
    assert [t.id for t in await store.history("ana", text="10%")] == ["t2"]
    assert [t.id for t in await store.history("bob", text="MANY")] == ["t4"]
