"""Capture inside the executing transaction: images by transition tables, counters, and the proof that both agree."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgwarden.adapters.postgres.session import OWN_PATH, PINNED, Query, Session, searching
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import CaptureIncomplete, LimitReached, NotUndoable
from pgwarden.domain.execution import ExecutionLimits, RowCounts, TableImages
from pgwarden.domain.shape import ShapeColumn, ShapeReference, ShapeSwitch, TableShape
from pgwarden.domain.single_change import SingleChange
from pgwarden.domain.statement import StatementKind
from pgwarden.undo import images, returning

Counters = Mapping[int, tuple[Name, RowCounts]]
"""Row operations by relation oid, with the relation's name."""

Rows = Sequence[Mapping[str, Any]]
Change = Callable[[], Awaitable[object]]
"""Runs the change itself."""

ROUNDS = 6
"""How often capture may be widened by tables that only user triggers reach. Each round runs the statement again."""

SAFEPOINT = "pgwarden_statement"

PLAIN = {**PINNED, "timezone": "UTC", "lc_monetary": "C", "quote_all_identifiers": "off"}
"""Settings on which it depends how PostgreSQL writes a definition."""


class Capture:
    """Images of every row that one transaction changes, with the proof that none is missing."""

    def __init__(
        self,
        session: Session,
        execution_id: str,
        limits: ExecutionLimits,
        *,
        space: str = images.SCHEMA,
        bulk: bool = True,
    ) -> None:
        """``space``: the schema for images, ``pg_temp`` where they are written to files before the end.

        ``bulk``: whether tables may be created while the change runs, which is cheaper for many rows.
        """
        self._session = session
        self._space = space
        self._id = execution_id
        self._limits = limits
        self.shapes: dict[int, TableShape] = {}
        """By root oid."""
        self.tables: dict[int, TableImages] = {}
        self._installed: set[int] = set()
        self._ticking: set[int] = set()
        self._bulk = bulk

    async def install(self, relations: Iterable[int], *queries: Query) -> Sequence[Rows]:
        """Lock these tables against writers, in one fixed order, and put capture on them.

        ``queries`` are asked as soon as the locks are held; returns the rows of each.
        """
        roots = await self._session.named("roots", {"oids": sorted(set(relations))})
        new = {row["oid"]: Name(row["schema"], row["name"]) for row in roots if row["oid"] not in self.shapes}
        lockable = [str(new[row["oid"]]) for row in roots if row["oid"] in new and row["kind"] in "rp"]
        locks = [(f"lock table {', '.join(lockable)} in share row exclusive mode", ())] if lockable else []
        found = await self._session.together(*locks, shapes_of(self._session, new), *queries)
        facts, *answers = found[len(locks) :]
        script = [f"set local {images.ROOM} = {self._limits.undo_bytes}"]
        if not self._bulk:
            script.append(f"set local {images.BULK_SWITCH} = 'off'")
        for shape in map(shape_of, facts):
            if shape.obstacle:
                raise NotUndoable(
                    f"Rows of {shape.name} cannot be captured.", why=shape.obstacle, not_done="Nothing was changed."
                )
            table = images.image_table(self._id, shape, self._space)
            script.append(images.install(shape, table))
            self.shapes[shape.oid], self.tables[shape.oid] = shape, table
            self._installed.add(shape.oid)
        await self._session.script(";\n".join(script))
        return answers

    async def report(self, relation: int) -> None:
        """Let changes of this table report their progress, where it has an integer key."""
        if relation in self._installed and images.tick_key(self.shapes[relation]):
            await self._session.script(images.tick(self.shapes[relation], self.tables[relation]))
            self._ticking.add(relation)

    async def run(self, change: Change, path: str = OWN_PATH) -> None:
        """Run the change with everything it sets off, widening capture until each touched table is covered.

        ``path``: the search path for it. Afterwards ``tables`` holds what was counted, proven equal to what was
        captured.
        """
        for _ in range(ROUNDS):
            savepoint = (f"savepoint {SAFEPOINT}", ()), (f"set local {images.OWN_WRITES} = 0", ())
            *_, before, _ = await self._session.together(*savepoint, self._session.query("counters"), searching(path))
            await change()
            delta, own, sizes = await self._done(before)
            uncovered: list[int] = []
            try:
                uncovered = self._uncovered(delta, own)
                if not uncovered:
                    self._prove(delta, sizes)
                    return
            except (CaptureIncomplete, NotUndoable):
                if not self._bulk or not _catalog_writes(delta):
                    raise
                self._bulk = False
            await self._session.script(f"rollback to savepoint {SAFEPOINT}")
            if uncovered:
                await self.install(uncovered)
            else:  # an attempt that was rolled back inside the statement may have taken its counts along: once more
                await self._session.script(f"set local {images.BULK_SWITCH} = 'off'")
        raise CaptureIncomplete(
            "The change reaches new tables each time it is tried.",
            why=f"{ROUNDS} rounds did not cover everything that its triggers write",
            not_done="It was rolled back; nothing was changed.",
        )

    async def run_returning(
        self,
        change: SingleChange,
        shape: TableShape,
        run: Callable[[str], Awaitable[object]],
        *,
        report: bool,
        path: str = OWN_PATH,
    ) -> bool:
        """Run a change of one table that returns each row; False when it did more than that, and must be undone.

        ``run`` is given the statement to run, and ``path`` is the search path for it. Afterwards ``tables`` holds what
        was counted, proven equal to what was returned.
        """
        table = returning.returning_images(change, images.image_table(self._id, shape, self._space))
        self.shapes, self.tables = {shape.oid: shape}, {shape.oid: table}
        key = images.tick_key(shape) if report else ""
        if key:
            await self._session.script(images.tick_function(table))
        expected = await self._modelled(shape, table, change.kind)
        before, _ = await self._session.together(self._session.query("counters"), searching(path))
        await run(returning.returning(change, table, self._session.major, key))
        delta, _, sizes = await self._done(before)
        try:
            if self._uncovered(delta, expected):
                return False
            self._prove(delta, sizes)
        except (CaptureIncomplete, NotUndoable):
            return False
        script = [f"drop function {images.tick_name(table)}()"] if key else []
        if self.tables[shape.oid].counts.total:
            script.append(returning.settle(shape, table, change.kind))
        else:
            script.append(returning.discard(table, change.kind))
            self.tables = {}
        await self._session.script(";\n".join(script))
        return True

    def forget(self) -> None:
        """Begin anew, after a rollback to before anything was installed."""
        self.shapes, self.tables = {}, {}

    async def remove(self, *queries: Query) -> Sequence[Rows]:
        """Take triggers and functions away, and drop the image tables that stayed empty.

        ``queries`` are sent along; returns the rows of each.
        """
        script = [drop for oid in self._ticking for drop in images.untick(self.shapes[oid], self.tables[oid])]
        for oid in self._installed:
            script += images.uninstall(self.shapes[oid], self.tables[oid])
            if not self.tables[oid].counts.total:
                script.append(f"drop table {images.image_name(self.tables.pop(oid))}")
        return (await self._session.together(*[(drop, ()) for drop in script], *queries))[len(script) :]

    def members(self) -> frozenset[int]:
        """Oids of every captured table, partitions included."""
        return frozenset(oid for shape in self.shapes.values() for oid, _ in shape.members)

    async def _done(self, before: Rows) -> tuple[Counters, int, Counter[str]]:
        """What was done since, what capture itself wrote to the system catalogs, and the bytes of images by table.

        What deferred triggers do belongs to the statement, so they run now, under its search path.
        """
        _, _, after, (row,), relations = await self._session.together(
            ("set constraints all immediate", ()),
            searching(OWN_PATH),
            self._session.query("counters"),
            (f"select pg_catalog.current_setting('{images.OWN_WRITES}', true) as own", ()),
            self._session.query("image_relations", {"names": [table.images for table in self.tables.values()]}),
        )
        sizes: Counter[str] = Counter()
        for relation in relations:
            sizes[relation["images"]] += relation["bytes"]
        return _difference(_counters(before), _counters(after)), int(row["own"] or 0), sizes

    async def _modelled(self, shape: TableShape, table: TableImages, kind: StatementKind) -> int:
        """How much the making of the part will write to the system catalogs: found by making it once without rows."""
        written = (f"select {images.CATALOG_WRITES} as rows", ())
        make, drop = (returning.model(shape, table, kind), ()), (returning.discard(table, kind), ())
        # the first temporary table of a session makes its schema, too
        first = (make, drop) if self._space == images.TEMPORARY else ()
        *_, (before,), _, (after,), _ = await self._session.together(*first, written, make, written, drop)
        return int(after["rows"] - before["rows"])

    def _uncovered(self, delta: Counters, own: int) -> list[int]:
        """Touched tables without capture. Effects that no capture can hold end the attempt."""
        written = _catalog_writes(delta)
        if sum(written.values()) != own:
            where = max(written, key=lambda name: (name != "pg_class", written[name]), default="")
            raise NotUndoable(
                "The statement changes more than rows.",
                why=f"it wrote the system catalog {where}: DDL, TRUNCATE or large objects in a trigger",
                not_done="It was rolled back; nothing was changed.",
            )
        passing = (images.SCHEMA, "pg_catalog")
        members = self.members()
        return sorted(
            oid
            for oid, (name, _) in delta.items()
            if oid not in members
            and name.schema not in passing
            and not name.schema.startswith(("pg_temp_", "pg_toast"))
        )

    def _prove(self, delta: Counters, sizes: Mapping[str, int]) -> None:
        """Images written must equal ``inserted + deleted + 2 · updated`` of each table, over its partitions."""
        written: Counter[str] = Counter()
        for name, counts in delta.values():
            if name.schema == images.SCHEMA or name.schema.startswith("pg_temp_"):
                written["_".join(name.name.split("_")[:2])] += counts.inserted
        rows = 0
        for oid, table in self.tables.items():
            members = [member for member, _ in self.shapes[oid].members]
            counts = sum((delta[member][1] for member in members if member in delta), RowCounts())
            kept = written[table.images] * (2 if table.changed else 1)
            if min(counts.inserted, counts.updated, counts.deleted) < 0 or counts.images != kept:
                raise CaptureIncomplete(
                    f"Not every changed row of {table.schema}.{table.name} was captured.",
                    why=f"{counts.images} images were due, {kept} were written",
                    not_done="It was rolled back; nothing was changed.",
                    next_step="Look at triggers of this table that catch errors, or at inheritance below it.",
                )
            self.tables[oid] = replace(table, counts=counts, bytes=sizes[table.images] if counts.total else 0)
            rows += counts.total
        self._check_limits(rows, sum(table.bytes for table in self.tables.values()))

    def _check_limits(self, rows: int, size: int) -> None:
        checks = (("rows", rows, self._limits.rows), ("bytes of images", size, self._limits.undo_bytes))
        for what, found, limit in checks:
            if found > limit:
                raise LimitReached(
                    f"The change takes {found} {what}; the limit is {limit}.",
                    not_done="It was rolled back; nothing was changed.",
                    next_step="Raise the limit, or cut the change into pieces.",
                )


