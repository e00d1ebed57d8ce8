"""Capture without triggers and without locking writers out: the statement returns each row that it changes.

Possible where exactly one table changes and nothing else is set off. The statement becomes a changing CTE of a
CREATE TABLE AS, so its rows go straight into a part of the images. An UPDATE, whose old and new rows PostgreSQL 18
returns together, keeps each row once: as it was, with the assigned columns as they became beside it.
"""

from __future__ import annotations

from dataclasses import replace

from pgwarden.domain.catalog import quote_identifier
from pgwarden.domain.execution import CaptureWay, TableImages
from pgwarden.domain.shape import TableShape
from pgwarden.domain.single_change import SingleChange
from pgwarden.domain.statement import StatementKind
from pgwarden.undo.images import adopt, empty_image_table, image_name, listed, part_name, tick_name, ticking

OLD_AND_NEW = 18
"""The first major version that returns old and new rows."""

_MARKS = {StatementKind.INSERT: "i", StatementKind.DELETE: "d", StatementKind.UPDATE: "p"}
_CARRIES_ON = "cnd"
"""Referential actions of a DELETE that change other rows."""


def obstacle(change: SingleChange, shape: TableShape, major: int) -> str:
    """Why this change needs triggers to be captured, '' where RETURNING tells all."""
    reasons = (
        (shape.partitioned or shape.inheritance, "rows of several tables change"),
        (bool(shape.triggers), "the table has triggers"),
        (bool(shape.rules), "the table has rules"),
        (not shape.columns, "the table has no columns"),
        (change.kind is StatementKind.DELETE and _cascades(shape), "foreign keys carry the deletion on"),
    )
    found = next((reason for applies, reason in reasons if applies), "")
    return found or (_update_obstacle(change, shape, major) if change.kind is StatementKind.UPDATE else "")


def returning_images(change: SingleChange, images: TableImages) -> TableImages:
    """The images that the statement will return."""
    changed = tuple(c for c in images.columns if c in change.assigned)
    return replace(images, way=CaptureWay.RETURNING, changed=changed)


def model(shape: TableShape, images: TableImages, kind: StatementKind) -> str:
    """A statement that makes an empty table just like the part that ``returning`` makes."""
    columns = listed(images.columns, "t")
    more = (
        "".join(f", t.{quote_identifier(c)} as {n}" for c, n in _new_names(images))
        if kind is StatementKind.UPDATE
        else ""
    )
    return f"create table {_part(images, kind)} as select {columns}{more} from {shape.name} t with no data"


def returning(change: SingleChange, images: TableImages, major: int, key: str = "") -> str:
    """The statement that changes and captures. With ``key``, an integer column, it reports its progress.

    The approved text stands in it as it is, in parentheses; it was parsed as one statement before.
    """
    old, new = "_pgw_old", "_pgw_new"
    clause = f"returning with (old as {old}, new as {new})" if major >= OLD_AND_NEW else "returning"
    row = change.alias
    if major >= OLD_AND_NEW:
        row = new if change.kind is StatementKind.INSERT else old
    items = [f"{row}.{quote_identifier(c)} as {quote_identifier(c)}" for c in images.columns]
    names = [quote_identifier(c) for c in images.columns]
    if change.kind is StatementKind.UPDATE:
        items += [f"{new}.{quote_identifier(c)} as {n}" for c, n in _new_names(images)]
        names += [n for _, n in _new_names(images)]
    if key:
        items.append(f"case when {ticking(f'{row}.{quote_identifier(key)}')} then {tick_name(images)}() end")
    captured = f"{change.text}\n{clause} {', '.join(items)}"
    part = _part(images, change.kind)
    return f"create table {part} as with _pgw_changed as ({captured}) select {', '.join(names)} from _pgw_changed"


def discard(images: TableImages, kind: StatementKind) -> str:
    """A statement that drops the part, empty or a model."""
    return f"drop table {_part(images, kind)}"


def settle(shape: TableShape, images: TableImages, kind: StatementKind) -> str:
    """A script that makes of the captured part the images that an undo reads."""
    if kind is not StatementKind.UPDATE:
        script = [empty_image_table(shape, images), adopt(images, _MARKS[kind])]
    else:
        mark, part = quote_identifier(images.mark), _part(images, kind)
        new = dict(_new_names(images))
        became = ", ".join(f"{new.get(c, quote_identifier(c))} as {quote_identifier(c)}" for c in images.columns)
        were = f"select {listed(images.columns)}, 'o'::pg_catalog.\"char\" as {mark} from {part}"
        are = f"select {became}, 'n'::pg_catalog.\"char\" from {part}"
        script = [f"create view {image_name(images)} as {were} union all {are}", f"revoke all on {part} from public"]
    return ";\n".join([*script, f"revoke all on {image_name(images)} from public"])


def new_values(images: TableImages) -> dict[str, str]:
    """The assigned columns, each with the quoted name of the part's column that holds what it became."""
    return dict(_new_names(images))


def _update_obstacle(change: SingleChange, shape: TableShape, major: int) -> str:
    referenced = {column for reference in shape.incoming for column in reference.foreign_columns}
    reasons = (
        (major < OLD_AND_NEW, "servers before PostgreSQL 18 do not return rows as they were"),
        (not shape.keyed, "the table has no key that tells its rows apart"),
        (bool(change.assigned & {*shape.key}), "the key changes"),
        (bool(change.assigned & referenced), "columns that others reference change"),
        (not change.assigned <= {c.name for c in shape.columns}, "a generated column is assigned"),
    )
    return next((reason for applies, reason in reasons if applies), "")


def _cascades(shape: TableShape) -> bool:
    return any(reference.on_delete in _CARRIES_ON for reference in shape.incoming)


def _part(images: TableImages, kind: StatementKind) -> str:
    return part_name(images, _MARKS[kind])


def _new_names(images: TableImages) -> list[tuple[str, str]]:
    """The assigned columns, each with a name like no column's for its new value."""
    prefix = "_new"
    while any(column.startswith(prefix) for column in images.columns):
        prefix += "_"
    return [(column, quote_identifier(f"{prefix}{number}")) for number, column in enumerate(images.changed)]
