"""The ports in memory, for tests: yours as well as ours.

They keep to the same contract as the real ones (tests/contract runs one suite on both), without a server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pgwarden.domain.approval import Approved, DatabaseIdentity, Expectation, Tolerance, seal_of
from pgwarden.domain.catalog import Catalog, InferredJoin, Relation
from pgwarden.domain.database import Database
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile, UnknownSession
from pgwarden.domain.execution import Isolation, Parameter
from pgwarden.domain.feedback import Example, Feedback
from pgwarden.domain.glossary import Term, term_key
from pgwarden.domain.identity import DataRight
from pgwarden.domain.profile import Sample, TableProfile
from pgwarden.domain.registration import require_keepable, unknown_database
from pgwarden.domain.rights_version import ORIGINAL_RIGHTS, RightsVersion
from pgwarden.domain.schema_history import SNAPSHOTS_KEPT, Relationship, Relationships, SchemaVersion
from pgwarden.domain.session import TURNS_KEPT, Session, Turn
from pgwarden.domain.value_index import SampledValues


class MemoryDatabaseStore:
    """``ports.DatabaseStore``."""

    def __init__(self, databases: Iterable[Database] = ()) -> None:
        self._databases = {database.name: database for database in databases}

    async def add(self, database: Database) -> None:
        require_keepable(database)
        if database.name in self._databases:
            raise AlreadyExists(f"A database {database.name!r} is registered already.")
        self._databases[database.name] = database

    async def replace(self, database: Database) -> None:
        require_keepable(database)
        await self.get(database.name)
        self._databases[database.name] = database

    async def get(self, name: str) -> Database:
        if name not in self._databases:
            raise unknown_database(name)
        return self._databases[name]

    async def all(self) -> tuple[Database, ...]:
        return tuple(sorted(self._databases.values(), key=lambda database: database.name))

    async def remove(self, name: str) -> None:
        await self.get(name)
        del self._databases[name]


class MemoryDataRightsStore:
    """``ports.DataRightsStore``."""

    def __init__(self) -> None:
        self._versions = [ORIGINAL_RIGHTS]

    async def current(self) -> RightsVersion:
        return self._versions[-1]

    async def replace(self, lines: Sequence[DataRight], *, expected: int, author: str, at: datetime) -> RightsVersion:
        version = RightsVersion(expected + 1, tuple(lines), author, at)
        if expected != self._versions[-1].number:
            raise ChangedMeanwhile("Someone else changed the data rights.")
        self._versions.append(version)
        return self._versions[-1]

    async def history(self, *, limit: int = 50) -> tuple[RightsVersion, ...]:
        return tuple(self._versions[:0:-1][:limit])


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


class MemoryFeedbackStore:
    """``ports.FeedbackStore``."""

    def __init__(self) -> None:
        self._feedback: dict[tuple[str, str], Feedback] = {}

    async def save(self, feedback: Feedback) -> None:
        key = feedback.question_id, feedback.identity
        self._feedback.pop(key, None)  # said again, it counts as the newest
        self._feedback[key] = feedback

    async def get(self, question_id: str, *, identity: str) -> Feedback | None:
        return self._feedback.get((question_id, identity))

    async def of(self, database: str, *, limit: int = 1000) -> tuple[Feedback, ...]:
        return tuple(self._newest(database))[:limit]

    async def examples(self, database: str, *, identity: str | None = None, limit: int = 1000) -> tuple[Example, ...]:
        examples = (feedback.example for feedback in self._newest(database))
        return tuple(e for e in examples if e is not None and identity in (None, e.identity))[:limit]

    async def delete(self, question_id: str, *, identity: str) -> bool:
        return self._feedback.pop((question_id, identity), None) is not None

    async def delete_all(self, identity: str) -> int:
        own = [key for key in self._feedback if key[1] == identity]
        for key in own:
            del self._feedback[key]
        return len(own)

    def _newest(self, database: str) -> Iterable[Feedback]:
        return (feedback for feedback in reversed(self._feedback.values()) if feedback.database == database)


class MemoryGlossaryStore:
    """``ports.GlossaryStore``."""

    def __init__(self) -> None:
        self._terms: dict[tuple[str, str], Term] = {}

    async def save(self, database: str, term: Term) -> None:
        self._terms[database, term.key] = term

    async def of(self, database: str) -> tuple[Term, ...]:
        own = (term for (owner, _), term in self._terms.items() if owner == database)
        return tuple(sorted(own, key=lambda term: term.key))

    async def delete(self, database: str, term: str) -> bool:
        return self._terms.pop((database, term_key(term)), None) is not None


class MemorySchemaHistory:
    """``ports.SchemaHistory``."""

    def __init__(self) -> None:
        self._versions: dict[str, list[tuple[SchemaVersion, str]]] = {}
        self._relationships: dict[str, Relationships] = {}

    async def latest(self, database: str) -> SchemaVersion | None:
        return next(iter(await self.history(database, limit=1)), None)

    async def record(
        self, database: str, version: str, at: datetime, diff: Mapping[str, object], snapshot: str
    ) -> bool:
        latest = await self.latest(database)
        if latest is not None and latest.version == version:
            return False
        self._versions.setdefault(database, []).append((SchemaVersion(version, at, _json_copy(diff)), snapshot))
        return True

    async def history(self, database: str, *, limit: int = 100) -> tuple[SchemaVersion, ...]:
        return tuple(version for version, _ in reversed(self._versions.get(database, [])))[:limit]

    async def snapshot(self, database: str, version: str) -> str | None:
        kept = reversed(self._versions.get(database, [])[-SNAPSHOTS_KEPT:])
        return next((snapshot for seen, snapshot in kept if seen.version == version), None)

    async def relationships(self, database: str) -> Relationships | None:
        return self._relationships.get(database)

    async def save_relationships(self, database: str, version: str, found: Sequence[Relationship]) -> None:
        self._relationships[database] = Relationships(version, tuple(found))


class MemoryCache:
    """``ports.Cache`` without a limit; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[float, str, frozenset[str]]] = {}

    async def get(self, key: str) -> str | None:
        until, value, _ = self._entries.get(key, (0.0, "", frozenset()))
        return value if key in self._entries and self._clock() < until else None

    async def set(self, key: str, value: str, *, seconds: float, tags: Sequence[str] = ()) -> None:
        self._entries[key] = self._clock() + seconds, value, frozenset(tags)

    async def drop(self, *tags: str) -> None:
        self._entries = {key: entry for key, entry in self._entries.items() if not entry[2] & set(tags)}

    async def close(self) -> None:
        self._entries.clear()


