"""Conversations and their turns, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from pgwarden.domain.errors import AlreadyExists, UnknownSession
from pgwarden.domain.session import TURNS_KEPT, Session, Turn


class MemorySessionStore:
    """``ports.SessionStore``."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], Session] = {}
        """By identity and id."""
        self._turns: dict[tuple[str, str], tuple[str, Turn]] = {}
        """(session's id, turn) by identity and the turn's id, in the order they were added."""

    async def open(self, session: Session) -> None:
        key = session.identity, session.id
        if key in self._sessions:
            raise AlreadyExists("A session with that id exists.")
        self._sessions[key] = session

    async def get(self, session_id: str, *, identity: str) -> Session:
        if (identity, session_id) not in self._sessions:
            raise UnknownSession("There is no such session.")
        return self._sessions[identity, session_id]

    async def of(self, identity: str, *, limit: int = 50) -> tuple[Session, ...]:
        own = sorted((s for s in self._sessions.values() if s.identity == identity), key=lambda session: session.id)
        return tuple(sorted(own, key=lambda session: session.last_used, reverse=True)[:limit])

    async def add_turn(self, session_id: str, turn: Turn, *, identity: str) -> None:
        session = await self.get(session_id, identity=identity)
        if (identity, turn.id) in self._turns:
            raise AlreadyExists("A turn with that id exists.")
        self._turns[identity, turn.id] = session_id, replace(turn, state=_json_copy(turn.state))
        self._sessions[identity, session_id] = replace(session, last_used=max(session.last_used, turn.at))
        for old in self._of(session_id, identity)[:-TURNS_KEPT]:
            del self._turns[identity, old.id]

    async def turns(self, session_id: str, *, identity: str) -> tuple[Turn, ...]:
        await self.get(session_id, identity=identity)
        return tuple(self._of(session_id, identity))

    async def turn(self, turn_id: str, *, identity: str) -> Turn | None:
        _, turn = self._turns.get((identity, turn_id), ("", None))
        return turn

    async def history(self, identity: str, *, text: str = "", limit: int = 100) -> tuple[Turn, ...]:
        own = [turn for (owner, _), (_, turn) in self._turns.items() if owner == identity]
        found = [turn for turn in own if text.lower() in f"{turn.question} {turn.sql or ''}".lower()]
        return tuple(reversed(found))[:limit]

    async def delete(self, session_id: str, *, identity: str) -> None:
        await self.get(session_id, identity=identity)
        for turn in self._of(session_id, identity):
            del self._turns[identity, turn.id]
        del self._sessions[identity, session_id]

    async def delete_all(self, identity: str) -> int:
        own = await self.of(identity, limit=len(self._sessions))
        for session in own:
            await self.delete(session.id, identity=identity)
        return len(own)

    def _of(self, session_id: str, identity: str) -> list[Turn]:
        turns = ((key, value) for key, value in self._turns.items() if key[0] == identity)
        return [turn for _, (owner, turn) in turns if owner == session_id]


def _json_copy(values: Mapping[str, object]) -> dict[str, object]:
    """What JSON gives back, so that a test meets here what it would meet in a database."""
    copy: dict[str, object] = json.loads(json.dumps(values, allow_nan=False))
    return copy
