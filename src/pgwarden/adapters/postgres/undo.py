"""Taking an execution back: another captured, ledgered transaction, proven to be its exact mirror."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import psycopg

from pgwarden.adapters.postgres.capture import Capture, read_shapes
from pgwarden.adapters.postgres.execution import retried
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.session import Session, open_session
from pgwarden.domain.approval import ApprovedUndo, DatabaseIdentity, OnConflict
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import ApprovalInvalid, UndoImpossible, UndoUnproven
from pgwarden.domain.execution import Execution, ExecutionKind, ExecutionLimits
from pgwarden.domain.recovery import RowChange, RowConflict, RowsChangedSince
from pgwarden.domain.shape import TableShape
from pgwarden.undo.conflicts import conflict_queries
from pgwarden.undo.history import changed_rows as row_history
from pgwarden.undo.images import image_name
from pgwarden.undo.net import NetEffect, mirrored_pairs, net_effect, paired, pairing, signed_images
from pgwarden.undo.resolution import correction, indexed, planned, resolved, unplanned
from pgwarden.undo.restore import restore_statement, silence, unsilence, without_shifts

CONFLICTS_LISTED = 1000
"""Rows of each kind that a conflict report holds at most."""

SAFEPOINT = "pgwarden_undo"

WORK_MEMORY = "128MB"
"""For grouping row texts in memory: on disk it takes several times as long."""


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What an undo would meet now; nothing was changed to find out."""

    execution: Execution
    conflicts: tuple[RowConflict, ...]


async def undo(
    conninfo: str, approved: ApprovedUndo, *, now: datetime, limits: ExecutionLimits | None = None
) -> Execution:
    """Take an execution (or an undo) back exactly, or change nothing.

    Raises ``RowsChangedSince`` with every conflicting row when others changed what the execution left, unless the
    approval says to skip or to overwrite these rows.
    """
    bounds = limits or ExecutionLimits()
    async with open_session(conninfo) as session:
        database, role = await Ledger(session).identify()
        _check_approval(approved, database, role, now)
    return await retried(conninfo, bounds, approved.undo_id, lambda session: _transaction(session, approved, bounds))


async def preview_undo(conninfo: str, execution_id: str) -> UndoPreview:
    """The conflicts that an undo would meet. The transaction that finds them takes no lock and is rolled back."""
    async with open_session(conninfo) as session:
        await session.script("begin isolation level repeatable read")
        await _pin(session)
        execution = await Ledger(session).execution(execution_id)
        effects = await _effects(session, execution, await _shapes(session, execution))
        conflicts = await _conflicts(session, effects, str(uuid.uuid4()))
        await session.rollback()
        return UndoPreview(execution, conflicts)


async def changed_rows(conninfo: str, execution_id: str, *, rows: int = 100) -> tuple[RowChange, ...]:
    """What an execution changed, row by row, unmasked: whoever shows it masks it. At most ``rows`` of each table."""
    async with open_session(conninfo) as session:
        await session.script("begin isolation level repeatable read read only")
        await _pin(session)
        execution = await Ledger(session).execution(execution_id)
        found = []
        for effect in await _effects(session, execution, await _shapes(session, execution)):
            for row in await session.rows(row_history(effect, rows)):
                before, after = (None if row[k] is None else tuple(row[k]) for k in ("before", "after"))
                found.append(RowChange(str(effect.shape.name), effect.columns, before, after))
        await session.rollback()
        return tuple(found)


async def _transaction(session: Session, approved: ApprovedUndo, limits: ExecutionLimits) -> Execution:
    """The story of an undo, one line per step."""
    ledger, capture = Ledger(session), Capture(session, approved.undo_id, limits)
    await session.begin(approved.isolation, limits, approved.undo_id)
    await _pin(session)
    original = await _claim(ledger, approved)
    await capture.install(table.relation for table in original.tables)
    effects = await _effects(session, original, capture.shapes)
    effects = await _planned(session, effects, approved)
    effects, skipped = await _resolved(session, effects, approved.on_conflict)
    await _restore(session, capture, effects, approved.undo_id)
    await session.script(";".join(unplanned(effect) for effect in effects if effect.plan))
    await capture.remove()
    await ledger.mark_undone(original.id, approved.undo_id)
    if original.undoes is not None:
        await ledger.mark_undone(original.undoes, None)  # what that undo had taken back is in force again
    return await ledger.finish(approved.undo_id, capture.tables.values(), {}, skipped)


