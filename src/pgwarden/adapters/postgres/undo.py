"""Taking an execution back: another captured, ledgered transaction, proven to be its exact mirror."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg

from pgwarden.adapters.postgres.capture import Capture, analyze_images, read_shapes
from pgwarden.adapters.postgres.execution import kept_outside, ledger_of, retried, translating
from pgwarden.adapters.postgres.external_ledger import ExternalLedger
from pgwarden.adapters.postgres.image_counts import captured_images, captured_rows
from pgwarden.adapters.postgres.ledger import Ledger
from pgwarden.adapters.postgres.lock_free_undo import undo_lock_free
from pgwarden.adapters.postgres.session import OWN_PATH, PINNED, Session, open_session
from pgwarden.adapters.postgres.undo_conflicts import listed_conflicts, settled, written
from pgwarden.domain.approval import ApprovedUndo, DatabaseIdentity, OnConflict
from pgwarden.domain.errors import ApprovalInvalid, ImagesGone, UndoImpossible, UndoUnproven
from pgwarden.domain.execution import Execution, ExecutionKind, ExecutionLimits, TableImages
from pgwarden.domain.quantity import counted
from pgwarden.domain.recovery import RowChange, RowConflict, RowsChangedSince, TableProof
from pgwarden.domain.shape import TableShape
from pgwarden.ports import ImageStore
from pgwarden.undo.history import changed_rows as row_history
from pgwarden.undo.history import less, missing
from pgwarden.undo.images import image_name
from pgwarden.undo.net import NetEffect, mirrored_pairs, mirrored_rows, net_effect, paired, pairing, signed_images
from pgwarden.undo.resolution import unplanned
from pgwarden.undo.restore import attempts, silence, unsilence

SAFEPOINT = "pgwarden_undo"

WORK_MEMORY = "128MB"
"""For grouping row texts in memory: on disk it takes several times as long."""


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What an undo would meet now; nothing was changed to find out."""

    execution: Execution
    conflicts: tuple[RowConflict, ...]


async def undo(
    conninfo: str,
    approved: ApprovedUndo,
    *,
    now: datetime,
    limits: ExecutionLimits | None = None,
    store: ImageStore | None = None,
) -> Execution:
    """Take an execution (or an undo) back exactly, or change nothing.

    Raises ``RowsChangedSince`` with every conflicting row when others changed what the execution left, unless the
    approval says to skip or to overwrite these rows.
    """
    bounds = limits or ExecutionLimits()
    async with open_session(conninfo) as session:
        database, role = await Ledger(session).identify()
        _check_approval(approved, database, role, now)
        outside = await translating(_kept_outside(session, approved.execution_id, store))
        return await retried(
            session,
            conninfo,
            bounds,
            approved.undo_id,
            lambda session: _transaction(session, approved, bounds, outside),
            store=outside,
        )


async def _kept_outside(session: Session, execution_id: str, store: ImageStore | None) -> ImageStore | None:
    """The store, where the execution is in it or the database cannot hold the undo's own images."""
    if store and (await ExternalLedger(session, store).outcome(execution_id)) == "committed":
        return store
    return await kept_outside(session, store)


async def preview_undo(conninfo: str, execution_id: str, *, store: ImageStore | None = None) -> UndoPreview:
    """The conflicts that an undo would meet. The transaction that finds them takes no lock and is rolled back."""
    async with open_session(conninfo) as session:
        await session.script("begin isolation level repeatable read")
        await _pin(session)
        ledger = ledger_of(session, store)
        execution = await ledger.execution(execution_id)
        effects = await _effects(session, ledger, execution, await _shapes(session, execution))
        conflicts = await listed_conflicts(session, effects, str(uuid.uuid4()))
        await session.rollback()
        return UndoPreview(execution, conflicts)


async def changed_rows(
    conninfo: str, execution_id: str, *, rows: int = 100, store: ImageStore | None = None
) -> tuple[RowChange, ...]:
    """What an execution changed, row by row, unmasked: whoever shows it masks it. At most ``rows`` of each table.

    Nothing of tables whose images are gone, or that are no longer what they were.
    """
    async with open_session(conninfo) as session:
        ledger = await _begin_reading(session, store)
        execution = await ledger.execution(execution_id)
        found = []
        for effect in await _readable(session, ledger, execution):
            found += await _shown(session, effect, rows)
        await session.rollback()
        return tuple(found)