async def read_shapes(session: Session, relations: Iterable[int]) -> list[TableShape]:
    """Facts of these tables, each partition reported under its root, in oid order."""
    oids = sorted(set(relations))
    return [shape_of(row) for row in await session.named("shapes", {"oids": oids})] if oids else []


def shapes_of(session: Session, relations: Iterable[int]) -> Query:
    """The query of these tables' facts, for ``shape_of``."""
    return session.query("shapes", {"oids": sorted(set(relations))})


async def image_relations(session: Session, names: Sequence[str]) -> list[dict[str, Any]]:
    """What these image tables consist of: (images, name, kind, bytes) of each and of its parts, views first."""
    return await session.named("image_relations", {"names": [*names]})


async def analyze_images(session: Session, shape: TableShape, table: TableImages) -> None:
    """Tell the planner how many images there are and how they lie: else it reads all of a large table to find a few.

    A small sample of the key does, in milliseconds, however many rows there are.
    """
    if table.counts.total < images.BULK or not shape.key:
        return
    key = images.listed(shape.key)
    found = [part for part in await image_relations(session, [table.images]) if part["kind"] == "r"]
    parts = [part for part in found if part["name"] != table.images] or found
    script = [f"analyze {Name(part['space'], part['name'])} ({key})" for part in parts]
    await session.script(";".join(["set local default_statistics_target = 10", *script]))