async def _pin(session: Session) -> None:
    """Row texts of this transaction are compared with each other and shown: one time zone, nothing hidden."""
    await session.script(
        "set local timezone = 'UTC'; set local row_security = off; set local search_path = pg_catalog, pg_temp;"
        f" set local work_mem = '{WORK_MEMORY}'"
    )


def _check_approval(approved: ApprovedUndo, database: DatabaseIdentity, role: str, now: datetime) -> None:
    reasons = [
        (now > approved.until, f"it ended at {approved.until.isoformat()}"),
        (approved.database != database, f"it is for another database than {database.name}"),
        (approved.role != role, f"it is for the role {approved.role}, this is {role}"),
    ]
    for applies, why in reasons:
        if applies:
            raise ApprovalInvalid("The approval does not cover this undo.", why=why, not_done="Nothing was run.")


async def _claim(ledger: Ledger, approved: ApprovedUndo) -> Execution:
    await ledger.claim(
        id=approved.undo_id,
        kind=ExecutionKind.UNDO,
        statement="",
        parameters=(),
        seal=approved.seal,
        requested_by=approved.requested_by,
        approved_by=approved.approved_by,
        role=approved.role,
        isolation=approved.isolation,
        undoes=approved.execution_id,
    )
    original = await ledger.execution(approved.execution_id, lock=True)
    if original.undone:
        raise UndoImpossible(
            f"The execution {original.id} is already undone.",
            why=f"{original.undone_by} took it back",
            not_done="Nothing was changed.",
            next_step="Undo that undo to bring its changes back.",
        )
    return original


async def _shapes(session: Session, execution: Execution) -> dict[int, TableShape]:
    return {s.oid: s for s in await read_shapes(session, [table.relation for table in execution.tables])}


async def _effects(session: Session, execution: Execution, shapes: dict[int, TableShape]) -> list[NetEffect]:
    """The net effects, after checking that tables and images are still what they were."""
    effects = []
    for table in execution.tables:
        name = f"{table.schema}.{table.name}"
        shape = shapes.get(table.relation)
        if shape is None:
            raise UndoImpossible(f"The table {name} no longer exists.", not_done="Nothing was changed.")
        if [(c.name, c.type_name) for c in shape.columns] != list(zip(table.columns, table.types, strict=True)):
            raise UndoImpossible(
                f"The columns of {name} are no longer those of the before-images.",
                not_done="Nothing was changed.",
                next_step="Restore by hand from the image tables in the schema pgwarden.",
            )
        if await session.value("select pg_catalog.to_regclass($1) is null", [image_name(table)]):
            raise UndoImpossible(
                f"The before-images of {name} were deleted.",
                why="their retention ended",
                not_done="Nothing was changed.",
            )
        effects.append(await _paired(session, net_effect(shape, table)))
    return effects


async def _paired(session: Session, effect: NetEffect) -> NetEffect:
    query = pairing(effect)
    return paired(effect) if query and await session.value(query) else effect


async def _restore(session: Session, capture: Capture, effects: list[NetEffect], undo_id: str) -> None:
    """Restore and prove; when it does not fit, say which rows stand in the way."""
    if not effects:
        return
    await session.script(f"savepoint {SAFEPOINT}")
    try:
        try:
            await _silently(session, capture, restore_statement(effects), effects)
        except psycopg.errors.UniqueViolation:
            await session.script(f"rollback to savepoint {SAFEPOINT}")
            await _silently(session, capture, restore_statement(without_shifts(effects)), effects)
        await _prove_mirror(session, capture, effects)
    except (psycopg.IntegrityError, UndoUnproven) as error:
        await session.script(f"rollback to savepoint {SAFEPOINT}")
        conflicts = await _conflicts(session, effects, undo_id)
        if conflicts:
            raise RowsChangedSince.of(conflicts) from error
        if isinstance(error, UndoUnproven):
            raise
        raise UndoImpossible(
            "The earlier rows do not fit any more.",
            why=error.diag.message_primary or "a constraint refuses them",
            not_done="It was rolled back; nothing was changed.",
        ) from error