async def skipped_rows(
    conninfo: str, undo_id: str, *, rows: int = 100, store: ImageStore | None = None
) -> tuple[RowChange, ...]:
    """Which changes an undo left alone: those of the execution that it took back, less its own mirror of them."""
    async with open_session(conninfo) as session:
        ledger = await _begin_reading(session, store)
        undone = await ledger.execution(undo_id)
        if undone.undoes is None:
            return ()
        original = await ledger.execution(undone.undoes)
        taken_back = {effect.shape.oid: effect for effect in await _readable(session, ledger, undone)}
        found = []
        for effect in await _readable(session, ledger, original):
            left = less(effect, taken_back[effect.shape.oid]) if effect.shape.oid in taken_back else effect
            found += await _shown(session, left, rows)
        await session.rollback()
        return tuple(found)


async def proofs(conninfo: str, execution_id: str, *, store: ImageStore | None = None) -> tuple[TableProof, ...]:
    """What the images of each touched table say, counted now; of an undo, whether it mirrors what it took back."""
    async with open_session(conninfo) as session:
        ledger = await _begin_reading(session, store)
        execution = await ledger.execution(execution_id)
        shapes = await _shapes(session, execution)
        original = await ledger.execution(execution.undoes) if execution.undoes else None
        theirs = {e.shape.oid: e for e in await _readable(session, ledger, original)} if original else {}
        found = []
        for table in execution.tables:
            try:
                effect = await _effect(session, ledger, execution, table, shapes)
            except UndoImpossible as error:
                found.append(TableProof(f"{table.schema}.{table.name}", None, None, table.gone or error.what))
                continue
            images, rows = await captured_images(session, table), await captured_rows(session, effect.shape, table)
            missing = await _unmirrored(session, theirs.get(table.relation), effect)
            found.append(TableProof(str(effect.shape.name), images, rows, unmirrored=missing))
        await session.rollback()
        return tuple(found)


async def _unmirrored(session: Session, original: NetEffect | None, undo: NetEffect) -> int | None:
    """Rows of an execution's net effect on a table that an undo of it did not put back; None without the execution."""
    if original is None:
        return None
    return int(await session.value(missing(original, undo)))


async def _begin_reading(session: Session, store: ImageStore | None) -> Ledger:
    mode = "read write" if store else "read only"  # temporary tables count as written
    await session.script(f"begin isolation level repeatable read {mode}")
    await _pin(session)
    return ledger_of(session, store)


async def _readable(session: Session, ledger: Ledger, execution: Execution) -> list[NetEffect]:
    """The net effects on tables whose images are there, and that are still what they were."""
    shapes = await _shapes(session, execution)
    found = []
    for table in execution.tables:
        with suppress(UndoImpossible):
            found.append(await _effect(session, ledger, execution, table, shapes))
    return found


async def _shown(session: Session, effect: NetEffect, rows: int) -> list[RowChange]:
    found = []
    for row in await session.rows(row_history(effect, rows)):
        before, after = (None if row[k] is None else tuple(row[k]) for k in ("before", "after"))
        found.append(RowChange(str(effect.shape.name), effect.columns, before, after))
    return found


async def _transaction(
    session: Session, approved: ApprovedUndo, limits: ExecutionLimits, store: ImageStore | None = None
) -> Execution:
    """The story of an undo, one line per step."""
    ledger = ledger_of(session, store)
    watched = await session.begin(approved.isolation, limits, approved.undo_id)
    capture = Capture(session, approved.undo_id, limits, space=ledger.space, bulk=not watched)
    await _pin(session)
    original = await _claim(ledger, approved)
    quick = limits.lock_free and approved.on_conflict is OnConflict.REFUSE
    skipped = 0
    if not (quick and await undo_lock_free(session, capture, original)):
        skipped = await _undo_captured(session, ledger, capture, original, approved)
    await capture.remove()
    await ledger.mark_undone(original)
    return await ledger.finish(approved.undo_id, capture.tables.values(), {}, skipped)


async def _undo_captured(
    session: Session, ledger: Ledger, capture: Capture, original: Execution, approved: ApprovedUndo
) -> int:
    """Take it back under triggers that capture it, with other writers locked out; how many rows were left alone."""
    await capture.install(table.relation for table in original.tables)
    effects = await _effects(session, ledger, original, capture.shapes)
    for effect in effects:
        await analyze_images(session, effect.shape, effect.images)
    effects = await _planned(session, effects, approved)
    effects, skipped = await settled(session, effects, approved)
    await _restore(session, capture, effects, approved.undo_id)
    if plans := [unplanned(effect) for effect in effects if effect.plan]:
        await session.script(";".join(plans))
    return skipped


