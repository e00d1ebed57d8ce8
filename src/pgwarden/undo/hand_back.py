"""Taking back an UPDATE that was captured by RETURNING: its images hold each row once, as it was and as it became.

So one UPDATE from the images does it, which sets only the columns that were assigned, and which returns its own images
the same way. Both sides are then compared, and it is rolled back where a row was not as the execution left it.
"""

from __future__ import annotations

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.execution import CaptureWay, TableImages
from pgwarden.domain.shape import TableShape
from pgwarden.domain.single_change import SingleChange
from pgwarden.domain.statement import StatementKind
from pgwarden.undo.images import part_name
from pgwarden.undo.restore import same_key
from pgwarden.undo.returning import new_values

PART = "p"
"""The mark of the part that holds both images of an updated row."""


def fits(images: TableImages) -> bool:
    """Whether these images are of an UPDATE that was captured so, and are in the database."""
    updated = images.counts.total == images.counts.updated
    return images.way is CaptureWay.RETURNING and bool(images.changed) and updated and not (images.file or images.gone)


def hand_back(shape: TableShape, images: TableImages) -> SingleChange:
    """The UPDATE that gives each row its earlier values.

    Whether each row was as the execution left it is not asked here: what is returned tells, see ``handed_back``.
    """
    assigned = ", ".join(f"{c} = p.{c}" for c in map(quote_identifier, images.changed))
    source = part_name(images, PART)
    text = f"update {shape.rows} as t set {assigned} from {source} p where {same_key(shape, 't', 'p')}"
    name = shape.name
    return SingleChange(StatementKind.UPDATE, name.schema, name.name, "t", frozenset(images.changed), text)


def handed_back(shape: TableShape, images: TableImages, undo: TableImages) -> str:
    """A query that counts the rows of which the undo has exactly the mirror image, bit for bit.

    Neither side has a key twice, since one UPDATE changes no row twice. So when all of them have it, each row was as
    the execution left it and is as it was before: the undo is the mirror of the execution.
    """
    became, returned = new_values(images), new_values(undo)
    same = [quote_identifier(c) for c in images.columns if c not in became]
    ours = [*same, *map(quote_identifier, images.changed), *(became[c] for c in images.changed)]
    theirs = [*same, *(returned[c] for c in images.changed), *map(quote_identifier, images.changed)]
    one, other = (", ".join(f"{alias}.{name}" for name in names) for alias, names in (("p", ours), ("u", theirs)))
    kept, made = part_name(images, PART), part_name(undo, PART)
    return (
        f"select count(*) from {kept} p join {made} u on {same_key(shape, 'u', 'p')}"
        f" and pg_catalog.record_image_eq(row({one}), row({other}))"
    )
