"""What the agents need from the world, as protocols. Adapters implement them; tests/contract runs one suite on each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias, runtime_checkable

from pgwarden.domain.approval import Approved, ApprovedUndo, DatabaseIdentity
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.audit_chain import AuditHead, AuditRecord
from pgwarden.domain.audit_checkpoint import Checkpoint, KeptCheckpoint
from pgwarden.domain.audit_filter import AuditFilter, Erasure
from pgwarden.domain.audit_verification import Verification
from pgwarden.domain.backup import Backup, BackupStrategy
from pgwarden.domain.catalog import Catalog, InferredJoin, Name, Relation
from pgwarden.domain.database import Database
from pgwarden.domain.execution import Execution, Parameter, Progress, StoredImages
from pgwarden.domain.feedback import Example, Feedback
from pgwarden.domain.glossary import Term
from pgwarden.domain.identity import DataRight
from pgwarden.domain.impact import Impact
from pgwarden.domain.job import Job, JobRecord, JobState
from pgwarden.domain.login import Attempts, Credential, LoginSession
from pgwarden.domain.notification import (
    Channel,
    Delivery,
    DeliveryStatus,
    Letter,
    Notification,
    Preferences,
    Recent,
)
from pgwarden.domain.person import ApiToken, Delegation, Person
from pgwarden.domain.profile import Sample, TableProfile
from pgwarden.domain.provider import ProviderClaims, ProviderRequest
from pgwarden.domain.question import Question, Reading
from pgwarden.domain.recovery import RowChange, RowConflict
from pgwarden.domain.rehearsal_permit import RehearsalPermit
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.retention import Erased, Footprint, Kept
from pgwarden.domain.rights_version import RightsVersion
from pgwarden.domain.schema_history import Relationship, Relationships, SchemaVersion
from pgwarden.domain.session import Session, Turn
from pgwarden.domain.statement import Verdict
from pgwarden.domain.ticket import Ticket
from pgwarden.domain.ticket_change import Change, TicketFilter, WriteSwitch
from pgwarden.domain.watch import Watch, WatchKind


class ImpactAnalyst(Protocol):
    """Foretells what a change would do on one target, in one read-only snapshot."""

    async def analyse(self, sql: str, catalog: Catalog, *, parameters: Sequence[Parameter] = ()) -> Impact:
        """The impact of a statement that changes rows. ImpactUnknown for any other, and where it cannot be told."""
        ...


class ImageStore(Protocol):
    """Before-images and records of executions outside of the target, for targets that cannot hold them.

    Every method raises ImagesUnreachable when files cannot be written or read, or are not those that were kept.
    """

    @property
    def place(self) -> str:
        """Where it is, in a user's words."""
        ...

    async def save(self, execution_id: str, name: str, blocks: AsyncIterator[bytes]) -> StoredImages:
        """Keep these bytes, compressed; they survive a crash of this machine once it returns."""
        ...

    def load(self, execution_id: str, stored: StoredImages) -> AsyncIterator[bytes]:
        """The bytes that were kept, after their hash was checked."""
        ...

    async def record(self, execution_id: str, record: Mapping[str, Any]) -> None:
        """Keep or replace what is known of an execution, a JSON object, just as durably."""
        ...

    async def records(self) -> tuple[Mapping[str, Any], ...]:
        """What is known of every execution, in no order."""
        ...

    async def discard(self, execution_id: str) -> int:
        """Delete the images of an execution, not its record. Returns the bytes given back."""
        ...


class ExecutionRecords(Protocol):
    """What ran on one target, from its own ledger. Row values come as they are: whoever shows them masks them."""

    async def executions(self, *, rows: int) -> tuple[Execution, ...]:
        """The newest executions first; none where pgwarden never changed anything."""
        ...

    async def execution(self, execution_id: str) -> Execution:
        """One execution. UndoImpossible when the target has none of that id."""
        ...

    async def changes(self, execution_id: str, *, rows: int) -> tuple[RowChange, ...]:
        """The net change of each row, at most so many of each table."""
        ...

    async def skipped(self, undo_id: str, *, rows: int) -> tuple[RowChange, ...]:
        """The changes that an undo left alone, since rows stood in the way; at most so many of each table."""
        ...

    async def conflicts(self, execution_id: str) -> tuple[RowConflict, ...]:
        """The rows that would stand in the way of an undo now; nothing is changed to find out."""
        ...