async def _pin(session: Session) -> None:
    """Row texts of this transaction are compared with each other and shown: one time zone, nothing hidden."""
    pinned = {**PINNED, "timezone": "UTC", "row_security": "off", "search_path": OWN_PATH, "work_mem": WORK_MEMORY}
    await session.together(session.setting(pinned))


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


async def _effects(
    session: Session, ledger: Ledger, execution: Execution, shapes: dict[int, TableShape]
) -> list[NetEffect]:
    return [await _effect(session, ledger, execution, table, shapes) for table in execution.tables]


async def _effect(
    session: Session, ledger: Ledger, execution: Execution, table: TableImages, shapes: dict[int, TableShape]
) -> NetEffect:
    """The net effect on one table, after checking that table and images are still what they were."""
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
    if not table.gone:
        await ledger.load(execution.id, table, shape)
    if table.gone or await session.value("select pg_catalog.to_regclass($1) is null", [image_name(table)]):
        raise ImagesGone(
            f"The before-images of {name} were deleted.",
            why=table.gone or "somebody dropped them by hand",
            not_done="Nothing was changed.",
            next_step="Correct the rows with a new change; a backup of the database has the earlier values.",
        )
    return await _paired(session, net_effect(shape, table))


async def _paired(session: Session, effect: NetEffect) -> NetEffect:
    query = pairing(effect)
    return paired(effect) if query and await session.value(query) else effect


async def _restore(session: Session, capture: Capture, effects: list[NetEffect], undo_id: str) -> None:
    """Restore and prove; when it does not fit, say which rows stand in the way."""
    if not effects:
        return
    await session.script(f"savepoint {SAFEPOINT}")
    try:
        await _restored(session, capture, effects)
        await _prove_mirror(session, capture, effects)
    except (psycopg.IntegrityError, UndoUnproven) as error:
        await session.script(f"rollback to savepoint {SAFEPOINT}")
        conflicts = await listed_conflicts(session, effects, undo_id)
        if conflicts:
            raise RowsChangedSince.of(conflicts) from error
        if isinstance(error, UndoUnproven):
            raise
        raise UndoImpossible(
            "The earlier rows do not fit any more.",
            why=error.diag.message_primary or "a constraint refuses them",
            not_done="It was rolled back; nothing was changed.",
        ) from error


async def _restored(session: Session, capture: Capture, effects: list[NetEffect]) -> None:
    """Restore in the first way that unique values, which rows took over from each other, do not hinder."""
    refused: psycopg.errors.UniqueViolation | None = None
    for statement in attempts(effects):
        try:
            await _silently(session, capture, statement, effects)
        except psycopg.errors.UniqueViolation as error:
            refused = error
            await session.script(f"rollback to savepoint {SAFEPOINT}")
        else:
            return
    if refused:
        raise refused


async def _silently(session: Session, capture: Capture, statement: str, effects: list[NetEffect]) -> None:
    """Run the restoring statement while user triggers are quiet: what they did is in the images already."""
    shapes = [effect.shape for effect in effects]
    shapes += await _referencing(session, shapes)
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


async def _referencing(session: Session, shapes: Sequence[TableShape]) -> list[TableShape]:
    """The tables whose foreign keys reference these: what keys do to them sets their triggers and rules off.

    A statement trigger fires where no row is left to change, and a rule may keep the key from doing its work. Those of
    tables that belong to others cannot be switched.
    """
    known = {shape.oid for shape in shapes}
    below = {key.relation for shape in shapes for key in shape.incoming} - known
    own = await session.named("alterable", {"oids": [*below]}) if below else []
    return await read_shapes(session, [row["oid"] for row in own])


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
        elif (query := mirrored_rows(effect, table)) and await session.value(query) == table.counts.total:
            continue
        ours = signed_images(table, effect.number, effect.text)
        theirs = _signed(effect)
        left = await session.value(
            f"select count(*) from (select 1 from ({theirs} union all {ours}) u"
            f" group by u.{effect.text} having sum(u.{effect.number}) <> 0) d"
        )
        if left:
            unequal.append(f"{counted(left, 'row')} of {effect.shape.name} not as before")
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


async def _planned(session: Session, effects: list[NetEffect], approved: ApprovedUndo) -> list[NetEffect]:
    """Write down the effects that go in both directions, and all where conflicts may be resolved."""
    decided = approved.on_conflict is not OnConflict.REFUSE
    return [
        await written(session, effect, approved.undo_id)
        if decided or not effect.shape.keyed or (effect.restores and effect.removes and not effect.paired)
        else effect
        for effect in effects
    ]