class MemorySchemaSource:
    """``ports.SchemaSource`` that is its own reader and its own tables: set ``current`` to change the structure."""

    def __init__(self, catalog: Catalog, *, key: str = "memory", joins: Sequence[InferredJoin] = ()) -> None:
        self.current = catalog
        self.key = key
        self.joins = tuple(joins)
        self.rows: dict[int, Sample] = {}
        self.profiles: dict[int, TableProfile] = {}
        self.columns: dict[tuple[int, int], Sequence[str]] = {}
        self.calls: list[str] = []
        """What was asked of it, in order: fingerprint, read, sample, profile, joins, values."""

    @property
    def reader(self) -> MemorySchemaSource:
        return self

    @property
    def tables(self) -> MemorySchemaSource:
        return self

    async def read(self) -> Catalog:
        self.calls.append("read")
        return self.current

    async def fingerprint(self) -> str:
        self.calls.append("fingerprint")
        return self.current.version

    async def sample(self, catalog: Catalog, relation: Relation, *, rows: int) -> Sample:
        self._asked("sample", catalog)
        sample = self.rows[relation.oid]
        return replace(sample, rows=sample.rows[:rows])

    async def profile(self, catalog: Catalog, relation: Relation) -> TableProfile:
        self._asked("profile", catalog)
        return self.profiles[relation.oid]

    async def inferred_joins(self, catalog: Catalog) -> tuple[InferredJoin, ...]:
        self._asked("joins", catalog)
        return self.joins

    async def values(self, catalog: Catalog) -> SampledValues:
        self._asked("values", catalog)
        return SampledValues(self.columns)

    def _asked(self, what: str, catalog: Catalog) -> None:
        assert catalog.version == self.current.version, "asked about a structure that is gone"
        self.calls.append(what)


def _json_copy(values: Mapping[str, object]) -> dict[str, object]:
    """What JSON gives back, so that a test meets here what it would meet in a database."""
    copy: dict[str, object] = json.loads(json.dumps(values, allow_nan=False))
    return copy


def issue_approval(
    *,
    execution_id: str,
    sql: str,
    database: DatabaseIdentity,
    role: str,
    reach: Iterable[int],
    definitions: str,
    expectations: Iterable[Expectation],
    until: datetime,
    parameters: Iterable[Parameter] = (),
    search_path: str = '"$user", public',
    requested_by: str = "requester",
    approved_by: str = "approver",
    tolerance: Tolerance | None = None,
    isolation: Isolation = Isolation.READ_COMMITTED,
) -> Approved:
    """A sealed approval without a ticket: for tests and the tour alone; no door may import this module."""
    draft = Approved(
        execution_id=execution_id,
        sql=sql,
        parameters=tuple(parameters),
        database=database,
        role=role,
        search_path=search_path,
        reach=tuple(sorted(reach)),
        definitions=definitions,
        expectations=tuple(expectations),
        requested_by=requested_by,
        approved_by=approved_by,
        until=until,
        seal="",
        tolerance=tolerance or Tolerance(),
        isolation=isolation,
    )
    return replace(draft, seal=seal_of(draft))
