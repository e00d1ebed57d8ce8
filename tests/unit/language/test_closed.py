"""A table that keys lead to but the reader may not see: said so, never answered by a neighbour."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.language.schema import LIBRARY, LOANS, MEMBERS, VALUES

from pgwarden.domain.question import Question
from pgwarden.language.engine import BuiltInEngine

NARROW = replace(
    LIBRARY, relations={oid: r for oid, r in LIBRARY.relations.items() if oid != MEMBERS}, version="narrow"
)


@pytest.mark.parametrize(
    "text", ["how many members are there?", "show all members", "loans per member", "the newest member"]
)
def test_the_closed_table_is_named(text: str) -> None:
    reading = BuiltInEngine().read(Question(text), NARROW, VALUES)
    assert reading.sql is None
    assert reading.clarification is not None
    if "loans" not in text:
        assert "may not read" in reading.clarification.message


def test_what_stands_open_is_still_answered() -> None:
    reading = BuiltInEngine().read(Question("how many loans are there?"), NARROW, VALUES)
    assert reading.sql == f"SELECT count(*) AS loans_count\nFROM {NARROW.relations[LOANS].name.name}"
