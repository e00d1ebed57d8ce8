"""SafeExecutionAgent: the only agent that has statements run. Reads: judged, checked against rights, fenced, cached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pgwarden.agents.audit_trail import UNWRITTEN, AuditTrail, asked_for
from pgwarden.agents.read_cache import ReadCache
from pgwarden.agents.read_pace import ReadPace
from pgwarden.agents.system_memory import SystemMemory
from pgwarden.agents.unmasked_read import UnmaskedRead, unmasked_read
from pgwarden.domain.backup import Backup, BackupStrategy
from pgwarden.domain.catalog import Catalog, Name
from pgwarden.domain.errors import (
    CatalogChanged,
    ChangedMeanwhile,
    ExecutionFailed,
    InputInvalid,
    NeedsApproval,
    NeedsConfirmation,
    PgwardenError,
    StatementRefused,
    WritesNotAllowed,
)
from pgwarden.domain.execution import Execution
from pgwarden.domain.execution_filter import ExecutionFilter
from pgwarden.domain.execution_proof import ExecutionProof, proof_of
from pgwarden.domain.execution_report import ExecutionReport
from pgwarden.domain.identity import DataRights, Identity
from pgwarden.domain.query_plan import estimate_of, plan_summary
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.read_access import ReadAccess, Sensitivity
from pgwarden.domain.read_request import ReadRequest
from pgwarden.domain.read_threshold import NEVER, ReadThreshold
from pgwarden.domain.recovery import Row, RowConflict
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.rights_version import RightsChangedError, RightsVersion
from pgwarden.domain.risk import LEVELS
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.domain.statement import Decision, StatementKind, Verdict
from pgwarden.domain.table_access import HIDDEN, TableAccess
from pgwarden.domain.ticket_approval import ApprovedRead
from pgwarden.domain.undo_choice import rows_in_the_way
from pgwarden.ports import BackupMaker, Cache, DataRightsStore, ExecutionRecords, ReadRunner
from pgwarden.sql.policy import DEFAULT, ReadPolicy
from pgwarden.sql.verdict import verdict_of
from pgwarden.undo.closure import names_of

if TYPE_CHECKING:
    from pgwarden.agents.ticket_execution import Ran, TicketExecution

Shaped = TypeVar("Shaped")
Hiding = Callable[[str, tuple[str, ...], Row | None], Row | None]
RIGHTS_CHANGES = 5
"""How often a read is begun anew because the data rights changed while it ran."""
FIRST_USER_OID = 16384
"""Objects below came with the server; their definitions do not change under us."""


class Catalogs(Protocol):
    """Knows each target's structure."""

    async def catalog(self, database: str) -> Catalog: ...

    async def reread(self, database: str) -> Catalog: ...

    async def refresh(self, database: str) -> Catalog: ...


