"""What the agents need from the world, as protocols. Adapters implement them; tests/contract runs one suite on each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from pgwarden.domain.catalog import Catalog, InferredJoin, Relation
from pgwarden.domain.database import Database
from pgwarden.domain.execution import Execution, Parameter
from pgwarden.domain.feedback import Example, Feedback
from pgwarden.domain.glossary import Term
from pgwarden.domain.identity import DataRight
from pgwarden.domain.impact import Impact
from pgwarden.domain.profile import Sample, TableProfile
from pgwarden.domain.question import Question, Reading
from pgwarden.domain.recovery import RowChange, RowConflict
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.rights_version import RightsVersion
from pgwarden.domain.schema_history import Relationship, Relationships, SchemaVersion
from pgwarden.domain.session import Session, Turn
from pgwarden.domain.statement import Verdict


class ImpactAnalyst(Protocol):
    """Foretells what a change would do on one target, in one read-only snapshot."""

    async def analyse(self, sql: str, catalog: Catalog, *, parameters: Sequence[Parameter] = ()) -> Impact:
        """The impact of a statement that changes rows. ImpactUnknown for any other, and where it cannot be told."""
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
    """The registered targets. A password is never kept, only where it comes from (InputInvalid)."""

    async def add(self, database: Database) -> None:
        """Register a target. AlreadyExists when the name is taken."""
        ...

    async def replace(self, database: Database) -> None:
        """Change a registered target. UnknownDatabase when there is none of that name."""
        ...

    async def get(self, name: str) -> Database:
        """The target of that name, or UnknownDatabase."""
        ...

    async def all(self) -> tuple[Database, ...]:
        """Every registered target in the order of names."""
        ...

    async def remove(self, name: str) -> None:
        """Forget a target, or UnknownDatabase. What was learnt about it stays, for when it comes back."""
        ...


class DataRightsStore(Protocol):
    """The data rights, as a whole and versioned: two people who edit at once cannot overwrite each other unseen."""

    async def current(self) -> RightsVersion:
        """The version in force; ``ORIGINAL_RIGHTS`` before anyone wrote one."""
        ...

    async def replace(self, lines: Sequence[DataRight], *, expected: int, author: str, at: datetime) -> RightsVersion:
        """Put a new version in force. ChangedMeanwhile when the current number is not ``expected``."""
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

    async def save(self, database: str, term: Term) -> None:
        """Keep it; the same term (``Term.key``) is replaced."""
        ...

    async def of(self, database: str) -> tuple[Term, ...]:
        """All terms of a target in the order of ``Term.key``."""
        ...

    async def delete(self, database: str, term: str) -> bool: ...


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
