"""Taking back an UPDATE without locking writers out: one UPDATE from the images, which returns its own."""

from __future__ import annotations

import psycopg

from pgwarden.adapters.postgres.capture import Capture, analyze_images, read_shapes
from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.catalog import Name
from pgwarden.domain.execution import Execution, TableImages
from pgwarden.domain.shape import TableShape
from pgwarden.undo.hand_back import PART, fits, hand_back, handed_back
from pgwarden.undo.images import part_name
from pgwarden.undo.returning import obstacle

SAFEPOINT = "pgwarden_lock_free_undo"


async def undo_lock_free(session: Session, capture: Capture, execution: Execution) -> bool:
    """Take it back this way, proven; False where it does not go this way, and then nothing was done.

    Nothing is explained here: when a row or the table is not as it should be, the other way finds out and says.
    """
    if len(execution.tables) != 1 or not fits(execution.tables[0]):
        return False
    (images,) = execution.tables
    await session.script(f"savepoint {SAFEPOINT}")
    try:
        shape = await _held(session, images)
        if shape is not None and await _taken_back(session, capture, shape, images):
            return True
    except (psycopg.IntegrityError, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        pass
    await session.script(f"rollback to savepoint {SAFEPOINT}")
    capture.forget()
    return False


async def _held(session: Session, images: TableImages) -> TableShape | None:
    """The table, held against DDL, if it can go this way: the same columns, nothing that a change sets off."""
    await session.script(f"lock table only {Name(images.schema, images.name)} in row exclusive mode")
    shapes = await read_shapes(session, [images.relation])
    if [str(shape.name) for shape in shapes] != [str(Name(images.schema, images.name))]:
        return None
    (shape,) = shapes
    same = [(c.name, c.type_name) for c in shape.columns] == list(zip(images.columns, images.types, strict=True))
    if not same or shape.obstacle or obstacle(hand_back(shape, images), shape, session.major):
        return None
    (row,) = await session.named("returnable", {"oid": shape.oid})
    kept = await session.value("select pg_catalog.to_regclass($1) is not null", [part_name(images, PART)])
    return shape if row["returnable"] and kept else None


async def _taken_back(session: Session, capture: Capture, shape: TableShape, images: TableImages) -> bool:
    """Whether all rows went back, and the undo is the mirror of the execution, row for row."""

    await analyze_images(session, shape, images)
    if not await capture.run_returning(hand_back(shape, images), shape, session.script, report=False):
        return False
    undo = capture.tables.get(shape.oid)
    if undo is None or undo.counts != images.counts:
        return False
    mirrored = await session.value(handed_back(shape, images, undo))
    return bool(mirrored == undo.counts.updated)
