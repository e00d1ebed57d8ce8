"""Rows that stand in the way of an undo: listing them, going around them, or taking their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set

from pgwarden.adapters.postgres.capture import read_shapes
from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.approval import ApprovedUndo, OnConflict
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import OverwriteRefused, UndoImpossible
from pgwarden.domain.recovery import ConflictKind, RowConflict, RowsChangedSince, conflicts_digest
from pgwarden.domain.undo_choice import RowInTheWay, rows_in_the_way
from pgwarden.undo.conflicts import Obstacle, obstacles
from pgwarden.undo.net import NetEffect
from pgwarden.undo.resolution import (
    choose,
    chosen,
    indexed,
    overruled,
    overwritten,
    parted,
    planned,
    resolved,
    shortened,
    skipped,
)

CONFLICTS_LISTED = 1000
"""Rows of each kind that a conflict report holds at most."""
ROUNDS = 100
"""How often going around rows may show others that then stand in the way."""
BY_CONTENT = (ConflictKind.CHANGED, ConflictKind.GONE)
"""What a table without a key settles by counting identical rows."""


async def written(session: Session, effect: NetEffect, undo_id: str) -> NetEffect:
    """The effect, written to a table of its own."""
    found, script = planned(effect, undo_id)
    await session.script(script)
    return found


async def listed_conflicts(session: Session, effects: Sequence[NetEffect], undo_id: str) -> tuple[RowConflict, ...]:
    """The rows that stand in the way, of each kind at most ``CONFLICTS_LISTED``."""
    effects = [effect if effect.plan else await written(session, effect, undo_id) for effect in effects]
    for effect in effects:
        await session.script(indexed(effect))
    found = []
    for obstacle in obstacles(effects, await _neighbours(session, effects)):
        found += await _reported(session, obstacle)
    return tuple(found)


async def require_approved(
    session: Session, effects: Sequence[NetEffect], approved: ApprovedUndo
) -> tuple[RowConflict, ...]:
    """Under the undo's locks: a yes to skipping or overwriting rows is for those that were listed, for no others.

    Returns them. Raises RowsChangedSince with the rows that are in the way now, and UndoImpossible where they are more
    than a person was shown.
    """
    conflicts = await listed_conflicts(session, effects, approved.undo_id)
    kinds = Counter((conflict.kind, conflict.table) for conflict in conflicts)
    if any(rows >= CONFLICTS_LISTED for rows in kinds.values()):
        raise UndoImpossible(
            f"At least {CONFLICTS_LISTED:,} rows of a table stand in the way, more than are listed.",
            why="a yes covers only rows that were shown, and the others would be passed over with them",
            not_done="It was rolled back; nothing was changed.",
            next_step="Correct the rows with a new change.",
        )
    if conflicts_digest(conflicts) != approved.conflicts_digest:
        raise (
            RowsChangedSince.of(conflicts)
            if conflicts
            else RowsChangedSince(
                "No row stands in the way of the undo any more.",
                why="others changed them again after it was approved to pass them over",
                not_done="Nothing was taken back, nothing was overwritten.",
                next_step="Ask for the undo again.",
            )
        )
    return conflicts


async def settled(
    session: Session, effects: Sequence[NetEffect], approved: ApprovedUndo
) -> tuple[list[NetEffect], int]:
    """The planned effects without the rows in the way (skip), or from what is there now (overwrite), or row by row.

    Only such rows are passed over as were approved: see ``require_approved``.
    Returns with them how many rows are left alone. Raises UndoImpossible where rows cannot be told apart, and
    OverwriteRefused where rows that came later would be lost.
    """
    on_conflict = approved.on_conflict
    if on_conflict is OnConflict.REFUSE:
        return [*effects], 0
    conflicts = await require_approved(session, effects, approved)
    if on_conflict is OnConflict.EACH:
        return await _settled_each(session, effects, approved, conflicts)
    names = await _neighbours(session, effects)
    effects = [resolved(effect) for effect in effects]
    left = await _shortened(session, effects)
    if on_conflict is OnConflict.SKIP:
        return effects, left + await _skipped(session, effects, names, await _apart_ones(session, effects))
    for effect in effects:
        if effect.shape.keyed:
            await session.script(overwritten(effect))
    await _refuse_to_destroy(session, effects, names)
    return effects, left


async def _neighbours(session: Session, effects: Sequence[NetEffect]) -> Mapping[int, Name]:
    related = {oid for e in effects for r in e.shape.references for oid in (r.relation, r.foreign)}
    return {shape.oid: shape.name for shape in await read_shapes(session, related)}


async def _shortened(session: Session, effects: Sequence[NetEffect]) -> int:
    left = 0
    for effect in effects:
        if effect.shape.keyed:
            continue
        apart = await _is_parted(session, effect)
        count = await session.value(shortened(effect))
        if count and apart:
            raise _apart(effect)
        left += count
    return left


async def _skipped(
    session: Session,
    effects: Sequence[NetEffect],
    names: Mapping[int, Name],
    apart: Set[int],
    keep: Mapping[int, str] = {},
) -> int:
    """Take rows out of the plan until none is left that something stands in the way of.

    ``apart``: relations whose rows cannot be told apart. ``keep``: by relation, the table with the keys of rows that
    may not be taken out, since they are to be overwritten.
    """
    total = 0
    for _ in range(ROUNDS):
        found = 0
        for obstacle in obstacles(effects, names):
            if not obstacle.effect.shape.keyed and obstacle.kind in BY_CONTENT:
                continue
            if obstacle.effect.shape.oid in keep:
                await _refuse_to_overrule(session, obstacle, keep[obstacle.effect.shape.oid])
            rows = await session.value(skipped(obstacle))
            if rows and obstacle.effect.shape.oid in apart:
                raise _apart(obstacle.effect)
            found += rows
        total += found
        if not found:
            return total
    raise UndoImpossible(
        "Going around the rows in the way finds no end.",
        why=f"after {ROUNDS} rounds there are still rows that hang together with them",
        not_done="It was rolled back; nothing was changed.",
    )


async def _settled_each(
    session: Session, effects: Sequence[NetEffect], approved: ApprovedUndo, conflicts: Sequence[RowConflict]
) -> tuple[list[NetEffect], int]:
    """The planned effects with each row in the way settled as it was chosen.

    Those to overwrite come first: what is there now takes the place of what the execution left. All others that
    something then stands in the way of leave the plan, with what hangs on them. Where that would reach a row that is to
    be overwritten, one choice stands against another, and nothing is done.
    """
    rows = rows_in_the_way(conflicts)
    choices = {choice.row: choice.choice for choice in approved.choices}
    if choices.keys() != {row.id for row in rows}:
        raise RowsChangedSince.of(tuple(conflicts))
    names = await _neighbours(session, effects)
    effects = [resolved(effect) for effect in effects]
    apart = await _apart_ones(session, effects)
    left = await _shortened(session, effects)
    forced = [row for row in rows if choices[row.id] is OnConflict.OVERWRITE]
    keep: dict[int, str] = {}
    for effect in effects:
        own = [row for row in forced if row.table == str(effect.shape.name)]
        if effect.shape.keyed:
            keep[effect.shape.oid] = await _chosen(session, effect, own, approved.undo_id)
            await session.script(overwritten(effect, keep[effect.shape.oid]))
        elif any(kind not in BY_CONTENT for row in own for kind in row.kinds):
            raise _apart(effect)
    left += await _skipped(session, effects, names, apart, keep)
    for table in keep.values():
        await session.script(f"drop table {table}")
    return effects, left


async def _apart_ones(session: Session, effects: Sequence[NetEffect]) -> frozenset[int]:
    return frozenset([effect.shape.oid for effect in effects if await _is_parted(session, effect)])


async def _chosen(session: Session, effect: NetEffect, rows: Sequence[RowInTheWay], undo_id: str) -> str:
    """A table with the keys of these rows, as they were and as they became."""
    table, script = chosen(effect, undo_id)
    await session.script(script)
    places = [effect.columns.index(column) for column in effect.shape.key]
    images = [image for row in rows for image in (row.before, row.after) if image is not None]
    if images:
        await session.rows(choose(effect, table), [[image[place] for image in images] for place in places])
    await session.script(f"analyze {table}")
    return table


async def _refuse_to_overrule(session: Session, obstacle: Obstacle, table: str) -> None:
    """A row that is to be overwritten is never left alone instead without a word."""
    if await session.value(overruled(obstacle, table)):
        raise OverwriteRefused(
            f"A row of {obstacle.effect.shape.name} that was chosen to be overwritten cannot be.",
            why=f"{obstacle.kind.value}: what came later, or a row that was chosen to be skipped, is in its way",
            not_done="It was rolled back; nothing was changed.",
            next_step="Skip this row, too, or move what came later out of the way first.",
        )


async def _refuse_to_destroy(session: Session, effects: Sequence[NetEffect], names: Mapping[int, Name]) -> None:
    """After what is there now took the place of what the execution left, nothing else may be in the way."""
    found = []
    for obstacle in obstacles(effects, names):
        if obstacle.kind not in BY_CONTENT:
            found += await _reported(session, obstacle)
    if found:
        raise OverwriteRefused(
            "Overwriting would take more than the rows that were changed since.",
            why=", ".join(sorted({str(conflict) for conflict in found})),
            not_done="It was rolled back; nothing was changed.",
            next_step="Skip these rows, or move what came later out of the way first.",
        )


async def _is_parted(session: Session, effect: NetEffect) -> bool:
    query = parted(effect)
    return bool(query) and bool(await session.value(query))


async def _reported(session: Session, obstacle: Obstacle) -> list[RowConflict]:
    found = []
    for row in await session.rows(obstacle.report(CONFLICTS_LISTED)):
        before, after, now = (None if row[k] is None else tuple(row[k]) for k in ("before", "after", "now"))
        effect = obstacle.effect
        found.append(RowConflict(obstacle.kind, str(effect.shape.name), effect.columns, before, after, now))
    return found


def _apart(effect: NetEffect) -> UndoImpossible:
    return UndoImpossible(
        f"Rows of {effect.shape.name} cannot be left alone one by one.",
        why="its keys changed, or it has none, so which row is which cannot be told",
        not_done="It was rolled back; nothing was changed.",
        next_step="Put the rows that others changed back as the execution left them, then undo all of it.",
    )
