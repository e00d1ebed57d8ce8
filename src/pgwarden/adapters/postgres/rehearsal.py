"""A rehearsal: the statement is run under full capture and rolled back. Exact where counting cannot be.

It is a write that leaves traces (row locks while it runs, dead rows, advanced sequences), so it takes a permit of
its own, keeps short locks and a row cap, and is never tried where an effect could survive the rollback. Its images are
temporary tables: nothing is made that others could see or a publication would carry.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import psycopg

from pgwarden.adapters.postgres.capture import Capture
from pgwarden.adapters.postgres.image_counts import captured_rows
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import open_session, translated
from pgwarden.domain.errors import ApprovalInvalid, NotUndoable
from pgwarden.domain.execution import ExecutionLimits, Isolation, Parameter, RowCounts
from pgwarden.domain.impact import Basis, Figure, Impact, TableImpact
from pgwarden.domain.rehearsal_permit import RehearsalPermit
from pgwarden.undo.images import TEMPORARY


async def rehearse(
    conninfo: str,
    impact: Impact,
    permit: RehearsalPermit,
    *,
    now: datetime,
    parameters: Sequence[Parameter] = (),
    search_path: str = '"$user", public',
) -> Impact:
    """The impact with the numbers of a run that was rolled back. Raises what the statement itself would raise."""
    _check(impact, permit, now)
    limits = ExecutionLimits(statement_seconds=permit.seconds, lock_seconds=1.0, rows=permit.rows)
    async with open_session(conninfo) as session:
        if (permit.database, permit.role) != await Ledger(session).identify():
            raise ApprovalInvalid("The permit is for another database or role.", not_done="Nothing was run.")
        rehearsal = str(uuid.uuid4())
        try:
            watched = await session.begin(Isolation.READ_COMMITTED, limits, rehearsal)
            capture = Capture(session, rehearsal, limits, space=TEMPORARY, bulk=not watched)
            await capture.install(impact.reach)
            await capture.run(lambda: session.statement(impact.sql, parameters), search_path)
            shapes, tables = capture.shapes, capture.tables
            counts = {oid: await captured_rows(session, shapes[oid], table) for oid, table in tables.items()}
        except psycopg.Error as error:
            raise translated(error) from error
        finally:
            await session.rollback()
        names = {oid: str(shape.name) for oid, shape in capture.shapes.items()}
    return _rehearsed(impact, counts, names)


def _check(impact: Impact, permit: RehearsalPermit, now: datetime) -> None:
    if now > permit.until:
        raise ApprovalInvalid("The permit to rehearse has ended.", not_done="Nothing was run.")
    outside = [effect.message for effect in impact.side_effects if not effect.known]
    if outside:
        raise NotUndoable(
            "This cannot be rehearsed.",
            why="what it sets off may survive a rollback: " + "; ".join(outside),
            not_done="Nothing was run.",
        )


def _rehearsed(impact: Impact, counts: dict[int, RowCounts], names: dict[int, str]) -> Impact:
    known = {table.relation: table for table in impact.tables}
    zero = Figure(0, Basis.REHEARSED)
    tables = []
    for oid in [*known, *(oid for oid in counts if oid not in known and counts[oid].total)]:
        table = known.get(oid) or TableImpact(oid, names[oid], zero, zero, zero, target=False)
        found = counts.get(oid, RowCounts())
        figures = (Figure(n, Basis.REHEARSED) for n in (found.inserted, found.updated, found.deleted))
        inserted, updated, deleted = figures
        tables.append(replace(table, inserted=inserted, updated=updated, deleted=deleted))
    return replace(impact, tables=tuple(tables), open_tables=(), doubts=(), violations=())
