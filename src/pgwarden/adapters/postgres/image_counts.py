"""What the images of one table count to: each image for itself, and the rows that they are of."""

from __future__ import annotations

from pgwarden.adapters.postgres.session import Session
from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.execution import ImageCounts, RowCounts, TableImages
from pgwarden.domain.shape import TableShape
from pgwarden.undo.images import image_name
from pgwarden.undo.net import signed_images


async def captured_images(session: Session, table: TableImages) -> ImageCounts:
    """The images that are there, by the operation that each comes from."""
    mark = quote_identifier(table.mark)
    pairs = (("i", "inserted"), ("o", "before"), ("n", "after"), ("d", "deleted"))
    counts = ", ".join(f"count(*) filter (where {mark} = '{letter}') as {name}" for letter, name in pairs)
    (row,) = await session.rows(f"select {counts} from {image_name(table)}")
    return ImageCounts(**row)


async def captured_rows(session: Session, shape: TableShape, table: TableImages) -> RowCounts:
    """Distinct rows by key: a row that was updated twice counts once, one updated and then deleted is deleted."""
    if not shape.keyed:
        return await _net_rows(session, table)
    key = ", ".join(quote_identifier(column) for column in shape.key)
    (row,) = await session.rows(
        "select count(*) filter (where net > 0) as inserted, count(*) filter (where net = 0) as updated,"
        " count(*) filter (where net < 0) as deleted"
        f" from (select sum(case when {quote_identifier(table.mark)} in ('i', 'n') then 1 else -1 end) as net"
        f" from {image_name(table)} group by {key}) k"
    )
    return RowCounts(**row)


async def _net_rows(session: Session, table: TableImages) -> RowCounts:
    """Rows without a key, by content: what was updated and then deleted cancels out but for the row as it was."""
    (row,) = await session.rows(
        "select coalesce(sum(net) filter (where net > 0), 0)::int8 as added,"
        " coalesce(-sum(net) filter (where net < 0), 0)::int8 as removed"
        f" from (select sum(x.net) as net from ({signed_images(table, 'net', 'text')}) x group by x.text) k"
    )
    updated = min(row["added"], row["removed"], table.counts.updated)
    return RowCounts(row["added"] - updated, updated, row["removed"] - updated)
