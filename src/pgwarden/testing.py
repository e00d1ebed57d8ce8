"""The ports in memory, for tests: yours as well as ours.

They keep to the same contract as the real ones (tests/contract runs one suite on both), without a server.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pgwarden.domain.allowance import KEPT, Use
from pgwarden.domain.approval import Approved, DatabaseIdentity, Expectation, Tolerance, seal_of
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord, chained, genesis, prepared
from pgwarden.domain.audit_checkpoint import Checkpoint, KeptCheckpoint
from pgwarden.domain.audit_filter import AuditFilter, Erasure, ranges
from pgwarden.domain.audit_verification import ChainCheck, Verification
from pgwarden.domain.catalog import Catalog, InferredJoin, Relation
from pgwarden.domain.database import Database
from pgwarden.domain.errors import AlreadyExists, ChangedMeanwhile, UnknownQuestion, UnknownSession
from pgwarden.domain.execution import Isolation, Parameter
from pgwarden.domain.feedback import Example, Feedback
from pgwarden.domain.glossary import Term, term_key
from pgwarden.domain.identity import DataRight
from pgwarden.domain.job import Job, JobRecord, JobState, QueueState
from pgwarden.domain.notification import Channel, Delivery, DeliveryStatus, Letter, Notification, Preferences, Recent
from pgwarden.domain.profile import Sample, TableProfile
from pgwarden.domain.registration import require_keepable, unknown_database
from pgwarden.domain.rights_version import ORIGINAL_RIGHTS, RightsChangedError, RightsVersion
from pgwarden.domain.saved_question import SavedQuestion
from pgwarden.domain.schema_history import SNAPSHOTS_KEPT, Relationship, Relationships, SchemaVersion
from pgwarden.domain.session import TURNS_KEPT, Session, Turn
from pgwarden.domain.ticket import Ticket, TicketStatus
from pgwarden.domain.ticket_change import (
    Appended,
    Change,
    TicketFilter,
    WriteSwitch,
    changed_meanwhile,
    claims_write,
    frozen_writes,
    unknown_ticket,
)
from pgwarden.domain.ticket_events import Event, event_from_stored, event_to_stored
from pgwarden.domain.ticket_status import status_of
from pgwarden.domain.trouble import Occurrence, Trouble
from pgwarden.domain.value_index import SampledValues
from pgwarden.domain.watch import Watch, WatchKind
from pgwarden.ports.audit import Seen, ignored


class MemoryDatabaseStore:
    """``ports.DatabaseStore``. Audit entries are for the real one, whose transaction they are part of."""

    def __init__(self, databases: Iterable[Database] = ()) -> None:
        self._databases = {database.name: database for database in databases}

    async def add(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002 - as above
        require_keepable(database)
        if database.name in self._databases:
            raise AlreadyExists(f"A database {database.name!r} is registered already.")
        self._databases[database.name] = database

    async def replace(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002 - as above
        require_keepable(database)
        await self.get(database.name)
        self._databases[database.name] = database

    async def get(self, name: str) -> Database:
        if name not in self._databases:
            raise unknown_database(name)
        return self._databases[name]

    async def all(self) -> tuple[Database, ...]:
        return tuple(sorted(self._databases.values(), key=lambda database: database.name))

    async def remove(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002 - as above
        await self.get(name)
        del self._databases[name]


class MemoryDataRightsStore:
    """``ports.DataRightsStore``."""

    def __init__(self) -> None:
        self._versions = [ORIGINAL_RIGHTS]

    async def current(self) -> RightsVersion:
        return self._versions[-1]

    async def replace(
        self,
        lines: Sequence[DataRight],
        *,
        expected: int,
        author: str,
        at: datetime,
        audit: Sequence[AuditEntry] = (),  # noqa: ARG002 - kept by the real one
    ) -> RightsVersion:
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

    async def by(self, identity: str) -> tuple[Feedback, ...]:
        return tuple(feedback for feedback in reversed(self._feedback.values()) if feedback.identity == identity)

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

    async def save(self, database: str, term: Term, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002 - kept with the change in a real store
        self._terms[database, term.key] = term

    async def of(self, database: str) -> tuple[Term, ...]:
        own = (term for (owner, _), term in self._terms.items() if owner == database)
        return tuple(sorted(own, key=lambda term: term.key))

    async def delete(self, database: str, term: str, *, audit: Sequence[AuditEntry] = ()) -> bool:  # noqa: ARG002
        return self._terms.pop((database, term_key(term)), None) is not None


class MemoryPreferenceStore:
    """``ports.PreferenceStore``."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, str]] = {}

    async def of(self, identity: str) -> Mapping[str, str]:
        return dict(sorted(self._values.get(identity, {}).items()))

    async def change(
        self,
        identity: str,
        changes: Mapping[str, str | None],
        at: datetime,  # noqa: ARG002 - kept by the real one
        *,
        audit: Sequence[AuditEntry] = (),  # noqa: ARG002 - kept by the real one
    ) -> None:
        merged = {**self._values.get(identity, {}), **changes}
        self._values[identity] = {name: value for name, value in merged.items() if value is not None}

    async def delete_all(self, identity: str) -> int:
        return len(self._values.pop(identity, {}))