async def definitions_hash(session: Session, relations: Iterable[int]) -> str:
    """SHA-256 over the definitions of these tables: columns, constraints, triggers, functions, policies, rules."""
    return digest_of(await session.together(*definitions_of(session, relations)))


def definitions_of(session: Session, relations: Iterable[int]) -> list[Query]:
    """The queries of these tables' definitions; ``digest_of`` takes the answers to all of them.

    Constants in defaults and conditions are written as a role's settings have it, so they are set for this moment.
    """
    return [
        ("savepoint pgwarden_definitions", ()),
        session.setting(PLAIN),
        session.query("definitions", {"oids": sorted(set(relations))}),
        ("rollback to savepoint pgwarden_definitions", ()),
        ("release savepoint pgwarden_definitions", ()),
    ]


def digest_of(answers: Sequence[Rows]) -> str:
    """SHA-256 over the lines of definitions."""
    _, _, lines, *_ = answers
    return hashlib.sha256("\n".join(row["line"] for row in lines).encode()).hexdigest()


def _counters(rows: Rows) -> Counters:
    return {
        row["oid"]: (Name(row["nspname"], row["relname"]), RowCounts(row["ins"], row["upd"], row["del"]))
        for row in rows
    }


def _catalog_writes(delta: Counters) -> dict[str, int]:
    """Row operations on the system catalogs, by catalog."""
    return {name.name: counts.total for name, counts in delta.values() if name.schema == "pg_catalog"}


