"""Which changes can return all that they do, and how they are written then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwarden.domain.catalog import Name
from pgwarden.domain.execution import CaptureWay, TableImages
from pgwarden.domain.shape import ShapeColumn, ShapeReference, ShapeSwitch, TableShape
from pgwarden.domain.single_change import SingleChange
from pgwarden.domain.statement import StatementKind
from pgwarden.undo.images import image_table
from pgwarden.undo.returning import obstacle, returning, returning_images, settle

ID = "01234567-89ab-cdef-0123-456789abcdef"
NAME = Name("s", "t")
SHAPE = TableShape(
    7,
    NAME,
    ((7, NAME),),
    (ShapeColumn("id", "integer", False), ShapeColumn("_new", "text", False), ShapeColumn("v", "text", False)),
    ("id",),
)
CHILD = ShapeReference("fk", 8, ("t",), 7, ("id",), "a")


def change(kind: StatementKind, *assigned: str, text: str = "…") -> SingleChange:
    return SingleChange(kind, None, "t", "t", frozenset(assigned), text)


INSERT, DELETE = change(StatementKind.INSERT), change(StatementKind.DELETE)
UPDATE = change(StatementKind.UPDATE, "v", text="update t set v = 1 -- why")


def images(of: SingleChange) -> TableImages:
    return returning_images(of, image_table(ID, SHAPE))


@pytest.mark.parametrize("of", [INSERT, DELETE, UPDATE])
def test_plain_tables_need_no_triggers(of: SingleChange) -> None:
    assert obstacle(of, SHAPE, 18) == ""


def test_old_servers_do_not_return_old_rows() -> None:
    assert "before PostgreSQL 18" in obstacle(UPDATE, SHAPE, 17)
    assert obstacle(DELETE, SHAPE, 17) == ""


@pytest.mark.parametrize(
    ("of", "shape", "why"),
    [
        (DELETE, replace(SHAPE, partitioned=True), "several tables"),
        (DELETE, replace(SHAPE, inheritance=True), "several tables"),
        (INSERT, replace(SHAPE, triggers=(ShapeSwitch(NAME, "x", "O"),)), "triggers"),
        (INSERT, replace(SHAPE, rules=(ShapeSwitch(NAME, "x", "O"),)), "rules"),
        (DELETE, replace(SHAPE, references=(CHILD._replace(on_delete="c"),)), "carry the deletion on"),
        (DELETE, replace(SHAPE, references=(CHILD._replace(on_delete="n"),)), "carry the deletion on"),
        (DELETE, replace(SHAPE, references=(CHILD,)), ""),
        (UPDATE, replace(SHAPE, key=()), "no key"),
        (UPDATE, replace(SHAPE, key=("v",)), "the key changes"),
        (UPDATE, replace(SHAPE, references=(CHILD._replace(foreign_columns=("v",)),)), "others reference"),
        (UPDATE, replace(SHAPE, references=(CHILD,)), ""),
        (change(StatementKind.UPDATE, "computed"), SHAPE, "generated"),
    ],
)
def test_what_needs_triggers(of: SingleChange, shape: TableShape, why: str) -> None:
    found = obstacle(of, shape, 18)
    assert why in found
    assert bool(why) == bool(found)


def test_an_update_keeps_each_row_once_with_its_new_values_beside() -> None:
    kept = images(UPDATE)
    assert kept.way is CaptureWay.RETURNING
    assert kept.changed == ("v",)
    statement = returning(UPDATE, kept, 18)
    assert "(update t set v = 1 -- why\nreturning with (old as _pgw_old, new as _pgw_new)" in statement
    assert "_pgw_new.v as _new_0" in statement  # evades the column _new
    view = settle(SHAPE, kept, StatementKind.UPDATE)
    assert "select id, _new, v, 'o'" in view
    assert "select id as id, _new as _new, _new_0 as v, 'n'" in view


def test_servers_before_18_return_by_the_tables_alias() -> None:
    statement = returning(replace(DELETE, alias="x", text="delete from t x"), images(DELETE), 17)
    assert "returning x.id as id" in statement
    assert "old as" not in statement


def test_long_changes_report_as_they_go() -> None:
    assert "_pgw_old.id % 1000 = 0" in returning(DELETE, images(DELETE), 18, "id")
    assert "_tick()" not in returning(DELETE, images(DELETE), 18)
