"""Conversations in PostgreSQL."""

from __future__ import annotations

import json
from typing import Any

from pgwarden.adapters.postgres.control.connection import Connection, Pool, query, rows, transaction
from pgwarden.domain.errors import AlreadyExists, UnknownSession
from pgwarden.domain.session import TURNS_KEPT, Session, Turn


class PostgresSessionStore:
    """``ports.SessionStore``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, session: Session) -> None:
        parameters = {
            "id": session.id,
            "identity": session.identity,
            "database": session.database,
            "started": session.started,
            "last_used": session.last_used,
            "title": session.title,
        }
        async with transaction(self._pool) as connection:
            if not (await connection.execute(query("open_session"), parameters)).rowcount:
                raise AlreadyExists("A session with that id exists.", not_done="No session was opened.")

    async def get(self, session_id: str, *, identity: str) -> Session:
        async with transaction(self._pool) as connection:
            return await _session(connection, session_id, identity)

    async def of(self, identity: str, *, limit: int = 50) -> tuple[Session, ...]:
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(query("sessions_of_identity"), {"identity": identity, "limit": limit})
            return tuple(Session(*row) for row in await cursor.fetchall())

    async def add_turn(self, session_id: str, turn: Turn, *, identity: str) -> None:
        session = {"identity": identity, "session_id": session_id}
        used = {"id": session_id, "identity": identity, "at": turn.at}
        async with transaction(self._pool) as connection:
            if not (await connection.execute(query("use_session"), used)).rowcount:
                raise unknown_session()
            if not (await connection.execute(query("add_turn"), {**session, **_parameters(turn)})).rowcount:
                raise AlreadyExists("A turn with that id exists.", not_done="The turn was not kept.")
            await connection.execute(query("forget_old_turns"), {**session, "kept": TURNS_KEPT})

    async def turns(self, session_id: str, *, identity: str) -> tuple[Turn, ...]:
        async with transaction(self._pool) as connection:
            await _session(connection, session_id, identity)
            session = {"identity": identity, "session_id": session_id}
            cursor = await connection.execute(query("turns_of_session"), session)
            return tuple(_turn(row) for row in await cursor.fetchall())

    async def turn(self, turn_id: str, *, identity: str) -> Turn | None:
        async with transaction(self._pool) as connection:
            row = await (await connection.execute(query("turn"), {"id": turn_id, "identity": identity})).fetchone()
        return _turn(row) if row else None

    async def history(self, identity: str, *, text: str = "", limit: int = 100) -> tuple[Turn, ...]:
        wanted = {"identity": identity, "text": text.lower(), "limit": limit}
        return tuple(_turn(row) for row in await rows(self._pool, "turns_of_identity", wanted))

    async def delete(self, session_id: str, *, identity: str) -> None:
        async with transaction(self._pool) as connection:
            session = {"id": session_id, "identity": identity}
            if not (await connection.execute(query("delete_session"), session)).rowcount:
                raise unknown_session()

    async def delete_all(self, identity: str) -> int:
        async with transaction(self._pool) as connection:
            return (await connection.execute(query("delete_sessions_of_identity"), {"identity": identity})).rowcount


async def _session(connection: Connection, session_id: str, identity: str) -> Session:
    row = await (await connection.execute(query("session"), {"id": session_id, "identity": identity})).fetchone()
    if row is None:
        raise unknown_session()
    return Session(*row)


def _turn(row: tuple[Any, ...]) -> Turn:
    turn_id, at, database, question, sql, state = row
    return Turn(turn_id, at, database, question, sql, json.loads(state))


def _parameters(turn: Turn) -> dict[str, object]:
    return {
        "id": turn.id,
        "at": turn.at,
        "database": turn.database,
        "question": turn.question,
        "sql": turn.sql,
        "state": json.dumps(turn.state, allow_nan=False),
    }


def unknown_session() -> UnknownSession:
    return UnknownSession(
        "There is no such session.",
        why="It never was, was deleted, or belongs to someone else.",
        next_step="Start a new one.",
    )