def _difference(before: Counters, after: Counters) -> Counters:
    """What happened in between. A table whose counters fell was truncated; it shows with negative counts."""
    delta = {}
    for oid in before.keys() | after.keys():
        name = (after.get(oid) or before[oid])[0]
        counts = after.get(oid, (name, RowCounts()))[1] - before.get(oid, (name, RowCounts()))[1]
        if counts != RowCounts():
            delta[oid] = (name, counts)
    return delta


def shape_of(row: Mapping[str, Any]) -> TableShape:
    """The facts of a table from a row of ``shapes_of``."""
    keys = [(tuple(columns), ready) for columns, ready in row["keys"]]
    key = next((columns for columns, ready in keys if ready), ())
    referenced = {tuple(foreign) for _, _, _, oid, foreign, _ in row["references"] if oid == row["oid"]}
    nullable = () if key else next((columns for columns, _ in keys if columns in referenced), ())
    return TableShape(
        oid=row["oid"],
        name=Name(row["schema"], row["name"]),
        members=tuple((oid, Name(schema, name)) for oid, schema, name, _, _ in row["members"]),
        columns=tuple(ShapeColumn(*column) for column in row["columns"]),
        key=key or nullable,
        key_nullable=bool(nullable),
        unique=tuple(columns for columns, _ in keys if columns != (key or nullable)),
        triggers=tuple(ShapeSwitch(Name(s, r), name, enabled) for s, r, name, enabled in row["triggers"]),
        rules=tuple(ShapeSwitch(Name(s, r), name, enabled) for s, r, name, enabled in row["rules"]),
        references=tuple(
            ShapeReference(name, relation, tuple(columns), foreign, tuple(foreign_columns), on_delete)
            for name, relation, columns, foreign, foreign_columns, on_delete in row["references"]
        ),
        partitioned=row["kind"] == "p",
        inheritance=row["inheritance"],
        obstacle=_obstacle(row),
    )


def _obstacle(row: Mapping[str, Any]) -> str:
    for _, schema, name, kind, persistence in row["members"]:
        if kind == "f":
            return f"{Name(schema, name)} is a foreign table: what happens there cannot be captured or taken back"
        if kind not in "rp":
            return f"{Name(schema, name)} is not a table"
        if persistence == "t":
            return f"{Name(schema, name)} is a temporary table"
    return ""