async def _silently(session: Session, capture: Capture, statement: str, effects: list[NetEffect]) -> None:
    """Run the restoring statement while user triggers are quiet: what they did is in the images already."""
    shapes = [effect.shape for effect in effects]
    quiet = ";\n".join(filter(None, map(silence, shapes)))
    loud = ";\n".join(filter(None, map(unsilence, shapes)))

    async def change() -> None:
        await session.rows(statement)

    if quiet:
        await session.script(quiet)
    try:
        await capture.run(change)
    except psycopg.errors.InsufficientPrivilege as error:
        if "row-level security" not in (error.diag.message_primary or ""):
            raise
        raise UndoImpossible(
            "Row-level security hides rows from this role.",
            why="what is hidden can be neither compared nor restored",
            not_done="It was rolled back; nothing was changed.",
            next_step="Undo as a role that row-level security does not bind.",
        ) from error
    if loud:
        await session.script(loud)


async def _prove_mirror(session: Session, capture: Capture, effects: list[NetEffect]) -> None:
    """Images of the undo and the net effect it had to take back must cancel out, row for row, in every table."""
    planned_oids = {effect.shape.oid for effect in effects}
    strangers = [t for oid, t in capture.tables.items() if t.counts.total and oid not in planned_oids]
    unequal = [f"{table.schema}.{table.name} was touched" for table in strangers]
    for effect in effects:
        table = capture.tables[effect.shape.oid]
        if effect.paired and table.counts == effect.images.counts:
            mirrored = await session.value(mirrored_pairs(effect, table))
            if mirrored == table.counts.images:
                continue
        ours = signed_images(table, effect.number, effect.text)
        theirs = _signed(effect)
        left = await session.value(
            f"select count(*) from (select 1 from ({theirs} union all {ours}) u"
            f" group by u.{effect.text} having sum(u.{effect.number}) <> 0) d"
        )
        if left:
            unequal.append(f"{left} row(s) of {effect.shape.name} differ")
    if unequal:
        raise UndoUnproven(
            "The undo is not the exact mirror of the execution.",
            why="; ".join(unequal),
            not_done="It was rolled back; nothing was changed.",
        )


def _signed(effect: NetEffect) -> str:
    if effect.plan:
        return f"select p.{effect.number}, p.{effect.text} from ({effect.source}) p"
    return signed_images(effect.images, effect.number, effect.text)


async def _conflicts(session: Session, effects: list[NetEffect], undo_id: str) -> tuple[RowConflict, ...]:
    effects = [effect if effect.plan else await _written(session, effect, undo_id) for effect in effects]
    for effect in effects:
        await session.script(indexed(effect))
    related = {oid for e in effects for r in e.shape.references for oid in (r.relation, r.foreign)}
    names: dict[int, Name] = {shape.oid: shape.name for shape in await read_shapes(session, related)}
    found = []
    for kind, effect, query in conflict_queries(effects, names, CONFLICTS_LISTED):
        for row in await session.rows(query):
            before, after, now = (None if row[k] is None else tuple(row[k]) for k in ("before", "after", "now"))
            found.append(RowConflict(kind, str(effect.shape.name), effect.columns, before, after, now))
    return tuple(found)


async def _planned(session: Session, effects: list[NetEffect], approved: ApprovedUndo) -> list[NetEffect]:
    """Write down the effects that go in both directions, and all where conflicts may be resolved."""
    decided = approved.on_conflict is not OnConflict.REFUSE
    return [
        await _written(session, effect, approved.undo_id)
        if decided or not effect.shape.keyed or (effect.restores and effect.removes and not effect.paired)
        else effect
        for effect in effects
    ]


async def _written(session: Session, effect: NetEffect, undo_id: str) -> NetEffect:
    written, script = planned(effect, undo_id)
    await session.script(script)
    return written


async def _resolved(session: Session, effects: list[NetEffect], on_conflict: OnConflict) -> tuple[list[NetEffect], int]:
    """The net effects without the conflicting rows (skip), or from what is there now (overwrite)."""
    if on_conflict is OnConflict.REFUSE:
        return effects, 0
    skipped = 0
    for effect in effects:
        rows = await session.rows(correction(effect, on_conflict))
        skipped += sum(row["skipped"] for row in rows)
    return [resolved(effect) for effect in effects], skipped
