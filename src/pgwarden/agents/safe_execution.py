"""SafeExecutionAgent: the only agent that has statements run. Reads: judged, checked against rights, fenced, cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from pgwarden.domain.catalog import Catalog
from pgwarden.domain.errors import CatalogChanged, InputInvalid, NeedsApproval, StatementRefused
from pgwarden.domain.execution import Execution
from pgwarden.domain.execution_report import ExecutionReport
from pgwarden.domain.identity import DataRights, Identity
from pgwarden.domain.query_plan import plan_summary
from pgwarden.domain.read_access import ReadAccess, Sensitivity
from pgwarden.domain.recovery import Row
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.domain.result_json import result_from_text, result_to_text
from pgwarden.domain.sensitive import is_sensitive_in
from pgwarden.domain.statement import Decision, StatementKind, Verdict
from pgwarden.domain.table_access import HIDDEN, TableAccess
from pgwarden.ports import Cache, DataRightsStore, ExecutionRecords, ReadRunner
from pgwarden.sql.policy import DEFAULT, ReadPolicy
from pgwarden.sql.verdict import judge

Hiding = Callable[[str, tuple[str, ...], Row | None], Row | None]
FIRST_USER_OID = 16384
"""Objects below came with the server; their definitions do not change under us."""


class Catalogs(Protocol):
    """Knows each target's structure."""

    async def catalog(self, database: str) -> Catalog: ...

    async def reread(self, database: str) -> Catalog: ...


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
    ) -> None:
        """``runners`` and ``records`` find a target's runner and records by its registered name."""
        self._catalogs = catalogs
        self._runners = runners
        self._records = records
        self._rights = rights
        self._cache = cache
        self._cache_seconds = cache_seconds
        self._policy = policy
        self._sensitive = sensitive
        self._writes: dict[str, int] = {}

    async def read(
        self,
        database: str,
        sql: str,
        parameters: Sequence[object] = (),
        *,
        identity: Identity,
        limits: ReadLimits,
        plan: bool = False,
    ) -> Result:
        """The rows of a read, as far as this identity may see them; ``plan`` adds a one-line plan to the statistics.

        Raises StatementRefused or NeedsApproval when it is no allowed read, RightMissing when the identity or the
        database role may not see what it shows, and what `ReadRunner.run` raises. A definition that changed after
        the look at the schema has the statement judged once more.
        """
        rights = await self._rights_of(identity)
        catalog = await self._catalogs.catalog(database)
        try:
            return await self._read(database, sql, parameters, catalog, rights, limits, plan)
        except CatalogChanged:
            catalog = await self._catalogs.reread(database)
            return await self._read(database, sql, parameters, catalog, rights, limits, plan)

    async def explain(
        self,
        database: str,
        sql: str,
        parameters: Sequence[object] = (),
        *,
        identity: Identity,
        limits: ReadLimits,
    ) -> Mapping[str, object]:
        """The plan of an allowed or approvable statement as PostgreSQL's JSON; the statement is not run."""
        rights = await self._rights_of(identity)
        catalog = await self._catalogs.catalog(database)
        verdict = judge(sql, catalog, policy=self._policy)
        if verdict.decision is Decision.REFUSE:
            raise _not_allowed(verdict)
        ReadAccess(database, verdict, catalog, rights, self._sensitive).masked()
        runner = await self._runners(database)
        return await runner.explain(verdict, parameters, limits=limits, search_path=catalog.search_path)

    async def executions(self, database: str, *, rows: int = 50) -> tuple[Execution, ...]:
        """What ran on a target, newest first."""
        return await (await self._records(database)).executions(rows=rows)

    async def report(self, database: str, execution_id: str, *, identity: Identity, rows: int = 20) -> ExecutionReport:
        """One execution with its net changes, rows shown as far as this identity may see them."""
        records = await self._records(database)
        execution = await records.execution(execution_id)
        hidden = await self._hiding(database, identity)
        changes = await records.changes(execution_id, rows=rows)
        return ExecutionReport(
            execution,
            tuple(
                replace(c, before=hidden(c.table, c.columns, c.before), after=hidden(c.table, c.columns, c.after))
                for c in changes
            ),
        )

    async def undo_plan(self, database: str, execution_id: str, *, identity: Identity) -> ExecutionReport:
        """One execution with the rows that would stand in the way of taking it back now. Nothing is changed."""
        records = await self._records(database)
        execution = await records.execution(execution_id)
        hidden = await self._hiding(database, identity)
        conflicts = tuple(
            replace(
                c,
                before=hidden(c.table, c.columns, c.before),
                after=hidden(c.table, c.columns, c.after),
                now=hidden(c.table, c.columns, c.now),
            )
            for c in await records.conflicts(execution_id)
        )
        return ExecutionReport(execution, conflicts=conflicts)

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
        self._writes[database] = self._writes.get(database, 0) + 1
        await self._cache.drop(_tag(database))

    async def _rights_of(self, identity: Identity) -> DataRights:
        return DataRights.of(identity, (await self._rights.current()).lines)

    async def _read(
        self,
        database: str,
        sql: str,
        parameters: Sequence[object],
        catalog: Catalog,
        rights: DataRights,
        limits: ReadLimits,
        plan: bool,
    ) -> Result:
        verdict = judge(sql, catalog, policy=self._policy)
        if not verdict.allowed:
            raise _not_allowed(verdict)
        if len(parameters) != verdict.parameters:
            raise _parameters_missing(verdict, parameters)
        masked = ReadAccess(database, verdict, catalog, rights, self._sensitive).masked()
        key = self._key(database, verdict, parameters, catalog, rights, masked, limits)
        if key and (kept := await self._kept(key)):
            return await self._with_plan(kept, database, verdict, parameters, catalog, limits) if plan else kept
        writes = self._writes.get(database, 0)
        runner = await self._runners(database)
        result = await runner.run(
            verdict,
            parameters,
            limits=limits,
            masked=masked,
            expected={oid: catalog.relations[oid].xmin for oid in verdict.reads if oid >= FIRST_USER_OID},
            expected_functions={oid: catalog.functions[oid].xmin for oid in verdict.functions if oid >= FIRST_USER_OID},
            search_path=catalog.search_path,
        )
        if key and writes == self._writes.get(database, 0):
            await self._keep(key, result, database)
        return await self._with_plan(result, database, verdict, parameters, catalog, limits) if plan else result

    async def _with_plan(
        self,
        result: Result,
        database: str,
        verdict: Verdict,
        parameters: Sequence[object],
        catalog: Catalog,
        limits: ReadLimits,
    ) -> Result:
        if verdict.kind is not StatementKind.SELECT:
            return result
        runner = await self._runners(database)
        plan = await runner.explain(verdict, parameters, limits=limits, search_path=catalog.search_path)
        return replace(result, statistics=replace(result.statistics, plan=plan_summary(plan)))

    async def _keep(self, key: str, result: Result, database: str) -> None:
        try:
            text = result_to_text(result)
        except TypeError:  # a value of a type that only this process knows
            return
        await self._cache.set(key, text, seconds=self._cache_seconds, tags=[_tag(database)])

    async def _kept(self, key: str) -> Result | None:
        text = await self._cache.get(key)
        if text is None:
            return None
        try:
            result = result_from_text(text)
        except ValueError:  # another version of pgwarden wrote it
            return None
        return replace(result, statistics=replace(result.statistics, cached=True))

    def _key(
        self,
        database: str,
        verdict: Verdict,
        parameters: Sequence[object],
        catalog: Catalog,
        rights: DataRights,
        masked: frozenset[int],
        limits: ReadLimits,
    ) -> str:
        """Everything that the rows depend on, hashed; '' where the statement's answer may differ each time."""
        if not verdict.stable or self._cache_seconds <= 0:
            return ""
        parts = [
            database,
            verdict.sql,
            [[type(value).__name__, repr(value)] for value in parameters],
            [catalog.database_oid, catalog.role, catalog.version, catalog.search_path],
            [repr(line) for line in rights.lines],
            sorted(masked),
            [repr(limits), sorted(self._policy.extensions), sorted(self._policy.functions)],
            [self._policy.foreign_tables, self._policy.security_definer, sorted(self._policy.relations)],
        ]
        return "read:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _tag(database: str) -> str:
    return f"reads:{database}"


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