class SafeExecutionAgent:
    """Runs what was judged, for whom it may be run."""

    def __init__(
        self,
        catalogs: Catalogs,
        runners: Callable[[str], Awaitable[ReadRunner]],
        records: Callable[[str], Awaitable[ExecutionRecords]],
        rights: DataRightsStore,
        cache: Cache,
        *,
        cache_seconds: float = 300.0,
        policy: ReadPolicy = DEFAULT,
        sensitive: Sensitivity = is_sensitive_in,
        trail: AuditTrail = UNWRITTEN,
        changes: TicketExecution | None = None,
        backups: Callable[[str], Awaitable[BackupMaker]] | None = None,
        ticket_from: Callable[[], RiskLevel] | None = None,
        memory: SystemMemory | None = None,
        asks_from: ReadThreshold = NEVER,
    ) -> None:
        """``runners`` and ``records`` find a target's runner and records by its registered name.

        ``changes`` is the road to a write; without it nothing is changed at all. ``ticket_from`` gives the risk from
        which showing sensitive values needs an approved ticket; without it none does. ``memory`` is told of reads that
        are slow or fail. ``asks_from``: the estimate from which a read is not run before it is confirmed.
        """
        self._asks_from, self._pace = asks_from, ReadPace()
        self._catalogs = catalogs
        self._runners = runners
        self._records = records
        self._rights = rights
        self._kept = ReadCache(cache, cache_seconds, policy)
        self._policy = policy
        self._sensitive = sensitive
        self._trail = trail
        self._changes = changes
        self._backups = backups
        self._ticket_from = ticket_from
        self._memory = memory
        self._rights_seen: RightsVersion | None = None

    async def read(
        self,
        database: str,
        sql: str,
        parameters: Sequence[object] = (),
        *,
        identity: Identity,
        limits: ReadLimits,
        plan: bool = False,
        approved: ApprovedRead | None = None,
        question: str = "",
        confirmed: bool = False,
    ) -> Result:
        """The rows of a read, as far as this identity may see them. The parameters are those of ``ReadRequest``.

        Raises StatementRefused or NeedsApproval when it is no allowed read, RightMissing when the identity or the
        database role may not see what it shows, NeedsConfirmation when it is expected to be larger than what runs
        without a person's word, and what `ReadRunner.run` raises. A definition that changed after the look at the
        schema has the statement judged once more.
        """
        wanted = ReadRequest(
            database=database,
            sql=sql,
            parameters=parameters,
            identity=identity,
            limits=limits,
            plan=plan,
            approved=approved,
            question=question,
            confirmed=confirmed,
        )
        return await self.read_as(lambda result: result, wanted)

    async def read_as(self, shape: Callable[[Result], Shaped], wanted: ReadRequest) -> Shaped:
        """As ``read``, its rows in the shape that the caller gives out: made while the audit's entry goes to the disk,
        and released when it is there."""
        rights = await self._remembered_rights()
        for _ in range(RIGHTS_CHANGES):
            try:
                return await self._read_by(rights, shape, wanted)
            except RightsChangedError:
                rights = self._rights_seen = await self._rights.current()
        raise ChangedMeanwhile(
            "The data rights changed while it was read, again and again.",
            not_done="No rows are shown.",
            next_step="Try again when nobody edits them.",
        )

    async def _read_by(self, rights: RightsVersion, shape: Callable[[Result], Shaped], wanted: ReadRequest) -> Shaped:
        """The read as these data rights let it be. Raises RightsChangedError, and gives nothing out, where others are
        in force when its audit entry is written."""
        shaped: list[Shaped] = []
        database, sql, question = wanted.database, wanted.sql, wanted.question
        asked = asked_for(sql, wanted.parameters)
        own = DataRights.of(wanted.identity, rights.lines)
        async with self._trail.event("read.run", identity=wanted.identity, database=database, personal=asked) as event:
            event.rights = rights.number
            try:
                result = await self._judged_twice(wanted, own)
            except PgwardenError as error:
                if self._memory is not None and not isinstance(error, NeedsConfirmation):
                    await self._memory.failed(database, sql, error, question=question)
                raise
            if self._memory is not None and not result.statistics.cached:
                await self._memory.took(database, sql, result.statistics.milliseconds, question=question)
            event.details |= {"rows": len(result.rows), "cached": result.statistics.cached}
            event.details["masked"] = sum(column.masked for column in result.columns)
            if not result.statistics.cached:
                event.details["milliseconds"] = round(result.statistics.milliseconds, 3)
            event.meanwhile = lambda: shaped.append(shape(result))
        return shaped[0]

    async def _remembered_rights(self) -> RightsVersion:
        """The data rights as they were last seen, where the audit holds a read to those in force; else as they are."""
        if self._rights_seen is None or not self._trail.guards_rights:
            self._rights_seen = await self._rights.current()
        return self._rights_seen

    async def _judged_twice(self, wanted: ReadRequest, rights: DataRights) -> Result:
        """The read, judged once more where a definition changed after the look at the schema.

        What names an object that is not known, or fails, is judged by the structure as it is now.
        """
        database = wanted.database
        catalog = await self._catalogs.catalog(database)
        if any(r.code.startswith("unknown-") for r in verdict_of(wanted.sql, catalog, policy=self._policy).reasons):
            catalog = await self._catalogs.refresh(database)
        try:
            return await self._read(wanted, catalog, rights)
        except CatalogChanged:
            catalog = await self._catalogs.reread(database)
            return await self._read(wanted, catalog, rights)
        except ExecutionFailed:
            fresh = await self._catalogs.refresh(database)
            if fresh.version == catalog.version:
                raise
            return await self._read(wanted, fresh, rights)

    async def unmasked(self, database: str, sql: str, *, identity: Identity, limits: ReadLimits) -> UnmaskedRead | None:
        """What a read would show of sensitive values; None where it shows none. Nothing is run.

        Raises StatementRefused, NeedsApproval for what is no read, RightMissing.
        """
        catalog = await self._catalogs.catalog(database)
        verdict = verdict_of(sql, catalog, policy=self._policy)
        if not verdict.allowed:
            raise _not_allowed(verdict)
        masked = ReadAccess(database, verdict, catalog, await self._rights_of(identity), self._sensitive).masked()
        return unmasked_read(verdict, catalog, masked, self._sensitive, rows=limits.rows)

    async def masked(self, database: str, sql: str, *, identity: Identity) -> frozenset[int]:
        """Which columns of a read's rows this identity would get masked, by position. Nothing is run.

        Raises StatementRefused, NeedsApproval for what is no read, RightMissing.
        """
        catalog = await self._catalogs.catalog(database)
        verdict = verdict_of(sql, catalog, policy=self._policy)
        if not verdict.allowed:
            raise _not_allowed(verdict)
        return ReadAccess(database, verdict, catalog, await self._rights_of(identity), self._sensitive).masked()

    async def show(self, ticket_id: str, *, identity: Identity, limits: ReadLimits, source: str) -> Result:
        """The rows of an approved read, once, for whom asked for it."""

        async def read(approved: ApprovedRead, database: str) -> Result:
            return await self.read(database, approved.sql, identity=identity, limits=limits, approved=approved)

        return await self.changes.show(ticket_id, read, identity=identity, source=source)

    async def execute(self, ticket_id: str, *, identity: Identity, source: str) -> Ran:
        """Run an approved ticket, once: the only way to a write. See ``TicketExecution.execute``."""
        return await self.changes.execute(ticket_id, identity=identity, source=source)

    @property
    def changes(self) -> TicketExecution:
        """The road to a write. Raises WritesNotAllowed where there is none."""
        if self._changes is None:
            raise WritesNotAllowed("Nothing is changed here.", not_done="Nothing was run.")
        return self._changes

    async def backup(
        self, database: str, tables: Sequence[Name], strategy: BackupStrategy, *, identity: Identity
    ) -> Backup:
        """Copy whole tables, or mark the point to go back to, besides what every execution keeps by itself.

        Raises WritesNotAllowed where the target is only read, RightMissing where the role may not.
        """
        async with self._trail.event("backup.made", identity=identity, database=database) as event:
            event.details |= {"tables": [str(table) for table in tables], "strategy": strategy.value}
            if self._backups is None:
                raise WritesNotAllowed("Nothing is copied here.", not_done="No backup was made.")
            made = await (await self._backups(database)).make(strategy, tables)
            event.details |= {"backup": made.id, "rows": sum(table.rows for table in made.tables)}
            return made

    async def explain(
        self,
        database: str,
        sql: str,
        parameters: Sequence[object] = (),
        *,
        identity: Identity,
        limits: ReadLimits,
        analyze: bool = False,
    ) -> Mapping[str, object]:
        """The plan of an allowed or approvable statement as PostgreSQL's JSON; the statement is not run.

        ``analyze`` runs an allowed one behind the fences of a read to measure it; its rows go nowhere.
        """
        asked = asked_for(sql, parameters)
        event = self._trail.event("statement.explained", identity=identity, database=database, personal=asked)
        async with event as told:
            told.details |= {"measured": True} if analyze else {}
            rights = await self._rights_of(identity)
            catalog = await self._catalogs.catalog(database)
            verdict = verdict_of(sql, catalog, policy=self._policy)
            if verdict.decision is Decision.REFUSE:
                raise _not_allowed(verdict)
            ReadAccess(database, verdict, catalog, rights, self._sensitive).masked()
            runner = await self._runners(database)
            return await runner.explain(
                verdict, parameters, limits=limits, search_path=catalog.search_path, analyze=analyze
            )

    async def explain_with_index(
        self, database: str, sql: str, definition: str, *, identity: Identity, limits: ReadLimits
    ) -> Mapping[str, object] | None:
        """The plan of an allowed read if there were one more index; None where the server cannot imagine one.

        ``definition`` is CREATE INDEX, made by us from names of the catalog. Nothing is made on the server.
        """
        asked = asked_for(sql, ())
        event = self._trail.event("statement.explained", identity=identity, database=database, personal=asked)
        async with event as told:
            told.details["supposed"] = definition
            catalog = await self._catalogs.catalog(database)
            verdict = verdict_of(sql, catalog, policy=self._policy)
            if not verdict.allowed:
                raise _not_allowed(verdict)
            ReadAccess(database, verdict, catalog, await self._rights_of(identity), self._sensitive).masked()
            runner = await self._runners(database)
            return await runner.explain_with_index(verdict, definition, limits=limits, search_path=catalog.search_path)

    async def executions(self, database: str, *, rows: int = 50) -> tuple[Execution, ...]:
        """What ran on a target, newest first."""
        return await (await self._records(database)).executions(rows=rows)

    async def find(self, database: str, wanted: ExecutionFilter) -> tuple[Execution, ...]:
        """What ran on a target, as far as it is wanted, newest first."""
        return await (await self._records(database)).find(wanted)

    async def cancel(self, ticket_id: str, *, identity: Identity, database: str) -> bool:
        """Stop a running execution, which rolls it back; False where it ended first. See ``TicketExecution.cancel``."""
        event = self._trail.event("execution.cancelled", identity=identity, database=database, subject=ticket_id)
        async with event as told:
            stopped = await self.changes.cancel(ticket_id, identity=identity)
            told.details["stopped"] = stopped
            return stopped

    async def report(self, database: str, execution_id: str, *, identity: Identity, rows: int = 20) -> ExecutionReport:
        """One execution with its net changes, rows shown as far as this identity may see them."""
        records = await self._records(database)
        execution = await records.execution(execution_id)
        hidden = await self._hiding(database, identity)
        changes = await records.changes(execution_id, rows=rows)
        skipped = await records.skipped(execution_id, rows=rows) if execution.skipped else ()
        shown, left = (
            tuple(
                replace(c, before=hidden(c.table, c.columns, c.before), after=hidden(c.table, c.columns, c.after))
                for c in each
            )
            for each in (changes, skipped)
        )
        keys = await self._keys(database, (c.table for c in (*shown, *left)))
        return ExecutionReport(execution, shown, skipped=left, keys=keys)

    async def proof(self, database: str, execution_id: str) -> ExecutionProof:
        """What was predicted, approved, counted and captured of each table, and, of an undo, whether the state is back.

        Images and rows are looked at anew; nothing of a row's values is told.
        """
        records = await self._records(database)
        execution = await records.execution(execution_id)
        tables = await records.proofs(execution_id)
        changed = None
        if execution.undoes and not execution.undone and all(each.images for each in tables):
            changed = len(await records.conflicts(execution_id))
        return proof_of(execution, tables, await self.changes.request_of(execution_id), changed_since=changed)

    async def undo_plan(self, database: str, execution_id: str, *, identity: Identity) -> ExecutionReport:
        """One execution with the rows that would stand in the way of taking it back now. Nothing is changed."""
        records = await self._records(database)
        execution = await records.execution(execution_id)
        hidden = await self._hiding(database, identity)

        def shown(c: RowConflict) -> RowConflict:
            before, after, now = (hidden(c.table, c.columns, row) for row in (c.before, c.after, c.now))
            return replace(c, before=before, after=after, now=now)

        found = await records.conflicts(execution_id)
        rows = tuple(replace(row, conflicts=tuple(map(shown, row.conflicts))) for row in rows_in_the_way(found))
        keys = await self._keys(database, (conflict.table for conflict in found))
        return ExecutionReport(execution, conflicts=tuple(map(shown, found)), rows=rows, keys=keys)

    async def _keys(self, database: str, tables: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The columns of the tables' primary keys, which rows are called by."""
        catalog, wanted = await self._catalogs.catalog(database), set(tables)
        named = ((str(r.name), r, r.primary_key) for r in catalog.relations.values())
        return {name: names_of(r, key.columns) for name, r, key in named if name in wanted and key}

    async def _hiding(self, database: str, identity: Identity) -> Hiding:
        """Hides in a row of a table, given by name, what the identity may not see; all of a table that is gone."""
        catalog = await self._catalogs.catalog(database)
        rights = await self._rights_of(identity)
        known = {str(relation.name): relation for relation in catalog.relations.values()}

        def hide(table: str, columns: tuple[str, ...], row: Row | None) -> Row | None:
            if row is None:
                return None
            if table not in known:
                return tuple(None if value is None else HIDDEN for value in row)
            access = TableAccess(database, known[table], catalog, rights, self._sensitive)
            return access.on_row(columns, row)

        return hide

    async def written(self, database: str) -> None:
        """To be called after every write of ours: no result from before it is given out any more."""
        await self._kept.written(database)

    async def _rights_of(self, identity: Identity) -> DataRights:
        return DataRights.of(identity, (await self._rights.current()).lines)

    async def _read(self, wanted: ReadRequest, catalog: Catalog, rights: DataRights) -> Result:
        database, sql, parameters, limits = wanted.database, wanted.sql, wanted.parameters, wanted.limits
        verdict = verdict_of(sql, catalog, policy=self._policy)
        if not verdict.allowed:
            raise _not_allowed(verdict)
        if len(parameters) != verdict.parameters:
            raise _parameters_missing(verdict, parameters)
        masked = ReadAccess(database, verdict, catalog, rights, self._sensitive).masked()
        if wanted.approved is None or wanted.approved.sql != sql:
            self._require_no_ticket(unmasked_read(verdict, catalog, masked, self._sensitive, rows=limits.rows))
        key = self._kept.key(wanted, verdict, catalog, rights, masked)
        if kept := await self._kept.get(key):
            return kept
        writes = self._kept.writes(database)
        runner = await self._runners(database)
        expected = await self._foreseen(wanted, verdict, catalog, runner)
        result = await runner.run(
            verdict,
            parameters,
            limits=limits,
            masked=masked,
            expected={oid: catalog.relations[oid].xmin for oid in verdict.reads if oid >= FIRST_USER_OID},
            expected_functions={oid: catalog.functions[oid].xmin for oid in verdict.functions if oid >= FIRST_USER_OID},
            search_path=catalog.search_path,
        )
        await self._kept.keep(key, result, database, writes=writes)
        return replace(result, statistics=replace(result.statistics, **expected))

    def _require_no_ticket(self, shown: UnmaskedRead | None) -> None:
        if shown is None or self._ticket_from is None or LEVELS.index(shown.risk) < LEVELS.index(self._ticket_from()):
            return
        raise NeedsApproval(
            f"Showing these values takes an approval: {shown.risk.value} risk.",
            why=f"{', '.join(shown.columns[:5])} would be shown as they are.",
            not_done="It was not run.",
            next_step='Leave them out, or ask for it: pgwarden request "…" --reason "…"',
        )

    async def _foreseen(
        self, wanted: ReadRequest, verdict: Verdict, catalog: Catalog, runner: ReadRunner
    ) -> dict[str, Any]:
        """What is expected of a read, for its statistics. Raises NeedsConfirmation where that must be asked about."""
        asks = bool(self._asks_from) and not wanted.may_be_large
        if verdict.kind is not StatementKind.SELECT or not (wanted.plan or asks):
            return {}
        try:
            plan = await runner.explain(
                verdict, wanted.parameters, limits=wanted.limits, search_path=catalog.search_path
            )
            estimate = estimate_of(plan, await self.pace(wanted.database, limits=wanted.limits))
        except PgwardenError:  # what is wrong with the read, running it tells
            if asks:
                raise
            return {}
        if asks:
            self._asks_from.require(estimate)
        if not wanted.plan:
            return {}
        return {
            "plan": plan_summary(plan),
            "estimated_cost": estimate.cost,
            "estimated_rows": estimate.rows,
            "estimated_milliseconds": estimate.guess,
        }

    async def pace(self, database: str, *, limits: ReadLimits) -> float | None:
        """Milliseconds that a database's server takes for a unit of cost; the first call runs a small statement."""
        runner, catalog = await self._runners(database), await self._catalogs.catalog(database)

        async def measure(sql: str) -> Mapping[str, object]:
            return await runner.explain(verdict_of(sql, catalog), limits=limits, analyze=True)

        return await self._pace.of(database, measure)


def _not_allowed(verdict: Verdict) -> StatementRefused | NeedsApproval:
    why = " ".join(_sentence(reason.message) for reason in verdict.reasons)
    if verdict.decision is Decision.NEEDS_APPROVAL:
        return NeedsApproval(
            "The statement changes data.",
            why=why,
            not_done="It was not run.",
            next_step="Ask for approval; a person decides when its effects are known.",
        )
    hints = " ".join(reason.hint for reason in verdict.reasons if reason.hint)
    return StatementRefused("The statement is refused.", why=why, not_done="It was not run.", next_step=hints)


def _sentence(words: str) -> str:
    """The words as a sentence; a name at their start keeps its case."""
    first = words.split(" ", 1)[0]
    return (words[:1].upper() + words[1:] if first.isalpha() else words).rstrip(".") + "."


def _parameters_missing(verdict: Verdict, parameters: Sequence[object]) -> InputInvalid:
    return InputInvalid(
        f"The statement takes {verdict.parameters} parameters, and {len(parameters)} are given.",
        not_done="It was not run.",
        next_step="Give one value for each of $1, $2 …",
    )
