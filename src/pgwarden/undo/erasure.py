"""Blanking a person's values in before-images: the key stays, so that what was done to the row stays known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.execution import TableImages
from pgwarden.undo.images import image_name, part_name
from pgwarden.undo.returning import new_values


class Blanking(NamedTuple):
    """A statement with one ``$n`` parameter for each key column, and the table that it changes."""

    table: str
    sql: str


def blank_row(images: TableImages, key: Sequence[str], columns: Sequence[str]) -> Iterator[Blanking]:
    """Statements that blank these columns in every image of one row; ``blanked`` counts the images.

    Keys are compared as text, in PostgreSQL's own form, so that no type's equality is needed.
    """
    table = part_name(images, "p") if images.changed else image_name(images)
    new = new_values(images)
    blanked = [quote_identifier(column) for column in columns]
    blanked += [new[column] for column in columns if column in new]
    keys = [(quote_identifier(column), new.get(column), number) for number, column in enumerate(key, 1)]
    were = " and ".join(f"{name}::text = ${number}::text" for name, _, number in keys)
    became = " and ".join(f"{name or old}::text = ${number}::text" for old, name, number in keys)
    assigned = ", ".join(f"{name} = null" for name in blanked)
    yield Blanking(
        table,
        f"with done as (update {table} set {assigned} where ({were}) or ({became}) returning 1)"
        " select count(*) as blanked from done",
    )
