"""Capture inside the executing transaction: images by transition tables, counters, and the proof that both agree."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import CaptureIncomplete, LimitReached, NotUndoable
from pgwarden.domain.execution import ExecutionLimits, RowCounts, TableImages
from pgwarden.domain.shape import ShapeColumn, ShapeReference, ShapeSwitch, TableShape
from pgwarden.undo import images

Counters = Mapping[int, tuple[Name, RowCounts]]
"""Row operations by relation oid, with the relation's name."""

ROUNDS = 6
"""How often capture may be widened by tables that only user triggers reach. Each round runs the statement again."""

SAFEPOINT = "pgwarden_statement"


class Capture:
    """Images of every row that one transaction changes, with the proof that none is missing."""

    def __init__(self, session: Session, execution_id: str, limits: ExecutionLimits) -> None:
        self._session = session
        self._id = execution_id
        self._limits = limits
        self.shapes: dict[int, TableShape] = {}
        """By root oid."""
        self.tables: dict[int, TableImages] = {}
        self._ticking: set[int] = set()

    async def install(self, relations: Iterable[int]) -> None:
        """Lock these tables against writers, in one fixed order, and put capture on them."""
        new = [s for s in await read_shapes(self._session, relations) if s.oid not in self.shapes]
        for shape in new:
            if shape.obstacle:
                raise NotUndoable(
                    f"Rows of {shape.name} cannot be captured.", why=shape.obstacle, not_done="Nothing was changed."
                )
        if new:
            names = ", ".join(str(shape.name) for shape in sorted(new, key=lambda shape: shape.oid))
            await self._session.script(f"lock table {names} in share row exclusive mode")
        for shape in await read_shapes(self._session, [shape.oid for shape in new]):  # again, now under the locks
            table = images.image_table(self._id, shape)
            await self._session.script(images.install(shape, table))
            self.shapes[shape.oid], self.tables[shape.oid] = shape, table

    async def report(self, relation: int) -> None:
        """Let changes of this table report their progress, where it has an integer key."""
        script = images.tick(self.shapes[relation], self.tables[relation], self._id) if relation in self.shapes else ""
        if script:
            await self._session.script(script)
            self._ticking.add(relation)

    async def run(self, change: Callable[[], Awaitable[None]]) -> None:
        """Run the change with everything it sets off, widening capture until each touched table is covered.

        Afterwards ``tables`` holds what was counted, proven equal to what was captured.
        """
        for _ in range(ROUNDS):
            await self._session.script(f"savepoint {SAFEPOINT}")
            before = await self._counters()
            await change()
            await self._session.script("set constraints all immediate")
            delta = _difference(before, await self._counters())
            uncovered = self._uncovered(delta)
            if not uncovered:
                await self._prove(delta)
                return
            await self._session.script(f"rollback to savepoint {SAFEPOINT}")
            await self.install(uncovered)
        raise CaptureIncomplete(
            "The change reaches new tables each time it is tried.",
            why=f"{ROUNDS} rounds did not cover everything that its triggers write",
            not_done="It was rolled back; nothing was changed.",
        )

    async def remove(self) -> None:
        """Take triggers and functions away, and drop the image tables that stayed empty."""
        script = [images.untick(self.shapes[oid], self.tables[oid]) for oid in self._ticking]
        script += [images.uninstall(shape, self.tables[oid]) for oid, shape in self.shapes.items()]
        for oid, table in list(self.tables.items()):
            if not table.counts.total:
                script.append(f"drop table {images.image_name(table)}")
                del self.tables[oid]
        if script:
            await self._session.script(";\n".join(script))

    def members(self) -> frozenset[int]:
        """Oids of every captured table, partitions included."""
        return frozenset(oid for shape in self.shapes.values() for oid, _ in shape.members)

    async def _counters(self) -> Counters:
        rows = await self._session.named("counters")
        return {
            row["oid"]: (Name(row["nspname"], row["relname"]), RowCounts(row["ins"], row["upd"], row["del"]))
            for row in rows
        }

    def _uncovered(self, delta: Counters) -> list[int]:
        """Touched tables without capture. Effects that no capture can hold end the attempt."""
        found = []
        for oid, (name, _) in delta.items():
            if name.schema == "pg_catalog":
                raise NotUndoable(
                    "The statement changes more than rows.",
                    why=f"it wrote the system catalog {name.name}: DDL, TRUNCATE or large objects in a trigger",
                    not_done="It was rolled back; nothing was changed.",
                )
            passing = name.schema == images.SCHEMA or name.schema.startswith(("pg_temp_", "pg_toast"))
            if not passing and oid not in self.members():
                found.append(oid)
        return sorted(found)

    async def _prove(self, delta: Counters) -> None:
        """Images written must equal ``inserted + deleted + 2 · updated`` of each table, over its partitions."""
        written = {name.name: counts.inserted for name, counts in delta.values() if name.schema == images.SCHEMA}
        rows = 0
        for oid, table in self.tables.items():
            members = [member for member, _ in self.shapes[oid].members]
            counts = sum((delta[member][1] for member in members if member in delta), RowCounts())
            if min(counts.inserted, counts.updated, counts.deleted) < 0 or counts.images != written.get(
                table.images, 0
            ):
                raise CaptureIncomplete(
                    f"Not every changed row of {table.schema}.{table.name} was captured.",
                    why=f"{counts.images} images were due, {written.get(table.images, 0)} were written",
                    not_done="It was rolled back; nothing was changed.",
                    next_step="Look at triggers of this table that catch errors, or at inheritance below it.",
                )
            size = 0
            if counts.total:
                size = await self._session.value(
                    "select pg_catalog.pg_total_relation_size($1::text::regclass)::int8", [images.image_name(table)]
                )
            self.tables[oid] = replace(table, counts=counts, bytes=size)
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
    return [_shape(row) for row in await session.named("shapes", {"oids": oids})] if oids else []


async def definitions_hash(session: Session, relations: Iterable[int]) -> str:
    """SHA-256 over the definitions of these tables: columns, constraints, triggers, functions, policies, rules."""
    lines = await session.named("definitions", {"oids": sorted(set(relations))})
    return hashlib.sha256("\n".join(row["line"] for row in lines).encode()).hexdigest()


def _difference(before: Counters, after: Counters) -> Counters:
    """What happened in between. A table whose counters fell was truncated; it shows with negative counts."""
    delta = {}
    for oid in before.keys() | after.keys():
        name = (after.get(oid) or before[oid])[0]
        counts = after.get(oid, (name, RowCounts()))[1] - before.get(oid, (name, RowCounts()))[1]
        if counts != RowCounts():
            delta[oid] = (name, counts)
    return delta


def _shape(row: Mapping[str, Any]) -> TableShape:
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
