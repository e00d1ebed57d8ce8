"""Impact analysis on a live database: everything is read in one REPEATABLE READ READ ONLY transaction."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import psycopg

from pgwarden.adapters.postgres.capture import definitions_of, digest_of
from pgwarden.adapters.postgres.cascades import Cascades, indexed
from pgwarden.adapters.postgres.change_rows import RowChecks, quiet_default
from pgwarden.adapters.postgres.counts import Counts
from pgwarden.adapters.postgres.detection import Detection
from pgwarden.adapters.postgres.estimates import SAMPLE_PAGES, planner_estimate
from pgwarden.adapters.postgres.lock_free import Outlook
from pgwarden.adapters.postgres.numbers import NONE, Numbers
from pgwarden.adapters.postgres.orphans import orphans
from pgwarden.adapters.postgres.reach import Reach
from pgwarden.adapters.postgres.session import OWN_PATH, PINNED, Session, open_session, searching
from pgwarden.adapters.postgres.surroundings import applying, checked, slots, slots_of, views_named, without_locks
from pgwarden.adapters.postgres.table_use import TableUsers, archiving, archiving_of
from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.execution import Parameter
from pgwarden.domain.impact import (
    Archiving,
    Basis,
    Figure,
    Impact,
    SideEffect,
    SideEffectKind,
    TableImpact,
    Violation,
)
from pgwarden.domain.sensitive import SensitiveKind
from pgwarden.domain.statement import StatementKind
from pgwarden.domain.table_use import TableUse
from pgwarden.sql.always_true import always_true
from pgwarden.sql.change import Change, ChangeSet
from pgwarden.sql.conditions import change_set
from pgwarden.sql.counting import Counting
from pgwarden.sql.drift import drifting_functions, drifting_views
from pgwarden.sql.freeze import QUERY as FREEZE_QUERY
from pgwarden.sql.freeze import freeze
from pgwarden.sql.side_effects import side_effects
from pgwarden.sql.tallies import Cell, Counted, Start, Tally
from pgwarden.sql.targets import Targets
from pgwarden.sql.views import AT, TABLE
from pgwarden.undo.closure import Edge, Effect, names_of, root, unguarded
from pgwarden.undo.plan import cost, recovery_plan

OWN_SECONDS = 30
"""For what the server says about itself, which the bound on counting is not meant for."""
DEEP = 3
"""Levels of foreign keys from which one query for all tables is quicker than one for each."""
FEW_ROWS = 100
FEW_OF_A_TABLE = 0.1
"""Up to so many rows of its target, or such a share of them, a change is followed key by key through indexes."""


@dataclass(frozen=True, slots=True)
class AnalysisLimits:
    """Bounds on one analysis."""

    query_seconds: float = 5.0
    """An exact count that takes longer gives way to an estimate."""
    lock_seconds: float = 1.0
    large_pages: int = 100_000
    """Above this size (8 kB pages) a table is sampled when it cannot be counted in time."""
    sample_pages: int = SAMPLE_PAGES
    """Pages that a sample aims at."""


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
    targets = Targets(catalog, search_path)
    change_set(sql, targets.view)  # refuses before anything is opened
    async with open_session(conninfo) as session:
        bounds = limits or AnalysisLimits()
        *_, (moment,) = await session.together(
            ("begin isolation level repeatable read read only", ()),
            (f"set local statement_timeout = {round(bounds.query_seconds * 1000)}", ()),
            (f"set local lock_timeout = {round(bounds.lock_seconds * 1000)}", ()),
            session.setting(PINNED),
            searching(search_path),
            (FREEZE_QUERY, ()),
        )
        frozen = freeze(sql, moment)
        changes = change_set(frozen.sql, targets.view)
        analysis = _Analysis(session, catalog, targets, changes, parameters, bounds)
        impact = await analysis.impact(frozen.sql)
        await session.rollback()
    views = drifting_views(catalog, frozen.read, targets.schemas)
    volatile = (*frozen.drifting, *drifting_functions(catalog, frozen.called), *views)
    return replace(impact, frozen=frozen.values, original=sql, volatile=volatile, taken=frozen.taken)


@dataclass(frozen=True, slots=True)
class _Server:
    """What the server knows beside the rows."""

    slots: list[SideEffect]
    archiving: Archiving
    definitions: str
    lock_free: bool
    users: tuple[TableUse, ...]
    detected: dict[tuple[int, str], SensitiveKind]


class _Analysis:
    """One analysis in one snapshot."""

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        targets: Targets,
        changes: ChangeSet,
        parameters: Sequence[Parameter],
        limits: AnalysisLimits,
    ) -> None:
        self._session = session
        self._catalog = catalog
        self._changes = changes
        self._doubts = list(changes.doubts)
        self._names = targets
        self._targets = [targets.table(change.schema, change.table) for change in changes.changes]
        pairs = [(change, target) for change, target in zip(changes.changes, self._targets, strict=True)]
        self._counts = Counts(
            session, catalog, pairs, parameters, (limits.large_pages, limits.sample_pages), self._doubts
        )
        self._reach = Reach(catalog, changes, self._targets)
        self._closure = self._reach.closure
        self._counting = self._make_counting()

    async def impact(self, sql: str) -> Impact:
        catalog, graph = self._catalog, self._closure
        estimate = await planner_estimate(self._session, sql, self._counts.known(sql))
        numbers = Numbers(self._counts, self._counting, together=self._at_once(estimate))
        counted = self._counted()
        ways = Cascades(catalog, graph, self._counting, counted, self._reach.inserting)
        await numbers.count(self._tallies(counted).values(), ways.tallies())
        await numbers.count(ways.tallies(self._empty(counted, numbers)))
        tables = await self._tables(counted, numbers)
        steps, violations = ways.followed(numbers)
        self._doubts += [*ways.doubts, *self._reach.reached_when_new()]
        violations += await self._row_violations()
        violations += await self._outside_views()
        matches = await self._multiplies()
        moving = self._reach.moving()
        around = side_effects(
            catalog,
            sql,
            self._reach.events(),
            self._reach.changing(),
            self._names.schemas,
            moving=moving,
            views=self._reach.view_events(),
        )
        effects = [*views_named(self._changes.changes), *await applying(self._session, catalog, around.effects)]
        effects += await self._orphans(numbers, counted)
        changing = [table.relation for table in tables if table.rows or table.target]
        below, told = self._reach.below(moving)
        self._doubts += told
        opened = tuple(dict.fromkeys([*around.open_tables, *self._reach.inheriting(), *below]))
        reach = self._reach.tables(opened)
        server = await self._told_by_the_server(sql, reach, opened, [*changing, *opened])
        effects += server.slots
        if server.lock_free:
            effects = [without_locks(effect) for effect in effects]
        users = server.users
        effects += [SideEffect(SideEffectKind.APPLICATION, use.table, use.who, str(use)) for use in users]
        return Impact(
            sql=sql,
            original=sql,
            kind=self._changes.kind,
            targets=tuple(dict.fromkeys(target.oid for target in self._targets)),
            tables=tuple(tables),
            cascades=tuple(steps),
            violations=tuple(violations),
            side_effects=tuple(effects),
            frozen=(),
            doubts=tuple(dict.fromkeys([*self._doubts, *around.doubts])),
            reach=reach,
            definitions=server.definitions,
            depth=graph.depth(),
            estimate=estimate,
            open_tables=opened,
            names={oid: str(relation.name) for oid, relation in catalog.relations.items() if oid in opened},
            unfiltered=any(c.kind is not StatementKind.INSERT and not c.where for c in self._changes.changes),
            always_true=any(
                always_true(c.where) for c in self._changes.changes if c.where and not c.joined and not c.view
            ),
            multiplying=matches,
            assigned=self._reach.assigned(),
            cost=cost(catalog, tables),
            recovery=recovery_plan(catalog, tables, effects),
            detected=server.detected,
            users=users,
            archiving=server.archiving,
        )

    async def _told_by_the_server(
        self, sql: str, reach: Sequence[int], opened: Sequence[int], changing: Sequence[int]
    ) -> _Server:
        """What the server says about itself and the tables in reach, asked for together: one wait for the network."""
        session = self._session
        await session.script(f"set local search_path = {OWN_PATH}; set local statement_timeout = {OWN_SECONDS * 1000}")
        outlook = Outlook(session, sql, {*reach, *opened})
        users, detection = TableUsers(session, self._catalog, reach), Detection(self._catalog, changing)
        definitions = definitions_of(session, reach)
        own = [slots_of(session), archiving_of(session), *definitions, *outlook.queries()]
        asked = [*own, *users.queries(), *detection.queries()]
        answers = await session.attempts(asked)
        lines = [answer for answer in answers[: len(own)] if not isinstance(answer, psycopg.Error)]
        if len(lines) < len(own):
            raise next(answer for answer in answers[: len(own)] if isinstance(answer, psycopg.Error))
        last = len(asked) - len(detection.queries())
        return _Server(
            slots=slots(lines[0]),
            archiving=archiving(lines[1][0]),
            definitions=digest_of(lines[2 : 2 + len(definitions)]),
            lock_free=outlook.goes_lock_free(lines[2 + len(definitions) :]),
            users=await users.found(answers[len(own) : last]),
            detected=detection.kinds(answers[last:]),
        )

    # --- how it is counted

    async def _orphans(self, numbers: Numbers, counted: Sequence[Effect]) -> list[SideEffect]:
        """Rows that nothing guards against losing what they point at."""
        empty = self._empty(counted, numbers)
        edges = unguarded(self._catalog, (effect for effect in counted if effect not in empty))
        if not edges:
            return []
        return await orphans(self._catalog, self._counts, self._make_counting(more=edges), edges)

    def _make_counting(self, probed: Collection[Edge] = (), more: Sequence[Edge] = ()) -> Counting:
        starts = []
        for change, target in zip(self._changes.changes, self._targets, strict=True):
            if change.kind is StatementKind.INSERT:
                continue
            columns = frozenset(change.columns) if change.kind is StatementKind.UPDATE else frozenset[str]()
            starts.append(Start(change, Effect(target.oid, columns)))
        edges = (*self._closure.edges, *more)
        oids = {*self._closure.relations, *(edge.relation for edge in edges)}
        relations = {oid: self._catalog.relations[oid] for oid in oids}
        names = {oid: relation.name for oid, relation in relations.items()}
        cells = {
            oid: {c.name: Cell(c.type_name, quiet_default(c)) for c in relation.columns}
            for oid, relation in relations.items()
        }
        return Counting(names, starts, self._closure.components, edges, cells, probed)

    def _at_once(self, estimate: Figure) -> Counting | None:
        """How everything is counted by one statement; None where one for each table is quicker."""
        rows = sum(self._rows(target) for target in self._targets)
        if estimate.basis is Basis.ESTIMATED and estimate.rows <= max(FEW_ROWS, FEW_OF_A_TABLE * rows):
            return self._make_counting([edge for edge in self._closure.edges if self._found_by_key(edge)])
        return self._counting if self._closure.depth() >= DEEP else None

    def _rows(self, relation: Relation) -> float:
        return sum(max(part.estimated_rows, 0.0) for part in self._catalog.partition_tree(relation.oid))

    def _found_by_key(self, edge: Edge) -> bool:
        """Whether an index finds the rows that reference a key, in all tables that inherit from theirs too."""
        relation = self._catalog.relations[edge.relation]
        return indexed(relation, edge) and relation.oid not in self._catalog.heirs

    # --- numbers

    def _tallies(self, counted: Sequence[Effect]) -> dict[tuple[int, Counted], Tally]:
        """What happens to the rows of each table in reach, a partition tree counted as its root."""
        members: dict[int, list[Effect]] = {}
        for effect in counted:
            members.setdefault(root(self._catalog, effect.relation), []).append(effect)
        return {
            (oid, rows): Tally(oid, rows, frozenset(effect.relation for effect in effects))
            for oid, effects in members.items()
            for rows in (Counted.DELETED, Counted.CHANGED)
            if any(effect.deletes is (rows is Counted.DELETED) for effect in effects)
        }

    def _empty(self, counted: Sequence[Effect], numbers: Numbers) -> set[Effect]:
        """Effects that have no row for certain: nothing can follow from them."""
        tallies = self._tallies(counted)
        busy = {oid for (oid, _), tally in tallies.items() if numbers[tally] != NONE}
        return {effect for effect in counted if root(self._catalog, effect.relation) not in busy}

    async def _tables(self, counted: Sequence[Effect], numbers: Numbers) -> list[TableImpact]:
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
        tallies = self._tallies(counted)
        touched = {key: numbers[tally] for key, tally in tallies.items()}
        return [
            TableImpact(
                relation=oid,
                name=str(catalog.relations[oid].name),
                inserted=inserted.get(oid, NONE),
                updated=_sum(updated.get(oid), touched.get((oid, Counted.CHANGED), NONE)),
                deleted=touched.get((oid, Counted.DELETED), NONE),
                target=oid in direct,
                moves=catalog.relations[oid].kind == "p" or self._changes_key(oid),
            )
            for oid in dict.fromkeys([*(root(catalog, oid) for oid in graph.relations), *inserted])
        ]

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

    async def _inserted(self, change: Change, target: Relation) -> tuple[Figure, Figure]:
        """Rows inserted and, for an upsert, rows updated instead."""
        checks = RowChecks(self._session, self._catalog, target, change, self._counts.exact)
        try:
            new, old, doubts = await checks.insert_counts()
        except psycopg.errors.QueryCanceled:
            source = f"{change.ctes} {change.rows}"
            figure = await planner_estimate(self._session, source, self._counts.known(source))
            return figure, Figure(0, Basis.UNKNOWN) if change.arbiter else NONE
        except psycopg.Error as error:
            self._doubts.append(f"rows of the INSERT cannot be counted: {error.diag.message_primary}")
            return Figure(change.source_rows or 0, Basis.UNKNOWN), Figure(0, Basis.UNKNOWN)
        self._doubts += doubts
        return Figure(new, Basis.EXACT), Figure(old, Basis.EXACT)

    # --- rows as they would be

    async def _row_violations(self) -> list[Violation]:
        found: list[Violation] = []
        for change, target in zip(self._changes.changes, self._targets, strict=True):
            if change.kind is not StatementKind.DELETE or change.once:
                replaced = self._replaced(target)
                checks = RowChecks(self._session, self._catalog, target, change, self._counts.exact, replaced)
                found += await checks.violations()
                self._doubts += checks.doubts
        return list(dict.fromkeys(found))

    async def _outside_views(self) -> list[Violation]:
        """Rows that a view WITH CHECK OPTION would refuse, because it would not show them."""
        found = []
        for change, target in zip(self._changes.changes, self._targets, strict=True):
            if change.view is None or change.kind is StatementKind.DELETE:
                continue
            if not await checked(self._session, change.view.views):
                continue
            checks = RowChecks(self._session, self._catalog, target, change, self._counts.exact, self._replaced(target))
            found += await checks.outside(change.view)
            self._doubts += checks.doubts
        return found

    def _replaced(self, target: Relation) -> list[str]:
        """Queries of the rows of this table that the statement itself changes or removes."""
        pairs = zip(self._changes.changes, self._targets, strict=True)
        top = root(self._catalog, target.oid)
        return [
            f"select {TABLE}, {AT} from ({change.ctes} {change.rows}) b"
            for change, each in pairs
            if change.kind is not StatementKind.INSERT and root(self._catalog, each.oid) == top
        ]

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
                    if await self._counts.exact(query):
                        return True
                except psycopg.Error:
                    continue
        return False


def _sum(first: Figure | None, second: Figure) -> Figure:
    if first is None:
        return second
    order = list(Basis)
    return Figure(first.rows + second.rows, max(first.basis, second.basis, key=order.index))