class MemoryQuestionStore:
    """``ports.QuestionStore``."""

    def __init__(self) -> None:
        self._questions: dict[str, SavedQuestion] = {}
        self._delivered: set[tuple[str, datetime, str]] = set()
        self.jobs: list[Job] = []
        """What was queued."""

    async def add(self, question: SavedQuestion, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002
        if question.id in self._questions:
            raise AlreadyExists("A question of that id exists.")
        self._require_name(question)
        self._questions[question.id] = question

    async def replace(
        self,
        question: SavedQuestion,
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),  # noqa: ARG002
    ) -> SavedQuestion:
        kept = self._questions.get(question.id)
        if kept is None or kept.revision != question.revision:
            raise ChangedMeanwhile("It is another one by now.")
        self._require_name(question)
        self._questions[question.id] = replace(question, revision=question.revision + 1)
        self.jobs += jobs
        return self._questions[question.id]

    async def get(self, question_id: str) -> SavedQuestion:
        if question_id not in self._questions:
            raise UnknownQuestion("There is no such question.")
        return self._questions[question_id]

    async def find(
        self, owner: str, shares: Sequence[str] = (), *, text: str = "", limit: int = 100
    ) -> tuple[SavedQuestion, ...]:
        found = [
            each
            for each in sorted(self._questions.values(), key=lambda each: each.id)
            if each.open_to(owner, shares) and text.lower() in f"{each.name}\n{each.question}\n{each.sql}".lower()
        ]
        return tuple(sorted(found, key=lambda each: each.changed_at, reverse=True)[:limit])

    async def remove(self, question_id: str, *, audit: Sequence[AuditEntry] = ()) -> None:  # noqa: ARG002
        await self.get(question_id)
        del self._questions[question_id]

    async def delivered(self, question_id: str, due: datetime) -> frozenset[str]:
        return frozenset(person for question, at, person in self._delivered if (question, at) == (question_id, due))

    async def deliver(
        self,
        question_id: str,
        due: datetime,
        person: str,
        at: datetime,  # noqa: ARG002 - kept by the real one
        *,
        audit: Sequence[AuditEntry] = (),  # noqa: ARG002 - kept by the real one
    ) -> bool:
        noted = question_id in self._questions and (question_id, due, person) not in self._delivered
        self._delivered |= {(question_id, due, person)} if noted else set()
        return noted

    def _require_name(self, question: SavedQuestion) -> None:
        others = (each for each in self._questions.values() if each.id != question.id)
        if any((each.owner, each.name) == (question.owner, question.name) for each in others):
            raise AlreadyExists("There is one of that name.")


