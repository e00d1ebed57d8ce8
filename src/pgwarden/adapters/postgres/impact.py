"""Impact analysis on a live database: everything is read in one REPEATABLE READ READ ONLY transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg

from pgwarden.adapters.postgres.capture import definitions_hash
from pgwarden.adapters.postgres.change_rows import RowChecks
from pgwarden.adapters.postgres.estimates import planner_estimate, sampled
from pgwarden.adapters.postgres.session import Session, open_session
from pgwarden.domain.catalog import Catalog, Relation, quote_identifier
from pgwarden.domain.errors import ImpactUnknown
from pgwarden.domain.execution import Parameter
from pgwarden.domain.impact import Basis, CascadeStep, Figure, Impact, TableImpact, Violation
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.conditions import Change, ChangeSet, always_true, change_set
from pgwarden.sql.counting import Counting, Start
from pgwarden.sql.freeze import QUERY as FREEZE_QUERY
from pgwarden.sql.freeze import freeze
from pgwarden.sql.side_effects import side_effects
from pgwarden.undo.closure import Edge, Effect, closure, names_of, root
from pgwarden.undo.plan import cost, recovery_plan

NONE = Figure(0, Basis.EXACT)
_PARAMETER = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class AnalysisLimits:
    """Bounds on one analysis."""

    query_seconds: float = 5.0
    """An exact count that takes longer gives way to an estimate."""
    lock_seconds: float = 1.0
    large_pages: int = 100_000
    """Above this size (8 kB pages) a table is sampled when it cannot be counted in time."""


async def analyse(
    conninfo: str,
    sql: str,
    catalog: Catalog,
    *,
    parameters: Sequence[Parameter] = (),
    search_path: str = '"$user", public',
    limits: AnalysisLimits | None = None,
) -> Impact:
    """What the statement would do, without doing it.

    Drifting values in its conditions are frozen first; ``Impact.sql`` is what an approval is for. Raises
    ImpactUnknown for statements that are no change of rows, or whose targets cannot be changed safely.
    """
    change_set(sql)  # refuses before anything is opened
    async with open_session(conninfo) as session:
        bounds = limits or AnalysisLimits()
        await session.script("begin isolation level repeatable read read only")
        await session.script(
            f"set local statement_timeout = {round(bounds.query_seconds * 1000)};"
            f" set local lock_timeout = {round(bounds.lock_seconds * 1000)};"
            " set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; set local extra_float_digits = 1"
        )
        await session.search(search_path)
        (moment,) = await session.rows(FREEZE_QUERY)
        frozen = freeze(sql, moment)
        changes = change_set(frozen.sql)
        analysis = _Analysis(session, catalog, changes, parameters, search_path, bounds)
        impact = await analysis.impact(frozen.sql)
        await session.rollback()
    return replace(impact, frozen=frozen.values, original=sql, volatile=frozen.drifting)


class _Analysis:
    """One analysis in one snapshot."""

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        changes: ChangeSet,
        parameters: Sequence[Parameter],
        search_path: str,
        limits: AnalysisLimits,
    ) -> None:
        self._session = session
        self._catalog = catalog
        self._changes = changes
        self._parameters = tuple(parameters)
        self._path = search_path
        self._limits = limits
        self._doubts = list(changes.doubts)
        self._targets = [self._target(change) for change in changes.changes]
        self._closure = closure(catalog, self._effects())
        self._counting = self._make_counting()

    async def impact(self, sql: str) -> Impact:
        catalog, graph = self._catalog, self._closure
        await self._session.search(self._path)
        tables = await self._tables()
        steps, violations = await self._edges()
        violations += await self._row_violations()
        estimate = await planner_estimate(self._session, sql, self._known(sql))
        matches = await self._multiplies()
        around = side_effects(catalog, self._events(), self._assigned(), self._schemas())
        await self._session.search("pg_catalog, pg_temp")
        opened = tuple(dict.fromkeys([*around.open_tables, *self._inheriting()]))
        reach = self._reach(opened)
        return Impact(
            sql=sql,
            original=sql,
            kind=self._changes.kind,
            targets=tuple(dict.fromkeys(target.oid for target in self._targets)),
            tables=tuple(tables),
            cascades=tuple(steps),
            violations=tuple(violations),
            side_effects=around.effects,
            frozen=(),
            doubts=tuple(dict.fromkeys([*self._doubts, *around.doubts])),
            reach=reach,
            definitions=await definitions_hash(self._session, reach),
            depth=graph.depth(),
            estimate=estimate,
            open_tables=opened,
            names={oid: str(relation.name) for oid, relation in catalog.relations.items() if oid in opened},
            unfiltered=any(c.kind is not StatementKind.INSERT and not c.where for c in self._changes.changes),
            always_true=any(always_true(c.where) for c in self._changes.changes if c.where and not c.joined),
            multiplying=matches,
            assigned=self._assigned(),
            cost=cost(catalog, tables),
            recovery=recovery_plan(catalog, tables, around.effects),
        )

    # --- what the statement names

    def _target(self, change: Change) -> Relation:
        relation = self._resolve(change)
        if relation is None:
            raise ImpactUnknown(f"There is no table {change.table}.", not_done="Nothing was run.")
        reasons = {
            "v": "it is a view; name the table behind it",
            "m": "it is a materialized view",
            "f": "it is a foreign table: what happens there can be neither watched nor taken back",
            "S": "it is a sequence",
        }
        if relation.kind in reasons:
            raise ImpactUnknown(
                f"Changes of {relation.name} cannot be protected.",
                why=reasons[relation.kind],
                not_done="Nothing was run.",
            )
        if relation.name.schema in ("pg_catalog", "information_schema", "pgwarden"):
            raise ImpactUnknown(
                f"{relation.name} is a system table.",
                why="the server and pgwarden keep it",
                not_done="Nothing was run.",
            )
        return relation

    def _resolve(self, change: Change) -> Relation | None:
        if change.schema:
            return self._catalog.resolve_relation(change.table, change.schema)
        found = (self._catalog.resolve_relation(change.table, schema) for schema in self._schemas())
        return next((relation for relation in found if relation is not None), None)

    def _schemas(self) -> list[str]:
        path = [part.strip().strip('"') for part in self._path.split(",")]
        return [self._catalog.role if part == "$user" else part for part in path]

    def _effects(self) -> list[Effect]:
        found = []
        for change, target in zip(self._changes.changes, self._targets, strict=True):
            if change.kind is StatementKind.DELETE:
                found.append(Effect(target.oid))
            elif change.kind is StatementKind.UPDATE:
                found.append(Effect(target.oid, frozenset(change.columns)))
            elif change.arbiter and change.arbiter.updates:
                found.append(Effect(target.oid, frozenset(change.arbiter.assigned)))
        return found

    def _make_counting(self) -> Counting:
        starts = []
        for change, target in zip(self._changes.changes, self._targets, strict=True):
            if change.kind is StatementKind.INSERT:
                continue
            columns = frozenset(change.columns) if change.kind is StatementKind.UPDATE else frozenset[str]()
            types = {column.name: column.type_name for column in target.columns}
            starts.append(Start(change, Effect(target.oid, columns), types))
        names = {oid: self._catalog.relations[oid].name for oid in self._closure.relations}
        names |= {edge.relation: self._catalog.relations[edge.relation].name for edge in self._closure.edges}
        return Counting(names, starts, self._closure.components, self._closure.edges)

    def _insert_targets(self) -> tuple[int, ...]:
        pairs = zip(self._changes.changes, self._targets, strict=True)
        return tuple(target.oid for change, target in pairs if change.kind is StatementKind.INSERT)

    def _events(self) -> dict[int, frozenset[str]]:
        """What happens to each table; a partition's triggers fire for rows that come through its root."""
        events: dict[int, set[str]] = {}
        for effect in self._closure.effects:
            for member in self._catalog.partition_tree(effect.relation):
                events.setdefault(member.oid, set()).add("DELETE" if effect.deletes else "UPDATE")
        for oid in self._insert_targets():
            for member in self._catalog.partition_tree(oid):
                events.setdefault(member.oid, set()).add("INSERT")
        return {oid: frozenset(happening) for oid, happening in events.items()}

    def _inheriting(self) -> set[int]:
        """Tables whose rows are counted under the table they inherit from: which has how many is not told apart."""
        children: dict[int, set[int]] = {}
        for relation in self._catalog.relations.values():
            for parent in relation.inherits:
                if not relation.partition_of:
                    children.setdefault(parent, set()).add(relation.oid)
        found: set[int] = set()
        waiting = [oid for oid in (*self._closure.relations, *self._insert_targets()) if oid in children]
        while waiting:
            oid = waiting.pop()
            if oid not in found:
                found.add(oid)
                waiting += children.get(oid, ())
        return found

    def _assigned(self) -> dict[int, frozenset[str]]:
        found: dict[int, frozenset[str]] = {}
        for change, target in zip(self._changes.changes, self._targets, strict=True):
            found[target.oid] = found.get(target.oid, frozenset()) | frozenset(change.columns)
        return found

    def _reach(self, written: Sequence[int]) -> tuple[int, ...]:
        """Root tables of everything that the statement, foreign keys and the triggers that could be read reach."""
        oids = [*self._closure.relations, *self._insert_targets(), *written]
        return tuple(sorted({root(self._catalog, oid) for oid in oids}))

    # --- numbers

    async def _tables(self) -> list[TableImpact]:
        graph, catalog = self._closure, self._catalog
        direct = {root(catalog, target.oid) for target in self._targets}
        inserted: dict[int, Figure] = {}
        updated: dict[int, Figure] = {}
        for change, target in zip(self._changes.changes, self._targets, strict=True):
            if change.kind is StatementKind.INSERT:
                top = root(catalog, target.oid)
                new, old = await self._inserted(change, target)
                inserted[top] = _sum(inserted.get(top), new)
                updated[top] = _sum(updated.get(top), old)
        counted = self._counted()
        found = []
        for oid in dict.fromkeys([*(root(catalog, oid) for oid in graph.relations), *inserted]):
            members = [effect for effect in counted if root(catalog, effect.relation) == oid]
            relations = {effect.relation for effect in members}
            deletes, changes = any(e.deletes for e in members), any(not e.deletes for e in members)
            deleted = await self._count(self._counting.touched(relations, deleted=True), oid) if deletes else NONE
            changed = await self._count(self._counting.touched(relations, deleted=False), oid) if changes else NONE
            relation = catalog.relations[oid]
            found.append(
                TableImpact(
                    relation=oid,
                    name=str(relation.name),
                    inserted=inserted.get(oid, NONE),
                    updated=_sum(updated.get(oid), changed),
                    deleted=deleted,
                    target=oid in direct,
                    moves=relation.kind == "p" or self._changes_key(oid),
                )
            )
        return found

    def _changes_key(self, oid: int) -> bool:
        """Whether a column of some unique key of this table changes, by the statement or by a cascade."""
        relation = self._catalog.relations[oid]
        keys = {number for index in relation.indexes if index.unique for number in index.columns if number}
        changed = {c for e in self._closure.effects if root(self._catalog, e.relation) == oid for c in e.columns}
        return bool(changed & set(names_of(relation, keys)))

    def _counted(self) -> list[Effect]:
        """Effects that the counting queries know: those of an upsert's own update are counted with the INSERT."""
        upserts = {
            Effect(target.oid, frozenset(change.arbiter.assigned))
            for change, target in zip(self._changes.changes, self._targets, strict=True)
            if change.kind is StatementKind.INSERT and change.arbiter and change.arbiter.updates
        }
        if upserts & {edge.source for edge in self._closure.edges}:
            self._doubts.append("an upsert changes a referenced key")
        return [effect for effect in self._closure.effects if effect not in upserts]

    async def _count(self, query: str, oid: int) -> Figure:
        """The exact count; where it takes too long, a sample or the planner's estimate."""
        try:
            rows = await self._guarded(query)
        except psycopg.errors.QueryCanceled:
            return await self._instead(query, oid)
        except psycopg.errors.InsufficientPrivilege as error:
            self._doubts.append(f"{self._catalog.role} cannot count what it may not read: {error.diag.message_primary}")
            return Figure(0, Basis.UNKNOWN)
        return Figure(rows, Basis.EXACT)

    async def _instead(self, query: str, oid: int) -> Figure:
        relation = self._catalog.relations[oid]
        change = next((c for c, t in zip(self._changes.changes, self._targets, strict=True) if t.oid == oid), None)
        if change and change.where and not change.joined and relation.pages >= self._limits.large_pages:
            figure = await sampled(self._session, relation, change.where, self._known(change.where))
            if figure is not None:
                return figure
        body = query.replace("select count(*) from", "select * from", 1) if query.startswith("select") else query
        return await planner_estimate(self._session, body, self._known(body))

    async def _guarded(self, query: str, extra: Sequence[Parameter] = ()) -> int:
        """A count inside a savepoint, so that one that fails does not end the analysis."""
        await self._session.script("savepoint counting")
        try:
            rows = await self._session.value(query, [*self._known(query), *extra])
        except psycopg.Error:
            await self._session.script("rollback to savepoint counting")
            raise
        await self._session.script("release savepoint counting")
        return int(rows)

    def _known(self, query: str) -> list[Parameter]:
        """The parameters, with a type for those that this query does not mention."""
        used = {int(number) for number in _PARAMETER.findall(query)}
        return [
            parameter if position in used or parameter.type_oid else Parameter(25, None)
            for position, parameter in enumerate(self._parameters, start=1)
        ]

    async def _inserted(self, change: Change, target: Relation) -> tuple[Figure, Figure]:
        """Rows inserted and, for an upsert, rows updated instead."""
        checks = RowChecks(self._session, self._catalog, target, change, self._guarded)
        try:
            new, old, doubts = await checks.insert_counts()
        except psycopg.Error as error:
            self._doubts.append(f"rows of the INSERT cannot be counted: {error.diag.message_primary}")
            return Figure(change.source_rows or 0, Basis.UNKNOWN), Figure(0, Basis.UNKNOWN)
        self._doubts += doubts
        return Figure(new, Basis.EXACT), Figure(old, Basis.EXACT)

    # --- foreign keys

    async def _edges(self) -> tuple[list[CascadeStep], list[Violation]]:
        steps, violations = [], []
        depths = self._depths()
        for edge in self._closure.edges:
            if any(change.arbiter for change in self._changes.changes) and edge.source not in self._counted():
                continue
            if edge.action.forbids:
                figure = await self._count(self._counting.violations(edge), edge.relation)
                if figure.rows:
                    violations.append(self._forbidden(edge, figure))
            else:
                figure = await self._count(self._counting.along(edge), edge.relation)
            steps.append(self._step(edge, figure, depths))
        return steps, violations

    def _depths(self) -> dict[Effect, int]:
        depths = dict.fromkeys(self._closure.starts, 0)
        for effect in self._closure.effects:
            for edge in self._closure.out_of(effect):
                if edge.result is not None:
                    depths.setdefault(edge.result, depths.get(effect, 0) + 1)
        return depths

    def _step(self, edge: Edge, figure: Figure, depths: dict[Effect, int]) -> CascadeStep:
        relation = self._catalog.relations[edge.relation]
        return CascadeStep(
            constraint=edge.constraint.name,
            source=str(self._catalog.relations[edge.source.relation].name),
            table=str(relation.name),
            columns=edge.columns,
            action=edge.action.words,
            event="DELETE" if edge.source.deletes else "UPDATE",
            figure=figure,
            depth=depths.get(edge.source, 0) + 1,
            missing_index=_missing_index(relation, edge),
        )

    def _forbidden(self, edge: Edge, figure: Figure) -> Violation:
        child = self._catalog.relations[edge.relation].name
        parent = self._catalog.relations[edge.source.relation].name
        message = f"{figure.rows} row(s) of {child} still reference rows of {parent} ({edge.action.words})"
        return Violation(edge.constraint.name, str(child), figure.rows, message, figure.certain and edge.source.deletes)

    # --- rows as they would be

    async def _row_violations(self) -> list[Violation]:
        found: list[Violation] = []
        for change, target in zip(self._changes.changes, self._targets, strict=True):
            if change.kind is not StatementKind.DELETE:
                checks = RowChecks(self._session, self._catalog, target, change, self._guarded)
                found += await checks.violations()
        return found

    async def _multiplies(self) -> bool:
        """Whether a join of an UPDATE or DELETE finds some target row more than once."""
        for change in self._changes.changes:
            if change.joined and change.kind in (StatementKind.UPDATE, StatementKind.DELETE):
                each = re.sub(r"^select distinct on \([^)]*\) ", "select ", change.rows)
                query = (
                    f"select count(*) from (select from ({change.ctes} {each}) s"
                    " group by s._pgw_table, s._pgw_at having count(*) > 1) d"
                )
                try:
                    if await self._guarded(query):
                        return True
                except psycopg.Error:
                    continue
        return False


def _missing_index(relation: Relation, edge: Edge) -> str:
    wanted = set(edge.constraint.columns)
    for index in relation.indexes:
        if index.valid and index.predicate is None and set(index.columns[: len(wanted)]) == wanted:
            return ""
    columns = ", ".join(quote_identifier(column) for column in edge.columns)
    return f"CREATE INDEX ON {relation.name} ({columns})"


def _sum(first: Figure | None, second: Figure) -> Figure:
    if first is None:
        return second
    order = list(Basis)
    return Figure(first.rows + second.rows, max(first.basis, second.basis, key=order.index))