@runtime_checkable
class Cache(Protocol):
    """A cache of JSON texts. A cache that is down behaves like an empty one."""

    async def get(self, key: str) -> str | None: ...

    async def set(self, key: str, value: str, *, seconds: float, tags: Sequence[str] = ()) -> None: ...

    async def drop(self, *tags: str) -> None:
        """Forget every entry that carries one of the tags."""
        ...

    async def close(self) -> None: ...


class CatalogReader(Protocol):
    """Reads one target's structure."""

    async def read(self) -> Catalog: ...

    async def fingerprint(self) -> str:
        """A cheap may-have-changed hint; equal fingerprints mean nothing visible changed."""
        ...


class TableReader(Protocol):
    """Looks into one target's tables, bounded and read-only, to know what they hold. Views are not run."""

    async def sample(self, catalog: Catalog, relation: Relation, *, rows: int) -> Sample:
        """Representative rows with their real values. TableUnreadable where that is impossible."""
        ...

    async def profile(self, catalog: Catalog, relation: Relation) -> TableProfile:
        """The distribution of each column and what is odd; sensitive values are masked."""
        ...

    async def inferred_joins(self, catalog: Catalog) -> tuple[InferredJoin, ...]:
        """Joins that no foreign key declares, best first."""
        ...

    async def values(self, catalog: Catalog) -> CachedValueIndex:
        """Sampled values of the columns that are not sensitive."""
        ...


class SchemaSource(Protocol):
    """One registered target, as the schema agent reads it."""

    @property
    def key(self) -> str:
        """Tells this target and role from every other in a shared cache; it holds no secret."""
        ...

    @property
    def reader(self) -> CatalogReader: ...
    @property
    def tables(self) -> TableReader: ...


class ReadRunner(Protocol):
    """Runs an allowed read on one target, inside its own fences."""

    async def run(
        self,
        verdict: Verdict,
        parameters: Sequence[object] = (),
        *,
        limits: ReadLimits,
        masked: frozenset[int] = frozenset(),
        expected: Mapping[int, str] | None = None,
        expected_functions: Mapping[int, str] | None = None,
        search_path: Sequence[str] = (),
    ) -> Result:
        """Rows of an ALLOW verdict.

        ``masked``: positions of output columns whose values must not leave the server.
        ``expected``: relation oid → ``Relation.xmin`` as judged, ``expected_functions`` the same for functions; a
        difference raises CatalogChanged before it runs.
        ``search_path``: the schemas that names were judged under; empty leaves the role's own.
        """
        ...

    async def explain(
        self,
        verdict: Verdict,
        parameters: Sequence[object] = (),
        *,
        limits: ReadLimits,
        search_path: Sequence[str] = (),
    ) -> Mapping[str, object]:
        """The plan of an allowed or approvable statement (never executed), as PostgreSQL's JSON."""
        ...


class ValueIndex(Protocol):
    """What values a database's columns hold, sampled; what the language engines link words to."""

    def find(self, phrase: str) -> Sequence[ValueHit]:
        """Columns whose values equal or resemble the phrase, best first."""
        ...

    def values(self, relation_oid: int, column: int) -> Sequence[str]:
        """Known common or sampled values of a column, most common first."""
        ...


class CachedValueIndex(ValueIndex, Protocol):
    """A value index that can be kept as JSON text."""

    def to_json(self) -> str: ...


