"""ContextMemoryAgent: what was said before, and what a team's words mean."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from pgwarden.domain.errors import AlreadyExists, UnknownSession
from pgwarden.domain.identity import Identity
from pgwarden.domain.question import Reading
from pgwarden.domain.session import Session, Turn
from pgwarden.ports import GlossaryStore, SessionStore


class ContextMemoryAgent:
    """Session memory (the last 50 questions of a conversation) and the glossary of each database."""

    def __init__(self, sessions: SessionStore, glossary: GlossaryStore, now: Callable[[], datetime]) -> None:
        self._sessions, self._glossary, self._now = sessions, glossary, now

    async def store_context(self, session_id: str, reading: Reading, *, identity: Identity, database: str) -> str:
        """Remember one turn and return its id; a session is opened by its first turn."""
        with suppress(AlreadyExists):
            moment = self._now()
            await self._sessions.open(
                Session(session_id, identity.name, database, moment, moment, reading.question[:200])
            )
        turn = Turn(
            id=uuid.uuid4().hex,
            at=self._now(),
            database=database,
            question=reading.question,
            sql=reading.sql,
            state={"explanation": reading.explanation, "confidence": reading.confidence, "engine": reading.engine},
        )
        await self._sessions.add_turn(session_id, turn, identity=identity.name)
        return turn.id

    async def retrieve_context(self, session_id: str, *, identity: Identity, database: str) -> tuple[Reading, ...]:
        """Earlier readings of the session on this database, oldest first; none for a new session."""
        try:
            turns = await self._sessions.turns(session_id, identity=identity.name)
        except UnknownSession:
            return ()
        return tuple(_reading(turn) for turn in turns if turn.database == database)

    async def forget(self, session_id: str, *, identity: Identity) -> None:
        """Delete a session of this identity."""
        await self._sessions.delete(session_id, identity=identity.name)

    async def glossary(self, database: str) -> tuple[tuple[str, str], ...]:
        """(term, meaning) pairs of a database."""
        return tuple((term.term, term.meaning) for term in await self._glossary.of(database))


def _reading(turn: Turn) -> Reading:
    state = turn.state
    return Reading(
        question=turn.question,
        sql=turn.sql,
        confidence=float(str(state.get("confidence", 0.0))),
        engine=str(state.get("engine", "")),
        explanation=str(state.get("explanation", "")),
    )
