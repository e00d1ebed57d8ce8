"""The SQL of capture and undo: names are quoted, texts are safe, and nothing of a table's own names collides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwarden.domain.catalog import Name
from pgwarden.domain.execution import CaptureWay, RowCounts
from pgwarden.domain.shape import ShapeColumn, ShapeSwitch, TableShape
from pgwarden.undo.erasure import blank_row
from pgwarden.undo.hand_back import fits, hand_back
from pgwarden.undo.images import dollar_quoted, image_table, install, uninstall
from pgwarden.undo.net import net_effect
from pgwarden.undo.restore import restore_statement, silence, unsilence

ID = "01234567-89ab-cdef-0123-456789abcdef"


def shape(*columns: str, key: tuple[str, ...] = ("id",)) -> TableShape:
    name = Name("s", 'odd "t')
    listed = tuple(ShapeColumn(column, "integer", False) for column in columns)
    return TableShape(7, name, ((7, name),), listed, key)


def test_names_stay_within_the_limit_of_the_server() -> None:
    table = image_table(ID, shape("id"))
    script = install(shape("id"), table)
    assert len(f"pgwarden_{table.images}_i") <= 63
    assert 'on s."odd ""t"' in script
    assert script.count("create trigger") == 4
    assert sum(drop.startswith("drop trigger") for drop in uninstall(shape("id"), table)) == 4


def test_marks_evade_columns_of_the_same_name() -> None:
    table = image_table(ID, shape("id", "_op", "_op_"))
    assert table.mark == "_op__"
    effect = net_effect(shape("id", "_number", "_text"), image_table(ID, shape("id", "_number", "_text")))
    assert (effect.number, effect.text) == ("_number_", "_text_")


@pytest.mark.parametrize("body", ["plain", "$pgwarden$ inside", "$pgwarden_$ and $pgwarden$"])
def test_bodies_cannot_end_their_quotes(body: str) -> None:
    quoted = dollar_quoted(body)
    tag = quoted[: quoted.index("$", 1) + 1]
    assert quoted == f"{tag}{body}{tag}"
    assert tag not in body


def test_one_direction_needs_no_grouping_unless_identical_rows_must_go() -> None:
    table = image_table(ID, shape("id", "v"))
    deleted = replace(table, counts=RowCounts(deleted=3))
    inserted = replace(table, counts=RowCounts(inserted=3))
    updated = replace(table, counts=RowCounts(updated=3))
    assert "group by" not in net_effect(shape("id", "v"), deleted).source
    assert "group by" not in net_effect(shape("id", "v"), inserted).source
    assert "group by" in net_effect(shape("id", "v", key=()), inserted).source
    assert "group by" in net_effect(shape("id", "v"), updated).source


def test_the_undo_is_one_statement() -> None:
    table = replace(image_table(ID, shape("id", "v")), counts=RowCounts(updated=1))
    statement = restore_statement([net_effect(shape("id", "v"), table)])
    assert statement.startswith("with ")
    assert ";" not in statement
    assert "overriding system value" in statement


def test_an_update_is_handed_back_by_its_assigned_columns_alone() -> None:
    table = replace(image_table(ID, shape("id", "a", "b")), changed=("b",), counts=RowCounts(updated=2))
    assert not fits(table)
    table = replace(table, way=CaptureWay.RETURNING)
    assert fits(table)
    assert not fits(replace(table, gone="erased"))
    change = hand_back(shape("id", "a", "b"), table)
    assert " set b = p.b from " in change.text
    assert change.assigned == {"b"}


def test_erasure_blanks_both_values_of_a_row_that_is_kept_once() -> None:
    table = replace(image_table(ID, shape("id", "mail")), changed=("mail",), way=CaptureWay.RETURNING)
    (blanking,) = blank_row(table, ("id",), ("mail",))
    assert "set mail = null, _new0 = null" in blanking.sql
    assert blanking.table.endswith("_p")


def test_triggers_get_the_state_they_had() -> None:
    name = Name("s", "t")
    switches = (ShapeSwitch(name, "a", "O"), ShapeSwitch(name, "b", "A"), ShapeSwitch(name, "c", "R"))
    table = TableShape(1, name, ((1, name),), (), (), triggers=switches)
    assert silence(table).count("disable trigger") == 3
    assert unsilence(table).split(";\n") == [
        "alter table only s.t enable trigger a",
        "alter table only s.t enable always trigger b",
        "alter table only s.t enable replica trigger c",
    ]
