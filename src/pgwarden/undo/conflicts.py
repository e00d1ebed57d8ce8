"""What stands in the way of an undo, row by row. Looked for only after the undo did not fit, or to go around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.domain.recovery import ConflictKind
from pgwarden.domain.shape import ShapeReference
from pgwarden.undo.net import NetEffect, row_text
from pgwarden.undo.restore import same_key

NOTHING = "null::text[]"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A condition under which rows of one net effect cannot be taken back."""

    kind: ConflictKind
    effect: NetEffect
    alias: str
    """How ``rows`` names the row of the net effect: ``a`` as it was left, ``b`` as it was before."""
    now: str
    """How ``rows`` names the row that is there now, '' where there is none."""
    rows: str
    """FROM and WHERE."""

    def report(self, rows: int) -> str:
        """A query with the columns ``before``, ``after`` and ``now``: text arrays over the table's columns, or null."""
        before = _before(self.effect) if self.alias == "a" and self.named else NOTHING
        shown = values(self.effect, self.alias)
        before, after = (before, shown) if self.alias == "a" else (shown, NOTHING)
        now = values(self.effect, self.now) if self.now else NOTHING
        return f"select {before} as before, {after} as after, {now} as now {self.rows} limit {rows}"

    @property
    def named(self) -> bool:
        """Whether the report tells how the row was before, too."""
        return self.kind in (ConflictKind.CHANGED, ConflictKind.GONE)


def obstacles(effects: Sequence[NetEffect], names: Mapping[int, Name]) -> Iterator[Obstacle]:
    """Everything that may stand in the way of taking these effects back.

    ``names`` gives the tables of referencing and referenced relations that have no net effect themselves.
    """
    by_oid = {effect.shape.oid: effect for effect in effects}
    for effect in effects:
        if effect.removes:
            yield Obstacle(ConflictKind.CHANGED, effect, "a", "t", _changed(effect))
            yield Obstacle(ConflictKind.GONE, effect, "a", "", _gone(effect))
            for reference in effect.shape.incoming:
                if reference.relation in by_oid or reference.relation in names:
                    yield Obstacle(ConflictKind.CHILD, effect, "a", "a", _children(effect, reference, by_oid, names))
        if effect.restores:
            for key in filter(None, (effect.shape.key, *effect.shape.unique)):
                yield Obstacle(ConflictKind.TAKEN, effect, "b", "t", _taken(effect, key))
            for reference in effect.shape.outgoing:
                if reference.foreign in by_oid or reference.foreign in names:
                    yield Obstacle(ConflictKind.PARENT, effect, "b", "", _orphans(effect, reference, by_oid, names))


def values(effect: NetEffect, alias: str) -> str:
    """A row as an array of texts."""
    return "array[" + ", ".join(f"{alias}.{quote_identifier(c)}::text" for c in effect.columns) + "]::text[]"


def _net(effect: NetEffect, alias: str) -> str:
    return f"({effect.source}) {alias}"


def _before(effect: NetEffect) -> str:
    """The image before, found by the key of the image after."""
    if not (effect.restores and effect.shape.key):
        return NOTHING
    return (
        f"(select {values(effect, 'b')} from {_net(effect, 'b')} where b.{effect.number} < 0"
        f" and {same_key(effect.shape, 'b', 'a')} limit 1)"
    )


def _changed(effect: NetEffect) -> str:
    """Rows that are still there by key, with another content."""
    match = same_key(effect.shape, "t", "a") if effect.shape.key else "false"
    return (
        f"from {_net(effect, 'a')} join {effect.shape.rows} t on {match}"
        f" where a.{effect.number} > 0 and {row_text(effect.columns, 't')} <> a.{effect.text}"
    )


def _gone(effect: NetEffect) -> str:
    """Rows that should be there and are not: by key, or, without one, fewer identical rows than were left."""
    if effect.shape.keyed:
        missing = f"not exists (select from {effect.shape.rows} t where {same_key(effect.shape, 't', 'a')})"
    else:
        missing = (
            f"(select count(*) from {effect.shape.rows} t where {row_text(effect.columns, 't')} = a.{effect.text})"
            f" < a.{effect.number}"
        )
    return f"from {_net(effect, 'a')} where a.{effect.number} > 0 and {missing}"


def _taken(effect: NetEffect, key: Sequence[str]) -> str:
    """Unique values of rows to bring back that some row, not left by the execution, holds now."""
    match = " and ".join(f"t.{c} = b.{c}" for c in map(quote_identifier, key))
    ours = (
        f" and not exists (select from {_net(effect, 'a')} where a.{effect.number} > 0"
        f" and a.{effect.text} = {row_text(effect.columns, 't')})"
        if effect.removes
        else ""
    )
    # the row itself, changed by others, is already listed as changed
    other = (
        f" and not exists (select from {_net(effect, 'a')} where a.{effect.number} > 0"
        f" and {same_key(effect.shape, 'a', 't')})"
        if effect.removes and effect.shape.key
        else ""
    )
    return f"from {_net(effect, 'b')} join {effect.shape.rows} t on {match} where b.{effect.number} < 0{ours}{other}"


def _children(
    effect: NetEffect, reference: ShapeReference, by_oid: Mapping[int, NetEffect], names: Mapping[int, Name]
) -> str:
    """Rows to remove (and not only to change back) that are referenced by rows the undo does not take along."""
    child = by_oid.get(reference.relation)
    table = child.shape.name if child else names[reference.relation]
    match = _reference(reference, "c", "a")
    ours = (
        f" and not exists (select from {_net(child, 'k')} where k.{child.number} > 0"
        f" and k.{child.text} = {row_text(child.columns, 'c')})"
        if child and child.removes
        else ""
    )
    replaced = ""
    if effect.restores:
        same = " and ".join(f"b.{f} = a.{f}" for f in map(quote_identifier, reference.foreign_columns))
        replaced = f" and not exists (select from {_net(effect, 'b')} where b.{effect.number} < 0 and {same})"
    return (
        f"from {_net(effect, 'a')} where a.{effect.number} > 0{replaced}"
        f" and exists (select from {table} c where {match}{ours})"
    )


def _orphans(
    effect: NetEffect, reference: ShapeReference, by_oid: Mapping[int, NetEffect], names: Mapping[int, Name]
) -> str:
    """Rows to bring back whose parent is neither there nor brought back too."""
    parent = by_oid.get(reference.foreign)
    table = parent.shape.name if parent else names[reference.foreign]
    filled = " and ".join(f"b.{c} is not null" for c in map(quote_identifier, reference.columns))
    restored = (
        f" and not exists (select from {_net(parent, 'p')} where p.{parent.number} < 0"
        f" and {_reference(reference, 'b', 'p')})"
        if parent and parent.restores
        else ""
    )
    return (
        f"from {_net(effect, 'b')} where b.{effect.number} < 0 and {filled}"
        f" and not exists (select from {table} p where {_reference(reference, 'b', 'p')}){restored}"
    )


def _reference(reference: ShapeReference, child: str, parent: str) -> str:
    pairs = zip(reference.columns, reference.foreign_columns, strict=True)
    return " and ".join(f"{child}.{quote_identifier(c)} = {parent}.{quote_identifier(f)}" for c, f in pairs)