class MemoryTroubleStore:
    """``ports.TroubleStore``."""

    def __init__(self) -> None:
        self._troubles: dict[tuple[str, str, str, str], Trouble] = {}

    async def note(self, happened: Occurrence, *, before: datetime, kept: int) -> None:
        o = happened
        key = (o.database, o.pattern, o.code, o.question)
        fresh = Trouble(o.database, o.code, o.pattern, o.form, o.question, 0, o.at, o.at)
        known = self._troubles.get(key, fresh)
        self._troubles[key] = replace(
            known,
            times=known.times + 1,
            last_at=max(known.last_at, o.at),
            worst_ms=max(known.worst_ms, o.milliseconds),
            what=o.what,
        )
        own = sorted((t for t in self._troubles.values() if t.database == o.database), key=lambda t: t.last_at)
        beyond = {id(trouble) for trouble in own[:-kept]}
        self._troubles = {
            key: trouble
            for key, trouble in self._troubles.items()
            if trouble.last_at >= before and id(trouble) not in beyond
        }

    async def of_statement(self, database: str, pattern: str, question: str) -> tuple[Trouble, ...]:
        found = [
            t
            for t in self._troubles.values()
            if t.database == database and (t.pattern == pattern or (question and t.question == question))
        ]
        return tuple(sorted(found, key=lambda trouble: trouble.last_at, reverse=True)[:20])

    async def all(self, database: str | None = None, *, limit: int = 100) -> tuple[Trouble, ...]:
        found = [t for t in self._troubles.values() if database in (None, t.database)]
        return tuple(sorted(found, key=lambda trouble: (trouble.times, trouble.last_at), reverse=True)[:limit])

    async def remedy(self, trouble: Trouble, helped: str, at: datetime) -> None:
        key = (trouble.database, trouble.pattern, trouble.code, trouble.question)
        if key in self._troubles:
            self._troubles[key] = replace(self._troubles[key], helped=helped, helped_at=at)


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


