"""The net effect of an execution on one table: which row images it removed and added, as a multiset.

Rows are compared by the text of the whole row under pinned settings, never by type equality: that would fail on
json and take 1.0 for 1.00, -0 for 0, or 'a' for 'A' in a case-insensitive column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.execution import TableImages
from pgwarden.domain.shape import TableShape
from pgwarden.undo.images import comma, image_name, listed


@dataclass(frozen=True, slots=True)
class NetEffect:
    """One table's part of an undo: a source of rows (columns, number, text).

    ``number`` is negative for rows that the execution removed (the undo inserts them) and positive for rows that it
    added (the undo deletes them); its size is how many identical rows there are.
    """

    shape: TableShape
    images: TableImages
    source: str
    """A query that gives columns, number and text."""
    number: str
    """Quoted name of the number column, like no column of the table."""
    text: str
    """Quoted name of the column with the whole row's text."""
    restores: bool
    """Whether rows may have to come back."""
    removes: bool
    """Whether rows may have to go."""
    plan: str = ""
    """The table that ``source`` was written to, '' while it is computed from the images."""
    paired: bool = False
    """Whether each key has exactly one image before and one after: nothing came, went or changed twice."""
    in_place: bool = True
    """Whether rows that changed are put back by UPDATE; else they go and come back."""

    @property
    def columns(self) -> tuple[str, ...]:
        return self.images.columns


def net_effect(shape: TableShape, images: TableImages) -> NetEffect:
    """The net effect as a query over the images."""
    counts = images.counts
    number, text = _fresh(images.columns, "_number"), _fresh(images.columns, "_text")
    restores, removes = counts.deleted + counts.updated > 0, counts.inserted + counts.updated > 0
    if restores != removes and (shape.keyed or restores):
        # images of one direction cannot cancel out: no grouping, unless identical rows must be told apart to be removed
        sign = "-1" if restores else "1"
        columns = comma(listed(images.columns, "x"))
        source = (
            f"select {sign} as {number}, {row_text(images.columns, 'x')} as {text}{columns} from {image_name(images)} x"
        )
    else:
        source = _grouped(images, number, text)
    return NetEffect(shape, images, source, number, text, restores, removes)


def paired(effect: NetEffect) -> NetEffect:
    """The same effect without grouping, for tables where ``pairing`` found each key changed once."""
    images = effect.images
    source = (
        f"select {_sign(images, 'x')} as {effect.number}, {row_text(images.columns, 'x')} as {effect.text}"
        f"{comma(listed(images.columns, 'x'))} from {image_name(images)} x"
    )
    return replace(effect, source=source, paired=True)


def pairing(effect: NetEffect) -> str:
    """A query that tells whether each key has exactly one image before and one after; '' where that cannot be."""
    counts = effect.images.counts
    if not effect.shape.keyed or counts.inserted or counts.deleted or not counts.updated:
        return ""
    key = listed(effect.shape.key, "x")
    before = f"count(*) filter (where x.{quote_identifier(effect.images.mark)} = 'o')"
    return (
        f"select not exists (select from {image_name(effect.images)} x group by {key}"
        f" having count(*) <> 2 or {before} <> 1)"
    )


def same_row(effect: NetEffect, left: str, right: str) -> str:
    """Whether a stored row is bit for bit the image, or at least has the same text."""
    columns = effect.columns
    text = f"{row_text(columns, left)} = {right}.{effect.text}"
    images = f"row({listed(columns, left)}), row({listed(columns, right)})"
    return f"(pg_catalog.record_image_eq({images}) or {text})"


def mirrored_pairs(effect: NetEffect, undo: TableImages) -> str:
    """A query that counts images of a paired effect whose mirror image the undo has: two for each updated row.

    A paired effect has one image per key and mark. So when each of them has its mirror, and the undo has as many
    images, both are equal as multisets.
    """
    key = " and ".join(f"u.{c} = x.{c}" for c in map(quote_identifier, effect.shape.key))
    ours, theirs = quote_identifier(undo.mark), quote_identifier(effect.images.mark)
    return (
        f"select count(*) from {image_name(effect.images)} x where exists (select from {image_name(undo)} u where {key}"
        f" and u.{ours} = case x.{theirs} when 'o' then 'n'::pg_catalog.\"char\" else 'o' end"
        f" and pg_catalog.record_image_eq(row({listed(effect.columns, 'x')}), row({listed(effect.columns, 'u')})))"
    )


def mirrored_rows(effect: NetEffect, undo: TableImages) -> str:
    """A query that counts rows that only went or only came, and of which the undo has the same image; '' elsewhere.

    A key stands for one row on both sides then. So when each image has its mirror, and the undo has as many images,
    both are equal as multisets. That is cheaper than comparing texts of rows.
    """
    counts, back = effect.images.counts, undo.counts
    one_way = counts.total in (counts.deleted, counts.inserted) and not effect.plan
    if not one_way or not effect.shape.keyed or (back.inserted, back.deleted) != (counts.deleted, counts.inserted):
        return ""
    key = " and ".join(f"u.{c} = x.{c}" for c in map(quote_identifier, effect.shape.key))
    return (
        f"select count(*) from {image_name(effect.images)} x join {image_name(undo)} u on {key}"
        f" and pg_catalog.record_image_eq(row({listed(effect.columns, 'x')}), row({listed(effect.columns, 'u')}))"
    )


def signed_images(images: TableImages, number: str, text: str) -> str:
    """Every image as (number, text)."""
    row = row_text(images.columns, "x")
    return f"select {_sign(images, 'x')} as {number}, {row} as {text} from {image_name(images)} x"


def row_text(columns: Sequence[str], alias: str) -> str:
    """The text of the stored columns of a row: what two rows are compared by."""
    return f"row({listed(columns, alias)})::text"


def _grouped(images: TableImages, number: str, text: str) -> str:
    """The multiset difference; the smallest place finds a typed representative of each distinct text.

    Images lie in several tables, so a place is a table's oid and a ctid, as a text.
    """
    table = image_name(images)
    place = "x.tableoid::text || x.ctid::text"
    return (
        f"select g.{number}, g.{text}{comma(listed(images.columns, 'x'))} from (select min({place}) as _at,"
        f" sum({_sign(images, 'x')})::int8 as {number}, {row_text(images.columns, 'x')} as {text} from {table} x"
        f" group by 3 having sum({_sign(images, 'x')}) <> 0) g join {table} x on {place} = g._at"
    )


def _sign(images: TableImages, alias: str) -> str:
    return f"case when {alias}.{quote_identifier(images.mark)} in ('i', 'n') then 1 else -1 end"


def _fresh(columns: Sequence[str], name: str) -> str:
    while name in columns:
        name += "_"
    return quote_identifier(name)
