"""ContextMemoryAgent: what was said before, what people said about it, and what a team's words mean."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pgwarden.agents.audit_trail import UNWRITTEN, AuditTrail
from pgwarden.agents.schema_context import SchemaContextAgent
from pgwarden.agents.sight import Sight
from pgwarden.agents.system_memory import SystemMemory
from pgwarden.domain.context import Context, ContextType, UserContext
from pgwarden.domain.errors import (
    AlreadyExists,
    ControlDatabaseUnavailable,
    InputInvalid,
    RightMissing,
    UnknownSession,
)
from pgwarden.domain.feedback import Feedback, Lesson, lesson_of
from pgwarden.domain.identity import Identity
from pgwarden.domain.question import Reading
from pgwarden.domain.remembered import Conversation, Forgotten, Patterns, Remembered, patterns_of
from pgwarden.domain.session import Session, Turn
from pgwarden.domain.trouble import Trouble
from pgwarden.domain.user_preferences import UserPreferences, require_names, require_preferences
from pgwarden.ports import FeedbackStore, GlossaryStore, PreferenceStore, SessionStore
from pgwarden.sql.mentions import mentioned

ZONES_KEPT, MOST_ZONES = timedelta(minutes=1), 10_000
EVERY = 100_000
"""More conversations than a person has."""


class ContextMemoryAgent:
    """Sessions (their last 50 questions), each person's judgements and preferences, the glossary of each database."""

    def __init__(
        self,
        sessions: SessionStore,
        glossary: GlossaryStore,
        feedback: FeedbackStore,
        preferences: PreferenceStore,
        system: SystemMemory,
        schema: SchemaContextAgent,
        sight: Sight,
        now: Callable[[], datetime],
        *,
        trail: AuditTrail = UNWRITTEN,
    ) -> None:
        self._trail, self._schema, self._sight, self._preferences = trail, schema, sight, preferences
        self._sessions, self._glossary, self._feedback, self.now = sessions, glossary, feedback, now
        self.system = system
        self._zones: dict[str, tuple[datetime, str]] = {}

    async def store_context(self, session_id: str, context_data: Reading, *, identity: Identity, database: str) -> str:
        """Remember one turn and return its id; a session is opened by its first turn."""
        with suppress(AlreadyExists):
            moment = self.now()
            await self._sessions.open(
                Session(session_id, identity.name, database, moment, moment, context_data.question[:200])
            )
        turn = Turn(
            id=uuid.uuid4().hex,
            at=self.now(),
            database=database,
            question=context_data.question,
            sql=context_data.sql,
            state={
                "explanation": context_data.explanation,
                "confidence": context_data.confidence,
                "engine": context_data.engine,
            },
        )
        await self._sessions.add_turn(session_id, turn, identity=identity.name)
        return turn.id

    async def conversation(self, session_id: str, *, identity: Identity, database: str) -> tuple[Reading, ...]:
        """Earlier readings of the session on this database, oldest first; none for a new session."""
        try:
            turns = await self._sessions.turns(session_id, identity=identity.name)
        except UnknownSession:
            return ()
        return tuple(_reading(turn) for turn in turns if turn.database == database)

    async def retrieve_context(
        self, session_id: str, context_type: str = ContextType.SESSION, *, identity: Identity, database: str
    ) -> Context:
        """What is remembered for this identity on this database: of the session, schema, user or system memory.

        Of structure and statements only what the identity may see. InputInvalid for another type of context.
        """
        match context_type:
            case ContextType.SESSION:
                return await self.conversation(session_id, identity=identity, database=database)
            case ContextType.SCHEMA:
                return await self._sight.visible(database, identity=identity)
            case ContextType.USER:
                return await self._of_user(identity, database)
            case ContextType.SYSTEM:
                return await self.troubles(database, identity=identity)
        raise InputInvalid(
            f"There is no context of the type {context_type!r}.", next_step=f"There are {', '.join(ContextType)}."
        )

    async def troubles(self, database: str, *, identity: Identity) -> tuple[Trouble, ...]:
        """What went wrong on a database before, where no statement names a table that this identity may not see."""
        catalog = await self._schema.catalog(database)
        visible = await self._sight.visible(database, identity=identity)
        hidden = [relation.name for oid, relation in catalog.relations.items() if oid not in visible.relations]
        return tuple(t for t in await self.system.all(database) if not mentioned(f"{t.form} {t.helped}", hidden))

    async def _of_user(self, identity: Identity, database: str) -> UserContext:
        judged = [each for each in await self._feedback.by(identity.name) if each.database == database]
        return UserContext(
            await self._preferences.of(identity.name),
            await self._feedback.examples(database, identity=identity.name),
            tuple(each for each in judged if not each.right),
            await self.analyze_patterns(identity.name, timedelta(days=30), identity=identity),
        )

    def today(self, zone: str) -> date:
        """The day that it is now in an IANA time zone."""
        return self.now().astimezone(ZoneInfo(zone)).date()

    async def preferences(self, *, identity: Identity) -> UserPreferences:
        """How this identity likes answers."""
        return UserPreferences.of(await self._preferences.of(identity.name))

    async def zone(self, *, identity: Identity) -> str:
        """The time zone that this identity prefers, as known a minute ago at most; '' for none, or while it cannot
        be looked up: a read goes on without."""
        known = self._zones.get(identity.name)
        if known is None or self.now() - known[0] >= ZONES_KEPT:
            if len(self._zones) >= MOST_ZONES:
                self._zones.clear()
            try:
                zone = (await self.preferences(identity=identity)).zone
            except ControlDatabaseUnavailable:
                return known[1] if known else ""
            known = self._zones[identity.name] = (self.now(), zone)
        return known[1]

    async def prefer(self, changes: Mapping[str, str | None], *, identity: Identity) -> UserPreferences:
        """Set preferences and, where the value is None, unset them; what holds now. Raises InputInvalid."""
        given = {name: value for name, value in changes.items() if value is not None}
        require_preferences(given)
        require_names(changes)
        entry = self._trail.entry("preferences.changed", identity=identity, details={"names": sorted(changes)})
        await self._preferences.change(identity.name, changes, self.now(), audit=[entry])
        self._zones.pop(identity.name, None)
        return await self.preferences(identity=identity)

    async def update_schema_cache(self, schema_data: str, ttl: timedelta, *, database: str) -> None:
        """Keep a structure, as JSON, for other processes; InputInvalid unless it is what the server has now."""
        await self._schema.share(database, schema_data, seconds=ttl.total_seconds())

    async def forget(self, session_id: str, *, identity: Identity) -> None:
        """Delete a session of this identity."""
        async with self._trail.event("memory.forgotten", identity=identity, subject=session_id):
            await self._sessions.delete(session_id, identity=identity.name)

    async def forget_all(self, *, identity: Identity) -> Forgotten:
        """Delete every conversation, judgement and preference of this identity; how many of each that were."""
        async with self._trail.event("memory.forgotten", identity=identity) as event:
            gone = Forgotten(
                await self._sessions.delete_all(identity.name),
                await self._feedback.delete_all(identity.name),
                await self._preferences.delete_all(identity.name),
            )
            event.details.update(asdict(gone))
            return gone

    async def remembered(self, *, identity: Identity) -> Remembered:
        """Everything that is remembered of this identity."""
        conversations = [
            Conversation(session, await self._sessions.turns(session.id, identity=identity.name))
            for session in await self._sessions.of(identity.name, limit=EVERY)
        ]
        preferences = await self._preferences.of(identity.name)
        return Remembered(tuple(conversations), await self._feedback.by(identity.name), preferences)

    async def analyze_patterns(self, user_id: str, time_window: timedelta, *, identity: Identity) -> Patterns:
        """What this person's questions of the last while have in common. RightMissing for anybody else's."""
        if user_id != identity.name:
            raise RightMissing(
                "Another person's questions are not analysed.",
                why="What somebody asked is theirs alone.",
                not_done="Nothing was read.",
            )
        zone = (await self.preferences(identity=identity)).zone or "UTC"
        return patterns_of(await self.remembered(identity=identity), self.now() - time_window, zone)

    async def turn(self, turn_id: str, *, identity: Identity) -> Turn:
        """One remembered question of this identity; with '' the newest. UnknownSession when there is none."""
        found = await self._sessions.turn(turn_id, identity=identity.name) if turn_id else await self._newest(identity)
        if found is None:
            raise UnknownSession(
                f"There is no remembered question {turn_id}." if turn_id else "No question is remembered.",
                why="A conversation remembers its last 50 questions.",
                not_done="Nothing was judged.",
                next_step="Ask it again; --json shows its id as turn.",
            )
        return found

    async def _newest(self, identity: Identity) -> Turn | None:
        for session in await self._sessions.of(identity.name, limit=1):
            turns = await self._sessions.turns(session.id, identity=identity.name)
            return turns[-1] if turns else None
        return None

    async def learn(self, turn: Turn, *, right: bool, corrected_sql: str | None, identity: Identity) -> Feedback:
        """Remember what a person said about an answer; it changes what the same question gets next time."""
        judged = Feedback(
            turn.id, identity.name, turn.database, turn.question, turn.sql, right, self.now(), corrected_sql
        )
        await self._feedback.save(judged)
        return judged

    async def lesson(self, question: str, *, database: str) -> Lesson:
        """What people said about this very question on this database."""
        return lesson_of(question, await self._feedback.of(database))

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