class MemoryNotificationStore:
    """``ports.NotificationStore``. Give it the jobs and the audit that its changes go to."""

    def __init__(self, jobs: MemoryJobs | None = None, audit: MemoryAuditLog | None = None) -> None:
        self.jobs, self.audit = jobs or MemoryJobs(), audit or MemoryAuditLog()
        self._letters: dict[str, Letter] = {}
        self._notifications: dict[str, Notification] = {}
        self._preferences: dict[str, Preferences] = {}
        self._watches: set[Watch] = set()

    async def add(
        self,
        notification: Notification,
        deliveries: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> int:
        kept = self._notifications.setdefault(notification.id, notification)
        new = [delivery for delivery in deliveries if delivery.id not in self._letters]
        for delivery in sorted(new, key=lambda delivery: delivery.id):
            self._letters[delivery.id] = Letter(delivery, kept)
        if new:
            await self.jobs.defer(*jobs)
            await self.audit.append(*audit)
        return len(new)

    async def letter(self, delivery_id: str) -> Letter | None:
        return self._letters.get(delivery_id)

    async def held(self, person: str, channel: Channel, due: datetime) -> tuple[Letter, ...]:
        return self._where(
            lambda d: (d.person, d.channel, d.status) == (person, channel, DeliveryStatus.HELD) and d.due <= due
        )

    async def of_person(self, person: str, *, unread: bool = False, limit: int = 50) -> tuple[Letter, ...]:
        found = self._where(
            lambda d: (d.person, d.channel) == (person, Channel.DASHBOARD) and not (unread and d.read_at)
        )
        return found[::-1][:limit]

    async def of_ticket(self, ticket: str) -> tuple[Letter, ...]:
        return tuple(each for each in self._letters.values() if each.notification.summary.ticket == ticket)

    async def in_status(self, status: DeliveryStatus, *, limit: int = 50) -> tuple[Letter, ...]:
        return self._where(lambda d: d.status is status)[::-1][:limit]

    async def settle(
        self,
        before: Sequence[Delivery],
        after: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        for old in before:
            found = self._letters.get(old.id)
            if found is None or (found.delivery.status, found.delivery.attempts) != (old.status, old.attempts):
                return False
        for new in after:
            self._letters[new.id] = replace(self._letters[new.id], delivery=new)
        await self.jobs.defer(*jobs)
        await self.audit.append(*audit)
        return True

    async def mark_read(self, person: str, at: datetime, delivery_ids: Sequence[str] | None = None) -> int:
        unread = await self.of_person(person, unread=True, limit=len(self._letters))
        meant = [each for each in unread if delivery_ids is None or each.delivery.id in delivery_ids]
        for each in meant:
            self._letters[each.delivery.id] = replace(each, delivery=replace(each.delivery, read_at=at))
        return len(meant)

    async def recent(self, person: str, requester: str, since: datetime) -> Recent:
        sent = self._where(lambda d: d.person == person and d.channel is not Channel.DASHBOARD and not d.held_for)
        found = {each.notification.id: each.notification for each in sent if each.notification.at > since}
        caused = [each for each in found.values() if each.summary.requester == requester]
        return Recent(len(found), len(caused))

    async def preferences(self, person: str) -> Preferences:
        return self._preferences.get(person, Preferences())

    async def save_preferences(self, person: str, preferences: Preferences, audit: Sequence[AuditEntry] = ()) -> None:
        self._preferences[person] = preferences
        await self.audit.append(*audit)

    async def watch(self, watch: Watch) -> bool:
        new = watch not in self._watches
        self._watches.add(watch)
        return new

    async def unwatch(self, watch: Watch) -> bool:
        known = watch in self._watches
        self._watches.discard(watch)
        return known

    async def watches(self, person: str) -> tuple[Watch, ...]:
        found = [watch for watch in self._watches if watch.person == person]
        return tuple(sorted(found, key=lambda watch: (watch.kind, watch.name)))

    async def watchers(self, things: Sequence[tuple[WatchKind, str]]) -> tuple[Watch, ...]:
        found = [watch for watch in self._watches if (watch.kind, watch.name) in things]
        return tuple(sorted(found, key=lambda watch: (watch.person, watch.kind, watch.name)))

    def _where(self, wanted: Callable[[Delivery], bool]) -> tuple[Letter, ...]:
        return tuple(letter for letter in self._letters.values() if wanted(letter.delivery))


class MemoryJobs:
    """``ports.Jobs``. Nothing runs them: ``deferred`` is what a worker would get."""

    def __init__(self, audit: MemoryAuditLog | None = None) -> None:
        self.audit = audit or MemoryAuditLog()
        self.deferred: list[Job] = []
        self._records: dict[int, JobRecord] = {}

    async def defer(self, *jobs: Job) -> None:
        for job in jobs:
            waiting = {other.queueing_lock for other, state in self._with_states() if state is JobState.WAITING}
            if not job.queueing_lock or job.queueing_lock not in waiting:
                self.deferred.append(job)
                number = len(self.deferred)
                self._records[number] = JobRecord(number, job.task, _json_copy(job.args), JobState.WAITING, job.at, 0)

    async def find(self, *states: JobState, limit: int = 100) -> tuple[JobRecord, ...]:
        found = [record for record in self._records.values() if record.state in (states or tuple(JobState))]
        return tuple(found[::-1][:limit])

    async def state(self) -> QueueState:
        counts = Counter(record.state for record in self._records.values())
        return QueueState(counts[JobState.WAITING], counts[JobState.RUNNING], counts[JobState.FAILED], 0, None)

    async def retry(self, job_id: int, *, audit: Sequence[AuditEntry] = ()) -> bool:
        return await self._decide(job_id, JobState.WAITING, audit)

    async def discard(self, job_id: int, *, audit: Sequence[AuditEntry] = ()) -> bool:
        return await self._decide(job_id, JobState.DISCARDED, audit)

    async def _decide(self, job_id: int, state: JobState, audit: Sequence[AuditEntry]) -> bool:
        record = self._records.get(job_id)
        if record is None or record.state is not JobState.FAILED:
            return False
        self._records[job_id] = replace(record, state=state)
        await self.audit.append(*audit)
        return True

    def end(self, job_id: int, state: JobState) -> None:
        """Let a job have ended so."""
        record = self._records[job_id]
        self._records[job_id] = replace(record, state=state, attempts=record.attempts + (state is JobState.FAILED))

    def _with_states(self) -> list[tuple[Job, JobState]]:
        return [(job, self._records[number].state) for number, job in enumerate(self.deferred, start=1)]


class MemoryAuditLog:
    """``ports.AuditLog``. ``entries`` is what was appended, for a test to look at."""

    def __init__(self, chain: str = "memory", rights_in_force: Callable[[], int] | None = None) -> None:
        """``rights_in_force``: the number of the data rights' version; without it every version is."""
        self._chain = chain
        self._rights_in_force = rights_in_force
        self._records: list[AuditRecord] = []
        self._keys: set[str] = set()
        self._kept: dict[Checkpoint, tuple[str, ...]] = {}
        self.entries: list[AuditEntry] = []

    async def append(self, *entries: AuditEntry, rights: int | None = None) -> None:
        if rights is not None and self._rights_in_force is not None and rights != self._rights_in_force():
            raise RightsChangedError
        records = [prepared(entry, secrets.token_bytes) for entry in entries]
        self._records += chained(await self.head(), records)
        self.entries += entries

    async def append_once(self, entries: Mapping[str, AuditEntry]) -> int:
        fresh = {key: entry for key, entry in entries.items() if key not in self._keys}
        await self.append(*fresh.values())
        self._keys |= fresh.keys()
        return len(fresh)

    async def has_key(self, key: str) -> bool:
        return key in self._keys

    async def find(
        self, wanted: AuditFilter, *, limit: int = 100, before: int | None = None
    ) -> tuple[AuditRecord, ...]:
        newest = (r for r in reversed(self._records) if before is None or r.number < before)
        return tuple(record for record in newest if wanted.matches(record))[:limit]

    async def get(self, number: int) -> AuditRecord | None:
        return next((record for record in self._records if record.number == number), None)

    async def export(self, *, personal: bool = True) -> AsyncIterator[AuditRecord]:
        for record in tuple(self._records):
            yield record if personal else replace(record, personal={})

    async def head(self) -> AuditHead:
        last = self._records[-1] if self._records else None
        return AuditHead(self._chain, last.number if last else 0, last.hash if last else genesis(self._chain))

    async def verify(self, checkpoints: Sequence[Checkpoint] = (), *, seen: Seen = ignored) -> Verification:
        check = ChainCheck(self._chain, checkpoints)
        for record in self._records:
            check.see(record)
        seen(len(self._records))
        return check.end(await self.head())

    async def keep_checkpoint(self, checkpoint: Checkpoint, anchors: Sequence[str]) -> None:
        places = dict.fromkeys((*self._kept.pop(checkpoint, ()), *anchors))
        self._kept[checkpoint] = tuple(places)

    async def checkpoints(self, *, limit: int = 1000) -> tuple[KeptCheckpoint, ...]:
        newest = sorted(self._kept, key=lambda point: (point.number, point.at), reverse=True)
        return tuple(KeptCheckpoint(point, self._kept[point]) for point in newest)[:limit]

    async def erase(self, wanted: Erasure, entry: AuditEntry) -> tuple[int, ...]:
        numbers: list[int] = []
        for position, record in enumerate(self._records):
            kept = {name: v for name, v in record.personal.items() if not wanted.covers(record, v.value)}
            numbers += [record.number] * (len(record.personal) - len(kept))
            self._records[position] = replace(record, personal=kept)
        details = {**entry.details, "entries": ranges(numbers), "values": len(numbers)}
        await self.append(replace(entry, details=details))
        return tuple(sorted(set(numbers)))


class MemoryTicketStore:
    """``ports.TicketStore``. Give it the jobs and the audit that its changes go to."""

    def __init__(self, jobs: MemoryJobs | None = None, audit: MemoryAuditLog | None = None) -> None:
        self.jobs, self.audit = jobs or MemoryJobs(), audit or MemoryAuditLog()
        self._tickets: dict[str, Ticket] = {}
        self._switch = WriteSwitch(frozen=False)

    async def open(self, ticket_id: str, change: Change) -> None:
        if ticket_id in self._tickets:
            raise AlreadyExists(f"A ticket {ticket_id} exists.")
        self._tickets[ticket_id] = Ticket(ticket_id, tuple(map(_event_copy, change.events)))
        await self._cause(change)

    async def load(self, ticket_id: str) -> Ticket:
        if ticket_id not in self._tickets:
            raise unknown_ticket(ticket_id)
        return self._tickets[ticket_id]

    async def append(self, ticket_id: str, change: Change, *, expected: int) -> None:
        appended = {ticket_id: Appended(change.events, expected), **change.others}
        after = {}
        for each, more in appended.items():
            ticket = await self.load(each)
            if len(ticket.events) != more.expected:
                raise changed_meanwhile(each)
            if self._switch.frozen and claims_write(ticket, more.events):
                raise frozen_writes(self._switch)
            after[each] = ticket.after(*map(_event_copy, more.events))
        self._tickets |= after
        await self._cause(change)

    async def find(self, wanted: TicketFilter, *, at: datetime) -> tuple[Ticket, ...]:
        found = (ticket for ticket in reversed(self._tickets.values()) if wanted.matches(ticket, at))
        return tuple(found)[: wanted.limit]

    async def outcomes(self, wanted: TicketFilter, *, at: datetime) -> tuple[tuple[str, TicketStatus], ...]:
        return tuple((ticket.id, status_of(ticket, at)) for ticket in await self.find(wanted, at=at))

    async def mark(self, wanted: TicketFilter, *, at: datetime) -> str:
        return repr([(each.id, len(each.events), status_of(each, at)) for each in await self.find(wanted, at=at)])

    async def writes(self) -> WriteSwitch:
        return self._switch

    async def switch_writes(self, switch: WriteSwitch, audit: Sequence[AuditEntry] = ()) -> None:
        self._switch = switch
        await self.audit.append(*audit)

    async def _cause(self, change: Change) -> None:
        await self.jobs.defer(*change.jobs)
        await self.audit.append(*change.audit)


def _event_copy(event: Event) -> Event:
    """What a store gives back."""
    kind, content = event_to_stored(event)
    return event_from_stored(kind, _json_copy(content))


def _json_copy(values: Mapping[str, object]) -> dict[str, object]:
    """What JSON gives back, so that a test meets here what it would meet in a database."""
    copy: dict[str, object] = json.loads(json.dumps(values, allow_nan=False))
    return copy


class MemoryUseLedger:
    """``ports.UseLedger``. ``clock``: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._minutes: dict[tuple[str, int], Use] = {}

    async def add(self, used: Mapping[str, Use]) -> None:
        minute = int(self._clock() // 60)
        for account, use in used.items():
            self._minutes[account, minute] = self._minutes.get((account, minute), Use()) + use

    async def last_hour(self, accounts: Collection[str] | None) -> Mapping[str, tuple[Use, float]]:
        found: dict[str, tuple[Use, float]] = {}
        for (account, minute), use in self._minutes.items():
            age = self._clock() - minute * 60
            if (accounts is None or account in accounts) and age < KEPT:
                total, oldest = found.get(account, (Use(), age))
                found[account] = total + use, max(oldest, age)
        return found


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
