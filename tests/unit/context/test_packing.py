"""What a model is told fits its budget, whatever the database looks like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.catalogs import catalog, table

from pgwarden.context.disclosure import Disclosure
from pgwarden.context.packing import SCHEMA, nearest, pack, tokens
from pgwarden.context.proposal import same_rows
from pgwarden.domain.feedback import Example
from pgwarden.domain.question import Question
from pgwarden.domain.result import ReadStatistics, Result, ResultColumn
from pgwarden.domain.value_index import SampledValues

NONE = SampledValues({})
WIDE = catalog(
    *(table(n, f"part_{n}", ["id integer", "label text"]) for n in range(1, 1101)),
    table(2000, "invoices", ["id integer", "payer_id integer"], references=[(2, 2001)]),
    table(2001, "payers", ["id integer", "title text"]),
)


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=2000), st.text(max_size=2000), st.integers(100, 4000))
def test_the_context_never_goes_over_its_budget(text: str, instructions: str, budget: int) -> None:
    small = catalog(*(table(n, f"part_{n}", ["id integer", "label text"], comment="§" * n) for n in range(1, 40)))
    packed = pack(Question(text, instructions), small, NONE, budget=budget, disclosure=Disclosure())
    assert tokens(packed.text("f00d" * 6)) <= budget


def test_of_a_thousand_tables_the_ones_asked_for_and_their_neighbours_come_first() -> None:
    packed = pack(Question("unpaid invoices"), WIDE, NONE, budget=1000, disclosure=Disclosure())
    assert packed.tables[:2] == (2000, 2001)
    assert packed.left_out > 1000
    assert "references public.payers(id)" in dict(packed.parts)[SCHEMA]


def test_rows_are_compared_in_any_order_and_as_often_as_they_come() -> None:
    def result(*rows: tuple[object, ...], masked: bool = False) -> Result:
        return Result((ResultColumn("a", "integer", 23, masked),), rows, ReadStatistics(len(rows), 1.0, 1))

    assert same_rows(result((1,), (2,)), result((2,), (1,)))
    assert same_rows(result((1,), (1,)), result((1,))) is False
    assert same_rows(result((1, "a")), result(("a", 1))), "nor do the columns' places"
    assert same_rows(result((1,), masked=True), result((1,))) is None
    assert same_rows(result(), result()) is None, "two empty results say nothing"


def test_examples_are_ranked_by_the_words_that_tell_them_apart() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    asked = [f"what is the name of the {n}. thing in the list" for n in range(9)]
    common = tuple(Example(question, f"select {question}", "team", at) for question in asked)
    wanted = Example("products returned broken", "select 11", "team", at)
    found = nearest("what is the name of the products that came back broken", (*common, wanted))
    assert found[0] == wanted
    assert len(found) == 5
    assert nearest("products", (wanted,)) == (), "one word in common tells nothing"
    long = replace(wanted, question="broken products, and many other words that nobody asked for")
    assert nearest("broken products", (long, wanted)) == (wanted, long), "many words are no merit"