class ValueHit(Protocol):
    """A column that holds a value like the phrase."""

    @property
    def relation_oid(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def value(self) -> str: ...
    @property
    def score(self) -> float: ...


class LanguageEngine(Protocol):
    """Turns a question into a reading over one catalog."""

    name: str

    async def translate(self, question: Question, catalog: Catalog, values: ValueIndex) -> Reading: ...


class SchemaEvents(Protocol):
    """Told what changed in a target's structure."""

    def subscribe(self, database: str) -> AsyncIterator[Sequence[str]]: ...


class DatabaseStore(Protocol):
    """The registered targets. A password is never kept, only where it comes from (InputInvalid).

    Each change is kept together with its audit entries, or not at all.
    """

    async def add(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Register a target. AlreadyExists when the name is taken."""
        ...

    async def replace(self, database: Database, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Change a registered target. UnknownDatabase when there is none of that name."""
        ...

    async def get(self, name: str) -> Database:
        """The target of that name, or UnknownDatabase."""
        ...

    async def all(self) -> tuple[Database, ...]:
        """Every registered target in the order of names."""
        ...

    async def remove(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Forget a target, or UnknownDatabase. What was learnt about it stays, for when it comes back."""
        ...


class DataRightsStore(Protocol):
    """The data rights, as a whole and versioned: two people who edit at once cannot overwrite each other unseen."""

    async def current(self) -> RightsVersion:
        """The version in force; ``ORIGINAL_RIGHTS`` before anyone wrote one."""
        ...

    async def replace(
        self,
        lines: Sequence[DataRight],
        *,
        expected: int,
        author: str,
        at: datetime,
        audit: Sequence[AuditEntry] = (),
    ) -> RightsVersion:
        """Put a new version in force, with its audit entries. ChangedMeanwhile when the number is not ``expected``."""
        ...

    async def history(self, *, limit: int = 50) -> tuple[RightsVersion, ...]:
        """Written versions, newest first."""
        ...


class SessionStore(Protocol):
    """Conversations. Every call names the identity; another one's session is as unknown as none (UnknownSession)."""

    async def open(self, session: Session) -> None:
        """Keep a new session. AlreadyExists when this identity has one with that id."""
        ...

    async def get(self, session_id: str, *, identity: str) -> Session: ...

    async def of(self, identity: str, *, limit: int = 50) -> tuple[Session, ...]:
        """This identity's sessions, last used first."""
        ...

    async def add_turn(self, session_id: str, turn: Turn, *, identity: str) -> None:
        """Append a turn and forget the oldest beyond TURNS_KEPT. AlreadyExists when the turn's id is taken."""
        ...

    async def turns(self, session_id: str, *, identity: str) -> tuple[Turn, ...]:
        """What is remembered, oldest first."""
        ...

    async def turn(self, turn_id: str, *, identity: str) -> Turn | None:
        """One turn of this identity's sessions, while it is remembered."""
        ...

    async def delete(self, session_id: str, *, identity: str) -> None:
        """Forget a session and its turns."""
        ...

    async def delete_all(self, identity: str) -> int:
        """Forget everything this identity said; how many sessions that were."""
        ...


class FeedbackStore(Protocol):
    """Judgements on answers."""

    async def save(self, feedback: Feedback) -> None:
        """Keep it; one identity's earlier judgement on the same question is replaced."""
        ...

    async def get(self, question_id: str, *, identity: str) -> Feedback | None: ...

    async def of(self, database: str, *, limit: int = 1000) -> tuple[Feedback, ...]:
        """Judgements on one target, newest first."""
        ...

    async def examples(self, database: str, *, identity: str | None = None, limit: int = 1000) -> tuple[Example, ...]:
        """Question and SQL pairs that people vouched for, newest first; with ``identity`` only that one's."""
        ...

    async def delete(self, question_id: str, *, identity: str) -> bool: ...

    async def delete_all(self, identity: str) -> int:
        """Forget every judgement of this identity; how many that were."""
        ...


class GlossaryStore(Protocol):
    """A team's own words, per target."""

    async def save(self, database: str, term: Term, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Keep it; the same term (``Term.key``) is replaced."""
        ...

    async def of(self, database: str) -> tuple[Term, ...]:
        """All terms of a target in the order of ``Term.key``."""
        ...

    async def delete(self, database: str, term: str, *, audit: Sequence[AuditEntry] = ()) -> bool:
        """Forget a term; False, and no entry, when there is none."""
        ...


class SchemaHistory(Protocol):
    """The versions of each target's structure, and its relationships, kept until they change."""

    async def latest(self, database: str) -> SchemaVersion | None: ...

    async def record(
        self, database: str, version: str, at: datetime, diff: Mapping[str, object], snapshot: str
    ) -> bool:
        """Keep a new version; False, and nothing kept, when it is the latest already (another process was faster).

        ``diff`` holds JSON values; ``snapshot`` is the whole structure as JSON text.
        """
        ...

    async def history(self, database: str, *, limit: int = 100) -> tuple[SchemaVersion, ...]:
        """Versions seen, newest first."""
        ...

    async def snapshot(self, database: str, version: str) -> str | None:
        """The structure of a version, while it is among the SNAPSHOTS_KEPT newest."""
        ...

    async def relationships(self, database: str) -> Relationships | None:
        """None until some were saved."""
        ...

    async def save_relationships(self, database: str, version: str, found: Sequence[Relationship]) -> None:
        """Replace all relationships of a target."""
        ...


JobHandler: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
"""What runs a job of one task: it gets the job's args, may run more than once, and says by raising that it failed."""


class Jobs(Protocol):
    """The queue of work for later. Stores queue jobs in their own transaction; this is for whoever has none."""

    async def defer(self, *jobs: Job) -> None:
        """Queue them, all or none. One whose ``queueing_lock`` waits already is left out."""
        ...

    async def find(self, *states: JobState, limit: int = 100) -> tuple[JobRecord, ...]:
        """Jobs in these states (any without), newest first."""
        ...

    async def retry(self, job_id: int) -> bool:
        """Let a failed job run again; False when there is none of that number."""
        ...


class JobWorker(Protocol):
    """Runs due jobs."""

    ran: int
    """How many it has run."""

    @property
    def tasks(self) -> frozenset[str]:
        """What it has handlers for."""
        ...

    async def run(self) -> None:
        """Until stopped."""
        ...

    async def drain(self) -> int:
        """What is due, what that makes due included; how many jobs that were."""
        ...

    def stop(self) -> None:
        """Take no new job, and let ``run`` or ``drain`` return when the running ones have ended."""
        ...


class NotificationStore(Protocol):
    """What people were told. Each writing call is one transaction: the deliveries, then jobs, then audit entries."""

    async def add(
        self,
        notification: Notification,
        deliveries: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> int:
        """Keep what is new of it; how many deliveries that were. Jobs and audit entries go with them, or not at all."""
        ...

    async def letter(self, delivery_id: str) -> Letter | None: ...

    async def held(self, person: str, channel: Channel, due: datetime) -> tuple[Letter, ...]:
        """What waits to go out together and is due, oldest first."""
        ...

    async def of_person(self, person: str, *, unread: bool = False, limit: int = 50) -> tuple[Letter, ...]:
        """The person's dashboard, newest first."""
        ...

    async def of_ticket(self, ticket: str) -> tuple[Letter, ...]:
        """Everything that was told of a ticket, oldest first."""
        ...

    async def in_status(self, status: DeliveryStatus, *, limit: int = 50) -> tuple[Letter, ...]:
        """Deliveries in this status, newest first."""
        ...

    async def settle(
        self,
        before: Sequence[Delivery],
        after: Sequence[Delivery],
        *,
        jobs: Sequence[Job] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        """Write what became of deliveries. False, and nothing written, when one is no longer as ``before`` says."""
        ...

    async def mark_read(self, person: str, at: datetime, delivery_ids: Sequence[str] | None = None) -> int:
        """Mark entries of the person's dashboard as read (None: all); how many were unread."""
        ...

    async def recent(self, person: str, requester: str, since: datetime) -> Recent:
        """What the person was sent at once since then, over channels other than the dashboard."""
        ...

    async def preferences(self, person: str) -> Preferences:
        """The person's own, or the usual ones."""
        ...

    async def save_preferences(
        self, person: str, preferences: Preferences, audit: Sequence[AuditEntry] = ()
    ) -> None: ...

    async def watch(self, watch: Watch) -> bool:
        """Keep it; False when it is there already."""
        ...

    async def unwatch(self, watch: Watch) -> bool: ...

    async def watches(self, person: str) -> tuple[Watch, ...]: ...

    async def watchers(self, things: Sequence[tuple[WatchKind, str]]) -> tuple[Watch, ...]:
        """Who watches any of these."""
        ...


class NotificationChannel(Protocol):
    """Sends to one kind of address. DeliveryFailed: try again later. DeliveryRefused: it will never go."""

    async def send(self, person: Person | None, letters: Sequence[Letter]) -> str:
        """Send one letter, or several as one message. What the channel calls the message, '' where it has no name."""
        ...

    async def update(self, reference: str, letter: Letter) -> None:
        """Show in the message that was sent how things stand now; nothing where a message cannot be changed."""
        ...

    async def close(self) -> None: ...


class AuditLog(Protocol):
    """What happened, chained. Nothing is changed or taken away, but for personal values that are erased."""

    async def append(self, *entries: AuditEntry) -> None:
        """Chain the entries, in order; they are durable when this returns.

        ValueError when an entry's details are no JSON values or its moment has no time zone.
        """
        ...

    async def append_once(self, entries: Mapping[str, AuditEntry]) -> int:
        """Chain those whose key was never used before, in order; how many those were."""
        ...

    async def has_key(self, key: str) -> bool:
        """Whether an entry with that key was chained."""
        ...

    async def find(
        self, wanted: AuditFilter, *, limit: int = 100, before: int | None = None
    ) -> tuple[AuditRecord, ...]:
        """The newest entries first; with ``before`` those with a lower number."""
        ...

    async def get(self, number: int) -> AuditRecord | None: ...

    def export(self, *, personal: bool = True) -> AsyncIterator[AuditRecord]:
        """Every entry from the first on, as of one moment; ``personal=False`` leaves their personal values out."""
        ...

    async def head(self) -> AuditHead:
        """Where the chain ends."""
        ...

    async def verify(self, checkpoints: Sequence[Checkpoint] = ()) -> Verification:
        """Walk the whole chain as of one moment, and look at what guards it. The checkpoints are to be trusted ones."""
        ...

    async def keep_checkpoint(self, checkpoint: Checkpoint, anchors: Sequence[str]) -> None:
        """Remember a checkpoint and where it was taken; the same one again adds places."""
        ...

    async def checkpoints(self, *, limit: int = 1000) -> tuple[KeptCheckpoint, ...]:
        """What was kept, newest first. Whoever owns the database could change it: their signatures are to be seen."""
        ...

    async def erase(self, wanted: Erasure, entry: AuditEntry) -> tuple[int, ...]:
        """Take away the personal values that are meant, and append ``entry`` in the same step.

        Returns the numbers of the entries that lost values; the new entry's details name them as ``entries`` (ranges),
        with how many ``values`` went. It is appended even when there were none.
        """
        ...


class TicketStore(Protocol):
    """Tickets as streams of events. Each call is one transaction: events first, then jobs, then audit entries."""

    async def open(self, ticket_id: str, change: Change) -> None:
        """Keep a new ticket. AlreadyExists when the id is taken."""
        ...

    async def load(self, ticket_id: str) -> Ticket:
        """The ticket with all its events, or UnknownTicket."""
        ...

    async def append(self, ticket_id: str, change: Change, *, expected: int) -> None:
        """Add events. ChangedMeanwhile when the ticket (or one of ``change.others``) has another number of events.

        ExecutionClaimed is refused with WritesFrozen while the switch is on: once ``switch_writes`` has returned, no
        new claim gets in.
        """
        ...

    async def find(self, wanted: TicketFilter, *, at: datetime) -> tuple[Ticket, ...]:
        """Tickets whose status at that moment and other traits are wanted, the newest first."""
        ...

    async def writes(self) -> WriteSwitch:
        """Whether all writes are frozen."""
        ...

    async def switch_writes(self, switch: WriteSwitch, audit: Sequence[AuditEntry] = ()) -> None:
        """Freeze all writes, or let them run again."""
        ...


class BackupMaker(Protocol):
    """Copies tables of one target that is registered for writes (WritesNotAllowed on any other)."""

    async def make(self, strategy: BackupStrategy, tables: Sequence[Name]) -> Backup:
        """A copy of whole tables, all as of one moment. Raises RightMissing where the role may not."""
        ...


class Rehearser(Protocol):
    """Runs changes on one target that is registered for writes, and rolls them back (WritesNotAllowed on any other)."""

    async def identify(self) -> tuple[DatabaseIdentity, str]:
        """Which database this is, and the role that changes run under."""
        ...

    async def rehearse(
        self, impact: Impact, permit: RehearsalPermit, *, now: datetime, parameters: Sequence[Parameter] = ()
    ) -> Impact:
        """The impact with the numbers of a run that was rolled back. Raises what the statement itself would raise."""
        ...


class ChangeRunner(Protocol):
    """Runs approved changes on one target that is registered for writes (WritesNotAllowed on any other)."""

    async def identify(self) -> tuple[DatabaseIdentity, str]:
        """Which database this is, and the role that changes run under."""
        ...

    async def execute(self, approved: Approved, *, now: datetime) -> Execution:
        """Run it once in a watched transaction, or change nothing and raise why."""
        ...

    async def undo(self, approved: ApprovedUndo, *, now: datetime) -> Execution:
        """Take an execution back exactly, or change nothing and raise why."""
        ...

    async def settle(self, execution_id: str) -> Execution | None:
        """The execution if the ledger has it; else None, and the ledger will never take that id any more.

        Waits for a transaction that is still ending. OutcomeUnknown while the target does not answer.
        """
        ...

    async def progress(self, execution_id: str, *, expected_rows: int | None = None) -> Progress | None:
        """How far a running execution is; None when none of that id runs now."""
        ...

    async def cancel(self, execution_id: str) -> bool:
        """Stop a running execution, which rolls it back; False when none of that id runs now."""
        ...


class CheckpointSigner(Protocol):
    """Signs where the audit's chain stands, with a key that the database's owner does not have."""

    def public_key(self) -> str:
        """Ed25519, hexadecimal. AuditKeyInvalid when there is no key."""
        ...

    def sign(self, head: AuditHead, at: datetime) -> Checkpoint:
        """AuditKeyInvalid when there is no key."""
        ...

    def known(self) -> frozenset[str]:
        """Public keys that are trusted: the present one and those before it."""
        ...

    def create(self) -> str:
        """A new key in the place of the one before; the public one. AuditKeyInvalid when it cannot be kept."""
        ...


class AuditAnchor(Protocol):
    """A place outside the database that keeps checkpoints."""

    @property
    def name(self) -> str:
        """The place as it is shown; it holds no secret."""
        ...

    async def put(self, checkpoint: Checkpoint) -> None:
        """Keep it; durable when this returns. AnchorFailed."""
        ...

    async def latest(self, chain: str) -> Checkpoint | None:
        """The one with the highest number of that chain, its signature not looked at. AnchorFailed."""
        ...


class PeopleStore(Protocol):
    """The accounts and who stands in for whom. Each change is kept together with its audit entries, or not at all."""

    async def get(self, name: str) -> Person:
        """The account of that name, active or not; UnknownPerson."""
        ...

    async def find(self, *, email: str = "", slack: str = "") -> Person | None:
        """The one account with that mail address (in any case of letters) or Slack member id."""
        ...

    async def all(self) -> tuple[Person, ...]:
        """Every account, in the order of names."""
        ...

    async def approvers(self, level: int) -> tuple[Person, ...]:
        """Who may approve at this level (or above), in the order of names."""
        ...

    async def add(self, person: Person, *, audit: Sequence[AuditEntry]) -> None:
        """AlreadyExists when the name, the mail address or the Slack member is taken."""
        ...

    async def add_first(self, person: Person, password_hash: str, *, at: datetime, audit: Sequence[AuditEntry]) -> bool:
        """Add the first administrator with a password to be changed; False, and nothing kept, when there are people."""
        ...

    async def replace(self, person: Person, *, expected: Person, audit: Sequence[AuditEntry]) -> None:
        """Change an account. ChangedMeanwhile when it is not as expected, LastAdministrator, AlreadyExists.

        One that is no longer active loses its logins, tokens and delegations at once, at the moment of the first entry
        of ``audit``, which must not be empty then.
        """
        ...

    async def delegations(self, at: datetime | None = None) -> tuple[Delegation, ...]:
        """Those that hold at a moment; without one, all that ever were."""
        ...

    async def delegate(self, delegation: Delegation, *, audit: Sequence[AuditEntry]) -> None:
        """AlreadyExists when there is one between the two from that moment on."""
        ...

    async def end_delegation(self, giver: str, deputy: str, at: datetime, *, audit: Sequence[AuditEntry]) -> bool:
        """End those between the two that hold or will; False, and no entry, when there are none."""
        ...


class LoginStore(Protocol):
    """What people prove themselves with: hashes of passwords, tokens and logins, second factors, wrong attempts."""

    async def credential(self, name: str) -> Credential:
        """Empty where the account has none, or is none."""
        ...

    async def set_password(
        self,
        name: str,
        password_hash: str,
        *,
        must_change: bool,
        at: datetime,
        keep_login: str = "",
        audit: Sequence[AuditEntry],
    ) -> None:
        """Also ends the account's logins, but for the one of that id. UnknownPerson."""
        ...

    async def set_second_factor(
        self, name: str, secret: bytes, step: int, *, at: datetime, audit: Sequence[AuditEntry]
    ) -> None:
        """``step`` is that of the code that proved it; an empty secret takes the factor away."""
        ...

    async def use_code(self, name: str, step: int) -> bool:
        """Whether the code of this step of the clock was never used, nor a later one; from now on it was."""
        ...

    async def attempt(self, name: str, at: datetime) -> Attempts:
        """Count an attempt for a name, before it is checked. While the name is locked nothing is counted."""
        ...

    async def refuse(self, audit: Sequence[AuditEntry]) -> None:
        """Keep the entries of an attempt that failed."""
        ...

    async def is_claimed(self) -> bool:
        """Whether anyone ever logged in or had a token made."""
        ...

    async def succeed(self, name: str, *, audit: Sequence[AuditEntry] = ()) -> None:
        """Forget the wrong attempts of a name."""
        ...

    async def open(self, login: LoginSession, secret_hash: str, *, audit: Sequence[AuditEntry]) -> None:
        """Keep a login, and forget the wrong attempts of that name."""
        ...

    async def login(self, secret_hash: str) -> LoginSession | None: ...

    async def end(self, login_id: str, at: datetime, *, audit: Sequence[AuditEntry]) -> None: ...

    async def add_token(self, token: ApiToken, secret_hash: str, *, audit: Sequence[AuditEntry]) -> None: ...

    async def token(self, secret_hash: str) -> ApiToken | None: ...

    async def tokens(self, person: str | None = None) -> tuple[ApiToken, ...]:
        """Those of one account, or all, oldest first; revoked ones, too."""
        ...

    async def revoke(self, token_id: str, at: datetime, *, audit: Sequence[AuditEntry]) -> bool:
        """False, and no entry, when there is no such token that still holds."""
        ...

    async def linked(self, issuer: str, subject: str) -> str:
        """The account that a provider's subject was linked to, or ''."""
        ...

    async def link(self, issuer: str, subject: str, name: str, *, audit: Sequence[AuditEntry]) -> None:
        """AlreadyExists when the subject is linked."""
        ...


class Passwords(Protocol):
    """Slow hashing of passwords, off the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one; takes as long for an empty hash, which nothing matches."""
        ...


class IdentityProvider(Protocol):
    """An OpenID Connect provider that people may log in with."""

    async def begin(self, redirect_uri: str) -> ProviderRequest:
        """A login to send a browser on. ProviderUnavailable."""
        ...

    async def finish(self, request: ProviderRequest, returned: Mapping[str, str]) -> ProviderClaims:
        """Who came back with these query parameters. ProviderRefused, ProviderUnavailable."""
        ...


class Retention(Protocol):
    """What pgwarden keeps inside one target, and in files for it: before-images and copies of tables."""

    async def kept(self) -> tuple[Kept, ...]:
        """Everything that takes room. RightMissing where it belongs to another role."""
        ...

    async def drop(self, kept: Kept, *, why: str) -> int:
        """Drop it; the bytes given back. The ledger keeps the execution, with ``why`` it cannot be undone."""
        ...

    async def erase(self, table: Name, key: Mapping[str, str], columns: Collection[str], *, why: str) -> Erased:
        """Blank columns of one row, given by its key as PostgreSQL's text, in all before-images of the database."""
        ...

    async def footprint(self) -> Footprint:
        """What ``uninstall`` would take away."""
        ...

    async def uninstall(self) -> None:
        """Drop pgwarden's schema with everything in it."""
        ...
